package api

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// The bounds of a maintenance, and how far ahead one is announced.
const (
	shortestMaintenance = time.Minute
	longestMaintenance  = 30 * 24 * time.Hour
	farthestMaintenance = 365 * 24 * time.Hour
	latestStart         = time.Hour // by which one may have begun before it is announced
)

// somebody announces what nobody has put their name to.
const somebody = "operator"

// maintenance is the fact of an announcement of maintenance, or of the end of one.
func (x Announcing) maintenance(a Announcement, now time.Time) (probe.Fact, Announced, error) {
	if a.Incident != "" || !a.Next.IsZero() || a.NextSeconds != 0 {
		return nil, Announced{}, errors.New("got maintenance with an incident or a next update: announce them one after the other")
	}
	m, by := a.Maintenance, cmp.Or(a.By, somebody)
	if m.End != "" {
		return x.ended(*m, a.Text, by, now)
	}
	text, err := cleanText(a.Text)
	if err != nil {
		return nil, Announced{}, err
	}
	from, until, err := m.bounds(now)
	if err != nil {
		return nil, Announced{}, err
	}
	if err := x.known(m.Routes); err != nil {
		return nil, Announced{}, err
	}
	id := "m-" + now.UTC().Format("2006-01-02-1504") + "-" + strings.ToLower(rand.Text()[:4])
	return probe.Maintenance{ID: id, From: from, Until: until, Routes: m.Routes, Text: text, By: by}, Announced{Maintenance: id, From: from, Until: until}, nil
}

// bounds are from when until when it is.
func (m Maintenance) bounds(now time.Time) (from, until time.Time, err error) {
	from, until = m.From, m.Until
	if from.IsZero() {
		from = now
	}
	switch {
	case m.ForSeconds != 0 && !until.IsZero():
		return from, until, errors.New("got until and for_seconds of the maintenance: want one of them")
	case m.ForSeconds == 0 && until.IsZero():
		return from, until, errors.New("got neither until nor for_seconds of the maintenance, want one of them: one without an end would hide every outage to come")
	case m.ForSeconds != 0:
		until = from.Add(seconds(m.ForSeconds))
	}
	if long := until.Sub(from); long < shortestMaintenance || long > longestMaintenance {
		return from, until, fmt.Errorf("got maintenance of %v, want %v to %d days", long.Round(time.Second), shortestMaintenance, longestMaintenance/(24*time.Hour))
	}
	if in := from.Sub(now); in < -latestStart || in > farthestMaintenance || !until.After(now) {
		return from, until, fmt.Errorf("got maintenance from %s until %s, want one that begins at most an hour ago and within a year, and is not over", from.Format(time.RFC3339), until.Format(time.RFC3339))
	}
	return from, until, nil
}

// known tells which of the routes there is not.
func (x Announcing) known(routes []string) error {
	for _, r := range routes {
		if !slices.Contains(x.Routes, r) {
			return fmt.Errorf("got route %q, want one of %s", cut(r), listed(x.Routes))
		}
	}
	return nil
}

// ended is the fact that a maintenance is over, or will not be.
func (x Announcing) ended(m Maintenance, text, by string, now time.Time) (probe.Fact, Announced, error) {
	if !m.From.IsZero() || !m.Until.IsZero() || m.ForSeconds != 0 || len(m.Routes) > 0 {
		return nil, Announced{}, errors.New("got the end of a maintenance with a time or routes of it: want the end alone")
	}
	windows := x.Windows()
	i := slices.IndexFunc(windows, func(w probe.Maintenance) bool { return w.ID == m.End })
	if i < 0 {
		var ids []string
		for _, w := range windows {
			ids = append(ids, w.ID)
		}
		if len(ids) == 0 {
			return nil, Announced{}, fmt.Errorf("got maintenance %q, but none goes on or is planned", cut(m.End))
		}
		return nil, Announced{}, fmt.Errorf("got maintenance %q, want one of %s", cut(m.End), listed(ids))
	}
	w := windows[i]
	if text != "" {
		var err error
		if w.Text, err = cleanText(text); err != nil {
			return nil, Announced{}, err
		}
	}
	if w.From.After(now) {
		w.From = now
	}
	w.Until, w.By = now, by
	return w, Announced{Maintenance: w.ID, From: w.From, Until: w.Until}, nil
}

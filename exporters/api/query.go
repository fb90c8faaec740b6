package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// errEnd ends a pass over the journal at the last event that was there.
var errEnd = errors.New("the end of the journal")

// Query says which events of a journal are wanted, and how they are written. Its
// zero value wants all of them as lines of JSON.
type Query struct {
	Route        string
	Kinds        []string // such as "sending"; empty: all
	ID           probe.ID // 0: any
	Since, Until time.Time
	Text         bool // one line for people instead of JSON
}

// ParseQuery reads what Values writes.
func ParseQuery(v url.Values) (Query, error) {
	q := Query{Route: v.Get("route"), Kinds: v["kind"], Text: v.Get("format") == "text"}
	for name := range v {
		if !slices.Contains([]string{"route", "kind", "id", "since", "until", "format"}, name) {
			return q, fmt.Errorf("got parameter %q, want route, kind, id, since, until or format", name)
		}
	}
	for _, k := range q.Kinds {
		if !slices.Contains(Kinds(), k) {
			return q, fmt.Errorf("kind: got %q, want one of %s", k, strings.Join(Kinds(), ", "))
		}
	}
	var err error
	if id := v.Get("id"); id != "" {
		if q.ID, err = probe.ParseID(id); err != nil {
			return q, err
		}
	}
	if format := v.Get("format"); format != "" && format != "text" && format != "json" {
		return q, fmt.Errorf("format: got %q, want json or text", format)
	}
	for name, t := range map[string]*time.Time{"since": &q.Since, "until": &q.Until} {
		if text := v.Get(name); text != "" {
			if *t, err = time.Parse(time.RFC3339, text); err != nil {
				return q, fmt.Errorf("%s: got %q, want a time such as 2026-11-24T08:41:00Z", name, text)
			}
		}
	}
	return q, nil
}

// Values is the query as parameters of a URL.
func (q Query) Values() url.Values {
	v := url.Values{}
	if q.Route != "" {
		v.Set("route", q.Route)
	}
	if len(q.Kinds) > 0 {
		v["kind"] = q.Kinds
	}
	if q.ID != 0 {
		v.Set("id", q.ID.String())
	}
	if q.Text {
		v.Set("format", "text")
	}
	for name, t := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if !t.IsZero() {
			v.Set(name, t.Format(time.RFC3339Nano))
		}
	}
	return v
}

// ContentType is the type of what Write writes.
func (q Query) ContentType() string {
	if q.Text {
		return "text/plain; charset=utf-8"
	}
	return jsonLines
}

// Write writes the events that are in the journal now, one line each.
func (q Query) Write(ctx context.Context, w io.Writer, j probe.Journal) error {
	out := bufio.NewWriter(w)
	members := make(map[probe.ID]bool) // messages of the route
	err := follow(ctx, j, func(e probe.Event) error {
		if !q.wants(e, members) {
			return nil
		}
		line := describe(e)
		if q.Text {
			return line.writeText(out)
		}
		return line.writeJSON(out)
	})
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	return out.Flush()
}

// wants tells whether an event is asked for. Only Sending names a message's route:
// what follows is known by its id.
func (q Query) wants(e probe.Event, members map[probe.ID]bool) bool {
	if e.Fact == nil {
		return false
	}
	id, about := probe.MessageOf(e.Fact)
	route := routeOf(e.Fact)
	if about && q.Route != "" && route == q.Route {
		members[id] = true
	}
	switch {
	case q.Route != "" && route != q.Route && !members[id]:
	case q.ID != 0 && id != q.ID:
	case len(q.Kinds) > 0 && !slices.Contains(q.Kinds, kindOf(e.Fact)):
	case !q.Since.IsZero() && e.At.Before(q.Since):
	case !q.Until.IsZero() && !e.At.Before(q.Until):
	default:
		return true
	}
	return false
}

// routeOf is the route that a fact names.
func routeOf(f probe.Fact) string {
	switch f := f.(type) {
	case probe.Sending:
		return f.Route
	case probe.Seen:
		return f.Tag.Route
	case probe.SlotsMissed:
		return f.Route
	case probe.SlotsSkipped:
		return f.Route
	case probe.Suspected:
		return f.Route
	}
	return ""
}

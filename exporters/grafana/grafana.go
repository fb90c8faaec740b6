// Package grafana marks incidents in Grafana as annotations, as far as it can.
//
// An Exporter is a webhook.Courier that brings each step of an incident to Grafana's HTTP API:
// the first makes an annotation, later ones change its text, and the last gives it its end. An
// annotation is found again, by a later process too, by its tags.
package grafana

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mailpath/mailpath/exporters/webhook"
	"github.com/mailpath/mailpath/probe"
)

// Config says where annotations are made.
type Config struct {
	URL       string                 // of Grafana
	Token     func() (string, error) // of a service account that may write annotations; read at each request
	Dashboard string                 // a UID; empty: all dashboards
	Tags      []string               // beside those by which annotations are found again; empty: mailpath
	Prober    string

	Clock  probe.Clock
	Log    *slog.Logger
	Cursor webhook.Cursor
	Since  probe.Seq // the last event before this process
	// Follow is the journal's, see webhook.CourierConfig.
	Follow func(ctx context.Context, from probe.Seq, f func(probe.Event) error) error
	// Transport replaces the network, for tests.
	Transport http.RoundTripper
}

// Exporter is the probe.Exporter that marks incidents. It is safe for concurrent use.
type Exporter struct {
	*webhook.Courier
	cfg    Config
	client *webhook.Client
	known  map[string]int64 // of open incidents, by ID: the annotation. Of the courier's goroutine alone
}

const (
	answerLimit   = 1 << 20
	sentenceLimit = 500
	tagLimit      = 100
)

// New makes an exporter. Close ends it.
func New(cfg Config) *Exporter {
	if len(cfg.Tags) == 0 {
		cfg.Tags = []string{"mailpath"}
	}
	e := &Exporter{cfg: cfg, client: webhook.NewClient(cfg.Clock, cfg.Transport), known: make(map[string]int64)}
	e.Courier = webhook.NewCourier(webhook.CourierConfig{
		Name: "grafana", Clock: cfg.Clock, Log: cfg.Log, Cursor: cfg.Cursor, Since: cfg.Since,
		Wanted: wanted, Deliver: e.deliver, Follow: cfg.Follow,
	})
	return e
}

// wanted tells whether a change shows in an annotation.
func wanted(change probe.Change) bool {
	c, ok := change.(probe.IncidentTold)
	return ok && c.Step != probe.IncidentProgressed
}

// annotation is what Grafana's API takes and gives. Times are in milliseconds.
type annotation struct {
	ID        int64    `json:"id,omitempty"`
	Dashboard string   `json:"dashboardUID,omitempty"`
	Time      int64    `json:"time,omitempty"`
	End       int64    `json:"timeEnd,omitempty"`
	Tags      []string `json:"tags,omitempty"`
	Text      string   `json:"text,omitempty"`
}

// deliver makes the annotation of an incident, or changes it.
func (e *Exporter) deliver(ctx context.Context, p webhook.Parcel) error {
	c, ok := p.Change.(probe.IncidentTold)
	if !ok {
		return nil
	}
	a := e.annotationOf(c)
	id, err := e.find(ctx, c)
	if err == nil && id != 0 {
		err = e.change(ctx, id, a)
	}
	if isGone(err) {
		// Somebody deleted it; if there is another one, that is it now.
		delete(e.known, c.ID)
		gone, failed := id, err
		if id, err = e.find(ctx, c); err == nil && id != 0 {
			if err = failed; id != gone {
				err = e.change(ctx, id, a)
			}
		}
	}
	if err == nil && id == 0 {
		id, err = e.make(ctx, a)
	}
	return e.remember(c, id, err)
}

// isGone tells whether there may be no such annotation any more. Where rights are given by
// annotation, one that is not there is one that may not be changed.
func isGone(err error) bool {
	f := (*webhook.Failure)(nil)
	return errors.As(err, &f) && (f.Status == http.StatusNotFound || f.Status == http.StatusForbidden)
}

// remember notes the annotation of an incident that goes on.
func (e *Exporter) remember(c probe.IncidentTold, id int64, err error) error {
	if c.Open() && err == nil && id != 0 {
		e.known[c.ID] = id
	} else {
		delete(e.known, c.ID)
	}
	return err
}

// own are the tags by which an annotation is found again.
func (e *Exporter) own(c probe.IncidentTold) []string {
	return []string{"prober:" + tag(e.cfg.Prober), "incident:" + tag(c.ID)}
}

func tag(text string) string { return webhook.Line(text, tagLimit) }

// annotationOf is what stands for an incident. Grafana shows text as HTML.
func (e *Exporter) annotationOf(c probe.IncidentTold) annotation {
	text := webhook.Line(c.Sentence, sentenceLimit)
	if text == "" {
		text = "Routes: " + webhook.Line(strings.Join(c.Routes, ", "), sentenceLimit)
	}
	if c.Into != "" {
		text += " It went into " + tag(c.Into) + "."
	}
	a := annotation{
		Dashboard: e.cfg.Dashboard, Time: c.Began.UnixMilli(), Tags: slices.Concat(e.cfg.Tags, e.own(c)),
		Text: html.EscapeString(fmt.Sprintf("%s (%s): %s", tag(c.ID), c.State, text)),
	}
	if !c.Open() {
		a.End = c.Ended.UnixMilli()
	}
	return a
}

// find gives the annotation of an incident; 0: there is none. The API finds those that have
// all tags that are asked for; that they are ours is looked at again.
func (e *Exporter) find(ctx context.Context, c probe.IncidentTold) (int64, error) {
	if id, known := e.known[c.ID]; known {
		return id, nil
	}
	query := url.Values{"tags": e.own(c), "type": {"annotation"}, "limit": {"10"}}
	body, err := e.request(ctx, http.MethodGet, "/api/annotations", query, nil)
	if err != nil {
		return 0, err
	}
	var found []annotation
	if err := json.Unmarshal(body, &found); err != nil {
		return 0, &webhook.Failure{Again: true, Problem: fmt.Sprintf("finding the annotation of an incident: %v", err)}
	}
	for _, a := range found {
		if a.ID > 0 && !slices.ContainsFunc(e.own(c), func(t string) bool { return !slices.Contains(a.Tags, t) }) {
			return a.ID, nil
		}
	}
	return 0, nil
}

// make makes an annotation. One whose answer cannot be read is found by its tags later.
func (e *Exporter) make(ctx context.Context, a annotation) (int64, error) {
	body, err := e.request(ctx, http.MethodPost, "/api/annotations", nil, a)
	var made struct {
		ID int64 `json:"id"`
	}
	if err == nil && json.Unmarshal(body, &made) != nil {
		return 0, nil
	}
	return made.ID, err
}

// change changes what is told of an incident.
func (e *Exporter) change(ctx context.Context, id int64, a annotation) error {
	_, err := e.request(ctx, http.MethodPatch, "/api/annotations/"+strconv.FormatInt(id, 10), nil, annotation{Time: a.Time, End: a.End, Text: a.Text, Tags: a.Tags})
	return err
}

func (e *Exporter) request(ctx context.Context, method, path string, query url.Values, a any) ([]byte, error) {
	r := webhook.Request{
		Method: method, URL: func() (string, error) { return e.cfg.URL, nil }, Path: path, Query: query, Token: e.cfg.Token, Limit: answerLimit,
		Header: map[string]string{"Accept": "application/json"},
	}
	if a != nil {
		body, err := json.Marshal(a)
		if err != nil {
			return nil, &webhook.Failure{Problem: fmt.Sprintf("writing an annotation: %v", err)}
		}
		r.Type, r.Body = "application/json", body
	}
	return e.client.Do(ctx, r)
}

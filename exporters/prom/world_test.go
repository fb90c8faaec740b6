package prom_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/mailpath/mailpath/exporters/prom"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/health"
)

// world is a tracker, a monitor and exporters, given events as an engine would.
type world struct {
	tracker   *probe.Tracker
	monitor   *health.Monitor
	exporters []probe.Exporter
	events    []probe.Event
}

func newWorld(began time.Time, probes []probe.Probe, exporters ...probe.Exporter) *world {
	return &world{tracker: probe.NewTracker(began, probes), monitor: health.New(probes), exporters: exporters}
}

// tell makes an event of a fact and exports what follows from it.
func (w *world) tell(at time.Time, facts ...probe.Fact) {
	for _, f := range facts {
		w.apply(probe.Event{Seq: probe.Seq(len(w.events) + 1), At: at, Fact: f})
	}
}

func (w *world) apply(e probe.Event) {
	w.events = append(w.events, e)
	for _, c := range w.tracker.Apply(e) {
		for _, change := range append([]probe.Change{c}, w.monitor.Apply(c)...) {
			for _, x := range w.exporters {
				x.Export(change)
			}
		}
	}
}

// due tells what is due.
func (w *world) due(now time.Time) {
	for _, e := range w.tracker.Due(now) {
		w.tell(now, e.Fact)
	}
}

type plain struct{ name string }

func (p plain) Name() string          { return p.name }
func (p plain) Text(probe.Tag) string { return "text\n" }

var outside = probe.Route{
	Name: "outside-to-hq", Direction: probe.Inbound, Sender: "outside", Mailbox: "hq",
	Path: []string{"internet", "gateway-in", "store-hq"},
}

var inside = probe.Route{
	Name: "inside-hq", Direction: probe.Internal, Sender: "hq", Mailbox: "hq", Path: []string{"store-hq"},
}

func probeOf(r probe.Route) probe.Probe {
	return probe.Probe{
		Route: r, Payload: plain{"plain"}, Every: 30 * time.Second, LateAfter: time.Minute,
		LostAfter: 4 * time.Hour, Expect: probe.ExpectDelivered,
	}
}

func sendingOf(p probe.Probe, id probe.ID, purpose probe.Purpose, slot time.Time) probe.Sending {
	return probe.Sending{
		ID: id, Route: p.Route.Name, Payload: p.Payload.Name(), Purpose: purpose, Slot: slot, Sender: p.Route.Sender,
		Mailbox: p.Route.Mailbox, LateAfter: p.LateAfter, LostAfter: p.LostAfter, Expect: p.Expect, Retry: p.Route.Retry,
	}
}

func acceptedOf(id probe.ID, began time.Time) probe.Attempted {
	return probe.Attempted{ID: id, Result: probe.Accepted, Began: began, Phases: []probe.Phase{
		{Name: "dns", Took: 2 * time.Millisecond}, {Name: "connect", Took: 20 * time.Millisecond}, {Name: "reply", Took: 3 * time.Second},
	}}
}

func seenOf(id probe.ID, folder string, absent, present time.Time) probe.Seen {
	return probe.Seen{ID: id, Carrier: probe.InHeader, Mailbox: "hq", Ref: probe.Ref{Folder: folder}, Absent: absent, Present: present, Chain: 1}
}

func configOf(clock probe.Clock, since probe.Seq, probes ...probe.Probe) prom.Config {
	return prom.Config{
		Clock: clock, Probes: probes, Prober: "hq-1", Site: "hq", Since: since,
		Version: "v1.2.3", Revision: "0123abc", GoVersion: "go1.26",
	}
}

// families are all families as a scrape gives them.
func families(t testing.TB, e *prom.Exporter) []*dto.MetricFamily {
	t.Helper()
	format := expfmt.NewFormat(expfmt.TypeProtoDelim)
	decoder := expfmt.NewDecoder(strings.NewReader(serve(t, e, string(format))), format)
	var all []*dto.MetricFamily
	for {
		family := new(dto.MetricFamily)
		if err := decoder.Decode(family); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("reading metrics: %v", err)
		}
		all = append(all, family)
	}
}

// served gathers what a scrape gives, sorted. It fails for all that a registry refuses:
// series that come twice, or families that do not go together.
func served(t testing.TB, e *prom.Exporter) prometheus.Gatherer {
	return prometheus.Gatherers{prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families(t, e), nil })}
}

// scrape gives the value of each series of one family by its labels, the constant
// ones left out: "route=… status=…".
func scrape(t testing.TB, e *prom.Exporter) map[string]map[string]float64 {
	t.Helper()
	gathered, err := served(t, e).Gather()
	if err != nil {
		t.Fatalf("gathering metrics: %v", err)
	}
	all := make(map[string]map[string]float64)
	for _, f := range gathered {
		rows := make(map[string]float64)
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				if l.GetName() != "prober" && l.GetName() != "site" {
					labels = append(labels, l.GetName()+"="+l.GetValue())
				}
			}
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			rows[strings.Join(labels, " ")] = value
		}
		all[strings.TrimPrefix(f.GetName(), "mailpath_")] = rows
	}
	return all
}

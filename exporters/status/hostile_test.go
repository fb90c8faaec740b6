package status

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// harmless checks that a page is text and nothing else, whoever's texts are in it.
func harmless(t *testing.T, target, body string) *document {
	t.Helper()
	if !utf8.ValidString(body) {
		t.Errorf("%s: got bytes that are no UTF-8", target)
	}
	d := parse(t, target, body)
	for _, text := range append(attributes(d), body, d.elements[0].text.String()) {
		for _, c := range text {
			if unicode.IsControl(c) && c != '\n' || unicode.Is(unicode.Bidi_Control, c) || c == 0xfeff {
				t.Fatalf("%s: got %U in the page", target, c)
			}
		}
	}
	d.check(t, "en")
	return d
}

func attributes(d *document) []string {
	var all []string
	for _, e := range d.elements {
		for _, value := range e.attrs {
			all = append(all, value)
		}
	}
	return all
}

// Nothing that anybody wrote does anything, and all of it is shown.
func TestHostileTextsAreShownHarmless(t *testing.T) {
	s := hostile()
	p := newPage(t, &testBoard{s: s, recent: recent()}, noAnnouncing)
	shown := "<script>alert(1)</script><img src=x onerror=alert(2)>gnp.exe \" onmouseover=\"x ' {{.}} &"
	for _, c := range []struct {
		target, who string
		most        int // bytes
	}{
		{"/noc", "", 100_000}, {"/incidents/" + s.Incidents[0].ID, "", 40_000}, {"/announce", "alice", 40_000}, {"/", "", 200_000}, {"/nowhere", "", 20_000},
	} {
		body := bodyOf(t, get(p, c.target, c.who))
		d := harmless(t, c.target, body)
		if len(body) > c.most {
			t.Errorf("%s: got %d bytes, want at most %d", c.target, len(body), c.most)
		}
		if text := d.elements[0].text.String(); !strings.Contains(text, shown) {
			t.Errorf("%s: got no %q in its text: hidden", c.target, shown)
		}
	}
}

// The Board bounds what it is told: whatever comes, pages stay small.
func TestPagesAreBounded(t *testing.T) {
	huge := strings.Repeat(nasty, 1<<20/len(nasty))
	b := situation.NewBoard(situation.Config{
		Clock: probe.NewClockOver(func() time.Time { return apiStart }), Prober: "hq-1",
		Probes: []probe.Probe{{
			Route:   probe.Route{Name: "inside-hq", Direction: probe.Internal, Mailbox: "hq", Path: []string{"store-hq"}},
			Payload: payload.Plain(), Every: 30 * time.Second, Expect: probe.ExpectDelivered,
		}},
	})
	origin := func(seq probe.Seq) probe.Origin { return probe.Origin{Seq: seq, At: apiStart} }
	id := "2026-11-24-0839"
	b.Export(probe.IncidentTold{Origin: origin(1), IncidentChanged: probe.IncidentChanged{
		ID: id, Step: probe.IncidentOpened, State: probe.Investigating, Began: apiStart.Add(-time.Minute), Opened: apiStart, Routes: []string{"inside-hq"}, Broken: []string{"inside-hq"},
		Sentence: huge, Reasons: slices.Repeat([]string{huge}, 100),
	}})
	b.Export(probe.Noted{Origin: origin(2), Note: probe.Note{Text: huge, By: huge}})
	b.Export(probe.Noted{Origin: origin(3), Note: probe.Note{Text: huge, By: huge, Incident: id}})
	b.Export(probe.MaintenanceTold{Origin: origin(4), Maintenance: probe.Maintenance{ID: "m-1", From: apiStart, Until: apiStart.Add(time.Hour), Text: huge, By: huge}})
	b.Export(probe.HealthChanged{Origin: origin(5), Route: "inside-hq", To: probe.HealthBroken, Reason: huge})
	b.Export(probe.Settled{Origin: origin(6), Message: probe.Sending{ID: 7, Route: "inside-hq"}, Outcome: probe.Outcome{Status: probe.Rejected, Attempt: &probe.Attempted{Problem: huge}}})
	p := pageOver(t, newWords(t, "en"), b, noAnnouncing)
	for _, c := range []struct {
		target string
		most   int
	}{{"/noc", 400_000}, {"/", 150_000}, {"/incidents/" + id, 100_000}} {
		r := get(p, c.target, "")
		body := bodyOf(t, r)
		if r.StatusCode != 200 || len(body) > c.most {
			t.Errorf("%s: got %d, %d bytes; want at most %d", c.target, r.StatusCode, len(body), c.most)
		}
		if d := harmless(t, c.target, body); !strings.Contains(d.elements[0].text.String(), "<script>alert(1)</script>") {
			t.Errorf("%s: got nothing of what was told", c.target)
		}
	}
}

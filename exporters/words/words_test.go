package words

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// jargon is what staff never read, and names of parts neither.
var jargon = regexp.MustCompile(`(?i)\b(smtp|imap|gateways?|mx|routen?|probes?|sonden?|queues?|warteschlangen?|antispam|anti-spam|filters?|servers?|komponenten?|components?|banner|outside-to-hq|hq-[a-z]+|mx1\S*|[0-9a-f]{16})\b|2026-11-24-\d+|mailpath|link to the branch`)

func TestStaffReadNoJargon(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "de"} {
		w := load(t, lang)
		for _, e := range examples() {
			s := e.Situation
			s.Announcements, s.Maintenance = nil, nil // texts of people's
			var read []string
			m, err := w.Update(Staff, s)
			if err != nil {
				t.Fatal(err)
			}
			read = append(read, m.Title, m.Text)
			for _, i := range s.Incidents {
				if e.name == "50-hostile" {
					i.Updates = nil
				}
				m, err := w.Incident(Staff, s, i)
				if err != nil {
					t.Fatal(err)
				}
				read = append(read, m.Title, m.Text)
			}
			for _, text := range read {
				if found := jargon.FindString(text); found != "" {
					t.Errorf("%s, %s: got %q in\n%s", lang, e.name, found, text)
				}
			}
		}
		for _, name := range names(t) {
			if !strings.HasPrefix(name, "step.staff.") && !strings.HasPrefix(name, "state.") && !strings.HasPrefix(name, "condition.") && !strings.HasPrefix(name, "headline.") {
				continue
			}
			text, err := w.Say(name, phraseData(name))
			if found := jargon.FindString(text); found != "" || err != nil {
				t.Errorf("%s: %s: got %q, %v", lang, name, text, err)
			}
		}
	}
	if !jargon.MatchString("Das Gateway hält sie") || !jargon.MatchString("a probe of outside-to-hq") {
		t.Error("the expression finds no jargon")
	}
}

func names(t testing.TB) []string {
	t.Helper()
	all, err := phraseNames()
	if err != nil || len(all) < 250 {
		t.Fatalf("got %d phrases, %v", len(all), err)
	}
	return all
}

// "Held, not lost" needs evidence.
func TestFateIsSaidOnEvidence(t *testing.T) {
	t.Parallel()
	type figures = situation.Figures
	w := load(t, "en")
	for _, c := range []struct {
		figures
		want, never string
	}{
		{figures{Messages: 9, Missed: 5, Overdue: 5}, "only delayed is not known yet", "held"},
		{figures{Messages: 9, Missed: 5, Overdue: 5, Held: 1}, "held, not lost", "not known yet."},
		{figures{Messages: 9, Missed: 5, Overdue: 3, Held: 2, Lost: 1}, "Some mail is lost: 1 of 9 test messages", "not lost"},
		{figures{}, "only delayed is not known yet", "none is"},
		{figures{Messages: 9, Missed: 5, Overdue: 3, Late: 2}, "have arrived late, and none is known to be lost", "held"},
		{figures{Messages: 9, Missed: 5, Late: 4, Lost: 1}, "Some mail is lost", "none is"},
		{figures{Messages: 9, Missed: 5, Refused: 5}, "Some mail is refused: 5 of 9 test messages", "held"},
	} {
		s := outage(minute(8, 50), situation.MajorOutage, func(i *situation.Incident) { i.Figures = c.figures })
		for _, a := range []Audience{Management, Staff} {
			got, err := w.Update(a, s)
			body := strings.ReplaceAll(got.Text, "The cause is not known yet.", "")
			if err != nil || !strings.Contains(body, c.want) || strings.Contains(body, c.never) {
				t.Errorf("%s, %+v: got\n%s\n%v; want %q and never %q", a, c.figures, got.Text, err, c.want, c.never)
			}
		}
	}
}

func TestResultInFigures(t *testing.T) {
	t.Parallel()
	type figures = situation.Figures
	en, de := load(t, "en"), load(t, "de")
	for _, c := range []struct {
		figures
		en, de string
	}{
		{figures{Messages: 94, Missed: 3, Late: 3, Longest: 2821}, "Mail was delayed by up to 48 minutes. None of 94 test messages was lost.", "E-Mails kamen bis zu 48 Minuten verspätet an. Von 94 Testnachrichten ging keine verloren."},
		{figures{Messages: 94, Missed: 2, Lost: 2}, "2 of 94 test messages were lost.", "2 von 94 Testnachrichten gingen verloren."},
		{figures{Messages: 1, Missed: 1, Late: 1, Longest: 60}, "Mail was delayed by up to 1 minute. The test message was not lost.", "E-Mails kamen bis zu 1 Minute verspätet an. Die Testnachricht ging nicht verloren."},
		{figures{Messages: 94, Missed: 1, Overdue: 1}, "1 of 94 test messages is still missing.", "1 von 94 Testnachrichten steht noch aus."},
		{figures{Messages: 94, Missed: 13, Refused: 12, Lost: 1}, "1 of 94 test messages was lost. 12 of 94 test messages were refused.", "1 von 94 Testnachrichten ging verloren. 12 von 94 Testnachrichten wurden abgewiesen."},
		{figures{Messages: 94, Missed: 12, Refused: 12}, "12 of 94 test messages were refused. None of the 82 that were accepted was lost.", "12 von 94 Testnachrichten wurden abgewiesen. Von den 82 angenommenen ging keine verloren."},
		{figures{Messages: 94, Missed: 1, Late: 1, Longest: 90000}, "by up to 1 day and 1 hour.", "bis zu 1 Tag und 1 Stunde verspätet"},
		{figures{}, "(47 minutes).", "(47 Minuten)."},
	} {
		s := outage(minute(9, 40), situation.Operational, func(i *situation.Incident) {
			i.State, i.Repaired, i.Ended, i.Figures = probe.Resolved, minute(9, 28), minute(9, 38), c.figures
		})
		for w, want := range map[*Words]string{en: c.en, de: c.de} {
			got, err := w.Incident(Staff, s, s.Incidents[0])
			first, _, _ := strings.Cut(got.Text, "\n")
			if err != nil || !strings.Contains(first, want) || want[0] == '(' && !strings.HasSuffix(first, want) {
				t.Errorf("%+v: got %q, %v; want %q", c.figures, first, err, want)
			}
		}
	}
}

func TestKindOfDirection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		condition situation.Condition
		healths   string // of the routes: ok, slow, broken, blind, unknown; the last one in brackets is a shortcut
		want      Kind
	}{
		{situation.Operational, "ok ok", Works},
		{situation.MajorOutage, "blind", Blind},
		{situation.MajorOutage, "broken broken", Broken},
		{situation.PartialOutage, "broken ok", Partial},
		{situation.PartialOutage, "blind ok", PartlyBlind},
		{situation.PartialOutage, "broken blind", Partial},
		{situation.MajorOutage, "broken blind", Partial},
		{situation.MajorOutage, "blind (broken)", Blind},
		{situation.Operational, "blind", Blind},
		{situation.Operational, "blind ok", PartlyBlind},
		{situation.Degraded, "slow blind", Slow},
		{situation.Degraded, "slow", Slow},
		{situation.Unknown, "unknown", NotYet},
		{situation.Unknown, "blind unknown", Blind},
		{situation.UnderMaintenance, "broken", Maintained},
	} {
		d := situation.Direction{Direction: probe.Inbound, Condition: c.condition, Blind: strings.Contains(c.healths, "blind")}
		for _, h := range strings.Fields(c.healths) {
			d.Routes = append(d.Routes, situation.Route{Health: probe.Health(strings.Trim(h, "()")), Shortcut: h[0] == '('})
		}
		if got := (View{}).kind(d); got != c.want {
			t.Errorf("%s of %s: got %s, want %s", c.condition, c.healths, got, c.want)
		}
	}
}

// The clocks are put back at 03:00 CEST: 02:30 comes twice, and each text says which it means.
func TestTimesAcrossTheChangeOfClocks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC) // 02:30 CET
	for lang, want := range map[string]string{
		"en": "since 02:10 CEST|at 02:20|at 23:00 CEST on 24 October|at 08:00 on 1 January 2027",
		"de": "seit 02:10 Uhr MESZ|um 02:20 Uhr|am 24. Oktober um 23:00 Uhr MESZ|am 1. Januar 2027 um 08:00 Uhr",
	} {
		w := load(t, lang)
		var got []string
		for _, c := range []struct {
			name string
			at   time.Time
		}{{"moment.since", now.Add(-80 * time.Minute)}, {"moment.at", now.Add(-10 * time.Minute)}, {"moment.at", now.Add(-270 * time.Minute)}, {"moment.at", time.Date(2027, 1, 1, 7, 0, 0, 0, time.UTC)}} {
			text, err := w.Say(c.name, w.When(c.at, now))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, text)
		}
		if strings.Join(got, "|") != want {
			t.Errorf("got %s, want %s", strings.Join(got, "|"), want)
		}
	}
}

// Every text says the zone once at least, and the zone of the site whatever zone the times came in.
func TestTextsSayTheZone(t *testing.T) {
	t.Parallel()
	for _, zone := range []struct{ name, want, clock string }{{"America/Sao_Paulo", "UTC-03:00", "04:41"}, {"Europe/Berlin", "CET", "08:41"}, {"Asia/Kolkata", "IST", "13:11"}} {
		place, err := time.LoadLocation(zone.name)
		if err != nil {
			t.Fatal(err)
		}
		w := loadFrom(t, Config{Language: "en", Zone: place})
		for _, a := range Audiences {
			m, err := w.Update(a, outage(minute(8, 43), situation.MajorOutage, nil))
			if err != nil || !strings.Contains(m.Text, zone.want) || !strings.Contains(m.Text, "Since "+zone.clock) {
				t.Errorf("%s, %s: got %s, %v", zone.name, a, m.Text, err)
			}
		}
	}
}

func TestSituationStaysAsItIs(t *testing.T) {
	t.Parallel()
	w := load(t, "en")
	for _, e := range examples() {
		before := fmt.Sprintf("%#v", clean(e.Situation, time.UTC))
		if _, err := w.Update(NOC, e.Situation); err != nil {
			t.Fatal(err)
		}
		if after := fmt.Sprintf("%#v", clean(e.Situation, time.UTC)); before != after {
			t.Errorf("%s: got %s, want %s", e.name, after, before)
		}
	}
	s := cases()[17].Situation
	text := s.Incidents[0].Updates[0].Text
	if c := clean(s, time.UTC); c.Incidents[0].Updates[0].Text == text || s.Incidents[0].Updates[0].Text != text {
		t.Errorf("got %q cleaned, and %q as the original", c.Incidents[0].Updates[0].Text, s.Incidents[0].Updates[0].Text)
	}
}

func TestManyWriteAtATime(t *testing.T) {
	t.Parallel()
	w, s := load(t, "de"), two2()
	want, err := w.Update(NOC, s)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				if got, err := w.Update(NOC, s); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got %v, %v", got, err)
				}
			}
		})
	}
	all.Wait()
}

func two2() situation.Situation {
	s := situationAt(minute(9, 0))
	two(&s)
	return s
}

func BenchmarkUpdate(b *testing.B) {
	w, s := load(b, "en"), two2()
	for b.Loop() {
		if _, err := w.Update(Staff, s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSay(b *testing.B) {
	w := load(b, "en")
	for b.Loop() {
		if _, err := w.Say("heading.incidents", nil); err != nil {
			b.Fatal(err)
		}
	}
}

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// reports gives what was reported about the messages of a route, kind by kind.
func (s *stage) reports(route string) []probe.ReportSeen {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []probe.ReportSeen
	for _, c := range s.changes {
		if r, ok := c.(probe.ReportSeen); ok && r.Message.Route == route {
			all = append(all, r)
		}
	}
	return all
}

// awaitAnswer waits until the first message of a route has been handed over.
func (s *stage) awaitAnswer(route string) {
	s.t.Helper()
	s.await(func() bool { return count(s, func(a probe.Answered) bool { return a.Message.Route == route }) == 1 })
}

// await waits for a condition for a day, to the second.
func (s *stage) await(condition func() bool) {
	s.t.Helper()
	for range 24 * 60 * 60 {
		if condition() {
			return
		}
		s.wait(time.Second)
	}
	s.t.Fatal("waited for a day in vain")
}

// A message that is given up on its way ends as bounced, whoever gives it up and in
// whatever form that is told.
func TestStoryOfBouncedMail(t *testing.T) {
	for name, c := range map[string]struct {
		component string
		fault     world.Fault
		style     world.BounceStyle
		by        string // the component that writes the bounce; empty: the one with the fault
		within    time.Duration
		status    string // RFC 3463
		reporting string
	}{
		"unknown user":                 {"store-hq", world.NoSuchUser{}, "", "", time.Minute, "5.1.1", "mail.hq.example.com"},
		"full mailbox":                 {"store-hq", world.Full{}, "", "", time.Minute, "5.2.2", "mail.hq.example.com"},
		"content, after it was taken":  {"antispam", world.Reject{Text: "this looks like spam"}, "", "", time.Minute, "5.7.1", "antispam.example.com"},
		"refused by the next":          {"store-hq", world.Refuse{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "not from there"}, "", "antispam", time.Minute, "5.7.1", "antispam.example.com"},
		"queue lifetime exceeded":      {"gateway-in", world.Hold{Lifetime: 2 * time.Hour}, "", "", 3 * time.Hour, "4.4.7", "mx1.example.com"},
		"unknown user, told by qmail":  {"store-hq", world.NoSuchUser{}, world.QmailBounces, "", time.Minute, "5.1.1", ""},
		"full mailbox, told by Exim":   {"store-hq", world.Full{}, world.EximBounces, "", time.Minute, "5.2.2", ""},
		"the next refuses for so long": {"store-hq", world.Refuse{Code: 451, Enhanced: [3]int{4, 3, 0}, Text: "later"}, "", "antispam", 3 * time.Hour, "4.4.7", "antispam.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			performIn(t, world.Config{GiveUpAfter: 2 * time.Hour}, func(s *stage) {
				s.breaks(c.component, c.fault)
				by := c.by
				if by == "" {
					by = c.component
				}
				if err := s.world.SetBounceStyle(by, c.style); err != nil {
					t.Fatal(err)
				}
				engine := s.begin(24*time.Hour, time.Minute, 12*time.Hour, inbound)
				s.awaitAnswer(inbound)
				s.wait(c.within)
				o := s.first()
				if o.Status != probe.Bounced || o.Report == nil {
					t.Fatalf("got %s, want bounced, with the report\n%s", o.Status, s.log.String())
				}
				if o.Report.Status != c.status || c.reporting != "" && o.Report.Reporting != c.reporting || o.Report.Diagnostic == "" {
					t.Errorf("got %+v, want status %s, told by %s", *o.Report, c.status, c.reporting)
				}
				if n := len(s.reports(inbound)); n != 1 {
					t.Errorf("got %d reports, want 1", n)
				}
				if n := count(s, func(c probe.Settled) bool { return c.Message.Route == inbound && probe.Weigh(c).SLO == probe.Miss }) +
					count(s, func(c probe.DeadlineMissed) bool {
						return c.Message.Route == inbound && probe.Weigh(c).SLO == probe.Miss
					}); n != 1 {
					t.Errorf("got %d misses of the objective, want 1", n)
				}
				s.conserved(engine)
			})
		})
	}
}

// A delay notice is evidence, and ends nothing: the mail may come.
func TestStoryOfADelayNotice(t *testing.T) {
	performIn(t, world.Config{DelayNotice: 30 * time.Minute}, func(s *stage) {
		s.breaks("gateway-in", world.Hold{})
		engine := s.begin(24*time.Hour, time.Minute, 12*time.Hour, inbound)
		s.awaitAnswer(inbound)
		s.wait(40 * time.Minute)
		got := s.reports(inbound)
		if len(got) != 1 || got[0].Report.Kind != probe.ReportDelayed || got[0].Told != "" {
			t.Fatalf("got reports %+v, want one of delay, about a message in flight", got)
		}
		s.repairs("gateway-in")
		s.wait(time.Minute)
		if o := s.first(); o.Status != probe.Late {
			t.Errorf("got %s, want late", o.Status)
		}
		s.conserved(engine)
	})
}

// Answers that nobody asked for are counted, and change nothing.
func TestStoryOfAutomaticAnswers(t *testing.T) {
	for answer, want := range map[world.Answer]probe.ReportKind{
		world.ReadReceipt: probe.ReportReceipt, world.OutOfOffice: probe.ReportAbsence, world.Challenge: probe.ReportChallenge,
	} {
		t.Run(string(answer), func(t *testing.T) {
			t.Parallel()
			perform(t, func(s *stage) {
				if err := s.world.AutoReply("hq", answer); err != nil {
					t.Fatal(err)
				}
				engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound, "hq-to-outside")
				s.wait(5*time.Minute + 30*time.Second)
				all := s.outcomes(inbound)
				for _, o := range all {
					if o.Status != probe.Delivered {
						t.Errorf("got %s, want delivered", o.Status)
					}
				}
				reports := s.reports(inbound)
				for _, r := range reports {
					if r.Report.Kind != want {
						t.Errorf("got a report of kind %s, want %s", r.Report.Kind, want)
					}
				}
				if len(all) < 5 || len(reports) != len(all) {
					t.Errorf("got %d answers to %d messages, want one each", len(reports), len(all))
				}
				if n := count(s, func(probe.Duplicated) bool { return true }) + count(s, func(probe.Adopted) bool { return true }); n != 0 {
					t.Errorf("got %d duplicates and adoptions, want none: no answer is an arrival", n)
				}
				s.conserved(engine)
			})
		})
	}
}

// Where a message is found is a place, and delivered means the inbox.
func TestStoryOfMailThatIsKeptBack(t *testing.T) {
	for name, c := range map[string]struct {
		cfg       world.Config
		component string
		fault     world.Fault
		place     probe.Place
		folder    string
	}{
		"quarantine":                  {world.Config{}, "antispam", world.Quarantine{}, probe.Quarantine, "INBOX"},
		"junk":                        {world.Config{}, "antispam", world.Junk{}, probe.Junk, "Junk"},
		"junk, called something else": {world.Config{JunkFolder: "Unerwünscht"}, "antispam", world.Junk{}, probe.Junk, "Unerwünscht"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			performIn(t, c.cfg, func(s *stage) {
				s.breaks(c.component, c.fault)
				engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound, "inside-hq")
				s.wait(5*time.Minute + 30*time.Second)
				all := s.outcomes(inbound)
				if len(all) < 5 {
					t.Fatalf("got %d outcomes, want one a minute\n%s", len(all), s.log.String())
				}
				for _, o := range all {
					if o.Status != probe.Delivered || o.Place != c.place || o.Folder != c.folder || probe.ExpectDelivered.Judge(o) != probe.Violated {
						t.Errorf("got %s in %s, folder %q, want delivered in %s, folder %q, and that violates the expectation", o.Status, o.Place, o.Folder, c.place, c.folder)
					}
				}
				if got := s.healths(inbound); got != "ok" {
					t.Errorf("got health %q, want ok: the mail flows", got)
				}
				s.conserved(engine)
			})
		})
	}
}

// What a filter changes is named, whatever it takes away: the message is recognised.
func TestStoryOfWhatWasAltered(t *testing.T) {
	for name, c := range map[string]struct {
		fault world.Alter
		want  []probe.AlterationKind
		by    probe.Carrier
	}{
		"a marked subject":        {world.Alter{MarkSubject: true}, []probe.AlterationKind{probe.SubjectPrefix}, probe.InHeader},
		"everything but the body": {world.Alter{MarkSubject: true, StripX: true, NewMessageID: true}, []probe.AlterationKind{probe.SubjectPrefix, probe.NewMessageID, probe.FieldRemoved, probe.FieldRemoved}, probe.InSubject},
		"another encoding":        {world.Alter{ReencodeBody: true}, []probe.AlterationKind{probe.Reencoded}, probe.InHeader},
		"a banner and a footer":   {world.Alter{Banner: "CAUTION: this message came from outside.", Footer: "Checked."}, []probe.AlterationKind{probe.Banner, probe.Footer}, probe.InHeader},
		"nothing":                 {world.Alter{}, nil, probe.InHeader},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			perform(t, func(s *stage) {
				s.breaks("gateway-in", c.fault)
				engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound)
				s.wait(2*time.Minute + 30*time.Second)
				o := s.first()
				var got []probe.AlterationKind
				for _, a := range o.Altered {
					if got = append(got, a.Kind); a.Meant {
						t.Errorf("got %+v meant, want it not: the route says nothing of it", a)
					}
				}
				if o.Status != probe.Delivered || o.Carrier != c.by || !slices.Equal(got, c.want) {
					t.Errorf("got %s, recognised by the %s, altered %+v, want delivered, by the %s, altered %v", o.Status, o.Carrier, o.Altered, c.by, c.want)
				}
				s.conserved(engine)
			})
		})
	}
}

func TestStoryOfMailThatComesTwice(t *testing.T) {
	perform(t, func(s *stage) {
		s.breaks("store-hq", world.Duplicate{})
		engine := s.begin(time.Minute, 10*time.Second, time.Hour, inbound)
		s.wait(5*time.Minute + 30*time.Second)
		delivered := len(s.outcomes(inbound))
		if got := count(s, func(probe.Duplicated) bool { return true }); delivered < 5 || got != delivered {
			t.Errorf("got %d duplicates of %d messages, want one each", got, delivered)
		}
		s.conserved(engine)
	})
}

func TestStoryOfOvertakenMail(t *testing.T) {
	perform(t, func(s *stage) {
		engine := s.begin(time.Minute, 5*time.Minute, time.Hour, inbound)
		s.waitUntil(func() bool { return len(s.outcomes(inbound)) == 1 })
		s.breaks("antispam", world.Delay{By: 90 * time.Second})
		s.waitUntil(func() bool { return count(s, func(probe.Answered) bool { return true }) == 2 })
		s.wait(time.Second)
		s.repairs("antispam")
		s.wait(3 * time.Minute)
		var overtaken []string
		for i, o := range s.outcomes(inbound) {
			if o.Reordered {
				overtaken = append(overtaken, fmt.Sprint(i+1))
			}
		}
		if got := strings.Join(overtaken, " "); got != "3" {
			t.Errorf("got arrivals %q out of order, want the third: the second message sent, overtaken by the third", got)
		}
		s.conserved(engine)
	})
}

// A route with a queue is patient with a server that turns strangers away at first.
func TestStoryOfGreylistedMail(t *testing.T) {
	perform(t, func(s *stage) {
		s.retry = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}
		s.breaks("antispam", world.Greylist{Delay: 4 * time.Minute})
		engine := s.begin(time.Hour, time.Minute, 4*time.Hour, pastAV)
		s.await(func() bool { return len(s.outcomes(pastAV)) == 2 })
		all := s.outcomes(pastAV)
		if o := all[0]; o.Status != probe.Late || o.Tries != 3 || o.Deferred < 6*time.Minute || o.Deferred > 6*time.Minute+time.Second || o.Latency.Min < o.Deferred {
			t.Errorf("got %s after %d tries, deferred for %v, latency %+v, want late, at the third try, deferred for 6 min", o.Status, o.Tries, o.Deferred, o.Latency)
		}
		if o := all[1]; o.Status != probe.Delivered || o.Tries != 1 || o.Deferred != 0 {
			t.Errorf("the server knows us now: got %s after %d tries, want delivered at the first", o.Status, o.Tries)
		}
		if got := s.healths(pastAV); strings.Contains(got, "broken") {
			t.Errorf("got health %q, want none of it broken: it is a new route", got)
		}
		s.conserved(engine)
	})
}

// A filter that gives mail back is named, with what it said, although mail that enters
// behind the gateway alone could not tell it from the store.
func TestStoryOfAVerdictFromBounces(t *testing.T) {
	perform(t, func(s *stage) {
		engine := s.begin(30*time.Second, time.Minute, time.Hour, inbound, "inside-hq", "hq-to-outside")
		s.wait(5 * time.Minute)
		s.breaks("antispam", world.Reject{Text: "the scanner is out of order"})
		s.wait(10 * time.Minute)
		var last diagnosis.Diagnosed
		s.mu.Lock()
		for _, c := range s.changes {
			if d, ok := c.(diagnosis.Diagnosed); ok && len(d.Diagnoses) > 0 {
				last = d
			}
		}
		s.mu.Unlock()
		if len(last.Diagnoses) == 0 || !slices.Equal(last.Diagnoses[0].Components, []string{"antispam"}) || last.Diagnoses[0].Confidence < 0.8 {
			t.Fatalf("got %+v, want antispam suspected", last.Diagnoses)
		}
		if reasons := strings.Join(last.Diagnoses[0].Reasons, "\n"); !strings.Contains(reasons, "the scanner is out of order") {
			t.Errorf("got reasons\n%s\nwant what the filter said among them", reasons)
		}
		s.conserved(engine)
	})
}

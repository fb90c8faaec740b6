package world_test

import (
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/lab/world"
)

func TestGivenUpWhenItHasWaitedTooLong(t *testing.T) {
	tests := map[string]struct {
		cfg       world.Config
		component string
		fault     world.Fault
		after     time.Duration // the bounce begins
		want      []string      // Reporting-MTA, Remote-MTA, Status, Diagnostic-Code
		dropped   string
	}{
		"held": {world.Config{}, "antispam", world.Hold{Lifetime: 2 * time.Hour}, 2 * time.Hour,
			[]string{"dns; antispam.example.com", "", "4.4.7", ""}, "antispam"},
		"greylisted beyond all patience": {world.Config{GiveUpAfter: time.Hour}, "store-hq", world.Greylist{Delay: 3 * time.Hour}, time.Hour + stageDelay,
			[]string{"dns; antispam.example.com", "dns; mail.hq.example.com", "4.4.7", "smtp; 451 4.7.1 <mailpath-in@example.com>: Recipient address rejected: Greylisted, try again later"}, "antispam"},
		"refused for five days": {world.Config{RetryEvery: time.Minute}, "store-hq", world.Refuse{Code: 452, Enhanced: [3]int{4, 3, 1}, Text: "full"}, 120*time.Hour + stageDelay,
			[]string{"dns; antispam.example.com", "dns; mail.hq.example.com", "4.4.7", "smtp; 452 4.3.1 full"}, "antispam"},
		"cut off every time": {world.Config{GiveUpAfter: time.Hour, RetryEvery: 7 * time.Minute}, "store-hq", world.Cut{}, 63*time.Minute + stageDelay,
			[]string{"dns; antispam.example.com", "dns; mail.hq.example.com", "4.4.7", ""}, "antispam"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubbleWith(t, test.cfg, func(t *testing.T, w *world.World) {
				must(t, w.Break(test.component, test.fault))
				must(t, send(t, w, "past-av-to-hq", 1))
				time.Sleep(test.after - time.Second)
				if got := inboxOf(t, w, "provider"); len(got) != 0 || w.Held()["antispam"] != 1 {
					t.Errorf("before the time: got %d bounces and %v held, want the message held", len(got), w.Held())
				}
				time.Sleep(10 * time.Second)
				b := readBounce(t, onlyOne(t, w, "provider"))
				got := []string{b.message.Get("Reporting-MTA"), b.recipient.Get("Remote-MTA"), b.recipient.Get("Status"), b.recipient.Get("Diagnostic-Code")}
				if !slices.Equal(got, test.want) || b.recipient.Get("Action") != "failed" {
					t.Errorf("bounce: got %s and %q, want failed and %q", b.recipient.Get("Action"), got, test.want)
				}
				wantCount(t, "held", w.Held(), "", 0)
				wantCount(t, "dropped", w.Dropped(), test.dropped, 1)
				must(t, w.Repair(test.component))
				time.Sleep(time.Hour)
				wantArrivals(t, w, "hq", "INBOX")
			})
		})
	}
}

func TestHeldMailOutlivesARepair(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("antispam", world.Hold{Lifetime: time.Hour}))
		must(t, send(t, w, "past-av-to-hq", 1))
		time.Sleep(30 * time.Minute)
		must(t, send(t, w, "past-av-to-hq", 2))
		time.Sleep(45 * time.Minute) // the first is given up
		must(t, w.Break("antispam", world.Hold{}))
		time.Sleep(time.Hour)
		must(t, w.Repair("antispam"))
		time.Sleep(aWhile)
		wantArrivals(t, w, "hq", "INBOX", "2")
		if b := readBounce(t, onlyOne(t, w, "provider")); !strings.Contains(b.returned, "Subject: Test 1\r\n") {
			t.Errorf("returned: got\n%s\nwant message 1", b.returned)
		}
	})
}

func TestWrongTimes(t *testing.T) {
	for _, cfg := range []world.Config{{DelayNotice: -1}, {GiveUpAfter: -1}} {
		cfg.Network = world.Pipes()
		if _, err := world.New(cfg); err == nil {
			t.Errorf("a world with %v and %v: got no error, want one", cfg.GiveUpAfter, cfg.DelayNotice)
		}
	}
}

func TestDelayNotice(t *testing.T) {
	notify := func(about ...smtp.DSNNotify) envelope { return envelope{rcpt: &smtp.RcptOptions{Notify: about}} }
	tests := map[string]struct {
		fault   world.Fault
		env     envelope
		notices int
		status  string
		until   bool
	}{
		"held":                      {world.Hold{}, envelope{}, 1, "4.0.0", false},
		"told of failures only":     {world.Hold{}, notify(smtp.DSNNotifyFailure), 0, "", false},
		"retried":                   {world.Refuse{Code: 421, Enhanced: [3]int{4, 3, 2}}, notify(smtp.DSNNotifyDelayed), 1, "4.3.2", true},
		"never told, while retried": {world.Refuse{Code: 421}, notify(smtp.DSNNotifyNever), 0, "", false},
		"late by itself":            {world.Delay{By: 9 * time.Hour}, envelope{}, 0, "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubbleWith(t, world.Config{DelayNotice: 4 * time.Hour}, func(t *testing.T, w *world.World) {
				component := "antispam"
				if _, refuses := test.fault.(world.Refuse); refuses {
					component = "store-hq"
				}
				must(t, send(t, w, "past-av-to-hq", 1)) // before the fault
				time.Sleep(aWhile)
				must(t, w.Break(component, test.fault))
				r, _ := route(t, w, "past-av-to-hq")
				must(t, sendRaw(t, w, r.Name, test.env, message(r, 2)))
				time.Sleep(4*time.Hour - 1)
				if got := inboxOf(t, w, "provider"); len(got) != 0 {
					t.Errorf("notices before the time: got %d, want none", len(got))
				}
				time.Sleep(20 * time.Hour)
				all := inboxOf(t, w, "provider")
				if len(all) != test.notices {
					t.Fatalf("notices: got %d, want %d", len(all), test.notices)
				}
				if len(all) == 1 {
					b := readBounce(t, all[0])
					got := []string{b.recipient.Get("Action"), b.recipient.Get("Status"), b.returnedAs, b.header.Get("Subject")}
					if want := []string{"delayed", test.status, "text/rfc822-headers", "Delayed Mail (still being retried)"}; !slices.Equal(got, want) {
						t.Errorf("notice: got %q, want %q", got, want)
					}
					if _, err := mail.ParseDate(b.recipient.Get("Will-Retry-Until")); (err == nil) != test.until {
						t.Errorf("Will-Retry-Until: got %q, want a date: %t", b.recipient.Get("Will-Retry-Until"), test.until)
					}
				}
				must(t, w.Repair(component))
				time.Sleep(time.Minute)
				wantArrivals(t, w, "hq", "INBOX", "1", "2")
				wantCount(t, "bounced", w.Bounced(), "", 0)
			})
		})
	}
}

func TestBounceStyle(t *testing.T) {
	tests := map[string]struct {
		style world.BounceStyle
		fault world.Fault
		want  []string
	}{
		"Exim, content": {world.EximBounces, world.Reject{}, []string{"\r\nX-Failed-Recipients: mailpath-in@example.com\r\n", "\r\nSubject: Mail delivery failed: returning message to sender\r\n",
			"\r\n  mailpath-in@example.com\r\n    554 5.7.1 Message content rejected\r\n"}},
		"qmail, refused": {world.QmailBounces, world.Refuse{Code: 550, Text: "no"}, []string{"\r\nSubject: failure notice\r\n", "\r\nHi. This is the qmail-send program at smtp.provider.example.\r\n",
			"\r\n<mailpath-in@example.com>:\r\n203.0.113.25 does not like recipient.\r\nRemote host said: 550 5.0.0 no\r\nGiving up on 203.0.113.25.\r\n", "\r\nReturn-Path: <mailpath@provider.example>\r\n"}},
		"Exim, refused":  {world.EximBounces, world.Refuse{Code: 550, Text: "no"}, []string{"\r\n    host mx1.example.com [203.0.113.25]\r\n    SMTP error from remote mail server: 550 5.0.0 no\r\n"}},
		"qmail, content": {world.QmailBounces, world.Reject{}, []string{"\r\n<mailpath-in@example.com>:\r\n554 5.7.1 Message content rejected\r\n"}},
		"Exim, waited":   {world.EximBounces, world.Hold{Lifetime: time.Second}, []string{"retry timeout exceeded\r\n"}},
		"qmail, waited":  {world.QmailBounces, world.Hold{Lifetime: time.Second}, []string{"been in the queue too long"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world.World) {
				component := "internet"
				if _, refuses := test.fault.(world.Refuse); refuses {
					component = "gateway-in"
				}
				must(t, w.Break(component, test.fault))
				must(t, w.SetBounceStyle("internet", test.style))
				must(t, send(t, w, "outside-to-hq", 1))
				time.Sleep(2 * aWhile)
				got := string(onlyOne(t, w, "provider"))
				r, _ := route(t, w, "outside-to-hq")
				for _, want := range append(test.want, "Return-Path: <>\r\n") {
					if !strings.Contains(got, want) {
						t.Errorf("bounce: got\n%s\nwant %q in it", got, want)
					}
				}
				if !strings.HasSuffix(got, message(r, 1)) || strings.Contains(got, "multipart") {
					t.Errorf("bounce: got\n%s\nwant plain text that ends with the message", got)
				}
				if m, err := mail.ReadMessage(strings.NewReader(got)); err != nil || m.Header.Get("X-Mailpath-Tag") != "" {
					t.Errorf("bounce: got %v, want a header of its own", err)
				}
			})
		})
	}
	inBubble(t, func(t *testing.T, w *world.World) {
		if w.SetBounceStyle("nowhere", world.QmailBounces) == nil || w.SetBounceStyle("internet", "sendmail") == nil {
			t.Error("a form or a component that is not there: got no error, want one")
		}
	})
}

func TestUnknownUser(t *testing.T) {
	inBubbleWith(t, world.Config{AnyUser: true}, func(t *testing.T, w *world.World) {
		r, _ := route(t, w, "hq-to-outside")
		must(t, sendRaw(t, w, r.Name, envelope{to: "nobody@provider.example"}, message(r, 1)))
		time.Sleep(aWhile)
		b := readBounce(t, onlyOne(t, w, "hq"))
		got := []string{b.message.Get("Reporting-MTA"), b.recipient.Get("Final-Recipient"), b.recipient.Get("Status"), b.recipient.Get("Diagnostic-Code")}
		want := []string{"dns; mx.provider.example", "rfc822; nobody@provider.example", "5.1.1", "smtp; 550 5.1.1 <nobody@provider.example>: User unknown"}
		if !slices.Equal(got, want) {
			t.Errorf("bounce: got %q, want %q", got, want)
		}
		wantArrivals(t, w, "provider", "INBOX")
		if err := sendRaw(t, w, r.Name, envelope{to: "nobody@else.example"}, message(r, 1)); err == nil {
			t.Error("a domain that is not there: got no error, want one")
		}
	})
}

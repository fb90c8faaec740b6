package world_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

func TestQuarantine(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("antispam", world.Quarantine{}))
		must(t, send(t, w, "outside-to-hq", 1))
		time.Sleep(3*stageDelay - 1)
		wantArrivals(t, w, "quarantine", "INBOX")
		time.Sleep(time.Nanosecond)
		wantArrivals(t, w, "quarantine", "INBOX", "1")
		must(t, w.Repair("antispam"))
		must(t, send(t, w, "outside-to-hq", 2))
		time.Sleep(aWhile)
		wantArrivals(t, w, "quarantine", "INBOX", "1")
		wantArrivals(t, w, "hq", "INBOX", "2")

		raw := onlyOne(t, w, "quarantine")
		h := probe.ParseHeader(raw)
		for name, want := range map[string]string{"X-Envelope-To": "<mailpath-in@example.com>", "X-Envelope-From": "<mailpath@provider.example>",
			"Return-Path": "<mailpath@provider.example>", "Delivered-To": "quarantine@example.com"} {
			if got, _ := h.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		r, _ := route(t, w, "outside-to-hq")
		if !strings.HasSuffix(string(raw), message(r, 1)) {
			t.Errorf("message: got\n%s\nwant it to end as it began", raw)
		}
		checkHosts(t, w, []string{"antispam"}, []string{byName(" " + h.All("Received")[0])})
		wantCount(t, "dropped", w.Dropped(), "", 0)
		wantMessages(t, w, "quarantine", 1) // over IMAP
		for _, err := range []error{w.Break("store-hq", world.Quarantine{}), w.Break("gateway-in", world.Full{}), w.Break("antispam", world.Full{}),
			w.Break("store-hq", world.NoSuchUser{Mailbox: "branch"}), sendRaw(t, w, r.Name, envelope{to: "quarantine@example.com"}, message(r, 1)),
			w.Break("antispam", world.Reject{Code: 450}), w.Break("antispam", world.Hold{Lifetime: -1})} {
			if err == nil {
				t.Error("wrong use: got no error, want one")
			}
		}
	})
}

// TestOutOfOrder shows that a delay which ends lets later mail overtake, at exact times.
func TestOutOfOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		for n, by := range []time.Duration{3 * time.Second, time.Second, 2 * time.Second} {
			must(t, w.Break("antispam", world.Delay{By: by}))
			must(t, send(t, w, "past-av-to-hq", n))
			time.Sleep(2 * stageDelay) // the delay is read when the stay ends: past that instant
		}
		must(t, w.Repair("antispam"))
		must(t, send(t, w, "past-av-to-hq", 3))
		time.Sleep(time.Minute)
		wantArrivals(t, w, "hq", "INBOX", "3", "1", "2", "0")
	})
}

func TestSpecialUse(t *testing.T) {
	inBubbleWith(t, world.Config{JunkFolder: "Spam-Verdacht", SpecialUse: true}, func(t *testing.T, w *world.World) {
		must(t, w.Break("antispam", world.Junk{}))
		must(t, send(t, w, "past-av-to-hq", 1))
		time.Sleep(aWhile)
		wantArrivals(t, w, "hq", "Spam-Verdacht", "1")
		c := imapLogin(t, w, "hq", nil)
		defer c.Close()
		if !c.Caps().Has(imap.CapSpecialUse) || c.Caps().Has(imap.CapIMAP4rev2) {
			t.Errorf("capabilities: got %v, want SPECIAL-USE and not IMAP4rev2", c.Caps())
		}
		for _, test := range []struct {
			pattern string
			options *imap.ListOptions
			want    []string
		}{
			{"*", &imap.ListOptions{ReturnSpecialUse: true}, []string{"INBOX", `Spam-Verdacht \Junk`}},
			{"*", &imap.ListOptions{SelectSpecialUse: true}, []string{`Spam-Verdacht \Junk`}},
			{"I*", nil, []string{"INBOX"}},
			{"S%", nil, []string{`Spam-Verdacht \Junk`}},
			{"*", &imap.ListOptions{SelectSubscribed: true}, nil},
			{"*", &imap.ListOptions{ReturnStatus: &imap.StatusOptions{NumMessages: true}}, []string{"INBOX 0", `Spam-Verdacht \Junk 1`}},
		} {
			all, err := c.List("", test.pattern, test.options).Collect()
			must(t, err)
			if got := listed(all); !slices.Equal(got, test.want) {
				t.Errorf("LIST %s with %+v: got %q, want %q", test.pattern, test.options, got, test.want)
			}
		}
		for what, err := range map[string]error{"CREATE": c.Create("Attic", nil).Wait(), "DELETE": c.Delete("INBOX").Wait(), "RENAME": c.Rename("Spam-Verdacht", "x", nil).Wait(),
			"SUBSCRIBE": c.Subscribe("INBOX").Wait(), "UNSUBSCRIBE": c.Unsubscribe("INBOX").Wait()} {
			if err == nil {
				t.Errorf("%s: got no error, want the folders fixed", what)
			}
		}
	})
	for _, name := range []string{"inbox", "a*", "a/b", "a\r\nb"} {
		if _, err := world.New(world.Config{Network: world.Pipes(), JunkFolder: name}); err == nil {
			t.Errorf("a world with the folder %q for spam: got no error, want one", name)
		}
	}
}

// listed is what LIST told, one folder a line.
func listed(all []*imap.ListData) []string {
	var lines []string
	for _, d := range all {
		line := d.Mailbox
		for _, a := range d.Attrs {
			line += " " + string(a)
		}
		if d.Status != nil {
			line += " " + string(rune('0'+*d.Status.NumMessages))
		}
		lines = append(lines, line)
	}
	return lines
}

func TestFoldersCanBeMadeWithoutSpecialUse(t *testing.T) {
	inBubbleWith(t, world.Config{JunkFolder: "Spam"}, func(t *testing.T, w *world.World) {
		c := imapLogin(t, w, "branch", nil)
		defer c.Close()
		must(t, c.Create("Attic", nil).Wait())
		must(t, c.Subscribe("Attic").Wait())
		must(t, c.Unsubscribe("Attic").Wait())
		must(t, c.Rename("Attic", "Cellar", nil).Wait())
		all, err := c.List("", "*", nil).Collect()
		must(t, err)
		if got, want := listed(all), []string{"Cellar", "INBOX", "Spam"}; !slices.Equal(got, want) {
			t.Errorf("LIST: got %q, want %q", got, want)
		}
		must(t, c.Delete("Cellar").Wait())
	})
}

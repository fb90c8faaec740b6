package world_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/lab/world"
)

func TestCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, world.Config{Network: world.Pipes(), Crowd: 3, StageDelay: world.Delays{Min: stageDelay, Max: stageDelay}})
		routes := w.CrowdRoutes(2)
		if len(routes) != 6 || len(w.Crowd()) != 3 {
			t.Fatalf("got %d routes to %d mailboxes, want 6 to 3", len(routes), len(w.Crowd()))
		}
		conn, err := w.Dial(t.Context(), "tcp", w.SMTP(w.CrowdSender().Entry))
		must(t, err)
		c := smtp.NewClient(conn)
		for n, r := range routes {
			must(t, c.SendMail(r.From, []string{strings.ToUpper(r.To)}, strings.NewReader(message(r, n))))
		}
		must(t, c.Quit())
		time.Sleep(time.Second)
		wantArrivals(t, w, "crowd-0002", "INBOX", "2", "3")
		wantArrivals(t, w, "hq", "INBOX")
		must(t, imapLogin(t, w, "crowd-0003", nil).Close())
		must(t, w.Close())
	})
}

// Old messages go in batches; who watches is told of it.
func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, world.Config{Network: world.Pipes(), Keep: 3})
		conn, err := w.Dial(t.Context(), "tcp", w.IMAP("hq"))
		must(t, err)
		var expunged []uint32
		c := imapclient.New(conn, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
			Expunge: func(sequence uint32) { expunged = append(expunged, sequence) },
		}})
		_, username, password := w.Account("hq")
		must(t, c.Login(username, password).Wait())
		_, err = c.Select("INBOX", nil).Wait()
		must(t, err)
		for n, want := range []int{1, 2, 3, 4, 5, 3, 4, 5, 3} {
			r, _ := route(t, w, "inside-hq")
			must(t, w.Deliver("hq", "INBOX", []byte(message(r, n))))
			if got, err := w.Count("hq", "INBOX"); err != nil || got != want {
				t.Errorf("after message %d: got %d messages and %v, want %d", n, got, err, want)
			}
		}
		wantArrivals(t, w, "hq", "INBOX", "6", "7", "8")
		must(t, c.Noop().Wait())
		if len(expunged) != 6 {
			t.Errorf("got EXPUNGE of %v, want of 6 messages", expunged)
		}
		must(t, c.Close())
		must(t, w.Close())
	})
}

func TestPlainSMTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := tlsConfigs(t)
		w := newWorld(t, world.Config{Network: world.Pipes(), TLS: server, ImplicitTLS: true, PlainSMTP: true})
		must(t, send(t, w, "inside-hq", 1))
		time.Sleep(time.Second)
		wantArrivals(t, w, "hq", "INBOX", "1")
		lookOverTLS(t, w, client, true)
		must(t, w.Close())
	})
}

func TestCrowdIsNotNegative(t *testing.T) {
	for _, cfg := range []world.Config{{Keep: -1}, {Crowd: -1}} {
		if _, err := world.New(cfg); err == nil {
			t.Errorf("%+v: got a world, want an error", cfg)
		}
	}
}

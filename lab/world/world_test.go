package world_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

func TestRoutes(t *testing.T) {
	tests := []struct {
		route string
		hosts []string // the by-names of the Received fields, bottom to top
	}{
		{"hq-to-branch", []string{"mail.hq.example.com", "mail.branch.example.com", "imap.branch.example.com"}},
		{"outside-to-hq", []string{"smtp.provider.example", "mx1.example.com", "antispam.example.com", "localhost", "antispam.example.com",
			"mail.hq.example.com", "imap.hq.example.com"}},
		{"inside-branch", []string{"mail.branch.example.com", "imap.branch.example.com"}},
		{"past-av-to-hq", []string{"antispam.example.com", "localhost", "antispam.example.com", "mail.hq.example.com", "imap.hq.example.com"}},
		{"hq-to-outside", []string{"mail.hq.example.com", "out1.example.com", "mx.provider.example", "imap.provider.example"}},
		{"inside-hq", []string{"mail.hq.example.com", "imap.hq.example.com"}},
	}
	for _, test := range tests {
		t.Run(test.route, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world.World) { testRoute(t, w, test.route, test.hosts) })
		})
	}
}

func testRoute(t *testing.T, w *world.World, name string, hosts []string) {
	r, _ := route(t, w, name)
	began := time.Now()
	must(t, send(t, w, name, 1))
	time.Sleep(time.Duration(len(r.Path))*stageDelay - 1)
	wantArrivals(t, w, r.Mailbox, "INBOX")
	time.Sleep(time.Nanosecond)
	wantArrivals(t, w, r.Mailbox, "INBOX", "1")

	raw, err := w.Messages(r.Mailbox, "INBOX")
	must(t, err)
	header := probe.ParseHeader(raw[0])
	var by []string
	for _, received := range slices.Backward(header.All("Received")) {
		by = append(by, byName(received))
		checkReceived(t, received, began, time.Now())
	}
	if !slices.Equal(by, hosts) {
		t.Errorf("hosts of the Received fields: got %v, want %v", by, hosts)
	}
	checkHosts(t, w, r.Path, hosts)
	if got, _ := header.Get("Return-Path"); got != "<"+r.From+">" {
		t.Errorf("Return-Path: got %q, want %q", got, "<"+r.From+">")
	}
	if !strings.HasSuffix(string(raw[0]), message(r, 1)) {
		t.Errorf("message: got\n%s\nwant it to end with\n%s", raw[0], message(r, 1))
	}
	checkInternalDate(t, w, r.Mailbox, time.Now())
}

// checkHosts wants every host but amavis' localhost to be one of the path's components.
func checkHosts(t *testing.T, w *world.World, path, hosts []string) {
	t.Helper()
	known := []string{"localhost"}
	for _, component := range path {
		known = append(known, w.Hosts(component)...)
	}
	for _, name := range hosts {
		if !slices.Contains(known, name) {
			t.Errorf("host %s: got none of the components %v, whose hosts are %v", name, path, known)
		}
	}
}

func byName(received string) string {
	_, rest, _ := strings.Cut(received, " by ")
	name, _, _ := strings.Cut(rest, " ")
	return name
}

// checkReceived wants an id, and a date in whole seconds between two times.
func checkReceived(t *testing.T, received string, from, to time.Time) {
	t.Helper()
	text, date, _ := strings.Cut(received, ";")
	if !strings.Contains(text, " id ") {
		t.Errorf("Received: got %q, want an id", received)
	}
	at, err := mail.ParseDate(strings.TrimSpace(date))
	if err != nil || at.Before(from.Truncate(time.Second)) || at.After(to) {
		t.Errorf("date of %q: got %v, %v; want one from %v to %v", received, at, err, from, to)
	}
}

func checkInternalDate(t *testing.T, w *world.World, mailbox string, want time.Time) {
	t.Helper()
	c := imapLogin(t, w, mailbox, nil)
	defer c.Close()
	_, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait()
	must(t, err)
	got, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{InternalDate: true}).Collect()
	must(t, err)
	if len(got) != 1 || !got[0].InternalDate.Equal(want.Truncate(time.Second)) {
		t.Errorf("INTERNALDATE: got %v, want %v", got, want.Truncate(time.Second))
	}
}

func TestSameInstantKeepsOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		var want []string
		for n := range 30 {
			must(t, send(t, w, "outside-to-hq", n))
			want = append(want, strconv.Itoa(n))
		}
		time.Sleep(time.Second)
		wantArrivals(t, w, "hq", "INBOX", want...)
	})
}

func TestSeedDecidesDelays(t *testing.T) {
	deliver := func(seed uint64) (raw string, took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, world.Config{Network: world.Pipes(), Seed: seed})
			defer w.Close()
			must(t, send(t, w, "outside-to-hq", 1))
			began := time.Now()
			for len(arrivals(t, w, "hq", "INBOX")) == 0 {
				time.Sleep(time.Millisecond)
			}
			all, _ := w.Messages("hq", "INBOX")
			raw, took = string(all[0]), time.Since(began)
		})
		return raw, took
	}
	first, took := deliver(7)
	if took < 40*time.Millisecond || took > 241*time.Millisecond {
		t.Errorf("latency over four stages: got %v, want 40ms to 240ms", took)
	}
	if again, took2 := deliver(7); again != first || took2 != took {
		t.Errorf("the same seed again: got %v and\n%s\nwant %v and\n%s", took2, again, took, first)
	}
	if other, _ := deliver(8); other == first {
		t.Errorf("another seed: got the same message\n%s", other)
	}
}

func TestLoopback(t *testing.T) {
	w := newWorld(t, world.Config{})
	defer w.Close()
	updates := make(chan uint32, 10)
	c := imapLogin(t, w, "hq", updates)
	defer c.Close()
	_, err := c.Select("INBOX", nil).Wait()
	must(t, err)
	idle, err := c.Idle()
	must(t, err)
	must(t, send(t, w, "outside-to-hq", 1))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case n := <-updates:
		if n != 1 {
			t.Errorf("messages in the mailbox: got %d, want 1", n)
		}
	case <-ctx.Done():
		t.Fatalf("waiting for the push of new mail: %v", ctx.Err())
	}
	must(t, idle.Close())
	must(t, idle.Wait())
	must(t, w.Blind("hq", world.Refusing))
	if conn, err := w.Dial(t.Context(), "tcp", w.IMAP("hq")); err == nil {
		conn.Close()
		t.Error("dialing a mailbox that refuses: got a connection, want an error")
	}
	must(t, w.Unblind("hq"))
	must(t, imapLogin(t, w, "hq", nil).Close())
}

func TestTLS(t *testing.T) {
	for _, implicit := range []bool{true, false} {
		t.Run(fmt.Sprintf("implicit=%t", implicit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := tlsConfigs(t)
				w := newWorld(t, world.Config{Network: world.Pipes(), TLS: server, ImplicitTLS: implicit})
				sendOverTLS(t, w, client, implicit)
				time.Sleep(time.Second)
				wantArrivals(t, w, "hq", "INBOX", "1")
				lookOverTLS(t, w, client, implicit)
				raw, _ := w.Messages("hq", "INBOX")
				if !strings.Contains(string(raw[0]), "with esmtpsa  (TLS1.3)") {
					t.Errorf("Received: got\n%s\nwant protocol esmtpsa", raw[0])
				}
				must(t, w.Close())
			})
		})
	}
}

func sendOverTLS(t *testing.T, w *world.World, cfg *tls.Config, implicit bool) {
	t.Helper()
	r, s := route(t, w, "outside-to-hq")
	conn, err := w.Dial(t.Context(), "tcp", w.SMTP(s.Entry))
	must(t, err)
	var c *smtp.Client
	if implicit {
		c = smtp.NewClient(tls.Client(conn, cfg))
	} else {
		c, err = smtp.NewClientStartTLS(conn, cfg)
		must(t, err)
	}
	defer c.Close()
	must(t, c.Auth(sasl.NewPlainClient("", s.Username, s.Password)))
	must(t, c.SendMail(r.From, []string{r.To}, strings.NewReader(message(r, 1))))
}

func lookOverTLS(t *testing.T, w *world.World, cfg *tls.Config, implicit bool) {
	t.Helper()
	conn, err := w.Dial(t.Context(), "tcp", w.IMAP("hq"))
	must(t, err)
	var c *imapclient.Client
	if implicit {
		c = imapclient.New(tls.Client(conn, cfg), nil)
	} else {
		c, err = imapclient.NewStartTLS(conn, &imapclient.Options{TLSConfig: cfg})
		must(t, err)
	}
	defer c.Close()
	_, username, password := w.Account("hq")
	must(t, c.Login(username, password).Wait())
}

package world_test

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// stageDelay is what every stage takes in these tests.
const stageDelay = 40 * time.Millisecond

// inBubble runs a test with a world over pipes in a bubble, which ends only if the
// world has left no goroutine behind.
func inBubble(t *testing.T, test func(t *testing.T, w *world.World)) {
	t.Helper()
	inBubbleWith(t, world.Config{}, test)
}

// inBubbleWith does the same with a configuration of the test's own.
func inBubbleWith(t *testing.T, cfg world.Config, test func(t *testing.T, w *world.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg.Network, cfg.StageDelay = world.Pipes(), world.Delays{Min: stageDelay, Max: stageDelay}
		w := newWorld(t, cfg)
		defer func() {
			if err := w.Close(); err != nil {
				t.Errorf("closing the world: %v", err)
			}
		}()
		test(t, w)
	})
}

func newWorld(t *testing.T, cfg world.Config) *world.World {
	t.Helper()
	w, err := world.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func route(t *testing.T, w *world.World, name string) (probe.Route, world.Sender) {
	t.Helper()
	for _, r := range w.Routes() {
		if r.Name != name {
			continue
		}
		for _, s := range w.Senders() {
			if s.Name == r.Sender {
				return r, s
			}
		}
	}
	t.Fatalf("route %q: not there", name)
	return probe.Route{}, world.Sender{}
}

// message is a small message; n tells it from others.
func message(r probe.Route, n int) string {
	return strings.ReplaceAll(fmt.Sprintf(`From: <%s>
To: <%s>
Subject: Test %d
Message-ID: <test-%d@probe.example>
X-Mailpath-Tag: tag-of-%d
 and its second line
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

Good morning, this is number %d.
`, r.From, r.To, n, n, n, n), "\n", "\r\n")
}

// send hands message n in at the beginning of a route.
func send(t *testing.T, w *world.World, name string, n int) error {
	t.Helper()
	r, _ := route(t, w, name)
	return sendRaw(t, w, name, envelope{}, message(r, n))
}

// envelope is how a message is handed in otherwise than its route has it.
type envelope struct {
	from, to string // empty: the route's; "<>": nobody
	mail     *smtp.MailOptions
	rcpt     *smtp.RcptOptions
}

// sendRaw hands any message in at the beginning of a route.
func sendRaw(t *testing.T, w *world.World, name string, e envelope, raw string) error {
	t.Helper()
	r, s := route(t, w, name)
	conn, err := w.Dial(t.Context(), "tcp", w.SMTP(s.Entry))
	must(t, err)
	c := smtp.NewClient(conn)
	defer c.Close()
	must(t, c.Hello("probe.example"))
	if s.Username != "" {
		must(t, c.Auth(sasl.NewPlainClient("", s.Username, s.Password)))
	}
	if err := c.Mail(strings.Trim(cmp.Or(e.from, r.From), "<>"), e.mail); err != nil {
		return err
	}
	if err := c.Rcpt(cmp.Or(e.to, r.To), e.rcpt); err != nil {
		return err
	}
	data, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(data, raw); err != nil {
		return err
	}
	if err := data.Close(); err != nil {
		return err
	}
	return c.Quit()
}

// arrivals gives the numbers of the messages that were delivered, in their order.
func arrivals(t *testing.T, w *world.World, mailbox, folder string) []string {
	t.Helper()
	synctest.Wait()
	raw, err := w.Messages(mailbox, folder)
	must(t, err)
	var numbers []string
	for _, m := range raw {
		tag, _ := probe.ParseHeader(m).Get("X-Mailpath-Tag")
		tag, _, _ = strings.Cut(tag, " ")
		numbers = append(numbers, strings.TrimPrefix(tag, "tag-of-"))
	}
	return numbers
}

func wantArrivals(t *testing.T, w *world.World, mailbox, folder string, want ...string) {
	t.Helper()
	if got := arrivals(t, w, mailbox, folder); !slices.Equal(got, want) {
		t.Errorf("messages in %s of %s: got %v, want %v", folder, mailbox, got, want)
	}
}

func wantCount(t *testing.T, what string, counts map[string]int, component string, want int) {
	t.Helper()
	for name, got := range counts {
		if name == component && got != want || name != component && got != 0 {
			t.Errorf("%s at %s: got %d; want %d, all at %s", what, name, got, want, component)
		}
	}
}

// imapLogin connects to a mailbox; updates gets the number of messages whenever the
// server tells it.
func imapLogin(t *testing.T, w *world.World, mailbox string, updates chan<- uint32) *imapclient.Client {
	t.Helper()
	conn, err := w.Dial(t.Context(), "tcp", w.IMAP(mailbox))
	must(t, err)
	c := imapclient.New(conn, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil && updates != nil {
				updates <- *data.NumMessages
			}
		},
	}})
	_, username, password := w.Account(mailbox)
	must(t, c.Login(username, password).Wait())
	return c
}

package webhook_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mailpath/mailpath/exporters/webhook"
	"github.com/mailpath/mailpath/probe"
)

// cursor remembers in memory.
type cursor struct {
	mu sync.Mutex
	at probe.Seq
}

func (c *cursor) Load() probe.Seq { return c.is() }

func (c *cursor) Save(seq probe.Seq) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = seq
}

func (c *cursor) is() probe.Seq {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// text is a log that can be read while it is written.
type text struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *text) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *text) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *text) log() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// receiver is where parcels go: it keeps when which came, and fails as it is told to.
type receiver struct {
	clock probe.Clock
	fail  func(seq probe.Seq, attempt int) error
	mu    sync.Mutex
	tries []time.Time
	got   []probe.Seq
}

func (r *receiver) deliver(ctx context.Context, p webhook.Parcel) error {
	r.mu.Lock()
	n := len(r.tries)
	r.tries = append(r.tries, r.clock.Now())
	r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(p.Seq(), n); errors.Is(err, errHang) {
			<-ctx.Done()
			return ctx.Err()
		} else if err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, p.Seq())
	return nil
}

func (r *receiver) seqs() []probe.Seq {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) attempts() []time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.tries)
}

var (
	errHang   = &webhook.Failure{Problem: "never told"}
	errBusy   = &webhook.Failure{Again: true, Status: 503, Problem: "busy"}
	errWrong  = &webhook.Failure{Status: 404, Problem: "nothing is there"}
	errPlease = &webhook.Failure{Again: true, After: 20 * time.Minute, Status: 429, Problem: "slowly"}
)

func told(seq probe.Seq, step probe.IncidentStep, at time.Time) probe.Change {
	return probe.IncidentTold{Origin: probe.Origin{Seq: seq, At: at}, IncidentChanged: probe.IncidentChanged{ID: "2026-11-24-0841", Step: step, State: probe.Investigating, Began: at}}
}

func looked(seq probe.Seq, at time.Time) probe.Change {
	return probe.MailboxLooked{Origin: probe.Origin{Seq: seq, At: at}, Mailbox: "hq", Looks: 1}
}

// courier is what most tests begin with.
func courier(c webhook.Cursor, since probe.Seq, r *receiver, log *text) *webhook.Courier {
	return webhook.NewCourier(config(c, since, r, log))
}

func config(c webhook.Cursor, since probe.Seq, r *receiver, log *text) webhook.CourierConfig {
	return webhook.CourierConfig{Name: "chat", Clock: r.clock, Log: log.log(), Cursor: c, Since: since, Deliver: r.deliver}
}

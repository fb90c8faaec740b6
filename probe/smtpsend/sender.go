// Package smtpsend hands test messages over by SMTP: submission with a password
// (RFC 6409), or straight to a named host.
//
// Each Send dials, greets and encrypts by its own hand, because go-smtp would greet
// as "localhost" before STARTTLS, and then lets go-smtp authenticate and carry the
// transaction out. Every phase is timed, also those of an attempt that fails.
package smtpsend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/probe"
)

// Config is what a Sender is made of.
type Config struct {
	probe.Endpoint
	// EHLO is the name we greet with (RFC 5321 section 4.1.1.1): ours, fully qualified.
	EHLO string
	// Sign signs a message, given as it would be sent, and gives it as it is to be sent: a
	// new one, since others may read the old. It is called from many goroutines. What it
	// does is not in the time that the message takes; its error is the probe's own
	// trouble. Nil: messages are not signed.
	Sign func(raw []byte) ([]byte, error)
	// Progress is told of each phase, as it begins and as it ends, from the goroutine of
	// Send. It must return promptly. Nil: nobody is told.
	Progress func(Progress)
}

// Progress is a phase that begins, or ends. One phase can come twice: tls is asked for
// and then done, and ehlo is said again after it.
type Progress struct {
	Phase string
	Ended bool
	Took  time.Duration // of a phase that has ended
}

// Sender sends over SMTP. It is safe for concurrent use; each Send has a
// connection of its own, so that the whole way is measured each time.
type Sender struct{ cfg Config }

// New makes a sender.
func New(cfg Config) *Sender { return &Sender{cfg: cfg} }

// Telling is the same sender, whose Send tells of its progress.
func (s *Sender) Telling(progress func(Progress)) *Sender {
	told := s.cfg
	told.Progress = progress
	return New(told)
}

// Send implements probe.Sender. Where the server offers it, reports about the message
// are asked for (RFC 3461). If it then refuses to be asked, MAIL or RCPT is said once
// more without, in the same transaction: that is no second attempt, since none of the
// message was handed over, and its time is in the same phase.
func (s *Sender) Send(ctx context.Context, m *probe.Message) probe.Attempt {
	m, err := s.signed(m)
	t := &transaction{cfg: s.cfg, began: s.cfg.Clock.Now()}
	if err != nil {
		return probe.Attempt{Result: probe.NotSent, Began: t.began, Err: fmt.Errorf("sending to %s: %w", s.cfg.Server, err)}
	}
	t.mark = t.began
	result, reply, err := t.carryOut(ctx, m)
	if err != nil {
		err = fmt.Errorf("sending to %s: %w", s.cfg.Server, err)
	}
	return probe.Attempt{Result: result, Began: t.began, Phases: t.phases, Reply: reply, Err: err}
}

// signed is a message as it is sent.
func (s *Sender) signed(m *probe.Message) (*probe.Message, error) {
	if s.cfg.Sign == nil {
		return m, nil
	}
	raw, err := s.cfg.Sign(m.Raw)
	if err != nil {
		return nil, fmt.Errorf("%w: signing the message: %w", probe.ErrOurs, err)
	}
	signed := *m
	signed.Raw = raw
	return &signed, nil
}

// quitTimeout bounds the leave-taking, which no longer matters to the message.
const quitTimeout = 2 * time.Second

// transaction is one attempt under way.
type transaction struct {
	cfg    Config
	began  time.Time
	mark   time.Time // the running phase began then
	phases []probe.Phase

	goodUntil time.Time // of the server's certificate
	untrusted error     // what is wrong with it, where that is not minded

	reportless bool // the server offers reports and refuses to be asked for them
}

// phase runs one timed part. Its time is kept whether it succeeds or not; the EHLO
// that is said again after STARTTLS adds to the first. The words of a refusal, which
// the library leaves as they came, become such as can stand in an error.
func (t *transaction) phase(name string, do func() error) error {
	t.tell(Progress{Phase: name})
	err := do()
	now := t.cfg.Clock.Now()
	took := now.Sub(t.mark)
	t.mark = now
	t.tell(Progress{Phase: name, Ended: true, Took: took})
	if i := slices.IndexFunc(t.phases, func(p probe.Phase) bool { return p.Name == name }); i >= 0 {
		t.phases[i].Took += took
	} else {
		t.phases = append(t.phases, probe.Phase{Name: name, Took: took})
	}
	if refusal := new(smtp.SMTPError); errors.As(err, &refusal) {
		refusal.Message = oneLine(refusal.Message)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (t *transaction) tell(p Progress) {
	if t.cfg.Progress != nil {
		t.cfg.Progress(p)
	}
}

// carryOut makes the attempt.
func (t *transaction) carryOut(ctx context.Context, m *probe.Message) (probe.Result, *probe.Reply, error) {
	conn, err := t.connect(ctx)
	if err != nil {
		return probe.NotSent, nil, probe.OursOr(ctx, err)
	}
	defer func() { conn.Close() }()
	// No library below knows contexts: when ours ends, the connection does.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	d, err := t.stage(ctx, conn)
	if err != nil {
		return t.failed(ctx, probe.NotSent, err)
	}
	client := smtp.NewClient(d)
	defer t.quit(client, conn)
	if err := t.introduce(d, client); err != nil {
		return t.failed(ctx, probe.NotSent, err)
	}
	return t.handOver(ctx, d, client, m)
}

// introduce greets and authenticates.
func (t *transaction) introduce(d *dialogue, client *smtp.Client) error {
	d.introducing = true
	err := t.phase("ehlo", func() error { return client.Hello(t.cfg.EHLO) })
	if d.introducing = false; err != nil {
		return err
	}
	if t.cfg.Username == "" {
		return nil
	}
	return t.phase("auth", func() error { return t.authenticate(client) })
}

// authenticate sends the password by PLAIN (RFC 4616). A password that is refused
// (5yz) is the probe's own trouble; a server that cannot check one (4yz), or answers
// something else altogether, is not.
func (t *transaction) authenticate(client *smtp.Client) error {
	// Where nothing is said of AUTH, the server is asked all the same.
	if offered, _ := client.Extension("AUTH"); offered && !client.SupportsAuth(sasl.Plain) {
		return fmt.Errorf("%w: the server offers no AUTH PLAIN here", probe.ErrOurs)
	}
	password, err := t.cfg.Password()
	if err != nil {
		return fmt.Errorf("%w: %w", probe.ErrOurs, err)
	}
	err = client.Auth(sasl.NewPlainClient("", t.cfg.Username, password))
	if refusal := new(smtp.SMTPError); errors.As(err, &refusal) && refusal.Code >= 500 {
		reply := replyOf(refusal)
		return fmt.Errorf("%w: user %q was refused: %s", probe.ErrOurs, t.cfg.Username, &reply)
	}
	return err
}

// handOver carries the transaction out (RFC 5321 section 3.3).
func (t *transaction) handOver(ctx context.Context, d *dialogue, client *smtp.Client, m *probe.Message) (probe.Result, *probe.Reply, error) {
	var data *smtp.DataCommand
	for _, p := range []struct {
		name string
		do   func() error
	}{
		{"mail", func() error { return t.mail(client, m) }},
		{"rcpt", func() error { return t.rcpt(client, m) }},
		{"data", func() (err error) {
			if data, err = client.Data(); err != nil {
				return err
			}
			_, err = data.Write(m.Raw)
			return err
		}},
	} {
		if err := t.phase(p.name, p.do); err != nil {
			return t.failed(ctx, probe.NotSent, err)
		}
	}
	var response *smtp.DataResponse
	err := t.phase("reply", func() (err error) {
		response, err = data.CloseWithResponse()
		return err
	})
	if err != nil {
		return t.failed(ctx, d.resultAtDot(), err)
	}
	reply := acceptance(response.StatusText)
	return probe.Accepted, &reply, nil
}

// failed sorts an error: a 4yz or 5yz reply refuses, anything else leaves it at
// otherwise.
func (t *transaction) failed(ctx context.Context, otherwise probe.Result, err error) (probe.Result, *probe.Reply, error) {
	var refusal *smtp.SMTPError
	if errors.As(err, &refusal) && refusal.Code >= 400 && !errors.Is(err, probe.ErrOurs) {
		reply := replyOf(refusal)
		return probe.Refused, &reply, err
	}
	return otherwise, nil, probe.OursOr(ctx, err)
}

// quit takes leave properly (RFC 5321 section 4.1.1.10), but not for long.
func (t *transaction) quit(client *smtp.Client, conn net.Conn) {
	cut := time.AfterFunc(quitTimeout, func() { conn.Close() })
	defer cut.Stop()
	_ = client.Quit()
}

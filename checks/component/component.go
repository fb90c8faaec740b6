// Package component asks questions of the components that mail passes through,
// without sending mail: an SMTP or IMAP dialogue, a connection, a certificate, a
// query of Prometheus.
//
// A constructor for each kind gives a Check, a value that asks whenever it is told to.
// Asking yields a judgement: a state, what was got and what would be right, what to do
// next. What says nothing of the component, such as a name server that does not answer
// or the probe's own trouble, is told as unknown and never as a failure.
package component

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/mailpath/mailpath/probe"
)

// The kinds of checks, as the configuration and the metrics call them.
const (
	KindSMTP       = "smtp"
	KindIMAP       = "imap"
	KindTCP        = "tcp"
	KindTLS        = "tls"
	KindPrometheus = "prometheus"
)

// limit bounds the question; taking leave may add two seconds.
const limit = 30 * time.Second

// Check is one question. It implements probe.Checker.
type Check struct {
	Kind      string
	Target    string // host:port; of a query, the query and its threshold
	Component string // of the configuration

	clock probe.Clock
	ask   func(context.Context) judgement
}

// judgement is what an answer comes to.
type judgement struct {
	state          probe.FindingState
	reason, advice string
	goodUntil      time.Time // of a certificate
}

func ok(format string, args ...any) judgement {
	return judgement{state: probe.FindingOK, reason: fmt.Sprintf(format, args...)}
}

func warning(advice, format string, args ...any) judgement {
	return judgement{state: probe.FindingWarning, advice: advice, reason: fmt.Sprintf(format, args...)}
}

func failed(advice, format string, args ...any) judgement {
	return judgement{state: probe.FindingFailed, advice: advice, reason: fmt.Sprintf(format, args...)}
}

func unknown(advice, format string, args ...any) judgement {
	return judgement{state: probe.FindingUnknown, advice: advice, reason: fmt.Sprintf(format, args...)}
}

// Check implements probe.Checker. It ends at the context's deadline, or after 30 s if
// that comes first, save for two seconds of leave-taking.
func (c Check) Check(ctx context.Context) probe.Checked {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := c.clock.Now()
	j := c.ask(ctx)
	f := c.Question()
	f.State, f.Reason, f.Advice = j.state, oneLine(j.reason), j.advice
	return probe.Checked{Finding: f, Took: c.clock.Since(began), NotAfter: j.goodUntil}
}

// Question implements probe.Checker.
func (c Check) Question() probe.Finding {
	return probe.Finding{Check: c.Kind, Target: c.Target, Component: c.Component}
}

// Run is Check for those who want the finding alone.
func (c Check) Run(ctx context.Context) probe.Finding { return c.Check(ctx).Finding }

// maxReason bounds what is told: certificates, labels and answers hold what others wrote.
const maxReason = 800

// oneLine is a reason as it can stand in logs and on screens: without anything that is
// not to be seen, such as what moves a terminal's cursor.
func oneLine(s string) string {
	blank := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), blank), " ")
	if len(s) > maxReason {
		return strings.ToValidUTF8(s[:maxReason], "") + "…"
	}
	return s
}

// oursOr judges what is the probe's own trouble, and hands anything else on.
func oursOr(err error, otherwise func(error) judgement) judgement {
	if errors.Is(err, probe.ErrOurs) {
		return unknown("Mend this on the machine that mailpath runs on; nothing is known of the component.", "could not ask: %v", err)
	}
	return otherwise(err)
}

// last is the phase that an attempt ended in.
func last(phases []probe.Phase) probe.Phase {
	if len(phases) == 0 {
		return probe.Phase{}
	}
	return phases[len(phases)-1]
}

func total(phases []probe.Phase) (sum time.Duration) {
	for _, p := range phases {
		sum += p.Took
	}
	return sum
}

// longest is the phase in which most of the time went.
func longest(phases []probe.Phase) (longest probe.Phase) {
	for _, p := range phases {
		if p.Took >= longest.Took {
			longest = p
		}
	}
	return longest
}

// brief is a time in the few digits that matter.
func brief(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%g ms", float64(d.Round(100*time.Microsecond))/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	case d < 10*time.Second && d.Round(100*time.Millisecond)%time.Second != 0:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

package main

import (
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// printOddities tells what else became of a message that arrived.
func (j *journey) printOddities(p *page) {
	o := j.outcome
	if o.Tries > 1 {
		p.say("It was taken at the %s try: for %s it had been turned away.", ordinal(o.Tries), lasting(o.Deferred))
	}
	if words := alteredInWords(o.Altered); words != "" {
		p.say("It was altered on the way: %s.", words)
	}
	if j.copies > 0 {
		p.say("It arrived more than once: %s of it came, too.", counted(j.copies, "duplicate"))
	}
	if o.Place == probe.Quarantine {
		p.say("A filter keeps it back until somebody lets it go.")
	}
}

// printAdvice tells what to do about a message that arrived otherwise than it should.
func (j *journey) printAdvice(p *page) {
	o := j.outcome
	items := j.filtered()
	if kinds := undeclared(o.Altered); len(kinds) > 0 {
		items = append(items, "if it is meant to be altered so, declare it in the route: `alters: ["+strings.Join(kinds, ", ")+"]`")
	}
	if j.copies > 0 {
		items = append(items, "compare the Received fields of both copies (`clean: false` in mailbox "+j.probe.Route.Mailbox+" keeps them there)")
	}
	if len(items) == 0 {
		return
	}
	p.say("Next:")
	for _, item := range items {
		p.item("%s", item)
	}
}

// filtered is what to do about a message that a filter put elsewhere.
func (j *journey) filtered() []string {
	var items []string
	switch o := j.outcome; o.Place {
	case probe.Junk:
		items = append(items, "read the filter's fields (X-Spam…, Authentication-Results) in its header (`clean: false` in mailbox "+j.probe.Route.Mailbox+" keeps it there), and the log of the anti-spam component")
	case probe.Quarantine:
		items = append(items, "look it up in the filter's quarantine list")
	default:
		return nil
	}
	if slices.Contains(j.outcome.Trail.Auth, probe.AuthResult{Method: "dkim", Result: "none"}) {
		items = append(items, "it came without a DKIM signature: have the server that sends it sign, or give its sender a key (`dkim`, docs/config.md)")
	}
	return items
}

// undeclared are the kinds of alteration that the route does not declare, each once.
func undeclared(all []probe.Alteration) []string {
	var kinds []string
	for _, a := range all {
		if kind := string(a.Kind); !a.Meant && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// printNext tells what to do about a message that did not arrive.
func (j *journey) printNext(p *page, v roundVerdict) {
	r, a := j.probe.Route, j.attempt
	switch {
	case v.result == "interrupted":
	case j.bounced():
		j.printBounce(p)
	case !j.again.IsZero() && j.outcome == nil:
		p.say("It never left: the server turns strangers away at first, or mail for now, and its answer, above, tells which. The next try would have been at %s; trace with a longer --wait to see it taken, or `mailpath run`, which keeps its queue.", j.again.Format(time.TimeOnly))
	case a == nil:
		p.say("Nothing is known of the attempt to hand it over.")
	case a.Result == probe.Refused:
		p.say("The server's answer, above, tells why. A 4xx may pass when it is tried again; a 5xx will not.")
		if a.Reply != nil && a.Reply.Temporary() && len(r.Retry) == 0 {
			p.say("Next:")
			p.item("if it is greylisting, give the route a `retry` (docs/config.md)")
		}
	case a.Result == probe.NotSent && a.Ours:
		p.say("This is the probe's own trouble, and says nothing about the path: mend it, and try again.")
	case a.Result == probe.NotSent:
		p.say("It was never handed over. The last phase above is where it ended: look at that server, or at the network before it.")
	case j.blind != "":
		p.say("It was handed over; whether it arrived, nobody can tell. Mend the watching of mailbox %s first.", r.Mailbox)
	default:
		j.printHeld(p)
	}
}

func (j *journey) bounced() bool {
	return j.outcome != nil && j.outcome.Status == probe.Bounced && j.outcome.Report != nil
}

// printBounce tells how far a message came that was sent back.
func (j *journey) printBounce(p *page) {
	r := *j.outcome.Report
	asked := r.Remote
	switch {
	case r.Remote != "" && r.Reporting != "" && r.Remote != r.Reporting:
		p.say("It never arrived: it came as far as %s, which could not hand it on to %s and sent it back.", printable(r.Reporting), printable(r.Remote))
	case r.Reporting != "":
		asked = r.Reporting
		p.say("It never arrived: it came as far as %s, which could not deliver it and sent it back.", printable(r.Reporting))
	default:
		p.say("It never arrived: a host that does not name itself sent it back.")
	}
	if about := subjectOf(r.Status); about != "" {
		p.say("A status of %s is about %s.", printable(r.Status), about)
	}
	if r.Recipient != "" && !strings.EqualFold(r.Recipient, j.probe.Route.To) {
		p.say("It is about %s, not %s: the message was forwarded, or its address rewritten.", printable(r.Recipient), j.probe.Route.To)
	}
	p.say("Next:")
	if asked != "" {
		p.item("look for test message %s in the log of %s, around the time of the bounce", j.message.ID, printable(asked))
	}
	if bounce, found := j.last(probe.ReportFailed); found {
		p.item("read the bounce in mailbox %s: there may be more in it than is shown here", bounce.Mailbox)
	}
	p.item("trace a route to the same mailbox that starts elsewhere, to see whether it is the mailbox or the way")
}

// last is the last report of a kind.
func (j *journey) last(kind probe.ReportKind) (last probe.ReportSeen, found bool) {
	for _, r := range j.reports {
		if r.Report.Kind == kind {
			last, found = r, true
		}
	}
	return last, found
}

// printHeld tells where to look for a message that was accepted.
func (j *journey) printHeld(p *page) {
	r, a := j.probe.Route, j.attempt
	notice, noticed := j.last(probe.ReportDelayed)
	switch {
	case noticed:
		p.say("It is held, and still tried: %s.", printable(reportInWords(notice.Report)))
	case a.Result == probe.Unknown:
		p.say("The connection broke before the server said whether it took the message: perhaps it has it.")
	case a.Reply != nil:
		p.say("So it lies in a queue of the server that took it or of one behind, or was thrown away there.")
	}
	p.say("Next:")
	switch {
	case noticed && notice.Report.Reporting != "":
		p.item("look for test message %s in the queue of %s", j.message.ID, printable(notice.Report.Reporting))
	case a.Reply != nil && a.Reply.QueueID != "":
		p.item("look for %s in the log and the queue of the server that took it", printable(a.Reply.QueueID))
	default:
		p.item("look for test message %s in the log and the queue of the server that took it", j.message.ID)
	}
	if len(r.Path) > 0 {
		p.item("ask the components on its path, in their order: %s (mailpath check)", strings.Join(r.Path, ", "))
	}
	p.item("trace a route that shares a part of this one, to see which part is well")
	p.item("to see where it waits, trace with a longer --wait; or, when it comes, save its header and run `mailpath hops`, and remove it with `mailpath clean`")
}

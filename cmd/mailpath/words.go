package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// What is said to people of what became of a message. What others wrote stands in it as
// they wrote it: whoever prints it makes it printable.

// answerInWords says how handing a message over ended, and where the time went.
func answerInWords(a probe.Attempted) string {
	var took time.Duration
	var slowest probe.Phase
	for _, p := range a.Phases {
		took += p.Took
		if p.Took > slowest.Took {
			slowest = p
		}
	}
	words := fmt.Sprintf("%v after %s", a.Result, short(took))
	if slowest.Name != "" {
		words += fmt.Sprintf(" (longest: %s %s)", slowest.Name, short(slowest.Took))
	}
	switch {
	case a.Problem != "":
		return words + ": " + a.Problem
	case a.Reply != nil:
		return words + ": " + a.Reply.String()
	}
	return words
}

// againInWords says that a message waits in our queue.
func againInWords(c probe.Answered) string {
	return fmt.Sprintf("turned away for now: to be tried again at %s (try %d)", c.Again.Format(time.TimeOnly), c.Tries+1)
}

// missedInWords says that a message is late.
func missedInWords(c probe.DeadlineMissed) string {
	words := "has not arrived within " + lasting(c.Message.LateAfter)
	if c.Deferred {
		words += ": it was turned away for now, and waits to be tried again"
	}
	return words
}

// outcomeInWords says how a message ended.
func outcomeInWords(o probe.Outcome) string {
	words := string(o.Status)
	if o.Adopted {
		words = "sent by an earlier process: " + words
	}
	switch {
	case o.Status.Arrived():
		words += arrivalInWords(o)
	case o.Status == probe.Bounced && o.Report != nil:
		words += ": " + reportInWords(*o.Report)
	}
	switch {
	case o.Tries < 2:
	case o.Status == probe.Deferred:
		words += fmt.Sprintf(": given up after %d tries in %s", o.Tries, lasting(o.Deferred))
	case o.Attempt != nil && o.Attempt.Result == probe.Accepted:
		words += fmt.Sprintf(", taken at the %s try after %s", ordinal(o.Tries), lasting(o.Deferred))
	default:
		words += fmt.Sprintf(", at the %s try after %s", ordinal(o.Tries), lasting(o.Deferred))
	}
	return words
}

func arrivalInWords(o probe.Outcome) string {
	words := fmt.Sprintf(" in %s after %s", placeInWords(o), short(o.Observed))
	if o.Place != probe.Inbox && o.Place != "" {
		words = ", but" + words
	}
	if o.Latency.Width() > time.Second {
		words += fmt.Sprintf(" (between %s and %s)", short(o.Latency.Min), short(o.Latency.Max))
	}
	return words
}

// placeInWords is where a message arrived.
func placeInWords(o probe.Outcome) string {
	switch {
	case o.Place == probe.Quarantine && o.Mailbox != "":
		return "quarantine (mailbox " + o.Mailbox + ")"
	case o.Place == probe.Quarantine:
		return "quarantine"
	case o.Place == probe.Junk && !strings.EqualFold(o.Folder, "Junk"):
		return "Junk (folder " + o.Folder + ")"
	}
	return o.Folder
}

// alteredInWords lists what was changed in a message; empty if nothing was.
func alteredInWords(all []probe.Alteration) string {
	var parts []string
	for _, a := range all {
		words := alterationWord(a.Kind)
		if a.Text != "" {
			words += ` "` + cut(printable(a.Text), maxAltered) + `"`
		}
		if a.Meant {
			words += " (meant)"
		} else {
			words += " (not declared)"
		}
		parts = append(parts, words)
	}
	if more := len(parts) - mostAltered; more > 0 {
		parts = append(parts[:mostAltered:mostAltered], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}

// Bounds of what is shown of alterations: a long one is cut, of many the first are shown.
const (
	maxAltered  = 60
	mostAltered = 8
)

var alterationWords = map[probe.AlterationKind]string{
	probe.SubjectPrefix: "subject prefix", probe.SubjectOther: "subject changed", probe.NewMessageID: "new Message-ID", probe.FieldRemoved: "field removed",
	probe.FieldChanged: "field changed", probe.Banner: "banner", probe.Footer: "footer", probe.LinksRewritten: "links rewritten", probe.Reencoded: "encoding changed",
	probe.Reformatted: "form changed", probe.TextChanged: "text changed",
}

func alterationWord(k probe.AlterationKind) string {
	if words, known := alterationWords[k]; known {
		return words
	}
	return string(k)
}

// reportInWords says who said what, and who told it.
func reportInWords(r probe.Report) string {
	who, told := r.Remote, r.Reporting
	if who == "" || who == told {
		who, told = r.Reporting, ""
	}
	if who == "" {
		who = "a host that is not named"
	}
	words := who + " says: " + r.Said()
	if r.Said() == "" {
		words = who + " gives no reason"
	}
	if told != "" {
		words += " (told by " + told + ")"
	}
	return words
}

// reportWords are what each kind of report is, and what it says.
var reportWords = map[probe.ReportKind]struct{ what, says string }{
	probe.ReportFailed: {"a bounce", ""}, probe.ReportDelayed: {"a delay notice", "it is still tried"}, probe.ReportDelivered: {"a confirmation", "it was delivered"},
	probe.ReportRelayed: {"a confirmation", "it went on to a host that does not report"}, probe.ReportExpanded: {"a confirmation", "it went on to several"},
	probe.ReportAbsence: {"an out-of-office answer", ""}, probe.ReportChallenge: {"a challenge to the sender", ""}, probe.ReportReceipt: {"a read receipt", ""},
	probe.ReportAnswer: {"an automatic answer", ""},
}

// reportSeenInWords says what report came, and where. What a bounce says that ends the
// message the outcome tells, which follows.
func reportSeenInWords(c probe.ReportSeen) string {
	kind, known := reportWords[c.Report.Kind]
	if !known {
		kind.what = "a report (" + string(c.Report.Kind) + ")"
	}
	words := kind.what + " in mailbox " + c.Mailbox
	if c.Told != "" {
		words += ", after it was told " + string(c.Told)
	}
	if kind.says != "" {
		words += ": " + kind.says
	}
	if c.Report.Kind.OfDelivery() && (c.Report.Kind != probe.ReportFailed || c.Told != "") && (c.Report.Status != "" || c.Report.Diagnostic != "") {
		words += ": " + reportInWords(c.Report)
	}
	return words
}

// subjects are what the second number of a status is about (RFC 3463 section 3.1).
var subjects = map[string]string{
	"1": "the address: it may be wrong, or not exist any more", "2": "the mailbox: it may be full, or closed", "3": "the mail system that it was for: it may be full, or take no mail now",
	"4": "the network or the routing: a host that does not answer, a loop, a wrong MX record", "5": "the SMTP dialogue between two servers",
	"6": "the content or its form", "7": "security or policy: a filter, authentication, a block list",
}

// subjectOf says what a status is about; empty: it does not tell.
func subjectOf(status string) string {
	parts := strings.Split(status, ".")
	if len(parts) != 3 || !slices.Contains([]string{"4", "5"}, parts[0]) {
		return ""
	}
	return subjects[parts[1]]
}

// ordinal is 1st, 2nd and so on.
func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}

// short is a duration in the three digits that matter.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond / 10).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

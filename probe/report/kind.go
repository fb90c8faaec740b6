package report

import (
	"regexp"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// kindOf says what a message without a delivery status is. Answers say so in their
// subject, whatever their text tells of mail that is not read; a reply code in the text
// makes any other one a report of delivery. Empty: it is no report.
func kindOf(s signs, p prose) probe.ReportKind {
	bounce := s.failure || s.report == "delivery-status"
	switch {
	case !bounce && receiptSubject.in(s.lower) && (s.strong() || receiptText.in(p.words)):
		return probe.ReportReceipt
	case !bounce && absenceSubject.in(s.lower) && !failureSubject.in(s.lower) && (s.strong() || s.bulk || absencePrefix.in(s.lower) || absenceText.in(p.words)):
		return probe.ReportAbsence
	case !bounce && !p.replied && isChallenge(s, p):
		return probe.ReportChallenge
	}
	if kind := ofDelivery(s, p); kind != "" {
		return kind
	}
	switch {
	case !s.strong() && (!s.office || !autoSubject.in(s.lower)):
		return ""
	case absenceText.in(p.words):
		return probe.ReportAbsence
	}
	return probe.ReportAnswer
}

// isChallenge asks for a word in the subject and one in the text, or for two in the text.
func isChallenge(s signs, p prose) bool {
	n := challengeText.count(p.words, 2)
	return n >= 2 || n == 1 && (challengeSubject.in(s.lower) || s.answer)
}

// ofDelivery is the kind of a report of delivery. The weaker the signs of a machine, the
// more its words have to say. What people and monitoring systems write has the same words:
// theirs count only beside a server's reply and what else a returned message has.
func ofDelivery(s signs, p prose) probe.ReportKind {
	said := p.replied || failureText.in(p.words) || delayText.in(p.words) || successText.in(p.words)
	subject := failureSubject.in(s.lower) || delaySubject.in(s.lower) || said && reportSubject.in(s.lower)
	switch {
	case s.failure, s.report != "" && p.kind != "":
		return p.kind
	case s.daemon && (said || subject):
		return p.kind
	case s.alert:
		if p.replied && (p.returned || s.null) {
			return p.kind
		}
		return ""
	case s.null && (subject || p.replied || said && !absenceText.in(p.words) && s.auto == ""):
		return p.kind
	case s.auto == "auto-replied" && (p.replied || subject && said && p.listed && !autoSubject.in(s.lower)):
		return p.kind
	case s.gateway && subject && said && p.recipient != "":
		return p.kind
	case s.mail && (subject && (p.returned || p.listed || p.replied && p.recipient != "") || p.replied && p.returned):
		return p.kind
	case s.office && subject && p.replied && p.returned:
		return p.kind
	case (successSubject.in(s.lower) || relaySubject.in(s.lower)) && successText.in(p.words):
		return p.kind
	case s.strong() && addressGone.in(p.words) && !autoSubject.in(s.lower):
		return probe.ReportFailed
	}
	return ""
}

// addressGone is what an answering machine says of a mailbox that takes no mail.
var addressGone = anyOf(`(your|this|the) (message|mail|e-?mail) (was|has|could|has been)( not|n't)( been| be)? deliver`, `nachricht (wurde|konnte) nicht zugestellt`)

// localHost are the Received fields that a server writes into what it composed itself.
var (
	localBy = regexp.MustCompile(`(?i)\bby\s+([\w-]+(?:\.[\w-]+)*\.[a-z][\w-]*)`)
	isLocal = regexp.MustCompile(`(?i)^\s*by\s|\bfrom\s+(localhost|mail pickup service|\S*exim\S*|mailnull|root|daemon|mail|mmdf)\b|\bwith (local|internal)\b|\bid \S+;? .*\binternal\b`)
)

// reportingHost is the host that reports where no field says so: the one that the text
// names, or the one that wrote the first Received field, if it did not get the message
// from another. An address of a mail system counts only if it is one of a host: nothing
// is better than a wrong name.
func reportingHost(s signs, p prose) string {
	if p.reporting != "" {
		return p.reporting
	}
	received := s.header.All("Received")
	if n := len(received); n > 0 {
		first := received[n-1][:min(len(received[n-1]), 2*maxName)]
		if m := localBy.FindStringSubmatch(first); m != nil && isLocal.MatchString(first) {
			return hostWord(m[1])
		}
	}
	local, domain, _ := strings.Cut(s.from, "@")
	if (s.daemon || strings.EqualFold(local, "postmaster")) && isHost(domain) {
		return hostWord(domain)
	}
	return ""
}

// isHost tells a domain that is deep enough to be a host's: three labels, and more than a
// country's second level such as co.uk.
func isHost(domain string) bool {
	labels := strings.Split(domain, ".")
	n := len(labels)
	return n > 3 || n == 3 && (len(labels[2]) != 2 || len(labels[1]) > 3)
}

var (
	lone      = regexp.MustCompile(`^[\s>|*-]*(?:to:?\s+)?(?:\[?smtp:)?<?([^\s<>()\[\]:;,"'|]+@[^\s<>()\[\]:;,"'|]+\.[^\s<>()\[\]:;,"'|]+)>?\]?\s*(?:[:;(,].*|on .*|\.\.\..*)?$`)
	labelled  = regexp.MustCompile(`(?i)(?:rcpt to:|recipients?(?: address)?:|final-recipient: *rfc822;|empfänger:|destinataire ?:|destinatario:|^\s*address:|failed recipient:|mailbox:|account:|user:|delivered to|deliver(?: (?:the|your|a) (?:message|mail))? to(?: recipient)?|delivery to|sent to|send (?:to|it to)|mail to|reach|to:)\s*[<'"\[(]?(?:smtp:)?([^\s<>()\[\]:;,"'|]+@[^\s<>()\[\]:;,"'|]+\.[^\s<>()\[\]:;,"'|]+)`)
	trimmable = ".,;:!?'\""
)

// recipientIn finds whom a report in words of its own is about, and whether a line has
// that address and begins with it, as in a list of recipients.
func recipientIn(s signs, lines []string) (recipient string, listed bool) {
	for _, f := range s.header.All("X-Failed-Recipients") {
		if a := address(f); a != "" {
			return a, true
		}
	}
	for _, e := range []*regexp.Regexp{lone, labelled} {
		for _, line := range lines[:min(len(lines), 200)] {
			if m := e.FindStringSubmatch(line); m != nil && !isOther(s, m[1]) {
				return strings.Trim(m[1], trimmable), e == lone
			}
		}
	}
	for _, line := range lines[:min(len(lines), maxWhy)] {
		if a := address(line); a != "" && !isOther(s, a) && (cause.in(lower(line)) || failureText.in(lower(line)) || delayText.in(lower(line))) {
			return a, false
		}
	}
	return "", false
}

// isOther tells the addresses of the report itself: its author and whom it went to.
func isOther(s signs, found string) bool {
	found = strings.Trim(found, trimmable)
	to, _ := s.header.Get("To")
	return strings.EqualFold(found, s.from) || strings.EqualFold(found, address(to)) || strings.HasPrefix(strings.ToLower(found), "postmaster@")
}

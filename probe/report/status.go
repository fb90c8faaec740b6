package report

import (
	"regexp"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// maxRecords is how many recipients of a delivery status are read.
const maxRecords = 200

// status is what a delivery status says of one recipient (RFC 3464 section 2.3), and of
// the message (section 2.2).
type status struct {
	kind       probe.ReportKind // empty: no action was given
	code       string
	diagnostic string
	recipient  string
	reporting  string
	remote     string
	envelope   string
}

// record holds the fields of one recipient, names in lower case.
type record map[string]string

// statusField tells a delivery status where it is not declared as one.
var statusField = regexp.MustCompile(`(?mi)^(?:final-recipient|original-recipient):[^\n]*;`)

// deliveryStatus finds a delivery status and what it says worst: to us one recipient
// is one message, others come from an expansion on the way.
func deliveryStatus(s signs, m *opened) (status, bool) {
	p, found := m.find(s.strong(), "message/delivery-status", "message/global-delivery-status")
	for i := 0; !found && i < len(m.parts); i++ {
		p = m.parts[i]
		found = (p.kind == "text/plain" || !strings.HasPrefix(p.kind, "text/") && p.kind != "message/rfc822") && (!p.within || s.strong()) && statusField.MatchString(p.text)
	}
	if !found {
		return status{}, false
	}
	head, records := readRecords(p.text)
	worst := status{}
	for i, r := range records {
		if one := r.status(); i == 0 || severity(one.kind) > severity(worst.kind) {
			worst = one
		}
	}
	worst.reporting = hostName(head["reporting-mta"])
	worst.envelope = xtext(head["original-envelope-id"])
	return worst, len(records) > 0 || worst.reporting != ""
}

// severity orders kinds; one that is not known may be a failure.
func severity(k probe.ReportKind) int {
	switch k {
	case probe.ReportFailed:
		return 3
	case "":
		return 2
	case probe.ReportDelayed:
		return 1
	}
	return 0
}

// ofMessage are the fields that stand above those of the recipients.
var ofMessage = map[string]bool{
	"reporting-mta": true, "original-envelope-id": true, "received-from-mta": true, "dsn-gateway": true, "arrival-date": true,
}

// startsRecipient are the fields that begin another recipient if they are there already.
var startsRecipient = map[string]bool{"final-recipient": true, "original-recipient": true, "action": true, "status": true}

// readRecords reads a delivery status. Groups should be divided by empty lines, but
// some systems leave these out, and some put one below each field: so a field that is
// there already begins another group, and so does a recipient below a complete one.
func readRecords(text string) (head record, all []record) {
	head, one := make(record), make(record)
	flush := func() {
		if len(one) > 0 && len(all) < maxRecords {
			all = append(all, one)
		}
		one = make(record)
	}
	for _, group := range strings.Split(text, "\n\n") {
		fields := probe.ParseHeader([]byte(group))
		if one["action"] != "" && one["final-recipient"]+one["original-recipient"] != "" && (fields.Has("Final-Recipient") || fields.Has("Original-Recipient")) {
			flush()
		}
		for _, f := range fields {
			name := strings.ToLower(f.Name)
			if ofMessage[name] {
				if head[name] == "" {
					head[name] = f.Value
				}
				continue
			}
			if startsRecipient[name] && one[name] != "" {
				flush()
			}
			if one[name] == "" && (startsRecipient[name] || ofRecipient[name]) {
				one[name] = f.Value
			}
		}
	}
	flush()
	return head, all
}

// ofRecipient are the other fields that are read of a recipient.
var ofRecipient = map[string]bool{"diagnostic-code": true, "remote-mta": true, "x-supplementary-info": true, "x-actual-recipient": true}

func (r record) status() status {
	s := status{kind: actionOf(r["action"]), code: statusCode(r["status"]), remote: hostName(r["remote-mta"])}
	s.diagnostic = withoutType(r["diagnostic-code"])
	if s.diagnostic == "" {
		s.diagnostic = withoutType(strings.Trim(r["x-supplementary-info"], "<> "))
	}
	s.recipient = address(r["final-recipient"])
	if o := address(r["original-recipient"]); s.recipient == "" || strings.HasPrefix(s.recipient, "IMCEA") && o != "" {
		s.recipient = o
	}
	return s
}

var actions = []struct {
	start string
	kind  probe.ReportKind
}{
	{"fail", probe.ReportFailed}, {"bounce", probe.ReportFailed}, {"expire", probe.ReportFailed}, {"error", probe.ReportFailed}, {"undeliver", probe.ReportFailed},
	{"delay", probe.ReportDelayed}, {"defer", probe.ReportDelayed}, {"delivered", probe.ReportDelivered}, {"deliverable", probe.ReportDelivered},
	{"relay", probe.ReportRelayed}, {"expand", probe.ReportExpanded},
}

func actionOf(value string) probe.ReportKind {
	value = strings.ToLower(strings.TrimSpace(value))
	for _, a := range actions {
		if strings.HasPrefix(value, a.start) {
			return a.kind
		}
	}
	return ""
}

// inferred is the kind of a status without an action. The words go before the class of
// its code (RFC 3463 section 3.1): what is given up at last failed for a while.
func (s status) inferred(words probe.ReportKind) probe.ReportKind {
	switch {
	case words != "":
		return words
	case strings.HasPrefix(s.code, "2"):
		return probe.ReportDelivered
	case strings.HasPrefix(s.code, "4"):
		return probe.ReportDelayed
	}
	return probe.ReportFailed
}

var (
	codeField = regexp.MustCompile(`\b([245]\.\d{1,3}\.\d{1,3})\b`)
	typed     = regexp.MustCompile(`^\s*[A-Za-z][\w.+-]*\s*;\s*`)
)

func statusCode(value string) string { return codeField.FindString(value) }

// withoutType takes the type off a value such as "smtp; 550 no" (RFC 3464 section 2.1.2).
func withoutType(value string) string {
	value = decoded(strings.TrimSpace(value))
	return value[len(typed.FindString(value)):]
}

// xtext decodes an envelope id (RFC 3461 section 4).
func xtext(s string) string {
	return hexPair.ReplaceAllStringFunc(s, func(x string) string {
		return string(rune(unhex(x[1])<<4 | unhex(x[2])))
	})
}

var hexPair = regexp.MustCompile(`\+[0-9A-F]{2}`)

func unhex(c byte) byte {
	if c >= 'A' {
		return c - 'A' + 10
	}
	return c - '0'
}

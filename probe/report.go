package probe

import "strings"

// Report is what a machine wrote because of a message of ours: of its delivery
// (RFC 3464), or an answer that nobody asked for. The texts are other people's,
// in one line, and bounded.
type Report struct {
	Kind       ReportKind
	Status     string // RFC 3463, such as "5.1.1"; empty: none was given
	Diagnostic string // what was said to whoever reports, such as "550 5.1.1 user unknown", or why, in the report's words
	Recipient  string // whom it is about; empty: not said
	Reporting  string // the host that reports (RFC 3464 section 2.2.2), in lower case; empty: it names none
	Remote     string // the host that said it to that one (section 2.3.5), in lower case; empty: it names none
}

// Said is what the report gives as the reason: the status stands before it where it is
// not part of it. Empty: it gives none.
func (r Report) Said() string {
	if strings.Contains(r.Diagnostic, r.Status) {
		return r.Diagnostic
	}
	return strings.TrimSpace(r.Status + " " + r.Diagnostic)
}

// ReportKind is what a report says.
type ReportKind string

// The kinds of report. The first five are the actions of RFC 3464 section 2.3.3.
const (
	ReportFailed    ReportKind = "failed"    // it was given up: a bounce
	ReportDelayed   ReportKind = "delayed"   // it is still tried
	ReportDelivered ReportKind = "delivered" // it was delivered there
	ReportRelayed   ReportKind = "relayed"   // it was handed to somebody who does not report
	ReportExpanded  ReportKind = "expanded"  // it went on to several

	ReportAbsence   ReportKind = "out-of-office" // whoever it was for is not there
	ReportChallenge ReportKind = "challenge"     // the sender should prove to be one first
	ReportReceipt   ReportKind = "read-receipt"  // RFC 8098
	ReportAnswer    ReportKind = "auto-reply"    // any other answer of a machine (RFC 3834)
)

// ReportKinds lists all kinds in the order in which they are shown.
var ReportKinds = [...]ReportKind{
	ReportFailed, ReportDelayed, ReportDelivered, ReportRelayed, ReportExpanded,
	ReportAbsence, ReportChallenge, ReportReceipt, ReportAnswer,
}

// OfDelivery tells the reports of delivery, which are evidence, from the answers,
// which are counted and nothing else.
func (k ReportKind) OfDelivery() bool {
	switch k {
	case ReportFailed, ReportDelayed, ReportDelivered, ReportRelayed, ReportExpanded:
		return true
	}
	return false
}

// MaxReport is how much of the body of a report, in bytes, is read: what it says of
// the message, and that message, stand behind prose and pictures.
const MaxReport = 256 << 10

// ReportReader reads reports. It is pure, and safe for concurrent use; package report
// has one.
type ReportReader interface {
	// MayReport tells by its header whether a message may be a report. What a person
	// writes, forwards or answers is none.
	MayReport(Header) bool
	// Read reads a message that may be a report, given its header as it came, and
	// its body, MaxReport bytes of it at most. It also gives the texts that may name
	// the message which is reported on by its tag, those first that say most. It
	// never fails: what it cannot read it passes over. ok tells whether it is a report.
	Read(header, body []byte) (r Report, about []string, ok bool)
}

// ReportOn says which message of ours a report is about, and what it says. The body is
// asked for only when the header leaves it open; its error is returned. Tag.Full is
// true only where the full form was quoted. ok is false for all other mail: arrivals,
// what people write, reports about other people's messages.
func (m *Matcher) ReportOn(header []byte, body func() ([]byte, error)) (r Report, about Tag, ok bool, err error) {
	if m.reports == nil || !m.reports.MayReport(ParseHeader(header)) {
		return Report{}, Tag{}, false, nil
	}
	raw, err := body()
	if err != nil {
		return Report{}, Tag{}, false, err
	}
	r, texts, ok := m.reports.Read(header, raw[:min(len(raw), MaxReport)])
	if !ok {
		return Report{}, Tag{}, false, nil
	}
	for _, text := range texts {
		if t, found := m.keys.FindFull(text); found {
			return r, t, true, nil
		}
	}
	for _, text := range texts {
		if t, found := m.keys.FindShort(text); found {
			return r, t, true, nil
		}
	}
	return Report{}, Tag{}, false, nil
}

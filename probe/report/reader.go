package report

import (
	"cmp"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// Reader reads reports; its zero value is ready. It is safe for concurrent use.
type Reader struct{}

// MayReport tells whether a machine may have written the message because of another
// one. One sign that only such mail has is enough; what people's mail can have too,
// such as a subject, is none on an answer or a forward.
func (Reader) MayReport(h probe.Header) bool { return signsOf(h).any() }

// Read implements probe.ReportReader. A message that MayReport is against is none.
func (Reader) Read(header, body []byte) (probe.Report, []string, bool) {
	s := signsOf(probe.ParseHeader(header))
	if !s.any() {
		return probe.Report{}, nil, false
	}
	m := open(s.header, body[:min(len(body), probe.MaxReport)])
	r, ok := judge(s, m)
	if !ok {
		return probe.Report{}, nil, false
	}
	return clean(r), about(s, m), true
}

// clean makes what was read safe to keep and to show.
func clean(r probe.Report) probe.Report {
	r.Diagnostic = oneLine(r.Diagnostic, maxDiagnostic)
	r.Recipient = oneLine(r.Recipient, maxName)
	r.Reporting = oneLine(r.Reporting, maxName)
	r.Remote = oneLine(r.Remote, maxName)
	return r
}

// judge says what a message reports.
func judge(s signs, m *opened) (probe.Report, bool) {
	if receipt, found := m.find(false, "message/disposition-notification", "message/global-disposition-notification"); found || s.report == "disposition-notification" {
		return readReceipt(receipt), true
	}
	if _, found := m.find(false, "message/feedback-report"); found || s.report == "feedback-report" {
		return probe.Report{Kind: probe.ReportAnswer}, true
	}
	p := readProse(s, m)
	if d, found := deliveryStatus(s, m); found {
		return fromStatus(d, s, p), true
	}
	return fromProse(s, p)
}

// readReceipt reads the fields of RFC 8098 section 3.1.
func readReceipt(p part) probe.Report {
	fields := probe.ParseHeader([]byte(p.text))
	r := probe.Report{Kind: probe.ReportReceipt}
	r.Diagnostic, _ = fields.Get("Disposition")
	for _, name := range []string{"Final-Recipient", "Original-Recipient"} {
		if v, _ := fields.Get(name); r.Recipient == "" {
			r.Recipient = address(v)
		}
	}
	return r
}

// fromStatus is the report of a delivery status; what that leaves out is taken from
// the words around it.
func fromStatus(d status, s signs, p prose) probe.Report {
	r := probe.Report{Kind: d.kind, Status: d.code, Diagnostic: d.diagnostic, Recipient: d.recipient, Reporting: d.reporting, Remote: d.remote}
	if r.Kind == "" {
		r.Kind = d.inferred(p.kind)
	}
	if r.Diagnostic == "" && (r.Kind == probe.ReportFailed || r.Kind == probe.ReportDelayed) {
		r.Diagnostic = cmp.Or(p.diagnostic, p.why)
	}
	r.Status = finer(r.Status, statusIn(r.Diagnostic))
	if r.Remote == "" {
		r.Remote = remoteIn(r.Diagnostic)
	}
	if r.Remote == "" {
		r.Remote = p.remote
	}
	if r.Reporting == "" {
		r.Reporting = reportingHost(s, p)
	}
	if r.Recipient == "" {
		r.Recipient = p.recipient
	}
	return r
}

// finer is the status of the report, or the one in what was said if the report's says
// nothing: Exim gives 5.0.0 to all that fails, undefined by RFC 3463 section 3.1.
func finer(given, said string) string {
	if given == "" || strings.HasSuffix(given, ".0.0") && strings.HasPrefix(said, given[:2]) {
		return cmp.Or(said, given)
	}
	return given
}

// fromProse is the report of a message without a delivery status.
func fromProse(s signs, p prose) (probe.Report, bool) {
	kind := kindOf(s, p)
	switch {
	case kind == "":
		return probe.Report{}, false
	case !kind.OfDelivery():
		return probe.Report{Kind: kind}, true
	}
	r := probe.Report{Kind: kind, Diagnostic: p.diagnostic, Recipient: p.recipient, Reporting: reportingHost(s, p), Remote: p.remote}
	if kind == probe.ReportFailed || kind == probe.ReportDelayed {
		r.Diagnostic = cmp.Or(p.diagnostic, p.why)
		r.Status = finer(statusIn(r.Diagnostic), p.status)
	}
	return r, true
}

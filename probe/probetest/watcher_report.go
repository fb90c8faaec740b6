package probetest

import (
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

// reportSeen holds that a report is never an arrival, and is shown as what it is where
// reports are read.
func reportSeen(t *testing.T, w *watch) {
	defer w.start()()
	w.next("a first one", anyLook)
	for _, folder := range []string{"INBOX", "Junk"} {
		about, m := w.ours(), w.ours()
		w.deliver(folder, Bounce(about))
		if w.Reports {
			l, o := w.found(about, folder)
			if o.Report == nil || o.Report.Kind != probe.ReportFailed || o.Report.Status != "5.1.1" || o.Carrier != "" || o.Place != "" {
				t.Errorf("got %+v with report %+v, want a report of failure, and no arrival", o, o.Report)
			}
			if l.Ended.IsZero() {
				t.Error("got no time at which it was shown")
			}
		}
		w.deliver(folder, m.Raw)
		if _, o := w.found(m, folder); o.Report != nil {
			t.Errorf("got report %+v, want an arrival", o.Report)
		}
	}
}

// bodiesSeen holds that bodies are what was delivered, and are left alone where nobody
// wants them.
func bodiesSeen(t *testing.T, w *watch) {
	defer w.start()()
	w.next("a first one", anyLook)
	long := strings.Repeat("This line is one of very many.\r\n", 4000) // more than probe.MaxBody
	for _, more := range []string{"", long} {
		m := w.ours()
		raw := string(m.Raw) + more
		_, body, _ := strings.Cut(raw, "\r\n\r\n")
		w.deliver("INBOX", []byte(raw))
		_, o := w.found(m, "INBOX")
		want := body[:min(len(body), probe.MaxBody)]
		if !w.Bodies {
			want = ""
		}
		if string(o.Body) != want {
			t.Errorf("got a body of %d bytes, %.60q, want %d, %.60q", len(o.Body), o.Body, len(want), want)
		}
	}
}

package probe_test

import (
	"testing"

	"github.com/mailpath/mailpath/probe"
)

func TestWhatIsAMeasurement(t *testing.T) {
	for _, tt := range []struct {
		says    string
		purpose probe.Purpose
		outcome probe.Outcome
		want    bool
	}{
		{"found by its tag", probe.Scheduled, probe.Outcome{Status: probe.Delivered, Adopted: true}, false},
		{"it came late", probe.Scheduled, probe.Outcome{Status: probe.Late, Tries: 1}, true},
		{"it waited in our queue", probe.Scheduled, probe.Outcome{Status: probe.Delivered, Tries: 2}, false},
		{"it came in time", probe.Scheduled, probe.Outcome{Status: probe.Delivered, Tries: 1}, true},
		{"it came back", probe.Scheduled, probe.Outcome{Status: probe.Bounced, Tries: 1}, false},
		{"a confirmation", probe.Confirm, probe.Outcome{Status: probe.Delivered, Tries: 1}, false},
		{"nobody knows how the attempt ended", probe.Scheduled, probe.Outcome{Status: probe.Delivered, Orphaned: true}, false},
	} {
		c := probe.Settled{Message: probe.Sending{Purpose: tt.purpose, Expect: probe.ExpectDelivered}, Outcome: tt.outcome}
		if got := c.Measured(); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.says, got, tt.want)
		}
	}
}

func TestWhatAReportGivesAsTheReason(t *testing.T) {
	for _, tt := range []struct {
		report probe.Report
		want   string
	}{
		{probe.Report{Status: "5.2.2"}, "5.2.2"},
		{probe.Report{Status: "5.1.1", Diagnostic: "550 5.1.1 user unknown"}, "550 5.1.1 user unknown"},
		{probe.Report{}, ""},
		{probe.Report{Status: "4.4.1", Diagnostic: "connection refused"}, "4.4.1 connection refused"},
		{probe.Report{Diagnostic: "mailbox full"}, "mailbox full"},
	} {
		if got := tt.report.Said(); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.report, got, tt.want)
		}
	}
}

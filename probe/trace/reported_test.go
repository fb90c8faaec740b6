package trace_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

func TestWhoseHostsAReportNames(t *testing.T) {
	m := trace.NewMonitor(trace.Config{
		Components: []trace.Component{
			{Name: "another", ReceivedBy: []string{"mx*.example.com", "old.example.com"}},
			{Name: "gateway-in", ReceivedBy: []string{"MX*.example.com"}},
			{Name: "antispam", ReceivedBy: []string{"mx1.example.com", "scan.example.com"}},
			{Name: "store"},
		},
		Paths: map[string][]string{"in": {"gateway-in", "antispam", "store"}},
	})
	for _, tt := range []struct {
		says, reporting, remote string
		kind                    probe.ReportKind
		want                    string
	}{
		{"no hosts", "", "", probe.ReportFailed, "/"},
		{"hosts of the path", "mx2.example.com", "scan.example.com", probe.ReportFailed, "gateway-in/antispam"},
		{"without regard to case, and with the dot of the root", "MX2.Example.COM.", "Scan.example.com.", probe.ReportDelayed, "gateway-in/antispam"},
		{"one machine of two roles hands over to itself", "mx1.example.com", "mx1.example.com", probe.ReportFailed, "gateway-in/antispam"},
		{"a host off the path", "mx2.example.com", "old.example.com", probe.ReportFailed, "gateway-in/another"},
		{"hosts of nobody", "localhost", "[127.0.0.1]", probe.ReportFailed, "other/other"},
		{"an absurd host", strings.Repeat("mx", 9000), "*.example.com", probe.ReportFailed, "other/other"},
		{"not given up", "mx2.example.com", "", probe.ReportRelayed, ""},
		{"an answer", "mx2.example.com", "", probe.ReportAbsence, ""},
	} {
		c := probe.ReportSeen{
			Origin: probe.Origin{Seq: 7, At: time.Unix(99, 0)}, Message: probe.Sending{ID: 3, Route: "in"}, Told: probe.Lost,
			Report: probe.Report{Kind: tt.kind, Status: "5.1.1", Reporting: tt.reporting, Remote: tt.remote},
		}
		var want []probe.Change
		if reporting, remote, some := strings.Cut(tt.want, "/"); some {
			want = append(want, trace.Reported{Origin: c.Origin, Message: c.Message, Report: c.Report, Told: c.Told, Reporting: reporting, Remote: remote})
		}
		if got := m.Apply(c); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", tt.says, got, want)
		}
	}
}

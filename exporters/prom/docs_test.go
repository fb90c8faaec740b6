package prom_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/prom"
	"github.com/mailpath/mailpath/probe"
)

const (
	docs       = "../../docs/metrics.md"
	tableBegin = "<!-- The table is written by `go test ./exporters/prom -update`. -->\n"
	tableEnd   = "<!-- End of the table. -->\n"
)

// table describes all metrics of ours, from what a scrape gives. It needs no list
// besides the code: every family has a series from the start, those of checks from
// their first answer, and those that mail tells from the first message.
func table(t *testing.T) string {
	t.Helper()
	e := prom.New(configOf(probe.NewClock(), 0, probeOf(outside)))
	e.Checked(probe.Checked{Finding: probe.Finding{Check: "smtp"}, NotAfter: time.Unix(1, 0)})
	e.Export(tracedOf(probeOf(outside), probe.Scheduled, time.Unix(1, 0), hop("gateway-in", 0, time.Second)))
	e.Export(authenticated(probeOf(outside), probe.Scheduled, time.Unix(1, 0), "spf=pass"))
	gathered, err := served(t, e).Gather()
	if err != nil {
		t.Fatalf("gathering metrics: %v", err)
	}
	var b strings.Builder
	b.WriteString("| name | type | labels | what it says |\n|---|---|---|---|\n")
	for _, f := range gathered {
		if !strings.HasPrefix(f.GetName(), "mailpath_") {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			if l.GetName() != "prober" && l.GetName() != "site" {
				labels = append(labels, "`"+l.GetName()+"`")
			}
		}
		kind := strings.ToLower(f.GetType().String())
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), kind, strings.Join(labels, ", "), f.GetHelp())
	}
	return b.String()
}

func TestDocs(t *testing.T) {
	raw, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, began := strings.Cut(string(raw), tableBegin)
	got, after, ended := strings.Cut(rest, tableEnd)
	if !began || !ended {
		t.Fatalf("reading %s: got no table between %q and %q", docs, tableBegin, tableEnd)
	}
	want := "\n" + table(t) + "\n"
	if *update {
		if err := os.WriteFile(docs, []byte(before+tableBegin+want+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("%s is not what the code says; run go test ./exporters/prom -update. Got\n%s\nwant\n%s", docs, got, want)
	}
}

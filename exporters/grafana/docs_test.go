package grafana_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

var update = flag.Bool("update", false, "rewrite the example in docs/hooks.md")

// TestHooksDocs holds the example in docs/hooks.md to what Grafana has after an incident.
func TestHooksDocs(t *testing.T) {
	w := newWorld(t)
	w.cfg.Tags, w.cfg.Dashboard = nil, ""
	i := story()[probe.IncidentResolved]
	i.Sentence = "Most likely the inbound filter failed."
	w.process(t, i)
	n := w.all()[0]
	example, err := json.MarshalIndent(map[string]any{"time": n.Time, "timeEnd": n.TimeEnd, "tags": n.Tags, "text": n.Text}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join("..", "..", "docs", "hooks.md")
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(raw), "<!-- grafana -->\n")
	_, after, closed := strings.Cut(rest, "<!-- /grafana -->\n")
	want := before + "<!-- grafana -->\n\n```json\n" + string(example) + "\n```\n\n<!-- /grafana -->\n" + after
	if !found || !closed {
		t.Fatal("got no marks for the example in docs/hooks.md")
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(raw) != want {
		t.Error("docs/hooks.md has another example: run go test ./exporters/grafana -update")
	}
}

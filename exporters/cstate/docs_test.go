package cstate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHooksDocs holds the example in docs/hooks.md to the golden file.
func TestHooksDocs(t *testing.T) {
	page := filepath.Join("..", "..", "docs", "hooks.md")
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join("testdata", "resolved.md"))
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(raw), "<!-- cstate -->\n")
	_, after, closed := strings.Cut(rest, "<!-- /cstate -->\n")
	want := before + "<!-- cstate -->\n\n```markdown\n" + string(example) + "```\n\n<!-- /cstate -->\n" + after
	if !found || !closed {
		t.Fatal("got no marks for the example in docs/hooks.md")
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(raw) != want {
		t.Error("docs/hooks.md has another example: run go test ./exporters/cstate -update")
	}
}

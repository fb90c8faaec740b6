package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// section is what stands in a page below a heading, until the next one.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, text, found := strings.Cut(page, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("got no heading %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// rows are the rows of a section's tables with so many columns.
func rows(text string, columns int) [][]string {
	var all [][]string
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		for i := range cells {
			cells[i] = strings.Trim(cells[i], " |")
		}
		if strings.HasPrefix(line, "| `") && len(cells) == columns {
			all = append(all, cells)
		}
	}
	return all
}

// TestDocumentsDocs holds docs/documents.md to what is printed: the keys in their order,
// which of them can be null, and the sources of a time.
func TestDocumentsDocs(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "docs", "documents.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	for heading, document := range map[string]any{
		"`mailpath hops -o json`": entryJSON{}, "`mailpath trace -o json`": journeyJSON{}, "`answer`": answerJSON{},
		"`phases`": phaseJSON{}, "`steps`": stepJSON{}, "`clocks`": clockJSON{}, "`auth`": authJSON{},
		"`altered`": alteredJSON{}, "`reports`": reportJSON{},
	} {
		var want, got []string
		for f := range reflect.TypeOf(document).Fields() {
			key := "`" + f.Tag.Get("json") + "`"
			if f.Type.Kind() == reflect.Pointer {
				key += " or null"
			}
			want = append(want, key)
		}
		for _, row := range rows(section(t, page, heading), 3) {
			key := row[0]
			if row[2] != "" {
				key += " or null"
			}
			if got = append(got, key); row[1] == "" {
				t.Errorf("%s: %s is not explained", heading, key)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got keys\n%q, want\n%q", heading, got, want)
		}
	}
	var got []string
	for _, row := range rows(section(t, page, "`mailpath hops -o json`"), 2) {
		got = append(got, strings.Trim(row[0], "`"))
	}
	if want := sourcesOfEntries(t); !slices.Equal(got, want) {
		t.Errorf("got sources %q, want %q", got, want)
	}
}

// sourcesOfEntries are the values of trace.Source, but for those that only marks have.
func sourcesOfEntries(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "probe", "trace", "trace.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Source" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, value)
		}
		return true
	})
	return slices.DeleteFunc(all, func(s string) bool { return s == "arc-seal" || s == "dkim-claim" })
}

// The README shows hops as it is: the beginning of a golden, up to where it is cut.
func TestReadmeShowsHops(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/hops/01-slow-filter.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(readme), "$ mailpath hops -c mailpath.yaml message.eml\n")
	example, _, closed := strings.Cut(example, "```")
	example, isCut := strings.CutSuffix(example, "\n…\n")
	if !found || !closed || !isCut || strings.Count(example, "\n") < 12 || !strings.HasPrefix(string(golden), example+"\n") {
		t.Errorf("got\n%s\nwant the beginning of\n%s", example, golden)
	}
}

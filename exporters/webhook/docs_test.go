package webhook

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// page is where receivers are told what they get.
var page = filepath.Join("..", "..", "docs", "hooks.md")

// TestHooksDocs holds docs/hooks.md to what there is: the table of fields is made of the type
// Event, the examples are golden files, and numbers are those of the constants.
func TestHooksDocs(t *testing.T) {
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	got := string(raw)
	want := replaced(t, got, "fields", fields(t))
	for _, f := range []Format{Generic, Teams, Slack, Mattermost} {
		want = replaced(t, want, string(f), fenced("json", golden(t, string(f)+"-incident.json")))
	}
	want = replaced(t, want, string(Template), fenced("", golden(t, "template.tmpl"))+"makes of a note\n"+fenced("json", golden(t, "template-note.json")))
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Error("docs/hooks.md is not what the types and golden files say: run go test ./exporters/webhook -update, twice if golden files change")
	}
	for _, bound := range []string{
		"takes " + short(attemptTime), "about " + short(firstWait), "up to " + short(longestWait), "After " + short(worthTrying), "older than " + short(tooOld),
		"for " + short(farewell) + " at most", fmt.Sprintf("At most %d things", usualWaiting),
	} {
		if !strings.Contains(got, bound) {
			t.Errorf("docs/hooks.md: got no %q", bound)
		}
	}
	for _, f := range Formats() {
		if !strings.Contains(got, "\n### "+string(f)+"\n") {
			t.Errorf("docs/hooks.md: got no heading for format %s", f)
		}
	}
}

// short is a length of time as a configuration has it.
func short(d time.Duration) string {
	text := strings.TrimSuffix(d.String(), "0s")
	if text = strings.TrimSuffix(text, "0m"); text == "" || text[len(text)-1] >= '0' && text[len(text)-1] <= '9' {
		return d.String()
	}
	return text
}

// replaced is a text with another one between two marks.
func replaced(t *testing.T, text, mark, with string) string {
	t.Helper()
	begin, end := "<!-- "+mark+" -->\n", "<!-- /"+mark+" -->\n"
	before, rest, found := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("got no marks %q in %s", mark, page)
	}
	return before + begin + with + end + after
}

func fenced(language, text string) string {
	return "\n```" + language + "\n" + strings.TrimSpace(text) + "\n```\n\n"
}

func golden(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// fields is the table of the type Event, of its tags and comments.
func fields(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("\n| key | value | |\n|---|---|---|\n")
	rows := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "Event" {
			return true
		}
		for _, f := range spec.Type.(*ast.StructType).Fields.List {
			b.WriteString(row(t, f))
			rows++
		}
		return false
	})
	if want := reflect.TypeFor[Event]().NumField(); rows != want {
		t.Errorf("got %d rows for the fields of Event, want %d", rows, want)
	}
	return b.String() + "\n"
}

func row(t *testing.T, f *ast.Field) string {
	t.Helper()
	tag, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		t.Fatal(err)
	}
	key, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
	kind, meaning := kindOf(t, f.Type), strings.TrimSpace(f.Comment.Text())
	if options != "" {
		kind += ", or absent"
	}
	if key == "" || meaning == "" {
		t.Errorf("%s: got key %q, explained as %q; want both", f.Names[0].Name, key, meaning)
	}
	return fmt.Sprintf("| `%s` | %s | %s |\n", key, kind, meaning)
}

// kindOf is a type as JSON has it.
func kindOf(t *testing.T, e ast.Expr) string {
	t.Helper()
	switch e := e.(type) {
	case *ast.StarExpr:
		name := e.X.(*ast.SelectorExpr).Sel.Name
		return fmt.Sprintf("[%s](status.md#%s)", name, strings.ToLower(name))
	case *ast.SelectorExpr:
		switch e.Sel.Name {
		case "Time":
			return "time"
		case "Seq":
			return "number"
		}
		return "string"
	case *ast.Ident:
		switch e.Name {
		case "bool":
			return "true or false"
		case "int":
			return "number"
		}
		return "string"
	}
	t.Errorf("got the type %v, want one that is known here", e)
	return ""
}

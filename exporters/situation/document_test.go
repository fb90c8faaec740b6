package situation_test

import (
	"encoding/json"
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

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

var update = flag.Bool("update", false, "rewrite docs/status.md")

// page is where the schema is documented.
var page = filepath.Join("..", "..", "docs", "status.md")

// TestStatusDocs holds docs/status.md to the types: the tables and the example between its
// marks are made of their tags and comments.
func TestStatusDocs(t *testing.T) {
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	got := string(raw)
	want := replaced(t, replaced(t, got, "fields", tables(t)), "example", example(t))
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Error("docs/status.md is not what the types say: run go test ./exporters/situation -update")
	}
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

// tables describes all types of the package's situation.go.
func tables(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "situation.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if s, ok := spec.Type.(*ast.StructType); ok {
					fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| key | value | |\n|---|---|---|\n", spec.Name.Name, oneLine(g.Doc.Text()))
					for _, f := range s.Fields.List {
						b.WriteString(row(t, f))
					}
				}
			case *ast.ValueSpec:
				if len(g.Specs) > 1 && spec == g.Specs[0] {
					fmt.Fprintf(&b, "\n### Values of %s\n\n%s\n\n| value | |\n|---|---|\n", spec.Type.(*ast.Ident).Name, oneLine(g.Doc.Text()))
				}
				if spec.Comment.Text() == "" {
					t.Errorf("%s is not explained", spec.Names[0].Name)
				}
				fmt.Fprintf(&b, "| `%s` | %s |\n", strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`), oneLine(spec.Comment.Text()))
			}
		}
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
	kind := kindOf(f.Type)
	if options != "" {
		kind += ", or absent"
	}
	meaning := oneLine(f.Comment.Text())
	if key == "" || meaning == "" {
		t.Errorf("%s: got key %q, explained as %q; want both", f.Names[0].Name, key, meaning)
	}
	return fmt.Sprintf("| `%s` | %s | %s |\n", key, kind, meaning)
}

// kindOf is a type as JSON has it.
func kindOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.ArrayType:
		return "list of " + kindOf(e.Elt)
	case *ast.SelectorExpr:
		if e.Sel.Name == "Time" {
			return "time"
		}
		return "string"
	case *ast.Ident:
		switch e.Name {
		case "bool":
			return "true or false"
		case "int", "float64":
			return "number"
		case "string":
			return "string"
		case "Condition", "ComponentState", "Trouble":
			return fmt.Sprintf("[%s](#values-of-%s)", e.Name, strings.ToLower(e.Name))
		}
		return fmt.Sprintf("[%s](#%s)", e.Name, strings.ToLower(e.Name))
	}
	return fmt.Sprint(e)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// example is a small situation as it is printed.
func example(t *testing.T) string {
	t.Helper()
	var printed string
	bubble(t, func(c *situation.Config) {
		c.Company, c.Site, c.URL = "Example Ltd", "hq", "https://status.example.com/"
	}, func(t *testing.T, w *world) {
		for _, r := range []string{"inside-hq", "past-av-to-hq", "outside-to-hq", "outside-to-branch"} {
			w.health(r, probe.HealthOK)
			m := w.send(r)
			time.Sleep(2 * time.Second)
			w.arrive(m, probe.Delivered, false)
		}
		i := story()
		i.Sentence, i.Reasons = "Most likely the gateway's inbound filter failed.", []string{"Mail past it arrives."}
		i.Routes, i.Components = []string{"outside-to-hq"}, i.Components[:1]
		i.Timeline[0].Components, i.Timeline[0].Sentence = nil, ""
		i.Updates[0].Text, i.Updates[0].By, i.Updates[0].Next = "The vendor's patch is being installed.", "operator", i.Updates[0].At.Add(15*time.Minute)
		w.book.all = append(w.book.all, i)
		s := w.Situation()
		s.Directions, s.Components = s.Directions[:1], s.Components[:1]
		d := &s.Directions[0]
		d.Routes, d.Latency, d.Days = d.Routes[:1], d.Latency[:1], d.Days[88:89]
		d.Routes[0].Reason = ""
		raw, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		printed = string(raw)
	})
	return "\n```json\n" + printed + "\n```\n\n"
}

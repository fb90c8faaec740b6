package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/mailpath/mailpath/"
	root   = "../.."
)

// house says who may import what, by the longest folder that matches. Names without
// a dot in their first element are folders of this module; the standard library is
// everybody's.
var house = map[string][]string{
	"probe":               {},
	"probe/health":        {"probe"},
	"probe/trace":         {"probe"},
	"probe/report":        {"probe", "github.com/emersion/go-message"},
	"probe/alteration":    {"probe", "github.com/emersion/go-message"},
	"probe/dkim":          {"probe", "github.com/emersion/go-msgauth"},
	"probe/journal":       {"probe", "go.etcd.io/bbolt", "google.golang.org/protobuf"},
	"probe/smtpsend":      {"probe", "github.com/emersion/go-smtp", "github.com/emersion/go-sasl"},
	"probe/imapwatch":     {"probe", "github.com/emersion/go-imap", "github.com/emersion/go-sasl"},
	"probe/calendar":      {"probe", "github.com/robfig/cron"},
	"probe/config":        {"probe", "go.yaml.in/yaml", "github.com/robfig/cron"},
	"probe/probetest":     {"probe"},
	"checks/component":    {"probe"},
	"checks/payload":      {"probe"},
	"checks/diagnosis":    {"probe"},
	"checks/incident":     {"probe", "checks/diagnosis"},
	"exporters/prom":      {"probe", "checks", "github.com/prometheus", "google.golang.org/protobuf"},
	"exporters/jsonlog":   {"probe", "checks"},
	"exporters/api":       {"probe", "checks", "exporters/situation", "exporters/web"},
	"exporters/situation": {"probe", "checks"},
	"exporters/words":     {"probe", "exporters/situation", "golang.org/x/text"},
	"exporters/status":    {"probe", "checks", "exporters/situation", "exporters/words"},
	"exporters/web":       {"probe", "lab/ca", "github.com/prometheus/exporter-toolkit", "go.yaml.in/yaml"},
	"exporters/webhook":   {"probe", "checks", "exporters/situation", "exporters/words"},
	"exporters/grafana":   {"probe", "exporters/webhook"},
	"exporters/cstate":    {"probe", "checks", "exporters/situation", "exporters/words", "exporters/webhook"},
	"lab/ca":              {},
	"lab/world":           {"probe", "lab/ca", "github.com/emersion/go-smtp", "github.com/emersion/go-imap", "github.com/emersion/go-sasl"},
	"lab/browser":         {"github.com/chromedp"},
	"lab/world/worldlab":  {"probe", "lab/ca", "lab/world"},
	"lab/world/worldtest": {"probe", "lab/ca", "lab/world"},
	"lab/debian":          {"lab/ca", "github.com/emersion/go-smtp"},
	"lab/debian/maillab":  {"lab/debian", "probe"},
	"lab/debian/scanner":  {"github.com/emersion/go-smtp", "github.com/emersion/go-message"},
	"cmd/mailpath":        {"probe", "checks", "exporters", "lab/world", "github.com/spf13/cobra", "golang.org/x/term", "golang.org/x/text"},
}

// forTests may be imported by any test file, beside what its folder may.
var forTests = []string{"probe", "checks", "lab", "cmd", "github.com/emersion", "github.com/prometheus", "go.etcd.io/bbolt", "go.yaml.in/yaml", "google.golang.org/protobuf", "github.com/spf13/cobra"}

// source is one Go file of the module.
type source struct {
	path string // from the root
	test bool
	file *ast.File
	set  *token.FileSet
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata") {
			return errOr(err, fs.SkipDir)
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		from, err := filepath.Rel(root, p)
		all = append(all, source{path: filepath.ToSlash(from), test: strings.HasSuffix(p, "_test.go"), file: file, set: set})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("found %d Go files, want all of the module", len(all))
	}
	return all
}

func errOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func within(name string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return name == f || strings.HasPrefix(name, f+"/") })
}

func TestImportsGoOneWay(t *testing.T) {
	for _, s := range sources(t) {
		folder := path.Dir(s.path)
		allowed, known := house[folder]
		if !known {
			t.Errorf("%s: folder %s has no place in the house: give it one in this test", s.path, folder)
			continue
		}
		if s.test {
			allowed = append(slices.Clone(allowed), forTests...)
		}
		for _, i := range s.file.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(name, "/")
			name, ours := strings.CutPrefix(name, module)
			if !ours && !strings.Contains(first, ".") {
				continue
			}
			// Inside probe, packages import probe itself and never one another.
			if ours && !s.test && strings.HasPrefix(folder, "probe/") && name != "probe" || !within(name, allowed) && name != folder {
				t.Errorf("%s imports %s; %s may import %v", s.path, name, folder, allowed)
			}
		}
	}
}

// Time comes from the one clock of the process: the wall clock is read in one place.
// The lab of real servers is no part of a process of mailpath.
func TestTimeComesFromTheClock(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.path == "probe/clock.go" || strings.HasPrefix(s.path, "lab/debian/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := call.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, call.Sel.Name) {
				t.Errorf("%s: time.%s: want a probe.Clock that is passed in", s.set.Position(call.Pos()), call.Sel.Name)
			}
			return true
		})
	}
}

// There is no registration and no state of a package: what is declared there is
// never assigned to.
func TestNoPackageState(t *testing.T) {
	declared := make(map[string]bool) // folder and name
	all := sources(t)
	for _, s := range all {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s: func init: want explicit construction", s.set.Position(f.Pos()))
			}
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					declared[path.Dir(s.path)+" "+name.Name] = true
				}
			}
		}
	}
	for _, s := range all {
		ast.Inspect(s.file, func(n ast.Node) bool {
			a, ok := n.(*ast.AssignStmt)
			if !ok || a.Tok == token.DEFINE {
				return true
			}
			for _, left := range a.Lhs {
				if x, ok := left.(*ast.Ident); ok && declared[path.Dir(s.path)+" "+x.Name] && !s.test {
					t.Errorf("%s: %s is declared in the package and assigned to", s.set.Position(a.Pos()), x.Name)
				}
			}
			return true
		})
	}
}

// Functions stay short: none over 100 lines, nine in ten of at most 45, half of at
// most 12; files of at most 300.
func TestFunctionsAndFilesStayShort(t *testing.T) {
	var lengths []int
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		if n := s.set.Position(s.file.End()).Line; n > 300 {
			t.Errorf("%s has %d lines, want at most 300: look for the second noun in it", s.path, n)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1
			lengths = append(lengths, n)
			if n > 100 {
				t.Errorf("%s: %s has %d lines, want at most 100", s.set.Position(f.Pos()), f.Name.Name, n)
			}
		}
	}
	slices.Sort(lengths)
	if median, ninety := lengths[len(lengths)/2], lengths[len(lengths)*9/10]; median > 12 || ninety > 45 {
		t.Errorf("the median function has %d lines and nine in ten have at most %d, want 12 and 45", median, ninety)
	}
}

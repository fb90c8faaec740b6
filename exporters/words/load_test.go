package words

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/exporters/situation"
)

// write makes a directory of words. The names are from there, such as en/staff.tmpl.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// language is the files of a built-in one under the name of another.
func languageFiles(t *testing.T, from, to string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	entries, err := fs.ReadDir(builtIn, from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := fs.ReadFile(builtIn, from+"/"+e.Name())
		if err != nil {
			t.Fatal(err)
		}
		files[to+"/"+e.Name()] = string(text)
	}
	return files
}

func TestWrongWordsAreNamed(t *testing.T) {
	t.Parallel()
	without := func(file, define string) map[string]string {
		files := languageFiles(t, "en", "nl")
		before, after, found := strings.Cut(files[file], "{{define \""+define+"\"}}")
		if !found {
			t.Fatalf("%s has no %s", file, define)
		}
		files[file] = before + "{{define \"other-" + define + "\"}}" + after
		return files
	}
	for _, c := range []struct {
		name, lang string
		files      map[string]string
		want       []string
	}{
		{"unknown field", "en", map[string]string{"en/staff.tmpl": "\n\n{{define \"text\"}}{{.Weather}}{{end}}"}, []string{"en/staff.tmpl:3:", "Weather", "example"}},
		{"syntax", "en", map[string]string{"en/noc.tmpl": "\n{{define \"text\"}}{{if}}{{end}}"}, []string{"en/noc.tmpl:2", "missing value for if"}},
		{"unknown function", "de", map[string]string{"de/report.tmpl": "{{define \"report\"}}{{shell \"rm\"}}{{end}}"}, []string{"de/report.tmpl:1", `function "shell" not defined`}},
		{"unknown file", "en", map[string]string{"en/staf.tmpl": "x"}, []string{"staf.tmpl", "unknown name", "staff"}},
		{"not in a language", "en", map[string]string{"staff.tmpl": "x"}, []string{"staff.tmpl", filepath.Join("en", "staff.tmpl")}},
		{"language that is nowhere", "nl", map[string]string{"en/staff.tmpl": `{{define "title"}}x{{end}}`}, []string{"nl", "no such file"}},
		{"language that is not built in", "nl", nil, []string{`"nl"`, "de, en"}},
		{"no language", "../en", nil, []string{"../en", "pt-BR"}},
		{"no text", "en", map[string]string{"en/staff.tmpl": `{{define "title"}}{{with .Weekday}}{{end}}{{end}}`}, []string{"staff", "Weekday"}},
		{"empty text", "en", map[string]string{"en/staff.tmpl": `{{define "title"}}{{/* */}}{{if false}}x{{end}}{{end}}`}, []string{"staff", `"title"`, "got nothing"}},
		{"too long", "en", map[string]string{"en/staff.tmpl": `{{define "text"}}{{range 1000000}}xxxxxxxxxxxxxxxxxxxx{{end}}{{end}}`}, []string{"staff", "too long", "65536"}},
		{"without end", "en", map[string]string{"en/phrases.tmpl": `{{define "time"}}{{say "date" .}}{{end}}{{define "date"}}{{say "time" .}}{{end}}`}, []string{"more than 50 deep"}},
		{"phrase", "en", map[string]string{"en/phrases.tmpl": "\n{{define \"strip.day\"}}{{.Sunshine.Hours}}{{end}}"}, []string{"en/phrases.tmpl:2", "strip.day"}},
		{"missing phrase", "nl", without("nl/phrases.tmpl", "heading.past"), []string{"nl", "phrases.tmpl", "no {{define}} of heading.past"}},
		{"missing text", "nl", without("nl/management.tmpl", "text.incident"), []string{"nl/management.tmpl", "no {{define}} of text.incident"}},
		{"missing sentence", "nl", without("nl/sentences.tmpl", "fate.held"), []string{`fate.held`, "nl/sentences.tmpl"}},
		{"plural without other", "en", map[string]string{"en/phrases.tmpl": `{{define "minutes"}}{{plural . "one" "minute"}}{{end}}`}, []string{"en/phrases.tmpl:1", "want pairs", "other"}},
	} {
		dir := ""
		if c.files != nil {
			dir = write(t, c.files)
		}
		_, err := Load(Config{Language: c.lang, Dir: dir, Zone: berlin(t)})
		if err == nil {
			t.Errorf("%s: got no error", c.name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %q, want %q in it", c.name, err, want)
			}
		}
	}
}

func TestLanguageIsOnlyTemplates(t *testing.T) {
	t.Parallel()
	files := languageFiles(t, "de", "pl")
	files["pl/phrases.tmpl"] = strings.Replace(files["pl/phrases.tmpl"], `{{define "minutes"}}`, `{{define "minuten"}}`, 1) + `{{define "minutes"}}{{.}} {{plural . "one" "minuta" "few" "minuty" "many" "minut" "other" "minuty"}}{{end}}`
	w := loadFrom(t, Config{Language: "pl", Dir: write(t, files), Zone: berlin(t)})
	for minutes, want := range map[int]string{1: "1 minuta", 3: "3 minuty", 5: "5 minut", 22: "22 minuty"} {
		if got, err := w.Say("duration", minutes*60); err != nil || got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	if w.Language() != "pl" {
		t.Errorf("got language %s, want pl", w.Language())
	}
}

func TestCompanyReplacesWhatItDefines(t *testing.T) {
	t.Parallel()
	w := loadFrom(t, Config{Language: "en", Zone: berlin(t), Dir: write(t, map[string]string{
		"en/staff.tmpl":   `{{define "title"}}ACME: {{template "title.now" .}}{{end}}`,
		"en/phrases.tmpl": `{{define "where.internal"}}in house{{end}}`,
		"en/README":       "not a template",
	})})
	built := load(t, "en")
	s := outage(minute(8, 43), situation.MajorOutage, nil)
	for _, a := range Audiences {
		got, err := w.Update(a, s)
		if err != nil {
			t.Fatal(err)
		}
		want, err := built.Update(a, s)
		if err != nil {
			t.Fatal(err)
		}
		if a == Staff {
			want.Title = "ACME: " + want.Title
		}
		want.Text = strings.ReplaceAll(want.Text, "Inside the company", "In house")
		if got != want {
			t.Errorf("%s: got %v, want %v", a, got, want)
		}
	}
}

// Whatever fails when it matters, there is a text.
func TestTemplateThatFailsIsReplacedByTheBuiltInOne(t *testing.T) {
	t.Parallel()
	late := `{{if eq .Prober "unlucky"}}{{index .Incidents 99}}{{end}}`
	german := languageFiles(t, "de", "nl")
	german["nl/staff.tmpl"] = strings.Replace(german["nl/staff.tmpl"], `{{define "text"}}`, `{{define "tekst"}}`, 1) + `{{define "text"}}` + late + `tekst{{end}}`
	for _, c := range []struct {
		lang  string
		files map[string]string
	}{
		{"en", map[string]string{"en/staff.tmpl": `{{define "text"}}` + late + `our text{{end}}`}},
		{"nl", german},
		{"en", map[string]string{"en/staff.tmpl": `{{define "text"}}our text{{if eq .Prober "unlucky"}}{{range 100000}}xxxxxxxxx{{end}}{{end}}{{end}}`}},
	} {
		var failed []error
		w := loadFrom(t, Config{Language: c.lang, Zone: berlin(t), Dir: write(t, c.files), Failed: func(err error) { failed = append(failed, err) }})
		s := outage(minute(8, 43), situation.MajorOutage, nil)
		if m, err := w.Update(Staff, s); err != nil || !strings.HasPrefix(m.Text, "our text") && m.Text != "tekst" || len(failed) > 0 {
			t.Errorf("got %q, %v, failed %v; want the company's text", m.Text, err, failed)
		}
		s.Prober = "unlucky"
		m, err := w.Update(Staff, s)
		if err != nil || !strings.HasPrefix(m.Text, "Since 08:41 mail from outside is not arriving.") {
			t.Errorf("got %q, %v; want the built-in text", m.Text, err)
		}
		if len(failed) != 1 || !strings.Contains(failed[0].Error(), "text") {
			t.Errorf("got failures %v, want one", failed)
		}
	}
}

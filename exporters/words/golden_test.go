package words

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

var update = flag.Bool("update", false, "write the golden texts")

func load(t testing.TB, lang string) *Words {
	t.Helper()
	return loadFrom(t, Config{Language: lang, Zone: berlin(t)})
}

func loadFrom(t testing.TB, cfg Config) *Words {
	t.Helper()
	w, err := Load(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func berlin(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// One file per language and situation has what each audience is told, of everything and
// of each incident alone. The reports lie beside them as Markdown.
func TestGoldenTexts(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"de", "en"} {
		w := load(t, lang)
		for _, e := range examples() {
			golden(t, filepath.Join("testdata", lang, e.name+".txt"), told(t, w, e))
			for n, i := range e.Incidents {
				report, err := w.Report(e.Situation, i)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 && slices.Contains([]string{"03-identified", "07-resolved", "28-resolved-with-losses", "50-hostile"}, e.name) {
					golden(t, filepath.Join("testdata", lang, e.name+".md"), report+"\n")
				}
			}
		}
	}
}

func told(t *testing.T, w *Words, e example) string {
	t.Helper()
	var b strings.Builder
	add := func(head string, m Message, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("=== " + head + ": " + m.Title + "\n\n" + m.Text + "\n\n")
	}
	for _, a := range Audiences {
		m, err := w.Update(a, e.Situation)
		add(string(a), m, err)
	}
	for _, i := range e.Incidents {
		if i.Open() && len(e.Incidents) == 1 && i.State != probe.Monitoring {
			continue // it says the same
		}
		for _, a := range Audiences {
			m, err := w.Incident(a, e.Situation, i)
			add(string(a)+", "+i.ID+" alone", m, err)
		}
	}
	return b.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got another text; -update writes it, and git diff shows it", file)
	}
}

package words

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"golang.org/x/text/language"
)

//go:embed en de
var builtIn embed.FS

// The files of a language beside those of the audiences.
const (
	phrases   = "phrases"   // of the page and of all texts
	sentences = "sentences" // that the audiences share
	report    = "report"    // of an incident
)

const ending = ".tmpl"

// speaking are the files that write texts, each with the shared ones in its set.
var speaking = []string{string(Staff), string(Management), string(NOC), report, phrases}

// entries are the texts that the files of the audiences and of the report define.
var entries = []string{"title", "text", "title.incident", "text.incident", report}

func unknownFile(name string) error {
	return fmt.Errorf("writing for %q: got no such audience, want one of %v", name, Audiences)
}

// Load reads the templates and tries each of them on made-up situations of every kind: an
// error says which file and line is wrong, and how.
func Load(cfg Config) (*Words, error) {
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	tag, err := language.Parse(cfg.Language)
	if err != nil || strings.ContainsAny(cfg.Language, `/\`) {
		return nil, fmt.Errorf("loading words: got language %q, want a tag such as en or pt-BR", cfg.Language)
	}
	l := &loader{cfg: cfg, tag: tag}
	if err := l.find(); err != nil {
		return nil, fmt.Errorf("loading words: %w", err)
	}
	w := &Words{cfg: cfg, voices: make(map[string]*voice)}
	for _, name := range speaking {
		if w.voices[name], err = l.voice(name); err != nil {
			return nil, fmt.Errorf("loading words: %w", err)
		}
	}
	if err := w.try(); err != nil {
		return nil, fmt.Errorf("trying words: %w", err)
	}
	return w, nil
}

// loader finds and reads the files of a language.
type loader struct {
	cfg      Config
	tag      language.Tag
	built    bool              // the language is built in
	replaced map[string]string // the company's files by name without the ending: their text
}

// find reads the company's files, and says what is none.
func (l *loader) find() error {
	known, err := fs.ReadDir(builtIn, ".")
	if err != nil {
		return err
	}
	var names []string
	for _, d := range known {
		names = append(names, d.Name())
	}
	l.built = slices.Contains(names, l.cfg.Language)
	l.replaced = make(map[string]string)
	if l.cfg.Dir == "" && l.built {
		return nil
	}
	if l.cfg.Dir == "" {
		return fmt.Errorf("got language %q, want one that is built in (%s), or a directory with words that has a folder %s", l.cfg.Language, strings.Join(names, ", "), l.cfg.Language)
	}
	if err := l.misplaced(); err != nil {
		return err
	}
	err = l.read(filepath.Join(l.cfg.Dir, l.cfg.Language))
	if errors.Is(err, fs.ErrNotExist) && l.built {
		return nil
	}
	return err
}

// misplaced finds templates that lie beside the folders of the languages.
func (l *loader) misplaced() error {
	entries, err := os.ReadDir(l.cfg.Dir)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ending) {
			return fmt.Errorf("got %s, want it in the folder of a language: %s", filepath.Join(l.cfg.Dir, e.Name()), filepath.Join(l.cfg.Dir, l.cfg.Language, e.Name()))
		}
	}
	return err
}

func (l *loader) read(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	all := append(slices.Clone(speaking), sentences)
	for _, e := range entries {
		name, is := strings.CutSuffix(e.Name(), ending)
		if !is {
			continue
		}
		if !slices.Contains(all, name) {
			return fmt.Errorf("%s: got an unknown name, want one of %s, each with %s", filepath.Join(dir, e.Name()), strings.Join(all, ", "), ending)
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		l.replaced[name] = string(text)
	}
	return nil
}

// voice reads a file and what it shares with the others, the company's over the built-in.
func (l *loader) voice(name string) (*voice, error) {
	files := []string{phrases, sentences, name}
	own := template.New(l.cfg.Language)
	v := &voice{}
	if l.built {
		if err := parse(own, files, l.cfg.Language, l.tag, l.cfg.Zone); err != nil {
			return nil, err
		}
		v.own = l.texts(own, true)
	}
	if l.built && len(l.replaced) == 0 {
		return v, nil
	}
	v.builtIn = v.own
	if !l.built {
		english := template.New("en")
		if err := parse(english, files, "en", language.English, l.cfg.Zone); err != nil {
			return nil, err
		}
		v.builtIn = &texts{set: english, tag: language.English, zone: l.cfg.Zone, cut: true}
	}
	own, err := l.over(own, files)
	if err != nil {
		return nil, err
	}
	v.own = l.texts(own, false)
	if !l.built {
		return v, l.missing(v, name)
	}
	return v, nil
}

func (l *loader) texts(set *template.Template, cut bool) *texts {
	return &texts{set: set, tag: l.tag, zone: l.cfg.Zone, cut: cut}
}

// parse reads built-in files.
func parse(set *template.Template, files []string, lang string, tag language.Tag, zone *time.Location) error {
	set.Funcs(functions(&writer{}, tag, zone)).Option("missingkey=error")
	for _, name := range files {
		text, err := fs.ReadFile(builtIn, path.Join(lang, name+ending))
		if err != nil {
			return err
		}
		if _, err := set.New(path.Join(lang, name+ending)).Parse(string(text)); err != nil {
			return err
		}
	}
	return nil
}

// over reads the company's files: what they define goes over what is there.
func (l *loader) over(set *template.Template, files []string) (*template.Template, error) {
	set, err := set.Clone()
	if err != nil {
		return nil, err
	}
	set.Funcs(functions(&writer{}, l.tag, l.cfg.Zone)).Option("missingkey=error")
	for _, name := range files {
		text, is := l.replaced[name]
		if !is {
			continue
		}
		if _, err := set.New(filepath.Join(l.cfg.Dir, l.cfg.Language, name+ending)).Parse(text); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// missing names what a language that is not built in does not define: the phrases, which
// others ask for by name, and the texts themselves. How it makes these is its own affair.
func (l *loader) missing(v *voice, name string) error {
	wanted, err := phraseNames()
	if err != nil {
		return err
	}
	lacking := slices.DeleteFunc(append(slices.Clone(entries), wanted...), func(n string) bool {
		return v.own.set.Lookup(n) != nil || v.builtIn.set.Lookup(n) == nil
	})
	if len(lacking) == 0 {
		return nil
	}
	return fmt.Errorf("%s and %s beside it: got no {{define}} of %s", filepath.Join(l.cfg.Dir, l.cfg.Language, name+ending), phrases+ending, strings.Join(lacking, ", "))
}

// phraseNames are the phrases that others ask for by name, sorted: those that the English words have.
func phraseNames() ([]string, error) {
	set := template.New("")
	if err := parse(set, []string{phrases}, "en", language.English, time.UTC); err != nil {
		return nil, err
	}
	var names []string
	for _, t := range set.Templates() {
		if !strings.HasSuffix(t.Name(), ending) {
			names = append(names, t.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

package words

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/template"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// How long texts may be, in bytes.
const (
	maxTitle  = 1000
	maxText   = 64 << 10
	maxReport = 1 << 20
)

// maxDepth is how deep phrases may use phrases by say.
const maxDepth = 50

// voice is the templates of one file, with the phrases and sentences that it uses.
type voice struct {
	own     *texts // the company's, over the built-in ones
	builtIn *texts // used when these fail; nil: these are they
}

// texts is a set of templates that several may use at a time. The function say, with which
// templates use others by name, has to know how deep it is and how much was written: each
// user has a copy of the set for itself, which is kept for the next.
type texts struct {
	set     *template.Template
	tag     language.Tag
	zone    *time.Location
	cut     bool // what is too long is cut and no error, as there is nothing to fall back to
	writers sync.Pool
}

// writer is a copy of a set with the state of one execution.
type writer struct {
	set   *template.Template
	depth int
	limit int // in bytes, of each template's text
}

var errTooLong = errors.New("the text is too long")

func (t *texts) writer() (*writer, error) {
	if w, ok := t.writers.Get().(*writer); ok {
		return w, nil
	}
	set, err := t.set.Clone()
	if err != nil {
		return nil, fmt.Errorf("copying templates: %w", err)
	}
	w := &writer{set: set}
	set.Funcs(functions(w, t.tag, t.zone))
	return w, nil
}

// write lets the template of a name write at most limit bytes.
func (t *texts) write(name string, data any, limit int) (string, error) {
	w, err := t.writer()
	if err != nil {
		return "", err
	}
	defer t.writers.Put(w)
	w.depth, w.limit = 0, limit
	text, err := w.say(name, data)
	if errors.Is(err, errTooLong) {
		if t.cut {
			return strings.TrimSpace(text) + "…", nil
		}
		return text, fmt.Errorf("%s: %w, want at most %d bytes", name, errTooLong, limit)
	}
	return text, err
}

// say writes with another template of the set.
func (w *writer) say(name string, data any) (string, error) {
	chosen := w.set.Lookup(name)
	if chosen == nil {
		return "", fmt.Errorf("there is no {{define %q}}", name)
	}
	if w.depth++; w.depth > maxDepth {
		return "", fmt.Errorf("%q: phrases use one another more than %d deep", name, maxDepth)
	}
	defer func() { w.depth-- }()
	text := &bounded{left: w.limit}
	err := chosen.Execute(text, data)
	return strings.TrimRight(whole(text.String()), " \n"), err
}

// bounded keeps what is written, up to a limit.
type bounded struct {
	strings.Builder
	left int
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.Builder.Write(p[:n])
	if b.left -= n; n < len(p) {
		return n, errTooLong
	}
	return n, nil
}

var _ io.Writer = (*bounded)(nil)

// whole leaves out a character that was cut in two at the end.
func whole(text string) string {
	for len(text) > 0 {
		if r, n := utf8.DecodeLastRuneInString(text); r != utf8.RuneError || n > 1 {
			break
		}
		text = text[:len(text)-1]
	}
	return text
}

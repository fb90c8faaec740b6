package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of what people are told, in characters.
const (
	maxText  = 2000
	maxBy    = 64
	maxShown = 40 // of what was got, in an error
)

// maxDocument bounds the documents that are posted, in bytes.
const maxDocument = 1 << 16

// readDocument reads the one JSON document of a request.
func readDocument(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDocument))
	if err != nil {
		return err
	}
	if !utf8.Valid(body) {
		return errors.New("got bytes that are no UTF-8")
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("got more than one JSON document")
	}
	return nil
}

// cleanText is a text of somebody's without what would be acted upon rather than shown:
// lines of letters, with at most one empty line between them.
func cleanText(text string) (string, error) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n", "\t", " ").Replace(text)
	var b strings.Builder
	empty := 0
	for line := range strings.SplitSeq(strings.Map(shown, text), "\n") {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		if line == "" {
			empty++
			continue
		}
		if b.Len() > 0 {
			b.WriteString(strings.Repeat("\n", 1+min(empty, 1)))
		}
		b.WriteString(line)
		empty = 0
	}
	cleaned := strings.TrimSpace(b.String())
	if n := utf8.RuneCountInString(cleaned); n < 1 || n > maxText {
		return "", fmt.Errorf("got a text of %d characters, want 1 to %d", n, maxText)
	}
	return cleaned, nil
}

// shown gives the character if it is one that is shown, and drops it otherwise: control
// characters, and format characters, among which are those that turn the direction of
// what follows. Joiners stay: scripts and emoji need them.
func shown(r rune) rune {
	if r == '\n' || r == '\u200c' || r == '\u200d' {
		return r
	}
	if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs) || r == utf8.RuneError {
		return -1
	}
	return r
}

// oneLine is a text of somebody's in one line of at most so many characters.
func oneLine(text string, most int) string {
	runes := []rune(strings.Join(strings.Fields(strings.Map(shown, text)), " "))
	return strings.TrimSpace(string(runes[:min(len(runes), most)]))
}

func cut(text string) string { return oneLine(text, maxShown) }

// listed names some; of many the first.
func listed(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/mailpath/mailpath/exporters/situation"
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

// cleanText is a text of somebody's without what would be acted upon rather than shown, as
// situation.Clean makes it.
func cleanText(text string) (string, error) {
	cleaned := situation.Clean(text, len(text)) // which cuts nothing off
	if n := utf8.RuneCountInString(cleaned); n < 1 || n > maxText {
		return "", fmt.Errorf("got a text of %d characters, want 1 to %d", n, maxText)
	}
	return cleaned, nil
}

func cut(text string) string { return situation.CleanLine(text, maxShown) }

// listed names some; of many the first.
func listed(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

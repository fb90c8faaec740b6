package words

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// functions are what templates may use beside those of text/template. docs/words.md
// describes them.
func functions(w *writer, tag language.Tag, zone *time.Location) template.FuncMap {
	return template.FuncMap{
		"say":      w.say,
		"each":     w.each,
		"plural":   func(n int, forms ...string) (string, error) { return choose(tag, n, forms) },
		"when":     func(t, now time.Time) Moment { return when(zone, t, now) },
		"args":     args,
		"list":     list,
		"join":     strings.Join,
		"capital":  capital,
		"pieces":   pieces,
		"piecesup": piecesUp,
		"number":   number,
		"percent":  percent,
		"share":    share,
		"line":     func(text string) string { return line(text, maxTitle) },
		"markdown": markdown,
		"shorttime": func(seconds any, d, h, m, s, ms string) (string, error) {
			return shortTime(seconds, [...]string{d, h, m, s, ms})
		},
	}
}

// each says each item of a list with the template of a name. It leaves out what is
// said with nothing.
func (w *writer) each(name string, items any) ([]string, error) {
	all := reflect.ValueOf(items)
	if all.Kind() != reflect.Slice {
		return nil, fmt.Errorf("each %q: got %T, want a list", name, items)
	}
	var said []string
	for i := range all.Len() {
		text, err := w.say(name, all.Index(i).Interface())
		if err != nil {
			return nil, err
		}
		if text != "" {
			said = append(said, text)
		}
	}
	return said, nil
}

// forms of the plural, by their names in Unicode's CLDR.
var forms = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other"}

// choose picks the word for a number from pairs of a form and a word: of the language's own form, or "other".
func choose(tag language.Tag, n int, pairs []string) (string, error) {
	form := forms[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)]
	other, found := "", false
	for i := 0; i+1 < len(pairs); i += 2 {
		switch pairs[i] {
		case form:
			return pairs[i+1], nil
		case "other":
			other, found = pairs[i+1], true
		}
	}
	if !found || len(pairs)%2 != 0 {
		return "", fmt.Errorf("plural %d: got %q, want pairs of a form (zero, one, two, few, many, other) and a word, with other among them", n, pairs)
	}
	return other, nil
}

// args makes data of several values for one template.
func args(pairs ...any) (map[string]any, error) {
	all := make(map[string]any)
	for i := 0; i < len(pairs); i += 2 {
		name, is := pairs[i].(string)
		if !is || i+1 == len(pairs) {
			return nil, fmt.Errorf("args: got %v, want pairs of a name and a value", pairs)
		}
		all[name] = pairs[i+1]
	}
	return all, nil
}

// list writes a list as a sentence does: all but the last apart by one text, and the last by another.
func list(items []string, between, beforeLast string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	n := len(items) - 1
	return strings.Join(items[:n], between) + beforeLast + items[n]
}

// capital writes the first letter large.
func capital(text string) string {
	first, n := utf8.DecodeRuneInString(text)
	if n == 0 {
		return text
	}
	return string(unicode.ToUpper(first)) + text[n:]
}

// number writes a whole number with its thousands apart.
func number(n int, thousands string) string {
	digits := strconv.Itoa(n)
	head := len(digits) % 3
	var parts []string
	if head > 0 && n >= 0 {
		parts = append(parts, digits[:head])
	}
	if n < 0 {
		return digits
	}
	for i := head; i < len(digits); i += 3 {
		parts = append(parts, digits[i:i+3])
	}
	return strings.Join(parts, thousands)
}

// percent writes a probability as a whole number of percent: 100 only for certainty, 0
// only for impossibility.
func percent(p float64) int {
	n := int(p*100 + 0.5)
	switch {
	case n >= 100 && p < 1:
		return 99
	case n <= 0 && p > 0:
		return 1
	}
	return min(max(n, 0), 100)
}

// share writes a share as percent with two digits behind the point, rounded down.
func share(p float64, point string) string {
	hundredths := int(p*1e4 + 1e-6)
	return fmt.Sprintf("%d%s%02d", hundredths/100, point, hundredths%100)
}

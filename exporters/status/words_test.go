package status

import (
	"sync"
	"testing"

	"github.com/mailpath/mailpath/exporters/words"
)

// builtIn are the built-in words, in the zone of the examples. Loading them tries every
// template, so that is done once for all tests.
var builtIn = map[string]func() (*words.Words, error){
	"de": sync.OnceValues(func() (*words.Words, error) { return words.Load(words.Config{Language: "de", Zone: cet}) }),
	"en": sync.OnceValues(func() (*words.Words, error) { return words.Load(words.Config{Language: "en", Zone: cet}) }),
}

func newWords(tb testing.TB, language string) *words.Words {
	tb.Helper()
	w, err := builtIn[language]()
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

package words

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
)

// docs/words.md names every function and all that templates are given beside the situation.
func TestDocsNameWhatThereIs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/words.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range functions(&writer{}, language.English, time.UTC) {
		if !strings.Contains(string(page), "`"+name+" ") {
			t.Errorf("docs/words.md: got no function %q", name)
		}
	}
	for _, v := range []any{View{}, Effect{}, Case{}, Update{}, Window{}, Moment{}} {
		kind := reflect.TypeOf(v)
		for i := range kind.NumField() {
			if f := kind.Field(i); !f.Anonymous && !strings.Contains(string(page), "`."+f.Name+"`") {
				t.Errorf("docs/words.md: got no field %s of %s", f.Name, kind)
			}
		}
	}
	for _, k := range kinds {
		if !strings.Contains(string(page), "`"+string(k)+"`") {
			t.Errorf("docs/words.md: got no kind %q", k)
		}
	}
}

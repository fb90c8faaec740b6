package trace_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe/trace"
)

var update = flag.Bool("update", false, "write the expected files anew")

// TestProducts reads what each product writes: NN-name.eml is a header in its shape,
// NN-name.hops what is read of it, top to bottom.
func TestProducts(t *testing.T) {
	files, err := filepath.Glob("testdata/products/*.eml")
	if err != nil || len(files) < 50 {
		t.Fatalf("got %d files (%v), want one for each product", len(files), err)
	}
	for _, file := range files {
		got := text(readFile(t, file))
		golden := strings.TrimSuffix(file, ".eml") + ".hops"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got\n%swant\n%s", file, got, want)
		}
	}
}

// text writes a trace down, a line for everything in it.
func text(tr *trace.Trace) string {
	var b strings.Builder
	for i, e := range tr.Entries {
		kind := "note"
		if e.IsHop {
			kind = "hop "
		}
		fmt.Fprintf(&b, "%s by=%q from=%q with=%q id=%q %s", kind, e.By, e.From, e.With, e.ID, stamp(e.Stamp))
		if d, ok := tr.Delay(i); ok {
			fmt.Fprintf(&b, " delay=%v..%v", d.Min, d.Max)
		}
		if e.Greylisted != 0 {
			fmt.Fprintf(&b, " greylisted=%v", e.Greylisted)
		}
		b.WriteByte('\n')
	}
	for _, m := range tr.Marks {
		fmt.Fprintf(&b, "mark %s host=%q %s took=%v\n", m.Field, m.Host, stamp(m.Stamp), m.Took)
	}
	for _, a := range tr.Authentication([]string{"*"}) {
		fmt.Fprintf(&b, "auth %s=%s\n", a.Method, a.Result)
	}
	return b.String()
}

func stamp(s trace.Stamp) string {
	if s.At.IsZero() {
		return "at=none"
	}
	return fmt.Sprintf("at=%s+%v (%s)", s.At.Format(time.RFC3339Nano), s.Resolution, cmp.Or(string(s.Source), "no source"))
}

package world_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

func TestSetField(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.SetField("antispam", "X-Scanned: twice"))
		must(t, w.SetField("store-hq", "X-Scanned: for nothing"))
		must(t, w.SetField("store-hq", ""))
		must(t, send(t, w, "past-av-to-hq", 1))
		time.Sleep(aWhile)
		all, err := w.Messages("hq", "INBOX")
		must(t, err)
		if got, want := probe.ParseHeader(all[0]).All("X-Scanned"), []string{"twice", "twice"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q: where it comes in, and where it goes on", got, want)
		}
		for _, wrong := range []error{w.SetField("nowhere", "A: b"), w.SetField("antispam", "no colon"), w.SetField("antispam", ": no name"), w.SetField("antispam", "A: b\r\nC: d")} {
			if wrong == nil {
				t.Error("wrong use: got no error, want one")
			}
		}
	})
}

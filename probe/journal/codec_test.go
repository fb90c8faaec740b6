package journal

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/probetest"
)

// Journals are read by older and newer versions: what they cannot know is skipped.
func TestNewerEventsAreSkipped(t *testing.T) {
	known, err := encodeAll([]probe.Event{{At: time.Unix(1, 0), Fact: probe.Blind{Mailbox: "hq", Problem: "refused"}}})
	if err != nil {
		t.Fatal(err)
	}
	extended := protowire.AppendTag(known[0], 99, protowire.Fixed64Type)
	extended = protowire.AppendFixed64(extended, 1)
	extended = protowire.AppendTag(extended, 98, protowire.BytesType)
	extended = protowire.AppendString(extended, "from the future")
	got, err := newDecoder().decode(extended)
	if want := (probe.Blind{Mailbox: "hq", Problem: "refused"}); err != nil || got.Fact != want {
		t.Errorf("unknown fields: got %+v, %v, want %+v", got.Fact, err, want)
	}
	for name, raw := range map[string][]byte{
		"unknown kind":    {codecVersion, 120, 2},
		"unknown version": {codecVersion + 1, 1, 2, 3},
		"empty":           {},
	} {
		if _, err := newDecoder().decode(raw); !errors.Is(err, errUnknownKind) {
			t.Errorf("%s: got %v, want %v", name, err, errUnknownKind)
		}
	}
}

// FuzzDecode holds that a damaged event neither panics nor changes in a round trip.
func FuzzDecode(f *testing.F) {
	for _, fact := range probetest.Facts() {
		raw, err := encodeAll([]probe.Event{{At: time.Unix(1, 2), Fact: fact}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw[0])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := newDecoder()
		first, err := d.decode(raw)
		if err != nil {
			return
		}
		again, err := encodeAll([]probe.Event{first})
		if err != nil {
			t.Fatal(err)
		}
		second, err := d.decode(again[0])
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("got %+v, %v, want %+v", second, err, first)
		}
	})
}

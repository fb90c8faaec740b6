package probe_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// key makes a key from one byte, so that tests can name keys.
func key(t testing.TB, b byte) probe.Key {
	t.Helper()
	k, err := probe.NewKey(bytes.NewReader(bytes.Repeat([]byte{b}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keyring(t testing.TB, prober string, keys ...byte) *probe.Keyring {
	t.Helper()
	var all []probe.Key
	for _, b := range keys {
		all = append(all, key(t, b))
	}
	ring, err := probe.NewKeyring(prober, all...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// prose is a payload for tests.
type prose struct{}

func (prose) Name() string { return "plain" }
func (prose) Text(probe.Tag) string {
	return "This message checks that mail arrives.\nNobody needs to answer it.\n"
}

var slot = time.Date(2026, 11, 23, 8, 41, 0, 0, time.UTC)

func plainProbe(route string) probe.Probe {
	return probe.Probe{
		Route: probe.Route{
			Name: route, Direction: probe.Inbound, Sender: "outside", Mailbox: "hq",
			From: "mailpath@provider.example", To: "mailpath-in@example.com",
		},
		Payload: prose{}, Every: 30 * time.Second, LateAfter: time.Minute, LostAfter: 4 * time.Hour, Expect: probe.ExpectDelivered,
	}
}

func newTag(prober, route string) probe.Tag {
	return probe.NewTag(prober, plainProbe(route), probe.Scheduled, slot, slot.Add(1234*time.Microsecond))
}

func TestFullTagCarriesEverything(t *testing.T) {
	ring := keyring(t, "hq-1", 1)
	want := newTag("hq-1", "outside-to-hq@mx2")
	got, ok := ring.FindFull("before " + ring.SignFull(want) + " after")
	if !ok {
		t.Fatalf("FindFull did not find %q", ring.SignFull(want))
	}
	if !got.Slot.Equal(want.Slot) || !got.Sent.Equal(want.Sent) {
		t.Errorf("got slot %v and sent %v, want %v and %v", got.Slot, got.Sent, want.Slot, want.Sent)
	}
	got.Slot, got.Sent = want.Slot, want.Sent
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestShortTagCarriesTheID(t *testing.T) {
	ring := keyring(t, "hq-1", 1)
	want := newTag("hq-1", "outside-to-hq")
	got, ok := ring.FindShort("FWD " + strings.ToUpper(ring.SignShort(want.ID)) + "!")
	if !ok || got.ID != want.ID || got.Full {
		t.Errorf("got %+v, %v, want id %v and no more", got, ok, want.ID)
	}
}

// Any single changed character of a tag makes it one that nobody signed.
func TestChangedTagIsNotBelieved(t *testing.T) {
	ring := keyring(t, "hq-1", 1)
	tag := newTag("hq-1", "outside-to-hq")
	for form, find := range map[string]func(string) (probe.Tag, bool){
		ring.SignFull(tag):     ring.FindFull,
		ring.SignShort(tag.ID): ring.FindShort,
	} {
		for i := range form {
			for _, c := range []byte("a7:.") {
				if form[i] == c {
					continue
				}
				changed := form[:i] + string(c) + form[i+1:]
				if got, ok := find(changed); ok {
					t.Fatalf("believed %q (%+v), which is %q with character %d changed", changed, got, form, i)
				}
			}
		}
	}
}

func TestForeignTagIsNotBelieved(t *testing.T) {
	ours := keyring(t, "hq-1", 1)
	for name, theirs := range map[string]*probe.Keyring{
		"another key":                   keyring(t, "hq-1", 2),
		"another prober, the same key":  keyring(t, "hq-2", 1),
		"another prober, another key":   keyring(t, "hq-2", 2),
		"a key that only verifies here": keyring(t, "hq-2", 3, 1),
	} {
		tag := newTag(theirs.Prober(), "outside-to-hq")
		if _, ok := ours.FindFull(theirs.SignFull(tag)); ok {
			t.Errorf("%s: believed a full tag", name)
		}
		if _, ok := ours.FindShort(theirs.SignShort(tag.ID)); ok {
			t.Errorf("%s: believed a short tag", name)
		}
	}
}

func TestFirstKeySignsAllVerify(t *testing.T) {
	before, during, after := keyring(t, "hq-1", 1), keyring(t, "hq-1", 2, 1), keyring(t, "hq-1", 2)
	tag := newTag("hq-1", "outside-to-hq")
	for _, c := range []struct {
		name         string
		signs, reads *probe.Keyring
		want         bool
	}{
		{"an old tag, while both keys are there", before, during, true},
		{"a new tag, after the old key has gone", during, after, true},
		{"an old tag, after the old key has gone", before, after, false},
		{"a new tag, read with the old key", during, before, false},
	} {
		if _, got := c.reads.FindFull(c.signs.SignFull(tag)); got != c.want {
			t.Errorf("%s: full: got %v, want %v", c.name, got, c.want)
		}
		if _, got := c.reads.FindShort(c.signs.SignShort(tag.ID)); got != c.want {
			t.Errorf("%s: short: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestIDIsNeverUsedTwice(t *testing.T) {
	seen := make(map[probe.ID]bool)
	for range 10_000 {
		id := newTag("hq-1", "outside-to-hq").ID
		if seen[id] {
			t.Fatalf("id %v was given twice for one slot", id)
		}
		seen[id] = true
	}
}

func TestKeyNeverPrints(t *testing.T) {
	k := key(t, 7)
	secret := strings.TrimPrefix(k.Reveal(), "mailpath-key-1:")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("started", "key", k, "ring", keyring(t, "hq-1", 7))
	for _, printed := range []string{fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s", k, k, k, k), log.String()} {
		if strings.Contains(printed, secret[:12]) || strings.Contains(printed, "[7 7 7") {
			t.Errorf("the key prints: %s", printed)
		}
	}
}

func TestKeySurvivesItsFile(t *testing.T) {
	k := key(t, 7)
	got, err := probe.ParseKey("\n" + k.Reveal() + "\r\n")
	if err != nil || got.Reveal() != k.Reveal() {
		t.Errorf("got %v, %v, want %v", got, err, k)
	}
	for text, want := range map[string]string{
		"hunter2":                `reading a tag key: got 7 bytes that do not begin with "mailpath-key-1:"; ` + "`mailpath config key` makes a key",
		"mailpath-key-1:abcdefg": `reading a tag key: got 7 characters after "mailpath-key-1:", want 52 of base32; ` + "`mailpath config key` makes a key",
	} {
		if _, err := probe.ParseKey(text); err == nil || err.Error() != want {
			t.Errorf("ParseKey(%q): got %v, want %s", text, err, want)
		}
	}
}

// FuzzFindTag holds that no text is believed but one that holds a tag we signed.
func FuzzFindTag(f *testing.F) {
	ring := keyring(f, "hq-1", 1, 2)
	other := keyring(f, "hq-2", 2)
	tag := probe.Tag{ID: 42, Prober: "hq-1", Route: "r", Payload: "plain", Purpose: probe.Manual, Slot: slot, Sent: slot, Interval: time.Second}
	f.Add(ring.SignFull(tag), ring.SignShort(tag.ID))
	f.Add(other.SignFull(tag), other.SignShort(tag.ID))
	f.Fuzz(func(t *testing.T, full, short string) {
		if got, ok := ring.FindFull(full); ok && !strings.Contains(strings.Join(strings.Fields(full), ""), ring.SignFull(got)) && got.ID != 42 {
			t.Errorf("believed %+v from %q", got, full)
		}
		if got, ok := ring.FindShort(short); ok && got.ID != 42 {
			t.Errorf("believed %+v from %q", got, short)
		}
	})
}

package payload_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/probe"
)

func tagOf(id probe.ID, prober, route string) probe.Tag {
	return probe.Tag{ID: id, Prober: prober, Route: route, Payload: "plain", Sent: time.Date(2026, 11, 23, 8, 41, 7, 0, time.UTC)}
}

// unwanted are words that auto-responders, bounces and advertisements use, and
// those that announce a forwarded mail.
func unwanted() []string {
	return []string{
		"out of office", "out of the office", "vacation", "holiday", "absen", "autoreply", "auto-reply", "automatic",
		"undeliver", "fail", "returned", "bounce", "click", "free", "offer", "urgent", "subscribe", "account",
		"password", "prize", "money", "http", "www.", "@", "original message", "forwarded",
	}
}

// everyParagraph yields ids whose texts hold every paragraph there is: 512 first
// ones and 64 second ones, which are chosen and filled apart.
func everyParagraph(yield func(probe.ID) bool) {
	for first := range probe.ID(512) {
		if !yield(first | first%64<<9) {
			return
		}
	}
}

func TestEveryVariantFits(t *testing.T) {
	longest := strings.Repeat("x", probe.MaxName)
	for _, name := range []string{longest, "from"} {
		for id := range everyParagraph {
			text := payload.Plain().Text(tagOf(id, name, name))
			for line := range strings.Lines(text) {
				checkLine(t, id, strings.TrimSuffix(line, "\n"))
			}
			if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
				t.Fatalf("variant %d: got the end %q, want one line end", id, text[len(text)-4:])
			}
		}
	}
}

func checkLine(t *testing.T, id probe.ID, line string) {
	t.Helper()
	if len(line) > 72 {
		t.Fatalf("variant %d: got a line of %d columns, want at most 72: %q", id, len(line), line)
	}
	for _, b := range []byte(line) {
		if b < ' ' || b > '~' {
			t.Fatalf("variant %d: got byte %#x, want printable ASCII: %q", id, b, line)
		}
	}
	// Without a colon no line is the head of a quoted or forwarded mail ("From:",
	// "On Monday A wrote:"); "From " at the start separates the mails of an mbox file.
	rest := strings.ReplaceAll(line, "08:41:07", "")
	if strings.ContainsAny(rest, ":>|<") || strings.HasPrefix(line, "From ") {
		t.Fatalf("variant %d has a line that looks quoted or forwarded: %q", id, line)
	}
	lower := strings.ToLower(line)
	for _, word := range unwanted() {
		if strings.Contains(lower, word) {
			t.Fatalf("variant %d has a line with %q, which filters look for: %q", id, word, line)
		}
	}
}

// TestEveryVariantDiffers: if all first paragraphs differ and all second ones do,
// so do the 32,768 texts that are made of them.
func TestEveryVariantDiffers(t *testing.T) {
	first, second := make(map[string]bool), make(map[string]bool)
	for id := range everyParagraph {
		text := payload.Plain().Text(tagOf(id, "hq-1", "outside-to-hq"))
		one, two, _ := strings.Cut(text, "\n\n")
		first[one], second[two] = true, true
	}
	if len(first) != 512 || len(second) != 64 {
		t.Errorf("got %d first and %d second paragraphs that differ, want 512 and 64", len(first), len(second))
	}
}

func TestEveryVariantSaysWhoAndThatNothingIsWanted(t *testing.T) {
	for id := range everyParagraph {
		text := payload.Plain().Text(tagOf(id, "hq-1", "outside-to-hq"))
		flat := strings.Join(strings.Fields(text), " ")
		for _, want := range []string{"test", "answer", "hq-1", "outside-to-hq", "08:41:07 UTC"} {
			if !strings.Contains(flat, want) {
				t.Fatalf("variant %d: got %q, want %q in it", id, text, want)
			}
		}
	}
}

func TestText(t *testing.T) {
	got := payload.Plain().Text(tagOf(0b001_011_100_010_101, "hq-1", "outside-to-hq"))
	want := `Good day. This mail is one of many small tests. A program called hq-1,
which watches the mail, wrote it at 08:41:07 UTC for the route
outside-to-hq. As long as such mails arrive quickly, everything is in
order.

You need not answer it, and you need not keep it. The line of letters
below is how the monitor knows it again.
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestByName(t *testing.T) {
	for _, name := range payload.Names() {
		p, err := payload.ByName(name)
		if err != nil {
			t.Errorf("payload %q: got error %v, want none", name, err)
			continue
		}
		if p.Name() != name {
			t.Errorf("payload %q: got the name %q", name, p.Name())
		}
	}
	_, err := payload.ByName("eicar")
	if want := `choosing a payload: got "eicar", want one of plain`; err == nil || err.Error() != want {
		t.Errorf("payload eicar: got error %v, want %q", err, want)
	}
	if !slices.Contains(payload.Names(), "plain") {
		t.Errorf("names: got %q, want plain among them", payload.Names())
	}
}

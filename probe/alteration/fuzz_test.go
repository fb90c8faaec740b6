package alteration_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/alteration"
)

// FuzzFind holds that whatever is found, what is told of it is in order, each thing once,
// bounded, and can be shown.
func FuzzFind(f *testing.F) {
	sent := plain(f)
	m := asDelivered(mailOf(sent))
	for _, m := range []mail{
		m, exchangeWarning(m), m.subject("=?utf-8?b?W1hd?= ", "").around("a\r\n", "b"),
		m.as(`multipart/mixed; boundary="=_b"`, "", part("Content-Type: message/rfc822", "Content-Type: text/html\r\n\r\n<a href=x>"+m.body)+end),
		m.as("text/plain; charset=utf-16", "base64", inBase64(m.body)),
	} {
		o := m.found()
		f.Add(o.Header, o.Body)
	}
	f.Fuzz(func(t *testing.T, header, body []byte) {
		got := alteration.Find(sent, probe.Observation{Header: header, Body: body})
		for i, a := range got {
			if i > 0 && kindAt(a) < kindAt(got[i-1]) || slices.Contains(got[:i], a) || kindAt(a) < 0 || a.Meant {
				t.Errorf("got %+v behind %+v", a, got[:i])
			}
			unfit := func(r rune) bool { return !unicode.IsPrint(r) && r != ' ' }
			if len(a.Text) > 100 || !utf8.ValidString(a.Text) || strings.ContainsFunc(a.Text, unfit) || strings.TrimSpace(a.Text) != a.Text {
				t.Errorf("got text %q, want one line of at most 100 bytes", a.Text)
			}
		}
		if len(got) > 32 {
			t.Errorf("got %d alterations, want a bounded number", len(got))
		}
	})
}

func kindAt(a probe.Alteration) int { return slices.Index(probe.AlterationKinds[:], a.Kind) }

// FuzzAround holds that text put around ours is told as such, and that ours is found.
func FuzzAround(f *testing.F) {
	f.Add("Beware\r\n", "-- \r\nBye", true)
	f.Add("http://x www.", ".", false)
	f.Fuzz(func(t *testing.T, above, below string, encoded bool) {
		if len(above)+len(below) > 8<<10 || !utf8.ValidString(above+below) {
			return // longer than what is read of it, or no text
		}
		sent := plain(t)
		m := mailOf(sent).around(above+"\n", "\n"+below)
		if encoded {
			m = m.as("text/plain; charset=utf-8", "base64", inBase64(m.body))
		}
		for _, a := range alteration.Find(sent, m.found()) {
			if a.Kind != probe.Banner && a.Kind != probe.Footer && a.Kind != probe.Reencoded {
				t.Errorf("got %+v, want nothing but what is around our text", a)
			}
		}
	})
}

// Find takes time that grows with what it reads, and no more, for whatever is written to
// make it slow.
func TestHostile(t *testing.T) {
	sent := plain(t)
	nested := strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 1300)
	header := func(field string) string { return strings.Repeat(field, (1<<20)/len(field)) }
	for name, o := range map[string]probe.Observation{
		"parts in parts":       {Header: []byte("Content-Type: multipart/mixed; boundary=b\r\n"), Body: []byte("--b\r\n" + nested)},
		"messages in messages": {Header: []byte("Content-Type: message/rfc822\r\n"), Body: []byte(strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 2000))},
		"many parts":           {Header: []byte("Content-Type: multipart/mixed; boundary=b\r\n"), Body: []byte(strings.Repeat("--b\r\n\r\nx\r\n", 6000))},
		"tags":                 {Header: []byte("Content-Type: text/html\r\n"), Body: []byte(strings.Repeat("<style><a href=\"", 4000))},
		"comments":             {Header: []byte("Content-Type: text/html\r\n"), Body: []byte(strings.Repeat("<!--", 16000))},
		"links":                {Header: []byte("A: b\r\n"), Body: []byte(strings.Repeat("https://x ", 6500))},
		"dates":                {Header: []byte(header("Date: ((((((((((((((((((((((((((\r\n")), Body: nil},
		"authors":              {Header: []byte(header("From: <a@b>,\"\r\n")), Body: nil},
		"a long author":        {Header: []byte("From: " + header("<a@b>,(\\"))},
		"a long Subject":       {Header: []byte("Subject: " + header("=?utf-8?q?a?= "))},
		"a long Content-Type":  {Header: []byte("Content-Type: text/plain; " + header("a*1*=b;")), Body: []byte("x")},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			got := alteration.Find(sent, o)
			took := time.Since(began)
			t.Logf("%v, %d alterations", took, len(got))
			if took > time.Second {
				t.Errorf("took %v, want milliseconds", took)
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	sent := plain(b)
	m := asDelivered(mailOf(sent))
	for i := range 12 {
		m = m.on("X-Filter-" + string(rune('A'+i)) + ": " + strings.Repeat("some words ", 12))
	}
	for name, m := range map[string]mail{
		"unaltered": m, "exchange": exchangeWarning(m), "banner": m.around("Beware\r\n", ""), "64KiB": m.around(strings.Repeat("Beware of links\r\n", 3700), ""),
	} {
		o := m.found()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				alteration.Find(sent, o)
			}
		})
	}
}

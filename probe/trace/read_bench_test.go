package trace_test

import (
	"bytes"
	"net/mail"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe/trace"
)

// hostile are headers of 1 MiB that are made to take long.
func hostile() map[string]string {
	const size = 1 << 20
	fill := func(piece string) string { return strings.Repeat(piece, size/len(piece)) }
	one := func(piece string) string { return "Received: from a by b " + fill(piece) }
	return map[string]string{
		"OneField":       one("x"),
		"Words":          one("a b=c 1:2 "),
		"Opened":         one("("),
		"Closed":         one(")"),
		"Nested":         one("(") + fill(")"),
		"Semicolons":     one(";"),
		"Quotes":         one(`" "`),
		"Backslashes":    one(`\`),
		"Clocks":         one("1:2 "),
		"Commas":         one(","),
		"TimesOfDay":     one("1:1z,"),
		"ManyTimesOfDay": fill("Received: from a by b; " + strings.Repeat("1:1z,", 3200) + "\n"),
		"Helos":          one("(helo "),
		"Latin":          one("\xff"),
		"Entities":       one("&lt;"),
		"Short":          fill("Received:\n"),
		"Fields":         fill("Received: from a by b with ESMTP id 1; Mon, 23 Nov 2026 08:41:02 +0100\n"),
		"Medium":         fill("Received: from a (" + strings.Repeat("x (y) ", 150) + ") by b; Mon, 23 Nov 2026 08:41:02 +0100\n"),
		"Spam":           fill("X-Spam: x\n"),
		"Authentication": fill("Authentication-Results: a; spf=pass; dkim=pass\n"),
		"OneResult":      "Authentication-Results: a; " + fill("dkim=pass;"),
		"Greylists":      fill("X-Greylist: delayed " + strings.Repeat("delayed by a ", 70) + "\n"),
		"Greylisted":     strings.Repeat("X-Greylist: delayed 300 seconds by postgrey at nowhere\n", 200) + fill("Received: from a by b; Mon, 23 Nov 2026 08:41:02 +0100\n"),
		"Arrivals":       strings.Repeat("X-OriginalArrivalTime: 1 Jan 2020 00:00:00 (UTC)\n", 200) + fill("Received: from a by b with Microsoft SMTPSVC; Mon, 23 Nov 2026 08:41:02 +0100\n"),
		"Signatures":     fill("DKIM-Signature: d=a; t=1; " + strings.Repeat("b=c;", 100) + "\n"),
		"Folds":          one("x\n "),
		"Soft":           one("=\n"),
		"CR":             one("\r"),
		"NUL":            one("\x00"),
	}
}

// No header of 1 MiB makes much work: it would hold up everything that is found with
// it. How long each takes BenchmarkHostile says; what is copied again and again shows in
// the memory that is asked for.
func TestHostileHeaders(t *testing.T) {
	for name, header := range hostile() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := trace.Read([]byte(header))
		got.Hops()
		for i := range got.Entries {
			got.Delay(i)
		}
		got.Authentication([]string{"*x"})
		runtime.ReadMemStats(&after)
		if asked := after.TotalAlloc - before.TotalAlloc; asked > 64<<20 {
			t.Errorf("%s: asked for %d MiB in all, want at most 64", name, asked>>20)
		}
	}
}

// BenchmarkRead reads a header of eight hops of a mailing list, as real ones are.
func BenchmarkRead(b *testing.B) {
	raw := sampleOf(b, "testdata/samples/0518.hdr")
	for b.Loop() {
		trace.Read(raw)
	}
}

// BenchmarkReadMessage is net/mail's reader on the same header: it takes the fields
// apart and reads none of them.
func BenchmarkReadMessage(b *testing.B) {
	raw := append(sampleOf(b, "testdata/samples/0518.hdr"), "\r\n"...)
	for b.Loop() {
		if _, err := mail.ReadMessage(bytes.NewReader(raw)); err != nil {
			b.Fatal(err)
		}
	}
}

func sampleOf(b *testing.B, path string) []byte {
	b.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	return raw
}

func BenchmarkHostile(b *testing.B) {
	for name, header := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(header)))
			b.ReportAllocs()
			for b.Loop() {
				trace.Read([]byte(header))
			}
		})
	}
}

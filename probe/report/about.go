package report

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// Limits of the texts that may name the message a report is about.
const (
	maxTexts     = 64
	maxTextBytes = 1 << 20 // of all
	maxText      = 64 << 10
)

// texts collects what may name a message, each text once.
type texts struct {
	all  []string
	seen map[string]bool
	size int
}

func (t *texts) add(values ...string) {
	for _, v := range values {
		v = strings.TrimSpace(v[:min(len(v), maxText)])
		if v == "" || t.seen[v] || len(t.all) >= maxTexts || t.size+len(v) > maxTextBytes {
			continue
		}
		t.all, t.seen[v], t.size = append(t.all, v), true, t.size+len(v)
	}
}

// naming are the fields that name the message in the original's header, and may in the
// report's own.
var naming = []string{probe.TagField, "Message-ID", "Subject"}

// about gives the texts that may name the message a report is about, those first that say
// most: the original's header, the envelope's id, what the report answers, its own
// header, and then all that was written and quoted.
func about(s signs, m *opened) []string {
	t := &texts{seen: make(map[string]bool)}
	m.encloseAppended()
	for _, name := range naming {
		for _, p := range m.parts {
			if p.kind == "message/rfc822" {
				t.fields(p.header, name)
			}
		}
	}
	t.fields(s.header, probe.TagField)
	for _, p := range m.parts {
		if strings.HasSuffix(p.kind, "delivery-status") || strings.HasSuffix(p.kind, "disposition-notification") {
			t.fields(probe.ParseHeader([]byte(p.text)), "Original-Envelope-Id", "Original-Message-ID")
		}
	}
	t.fields(s.header, "In-Reply-To", "References", "Subject", "Thread-Topic", "X-Original-Message-ID", "Original-Message-ID", "X-Original-Subject")
	for _, within := range []bool{true, false} {
		for _, p := range m.parts {
			if p.within == within {
				t.part(p)
			}
		}
	}
	var rest strings.Builder
	for _, f := range s.header {
		rest.WriteString(decoded(f.Value[:min(len(f.Value), maxSubject)]) + "\n")
		if rest.Len() > maxText {
			break
		}
	}
	t.add(rest.String())
	return t.all
}

func (t *texts) fields(h probe.Header, names ...string) {
	for _, name := range names {
		values := h.All(name)
		for _, v := range values[:min(len(values), 4)] {
			if v = decoded(v); name == "Original-Envelope-Id" {
				v = xtext(v)
			}
			t.add(v)
		}
	}
}

// part adds what a part says, as it reads without quotation, markup and a transfer
// encoding that nobody declared.
func (t *texts) part(p part) {
	text := p.text
	if p.kind == "text/html" {
		text = fromHTML(text[:min(len(text), 4*maxText)])
	}
	for n := 0; n < 4 && text != ""; n++ {
		piece := text[:min(len(text), maxText)]
		t.add(unquoted(piece))
		if strings.Contains(piece, "=\n") {
			t.add(unquoted(fromQuotedPrintable(piece)))
		}
		// What stands across two pieces is whole in the second one.
		if len(piece) == len(text) {
			break
		}
		text = text[len(piece)-maxSubject:]
	}
}

func fromQuotedPrintable(s string) string {
	plain, _ := io.ReadAll(quotedprintable.NewReader(bytes.NewReader([]byte(s))))
	return string(plain)
}

// encloseAppended makes a part of every original that is appended to a text.
func (m *opened) encloseAppended() {
	for _, p := range m.parts[:len(m.parts):len(m.parts)] {
		if p.within || p.kind != "text/plain" {
			continue
		}
		if _, original := cutOriginal(p.text); original != "" {
			m.enclose(strings.TrimLeft(unquoted(original), "\n \t-="), maxDepth/2)
		}
	}
}

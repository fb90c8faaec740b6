package report

import (
	"bytes"
	"io"
	"mime"
	"regexp"
	"slices"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // what message.New decodes texts with

	"github.com/mailpath/mailpath/probe"
)

// Limits of what is opened.
const (
	maxParts = 100
	maxDepth = 8 // of messages and multiparts within one another
)

// part is a leaf of a message's tree, its transfer encoding taken off, in UTF-8.
type part struct {
	kind   string       // media type, in lower case
	header probe.Header // of the part; if it is an enclosed message, that message's
	text   string       // of an enclosed message: its header
	within bool         // it belongs to an enclosed message, or is one
}

// opened is a message taken apart.
type opened struct {
	header probe.Header
	parts  []part
}

func open(h probe.Header, body []byte) *opened {
	m := &opened{header: h}
	m.walk(h, withLF(body), 0, false)
	return m
}

// find gives the first part of a kind, outermost first. Enclosed messages count if deep:
// one that is a report was wrapped into another one on its way, but people send them, too.
func (m *opened) find(deep bool, kinds ...string) (part, bool) {
	for _, within := range []bool{false, true} {
		for _, p := range m.parts {
			if p.within == within && (deep || !within) && slices.Contains(kinds, p.kind) {
				return p, true
			}
		}
	}
	return part{}, false
}

func (m *opened) add(p part) {
	if len(m.parts) < maxParts {
		m.parts = append(m.parts, p)
	}
}

// walk takes one entity apart. What says that it is a multipart and is none is read as
// text.
func (m *opened) walk(h probe.Header, body []byte, depth int, within bool) {
	kind, params := mediaType(h)
	if len(m.parts) >= maxParts {
		return
	}
	if depth < maxDepth && (strings.HasPrefix(kind, "multipart/") || kind == "") {
		if pieces := pieces(body, kind, params["boundary"]); len(pieces) > 0 {
			for _, piece := range pieces {
				header, rest := cutHeader(piece)
				m.walk(header, rest, depth+1, within)
			}
			return
		}
	}
	text := decode(h, params["charset"], body)
	switch kind {
	case "message/rfc822", "message/global", "message/news", "text/rfc822-headers", "text/rfc822", "message/rfc822-headers", "message/global-headers", "text/message-headers", "message/partial":
		m.enclose(text, depth)
	case "":
		m.add(part{kind: "text/plain", header: h, text: text, within: within})
	default:
		m.add(part{kind: kind, header: h, text: text, within: within})
	}
}

// enclose adds a message within the message.
func (m *opened) enclose(text string, depth int) {
	text = strings.TrimLeft(text, "\n")
	header, rest := cutHeader([]byte(text))
	m.add(part{kind: "message/rfc822", header: header, text: text[:len(text)-len(rest)], within: true})
	if depth < maxDepth && len(bytes.TrimSpace(rest)) > 0 {
		m.walk(header, rest, depth+1, true)
	}
}

// cutHeader divides an entity at its first empty line. One that begins with it has no
// header.
func cutHeader(entity []byte) (probe.Header, []byte) {
	if bytes.HasPrefix(entity, []byte("\n")) {
		return nil, entity[1:]
	}
	head, rest, found := bytes.Cut(entity, []byte("\n\n"))
	if !found {
		rest = entity[len(entity):]
	}
	return probe.ParseHeader(head), rest
}

var (
	typeIn     = regexp.MustCompile(`^\s*([A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+)`)
	paramIn    = regexp.MustCompile(`(?i)[;\s](boundary|charset|report-type)\s*=\s*(?:"([^"]*)"?|([^\s;"]+))`)
	boundaryIn = regexp.MustCompile(`(?i)(?:^|\n)--([^\n]{1,200}?)[ \t]*\n(?:[A-Za-z0-9-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,5}content-[a-z-]+:`)
)

// mediaType reads a Content-Type (RFC 2045 section 5.1), well formed or not.
func mediaType(h probe.Header) (string, map[string]string) {
	value, _ := h.Get("Content-Type")
	kind, params, err := mime.ParseMediaType(value)
	if err == nil {
		return kind, params
	}
	params = make(map[string]string)
	for _, p := range paramIn.FindAllStringSubmatch(value, 8) {
		params[strings.ToLower(p[1])] = p[2] + p[3]
	}
	if t := typeIn.FindStringSubmatch(value); t != nil {
		return strings.ToLower(t[1]), params
	}
	return "", params
}

// pieces divides a multipart at its boundary (RFC 2046 section 5.1.1). If it does not
// have that one, what looks like one is taken, in a body whose type was lost only if it
// begins with it: text may quote others. The last one need not be there.
func pieces(body []byte, kind, boundary string) [][]byte {
	if boundary != "" {
		if found := piecesAt(body, boundary); len(found) > 0 {
			return found
		}
	}
	start := body[:min(len(body), maxProse)]
	at := boundaryIn.FindSubmatchIndex(start)
	if at == nil || kind == "" && len(bytes.TrimSpace(start[:at[0]])) > 0 {
		return nil
	}
	return piecesAt(body, string(start[at[2]:at[3]]))
}

func piecesAt(body []byte, boundary string) [][]byte {
	var found [][]byte
	marker := []byte("--" + strings.TrimRight(boundary, " \t"))
	start := -1
	for at := 0; at < len(body) && len(found) < maxParts; {
		end := at + lineLen(body[at:])
		rest, isMarker := bytes.CutPrefix(body[at:end], marker)
		rest = bytes.TrimSpace(rest)
		last := string(rest) == "--"
		if isMarker && (len(rest) == 0 || last) {
			if start >= 0 {
				found = append(found, body[start:at])
			}
			if start = end; last {
				return found
			}
		}
		at = end
	}
	if start >= 0 && start < len(body) {
		found = append(found, body[start:])
	}
	return found
}

func lineLen(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	return len(b)
}

// decode takes the transfer encoding off and turns text into UTF-8. What cannot be
// decoded is kept as it came, below what could.
func decode(h probe.Header, charset string, raw []byte) string {
	encoding, _ := h.Get("Content-Transfer-Encoding")
	encoding, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(encoding)), " ")
	var eh message.Header
	eh.Set("Content-Transfer-Encoding", encoding)
	if charset != "" {
		eh.SetContentType("text/plain", map[string]string{"charset": charset})
	}
	e, err := message.New(eh, bytes.NewReader(raw))
	if e == nil {
		return inUTF8(raw)
	}
	decoded, readErr := io.ReadAll(io.LimitReader(e.Body, 2*probe.MaxReport))
	if (err != nil || readErr != nil) && encoding != "base64" {
		decoded = append(append(decoded, '\n'), raw...)
	}
	return inUTF8(withLF(decoded))
}

package probe

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
)

// TagField is the header field that carries the full tag.
const TagField = "X-Mailpath-Tag"

// MaxBody is how much of a body, in bytes, is searched for a tag.
const MaxBody = 64 << 10

// Carrier is the place in a message that a tag was believed from.
type Carrier string

// The carriers, strongest first.
const (
	InHeader    Carrier = "header"
	InMessageID Carrier = "message-id"
	InSubject   Carrier = "subject"
	InBody      Carrier = "body"
)

// Matcher tells the arrivals of our own test messages from all other mail. It is
// pure and safe for concurrent use.
type Matcher struct {
	keys    *Keyring
	senders map[string]bool
	reports ReportReader // nil: none are recognised
}

// NewMatcher makes a matcher for what the key ring's prober sends from the
// addresses in senders. Reports are read by the reader; nil: none are.
func NewMatcher(keys *Keyring, senders []string, reports ReportReader) *Matcher {
	m := &Matcher{keys: keys, senders: make(map[string]bool, len(senders)), reports: reports}
	for _, s := range senders {
		m.senders[strings.ToLower(s)] = true
	}
	return m
}

// Match says whether a message, given its header, is an arrival of one of ours,
// by which tag, and where the tag stood. The header field and the Message-ID are
// believed at top level. Subject and body are believed only in a message from our
// sender that answers nothing and has the Date it was composed with. Bounces, forwards,
// quotations and auto-replies are never arrivals. A copy that was sent again as it is,
// by a redirection or out of quarantine, is one: its Resent fields (RFC 5322 section
// 3.6.6) tell of its way, as Received fields do. The body, MaxBody bytes of it at most,
// is asked for only when the header leaves it open; its error is returned.
func (m *Matcher) Match(header []byte, body func() ([]byte, error)) (Tag, Carrier, error) {
	h := ParseHeader(header)
	subject, _ := h.Get("Subject")
	subject = decodeWords(subject)
	if m.isAnswer(h) || replyPrefix.MatchString(subject) {
		return Tag{}, "", nil
	}
	for _, v := range h.All(TagField) {
		if t, ok := m.keys.FindFull(v); ok {
			return t, InHeader, nil
		}
	}
	for _, v := range h.All("Message-ID") {
		if t, ok := m.keys.FindShort(v); ok {
			return t, InMessageID, nil
		}
	}
	if !m.fromUs(h) || hasNullReturnPath(h) {
		return Tag{}, "", nil
	}
	raw, err := body()
	if err != nil {
		return Tag{}, "", err
	}
	t, c := m.matchWeakly(h, subject, raw)
	return t, c, nil
}

// matchWeakly looks into the Subject and the body, which whoever answers or forwards a
// message takes over. A tag that is quoted in the body is not believed in the Subject.
func (m *Matcher) matchWeakly(h Header, subject string, raw []byte) (Tag, Carrier) {
	full, where := m.inBody(raw)
	if where == quotedThere || where == standsThere && !datedLike(h, full.Sent) {
		return Tag{}, ""
	}
	short, found := m.keys.FindShort(subject)
	switch {
	case found && (where == standsThere && full.ID != short.ID || !datedAsShown(h, subject)):
		return Tag{}, ""
	case found:
		return short, InSubject
	case where == standsThere:
		return full, InBody
	}
	return Tag{}, ""
}

// isAnswer recognises what was made because of a message of ours: reports
// (RFC 3464), answers (RFC 5322 section 3.6.4), automatic answers (RFC 3834
// section 5) and bounces that copied our header field to their top. A null
// Return-Path alone does not make one: a message released from quarantine has it
// too, but is still from us.
func (m *Matcher) isAnswer(h Header) bool {
	contentType, _ := h.Get("Content-Type")
	contentType = strings.ToLower(strings.TrimSpace(contentType))
	if strings.HasPrefix(contentType, "multipart/report") || strings.HasPrefix(contentType, "message/") {
		return true
	}
	automatic, _ := h.Get("Auto-Submitted")
	automatic = strings.ToLower(automatic)
	if strings.HasPrefix(automatic, "auto-replied") || strings.HasPrefix(automatic, "auto-notified") {
		return true
	}
	for _, name := range [...]string{"In-Reply-To", "References", "X-Failed-Recipients", "X-Autoreply", "X-Autorespond"} {
		if h.Has(name) {
			return true
		}
	}
	return !m.fromUs(h) && (hasNullReturnPath(h) || fromDaemon(h))
}

var daemon = regexp.MustCompile(`(?i)(^|[<\s"])(mailer-?daemon|postmaster)(@|[>\s"]|$)`)

// fromDaemon tells whether a mail server is the author: not every mailbox keeps the
// Return-Path.
func fromDaemon(h Header) bool {
	from, _ := h.Get("From")
	return strings.TrimSpace(from) == "<>" || daemon.MatchString(from)
}

// fromUs tells whether the author (RFC 5322 section 3.6.2) is one of our senders.
func (m *Matcher) fromUs(h Header) bool {
	from, _ := h.Get("From")
	if a, err := mail.ParseAddress(from); err == nil {
		return m.senders[strings.ToLower(a.Address)]
	}
	from = strings.ToLower(from)
	if i := strings.LastIndexByte(from, '<'); i >= 0 {
		from, _, _ = strings.Cut(from[i+1:], ">")
	}
	return m.senders[strings.TrimSpace(from)]
}

func hasNullReturnPath(h Header) bool {
	path, found := h.Get("Return-Path")
	return found && strings.Join(strings.Fields(path), "") == "<>"
}

var wordDecoder = mime.WordDecoder{CharsetReader: func(_ string, r io.Reader) (io.Reader, error) { return r, nil }}

func decodeWords(s string) string {
	if decoded, err := wordDecoder.DecodeHeader(s); err == nil {
		return decoded
	}
	return s
}

// standing is where in a body a tag stands.
type standing int

const (
	notThere standing = iota
	standsThere
	quotedThere // in what is quoted or forwarded, and perhaps elsewhere, too
)

// inBody looks for the full tag in a body as it came, and as it reads when the
// transfer encoding that a gateway may have put on it is taken off. One that any of
// these shows to be quoted is quoted: encoded markup is not known for what it is.
func (m *Matcher) inBody(raw []byte) (found Tag, where standing) {
	raw = raw[:min(len(raw), MaxBody)]
	for _, decode := range []func([]byte) []byte{asIs, fromQuotedPrintable, fromBase64} {
		text := decode(raw)
		if !bytes.Contains(bytes.ToLower(text), []byte(tagVersion)) {
			continue
		}
		if t, ok := m.keys.FindFull(unquoted(text)); ok {
			if where == notThere {
				found, where = t, standsThere
			}
		} else if m.mentions(text) {
			return Tag{}, quotedThere
		}
	}
	return found, where
}

// mentions tells whether a tag of ours stands anywhere in a body, be it quoted.
func (m *Matcher) mentions(body []byte) bool {
	text := markup.ReplaceAllString(string(body), "")
	if _, ok := m.keys.FindShort(text); ok {
		return true
	}
	_, ok := m.keys.FindFull(quoteMarks.ReplaceAllString(text, "\n"))
	return ok
}

func asIs(raw []byte) []byte { return raw }

// fromQuotedPrintable decodes what can be decoded and keeps what came before an error.
func fromQuotedPrintable(raw []byte) []byte {
	decoded, _ := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(raw)))
	return decoded
}

var base64Block = regexp.MustCompile(`(?:[A-Za-z0-9+/]{40,}={0,2}\r?\n?)+[A-Za-z0-9+/]*={0,2}`)

// fromBase64 decodes every block of base64 lines (RFC 2045 section 6.8) in raw.
func fromBase64(raw []byte) []byte {
	var out []byte
	for _, block := range base64Block.FindAll(raw, maxCandidates) {
		block = bytes.Join(bytes.Fields(block), nil)
		decoded := make([]byte, base64.StdEncoding.DecodedLen(len(block)))
		n, _ := base64.StdEncoding.Decode(decoded, block)
		out = append(append(out, decoded[:n]...), '\n')
	}
	return out
}

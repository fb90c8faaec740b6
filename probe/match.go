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
}

// NewMatcher makes a matcher for what the key ring's prober sends from the
// addresses in senders.
func NewMatcher(keys *Keyring, senders []string) *Matcher {
	m := &Matcher{keys: keys, senders: make(map[string]bool, len(senders))}
	for _, s := range senders {
		m.senders[strings.ToLower(s)] = true
	}
	return m
}

// Match says whether a message, given its header, is an arrival of one of ours,
// by which tag, and where the tag stood. The header field and the Message-ID are
// believed at top level. Subject and body are believed only in a message from our
// sender that answers nothing. Bounces, forwards, quotations and auto-replies are
// never arrivals. The body, MaxBody bytes of it at most, is asked for only when
// the header leaves it open; its error is returned.
func (m *Matcher) Match(header []byte, body func() ([]byte, error)) (Tag, Carrier, error) {
	h := ParseHeader(header)
	if m.isAnswer(h) {
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
	subject, _ := h.Get("Subject")
	subject = decodeWords(subject)
	if replyPrefix.MatchString(subject) {
		return Tag{}, "", nil
	}
	if t, ok := m.keys.FindShort(subject); ok {
		return t, InSubject, nil
	}
	raw, err := body()
	if err != nil {
		return Tag{}, "", err
	}
	if t, ok := m.inBody(raw); ok {
		return t, InBody, nil
	}
	return Tag{}, "", nil
}

// isAnswer recognises what was made because of a message of ours: reports
// (RFC 3464), answers (RFC 5322 section 3.6.4), automatic answers (RFC 3834
// section 5) and bounces that copied our header field to their top. A null
// Return-Path alone does not make one: a message released from quarantine has it
// too, but is still from us.
func (m *Matcher) isAnswer(h Header) bool {
	contentType, _ := h.Get("Content-Type")
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(contentType)), "multipart/report") {
		return true
	}
	automatic, _ := h.Get("Auto-Submitted")
	if strings.HasPrefix(strings.ToLower(automatic), "auto-replied") {
		return true
	}
	return h.Has("In-Reply-To") || h.Has("References") || (hasNullReturnPath(h) && !m.fromUs(h))
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

// replyPrefix matches the prefixes by which mail programs mark answers, forwards
// and reports, in the languages common in mail, after any mark a filter has put first.
var replyPrefix = regexp.MustCompile(`(?i)^(\s*(\[[^\]]*\]|\*+[^*]*\*+))*\s*` +
	`(re|fwd?|aw|wg|tr|sv|vs|antw|odp|rif|res|enc|ynt|доп|ответ|转发|回复` +
	`|auto|auto-?reply|automatic reply|automatische antwort|réponse automatique|respuesta automática|risposta automatica` +
	`|out of (the )?office|ooo|abwesend|abwesenheitsnotiz|absence|read|not read|gelesen|accepted|declined|recall` +
	`|undeliver(able|ed)( mail)?( returned to sender)?|unzustellbar|non remis|returned mail|failure notice|delivery status notification( \([^)]*\))?|delivery (failure|delayed)` +
	`)(\[\d+\])?\s*[:：]`)

var wordDecoder = mime.WordDecoder{CharsetReader: func(_ string, r io.Reader) (io.Reader, error) { return r, nil }}

func decodeWords(s string) string {
	if decoded, err := wordDecoder.DecodeHeader(s); err == nil {
		return decoded
	}
	return s
}

// inBody looks for the full tag in a body as it came, and as it reads when the
// transfer encoding that a gateway may have put on it is taken off.
func (m *Matcher) inBody(raw []byte) (Tag, bool) {
	raw = raw[:min(len(raw), MaxBody)]
	for _, decode := range []func([]byte) []byte{asIs, fromQuotedPrintable, fromBase64} {
		if t, ok := m.keys.FindFull(unquoted(decode(raw))); ok {
			return t, true
		}
	}
	return Tag{}, false
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

var (
	markup    = regexp.MustCompile(`<[^<>]*>`)
	quotation = regexp.MustCompile(`(?i)<blockquote|class="?gmail_quote|id="?divRplyFwdMsg|moz-cite-prefix`)
	forwarded = regexp.MustCompile(`(?i)^\W*(original message|(begin )?forwarded message|forwarded by\b.*|ursprüngliche nachricht|weitergeleitete nachricht|message d'origine|message (transféré|original)|mensaje (original|reenviado))\W*$`)
	author    = regexp.MustCompile(`(?i)^\W{0,3}(from|von|de)\W{0,3}:`)
	envelope  = regexp.MustCompile(`(?i)^\W{0,3}(sent|date|to|gesendet|datum|an|envoyé|à|enviado|para)\W{0,3}:`)
)

// unquoted is a body without its quoted lines, and without all that stands below
// what announces a quotation or a forwarded message. Markup that a gateway has put
// around plain text is taken out first.
func unquoted(body []byte) string {
	if at := quotation.FindIndex(body); at != nil {
		body = body[:at[0]]
	}
	lines := strings.Split(markup.ReplaceAllString(string(body), ""), "\n")
	var kept strings.Builder
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		if forwarded.MatchString(trimmed) || author.MatchString(trimmed) && i+1 < len(lines) && envelope.MatchString(strings.TrimSpace(lines[i+1])) {
			break
		}
		if strings.HasPrefix(trimmed, ">") || strings.HasPrefix(trimmed, "&gt;") || strings.HasPrefix(trimmed, "|") {
			continue
		}
		kept.WriteString(line + "\n")
	}
	return kept.String()
}

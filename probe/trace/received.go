package trace

import "strings"

// clause is a part of a Received field that a word of its own begins (RFC 5321 section 4.4).
type clause uint8

const (
	noClause clause = iota
	fromClause
	byClause
	viaClause
	withClause
	idClause
	forClause
	clauses
)

func clauseOf(word string) clause {
	if len(word) < 2 || len(word) > 4 {
		return noClause
	}
	for c := fromClause; c < clauses; c++ {
		if strings.EqualFold(word, clauseWords[c]) {
			return c
		}
	}
	return noClause
}

var clauseWords = [clauses]string{fromClause: "from", byClause: "by", viaClause: "via", withClause: "with", idClause: "id", forClause: "for"}

// received reads one Received field.
type received struct {
	Entry
	in    clause
	begun [clauses]bool // each is read where it stands first
	full  bool          // the clause has said its word
	note  bool          // a host's own: no hop
	via   string
	maker string // the first comment after by: the program mostly
}

// readReceived reads the field's body without its date.
func readReceived(parts []part) received {
	var r received
	for i, p := range parts {
		switch p.kind {
		case semicolon:
			r.in = noClause
		case comment:
			r.comment(p.text, i == 0)
		default:
			r.word(p.text)
		}
	}
	r.By, r.From, r.With, r.ID = tidy(r.By), tidy(r.From), tidy(r.With), tidy(r.ID)
	if r.With == "" && isProtocol(r.via) {
		r.With = r.via
	}
	r.IsHop = (r.begun[fromClause] || r.begun[byClause]) && !r.note && !r.isOwnNote()
	return r
}

func (r *received) word(w string) {
	if c := clauseOf(w); c != noClause {
		r.begin(c)
		return
	}
	if r.full {
		return
	}
	switch r.in {
	case fromClause:
		r.add(&r.From, w)
	case byClause:
		r.add(&r.By, w)
	case withClause:
		r.add(&r.With, w)
		r.full = isProtocol(r.With)
	case idClause:
		r.ID, r.full = w, true
	case viaClause:
		r.via, r.full = w, true
	}
}

// begin begins a clause. One that has been before is passed over, as is a from after
// for: it names a person.
func (r *received) begin(c clause) {
	if r.begun[c] || c == fromClause && r.begun[forClause] {
		r.in = noClause
		return
	}
	r.in, r.begun[c], r.full = c, true, false
}

// add takes a word to a name. Most have one word; products have several, and so have
// names that some systems make up. An address in brackets after a name is none of it.
func (r *received) add(name *string, w string) {
	switch {
	case *name == "":
		*name = w
	case len(*name) > maxText, w[len(w)-1] == ',': // or a date, which no semicolon comes before
		r.full = true
	case r.in != withClause && (w[0] == '[' || isDigit(w[0]) || isHost(*name) || strings.EqualFold(w, "over")):
		r.full = true
	default:
		*name += " " + w
	}
}

// isHost tells a name that is complete: it has a dot or a colon within.
func isHost(name string) bool {
	return name[0] == '[' || strings.ContainsAny(strings.TrimSuffix(name, "."), ".:")
}

func (r *received) comment(text string, first bool) {
	switch r.in {
	case fromClause:
		if name := heloIn(text); name != "" {
			r.From = name
		}
		r.full = true
	case byClause:
		r.full = true
	case withClause:
		r.full = r.With != ""
	}
	switch {
	case r.begun[byClause] && r.maker == "":
		r.maker = text
		r.note = r.note || strings.HasPrefix(text, "fdm ")
	case first: // a program of the host itself: majordomo
		r.note = !strings.Contains(text, " ") && strings.Contains(text, "@")
	}
}

// heloIn finds the name a client gave, in a comment such as "HELO name",
// "helo=name ident=x" or `[192.0.2.1]:25 "EHLO name"`.
func heloIn(text string) string {
	for i := 0; i+5 < len(text); i++ {
		if c := text[i+1] | 0x20; c != 'e' && c != 'h' {
			continue
		}
		if hello := text[i : i+4]; !strings.EqualFold(hello, "helo") && !strings.EqualFold(hello, "ehlo") && !strings.EqualFold(hello, "lhlo") {
			continue
		}
		if i > 0 && strings.IndexByte(` "([,`, text[i-1]) < 0 || strings.IndexByte(" =:", text[i+4]) < 0 {
			continue
		}
		name := strings.TrimLeft(text[i+4:], " =:")
		name = strings.TrimLeft(name, `"`)
		if end := strings.IndexAny(name, ` "(),;`); end >= 0 {
			name = name[:end]
		}
		return name
	}
	return ""
}

// isFetching tells protocols by which the owner of a mailbox takes mail out of it:
// fetchmail, getmail and their kin write a Received field about it.
func isFetching(with string) bool {
	for _, p := range []string{"IMAP", "POP", "APOP", "KPOP"} {
		if len(with) >= len(p) && strings.EqualFold(with[:len(p)], p) {
			return true
		}
	}
	return false
}

// isOwnNote tells what a program writes about what it did on its own host: scanners of
// qmail's, and what sends a mailing list on.
func (r *received) isOwnNote() bool {
	return isFetching(r.With) || strings.HasPrefix(r.By, "simscan") || strings.HasPrefix(r.With, "qmail-scanner") ||
		!r.begun[fromClause] && strings.EqualFold(r.via, "listexpand")
}

// isProtocol tells the names of protocols that are one word (RFC 3848, RFC 6531 section
// 4.3, and what is used beside them): what follows is something else.
func isProtocol(w string) bool {
	for _, p := range []string{"SMTP", "ESMTP", "LMTP", "UTF8SMTP", "UTF8LMTP", "HTTP"} {
		if len(w) >= len(p) && len(w) <= len(p)+2 && strings.EqualFold(w[:len(p)], p) && strings.Trim(w[len(p):], "SAsa") == "" {
			return true
		}
	}
	return false
}

func tidy(s string) string {
	s = strings.Trim(s, ", ")
	if len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	return short(s)
}

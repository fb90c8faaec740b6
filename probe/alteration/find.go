package alteration

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/mailpath/mailpath/probe"
)

// Find says what was altered in a message, given how it was sent: nil if nothing was. The
// kinds come in the order of probe.AlterationKinds, each with the same text once. It is
// safe for concurrent use, and keeps nothing of what it is given. Where the header or the
// body of what was found is nil, nothing is known of it and nothing is said of it; one that
// is empty and not nil was found empty.
func Find(sent *probe.Message, found probe.Observation) []probe.Alteration {
	header, body, _ := bytes.Cut(sent.Raw, []byte("\r\n\r\n"))
	if found.Header == nil {
		return nil
	}
	was, is := probe.ParseHeader(header), probe.ParseHeader(found.Header)
	var l list
	l.fields(was, is, len(found.Header) >= maxHeader)
	if found.Body != nil {
		l.body(content{was, body}, content{is, found.Body})
	}
	slices.SortStableFunc(l, func(a, b probe.Alteration) int { return cmp.Compare(rank(a.Kind), rank(b.Kind)) })
	return l
}

// maxHeader is how much of a header probe.ParseHeader reads: of one that is longer, nobody
// can say what is missing.
const maxHeader = 1 << 20

func rank(k probe.AlterationKind) int { return slices.Index(probe.AlterationKinds[:], k) }

// list is what was found so far.
type list []probe.Alteration

// maxFound bounds what is told of one message. Our own fields, with all else that is told
// at most once, stay well below it; the rest is for links.
const maxFound = 32

// add notes an alteration, if the same is not there yet.
func (l *list) add(kind probe.AlterationKind, text string) {
	a := probe.Alteration{Kind: kind, Text: oneLine(text)}
	if len(*l) < maxFound && !slices.Contains(*l, a) {
		*l = append(*l, a)
	}
}

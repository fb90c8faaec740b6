package alteration

import (
	"mime"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"

	"github.com/mailpath/mailpath/probe"
)

const (
	maxValue    = 8 << 10 // bytes of a field's value that are compared; ours are far shorter
	maxSameName = 16      // fields of one name that are compared with ours
)

// fields compares the fields we wrote with those of their name that were found. What
// others have added is no alteration. Of a header that was cut off nothing is said to be
// missing.
func (l *list) fields(was, is probe.Header, cut bool) {
	for _, ours := range was {
		same := comparison(ours.Name)
		if same == nil {
			continue
		}
		now, found, kept := lookup(is, ours, same)
		switch {
		case kept || !found && cut:
		case !found:
			l.add(probe.FieldRemoved, ours.Name)
		case strings.EqualFold(ours.Name, "Message-ID"):
			l.add(probe.NewMessageID, now)
		case strings.EqualFold(ours.Name, "Subject"):
			l.subject(ours.Value, now)
		default:
			l.add(probe.FieldChanged, ours.Name)
		}
	}
}

// lookup gives the first value found under the name of a field of ours, and whether one of
// them is the same as ours.
func lookup(is probe.Header, ours probe.Field, same func(was, is string) bool) (now string, found, kept bool) {
	n := 0
	for _, f := range is {
		if !strings.EqualFold(f.Name, ours.Name) {
			continue
		}
		value := f.Value[:min(len(f.Value), maxValue)]
		if !found {
			now, found = value, true
		}
		if value == ours.Value || same(ours.Value, value) {
			return now, true, true
		}
		if n++; n == maxSameName {
			break
		}
	}
	return now, found, false
}

// comparison says how values of a field are told to be the same; nil: the field is of the
// text's form, which is compared with the text.
func comparison(name string) func(was, is string) bool {
	switch strings.ToLower(name) {
	case "content-type", "content-transfer-encoding", "mime-version":
		return nil
	case "date":
		return sameInstant
	case "from", "to", "cc", "sender", "reply-to":
		return sameAddresses
	}
	return sameWords
}

// sameInstant compares dates (RFC 5322 section 3.3), however they are written.
func sameInstant(was, is string) bool {
	a, err := mail.ParseDate(was)
	if err != nil {
		return false
	}
	b, err := mail.ParseDate(is)
	return err == nil && a.Equal(b)
}

// sameAddresses compares lists of addresses: the names shown, and the addresses, with the
// domain in any case.
func sameAddresses(was, is string) bool {
	parser := mail.AddressParser{WordDecoder: decoder()}
	a, err := parser.ParseList(was)
	if err != nil {
		return sameWords(was, is)
	}
	b, err := parser.ParseList(is)
	if err != nil || len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameWithoutSpace(a[i].Name, b[i].Name) || foldDomain(a[i].Address) != foldDomain(b[i].Address) {
			return false
		}
	}
	return true
}

func foldDomain(address string) string {
	at := strings.LastIndexByte(address, '@') + 1
	return address[:at] + strings.ToLower(address[at:])
}

// sameWords compares text, however it is encoded (RFC 2047) and folded: folding may have
// put white space where there was none.
func sameWords(was, is string) bool {
	return sameWithoutSpace(was, is) || sameWithoutSpace(reading(was), reading(is))
}

// reading is a field's value as it is shown.
func reading(value string) string {
	if !strings.Contains(value, "=?") {
		return value
	}
	if decoded, err := decoder().DecodeHeader(value); err == nil {
		return decoded
	}
	return value
}

func decoder() *mime.WordDecoder { return &mime.WordDecoder{CharsetReader: charset.Reader} }

// subject names what was put before and behind the Subject, or else the one that came.
func (l *list) subject(was, is string) {
	was, is = reading(was), reading(is)
	before, after, found := cutAround(is, was)
	if !found {
		l.add(probe.SubjectOther, is)
		return
	}
	if before != "" {
		l.add(probe.SubjectPrefix, before)
	}
	if after != "" {
		l.add(probe.SubjectOther, after)
	}
}

// cutAround finds sent in text, whatever the white space in both, and gives what stands
// before and behind it.
func cutAround(text, sent string) (before, after string, found bool) {
	all, part := squash(text), squash(sent)
	at := part.in(all)
	if at < 0 {
		return "", "", false
	}
	return strings.TrimSpace(all.before(at)), strings.TrimSpace(all.from(at + len(part.text))), true
}

// sameWithoutSpace compares two texts, leaving out white space.
func sameWithoutSpace(a, b string) bool {
	for {
		a, b = strings.TrimLeftFunc(a, isSpace), strings.TrimLeftFunc(b, isSpace)
		n := 0
		for n < len(a) && n < len(b) && a[n] == b[n] && a[n] > ' ' && a[n] < utf8.RuneSelf {
			n++
		}
		a, b = a[n:], b[n:]
		if a == "" || b == "" {
			return strings.TrimLeftFunc(a, isSpace) == "" && strings.TrimLeftFunc(b, isSpace) == ""
		}
		x, i := utf8.DecodeRuneInString(a)
		y, j := utf8.DecodeRuneInString(b)
		switch {
		case isSpace(x) || isSpace(y):
		case x != y || i != j:
			return false
		default:
			a, b = a[i:], b[j:]
		}
	}
}

// isSpace tells what is not seen between characters: white space, and the marks of no
// width that some systems put into text.
func isSpace(r rune) bool {
	return r <= ' ' || r >= utf8.RuneSelf && (unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' || r == '\u2060')
}

package imapwatch

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// directory is what a server lists of the folders that matter.
type directory []listing

// listing is a folder as LIST tells of it (RFC 9051 section 7.3.1).
type listing struct {
	name       string
	delimiter  string   // between the parts of the name; empty: it has one part
	attributes []string // in lower case
}

func (l listing) marked(attribute string) bool { return slices.Contains(l.attributes, attribute) }

// of is what is told of a folder.
func (d directory) of(name string) (listing, bool) {
	if i := slices.IndexFunc(d, func(l listing) bool { return l.name == name }); i >= 0 {
		return d[i], true
	}
	return listing{}, false
}

// junkNames are the folders that the server marks as being for junk, those of the user's
// own if there are any; if it marks none, those whose names say so.
func (d directory) junkNames() []string {
	var own, others, named []string
	for _, l := range d {
		switch {
		case l.isJunk() && l.isOwn():
			own = append(own, l.name)
		case l.isJunk():
			others = append(others, l.name)
		case l.saysJunk():
			named = append(named, l.name)
		}
	}
	for _, names := range [][]string{own, others} {
		if len(names) > 0 {
			return names
		}
	}
	return named
}

// isJunk tells whether the server marks a folder as one for junk.
func (l listing) isJunk() bool { return l.marked(`\junk`) }

// saysJunk tells whether the name says that a folder is the one for junk: not one that
// somebody keeps somewhere below.
func (l listing) saysJunk() bool { return saysJunk(lastOf(l.name, l.delimiter)) && l.isOwn() }

// isOwn tells whether a folder stands where servers put those of the user, such as the
// one for junk, and not somewhere below or among those of other people.
func (l listing) isOwn() bool {
	above := strings.TrimSuffix(strings.TrimSuffix(l.name, lastOf(l.name, l.delimiter)), l.delimiter)
	return slices.Contains([]string{"", "inbox", "[gmail]", "[google mail]"}, strings.ToLower(above))
}

// lastOf is the last part of a name.
func lastOf(name, delimiter string) string {
	if i := strings.LastIndex(name, delimiter); i >= 0 && delimiter != "" {
		return name[i+len(delimiter):]
	}
	return name
}

// saysJunk tells whether the last part of a name is one that mail programs and servers
// give to a folder for junk.
func saysJunk(last string) bool {
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, last)
	return slices.Contains(namesOfJunk, letters)
}

// namesOfJunk are such names, in small letters and nothing else.
var namesOfJunk = []string{
	"junk", "junkemail", "junkmail", "junkemails", "spam", "spammail", "bulk", "bulkmail",
	"spamverdacht", "unerwünscht", "unerwünschtemail", "unerwünschteemail", "unerwünschteemails", "werbung",
	"courrierindésirable", "indésirables", "pourriels", "correonodeseado", "correobasura", "postaindesiderata",
	"ongewenst", "ongewenstemail", "lixoeletrônico", "lixoeletrónico", "lixoeletrônica", "skräppost", "søppelpost",
	"uønsketmail", "uønsketepost", "roskaposti", "wiadomościśmieci", "nevyžádanápošta", "levélszemét",
	"спам", "нежелательнаяпочта", "迷惑メール", "垃圾邮件", "垃圾郵件",
}

// lister keeps what matters of what LIST tells: folders that are configured, and those
// that are marked or named as being for junk.
type lister struct {
	configured []string
	all        directory
	nameless   bool // one is marked as being for junk, and cannot be named
}

// take is told of one folder. One that cannot be opened is passed over, and so is what
// comes beyond those that may be watched, the user's own going before other people's.
func (l *lister) take(attributes, delimiter, name []byte) {
	f := listing{delimiter: string(delimiter)}
	for _, a := range bytes.Fields(attributes) {
		f.attributes = append(f.attributes, strings.ToLower(string(a)))
	}
	if f.marked(`\noselect`) || f.marked(`\nonexistent`) {
		return
	}
	var ok bool
	if f.name, ok = folderName(name); !ok {
		l.nameless = l.nameless || f.isJunk()
		return
	}
	if _, twice := l.all.of(f.name); twice {
		return
	}
	if slices.Contains(l.configured, f.name) || l.hasRoom(f) {
		l.all = append(l.all, f)
	}
}

// hasRoom tells whether a folder is one for junk and to be kept beside those that are.
func (l *lister) hasRoom(f listing) bool {
	isOthers := func(k listing) bool {
		return k.isJunk() && !k.isOwn() && !slices.Contains(l.configured, k.name)
	}
	count := 0
	for _, k := range l.all {
		if k.isJunk() == f.isJunk() && !slices.Contains(l.configured, k.name) {
			count++
		}
	}
	switch {
	case f.isJunk() && f.isOwn():
		if i := slices.IndexFunc(l.all, isOthers); count >= maxJunk && i >= 0 {
			l.all = slices.Delete(l.all, i, i+1)
			count--
		}
		return count < maxJunk
	case f.isJunk(), f.saysJunk():
		return count < maxJunk
	}
	return false
}

// folderName is a folder's name in UTF-8: as it was written, or, where that is ASCII,
// in modified UTF-7 (RFC 3501 section 5.1.3).
func folderName(written []byte) (string, bool) {
	name := string(written)
	if decoded, ok := fromUTF7(name); ok {
		name = decoded
	}
	isText := utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
	return name, isText && name != "" && len(name) <= maxName
}

// utf7 is base64 with a comma for the slash, and no padding.
var utf7 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

// fromUTF7 decodes modified UTF-7; not ok if it is none.
func fromUTF7(text string) (string, bool) {
	var out strings.Builder
	for text != "" {
		before, rest, shifted := strings.Cut(text, "&")
		out.WriteString(before)
		if !shifted {
			break
		}
		code, after, ended := strings.Cut(rest, "-")
		if !ended {
			return "", false
		}
		if text = after; code == "" {
			out.WriteByte('&')
			continue
		}
		raw, err := utf7.DecodeString(code)
		if err != nil || len(raw)%2 != 0 {
			return "", false
		}
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(raw[2*i:])
		}
		out.WriteString(string(utf16.Decode(units)))
	}
	return out.String(), true
}

// list passes on what LIST tells (RFC 9051 section 7.3.1), if it can be read. The
// library is not asked: it would end the connection over an odd name.
func (f *filter) list(w *words) {
	w.spaces()
	attributes, ok := w.list()
	w.spaces()
	if !ok {
		return
	}
	isString := len(w.rest) > 0 && w.rest[0] == '"'
	delimiter, ok := w.value()
	if !isString { // NIL
		delimiter = nil
	}
	w.spaces()
	if !ok || len(w.rest) == 0 {
		return
	}
	var name []byte
	if w.rest[0] == '"' || w.rest[0] == '{' {
		if name, ok = w.value(); !ok {
			return
		}
	} else {
		name, _, _ = bytes.Cut(w.rest, []byte(" ")) // it may hold what an atom may not
	}
	f.sideLists(attributes[1:len(attributes)-1], delimiter, name)
}

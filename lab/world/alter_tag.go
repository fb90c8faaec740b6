package world

import (
	"regexp"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// TagChange is what an alteration does to one carrier of a test message's tag.
type TagChange string

// The changes of a tag.
const (
	RemoveTag  TagChange = "remove"
	CorruptTag TagChange = "corrupt" // one letter or digit becomes another
)

// AlterTag says what happens to each carrier of the tag; empty: nothing. The others are
// left as they are.
type AlterTag struct {
	Field     TagChange // the header field; removed as a whole
	MessageID TagChange // removed: another Message-ID in its place
	Subject   TagChange
	Body      TagChange // all of them; of a body in one part, as it reads decoded, else as it stands
}

// shortTag is a tag's short form, with the brackets and the space that stand around it in
// a Subject.
var shortTag = regexp.MustCompile(`(\s*\(?)(mp1\.[a-z2-7]{4}\.[a-z2-7]{13}\.[a-z2-7]{16})(\)?)`)

func (a AlterTag) apply(m *mail, id string) {
	if a.Field != "" {
		m.change(probe.TagField, func(value string) string {
			if a.Field == CorruptTag {
				return corrupt(value)
			}
			return ""
		})
	}
	if a.MessageID != "" {
		m.change("Message-ID", func(value string) string {
			if a.MessageID == CorruptTag {
				return shortTag.ReplaceAllStringFunc(value, corrupt)
			}
			return "<" + id + ">"
		})
	}
	if a.Subject != "" {
		m.change("Subject", func(value string) string {
			if a.Subject == CorruptTag {
				return shortTag.ReplaceAllStringFunc(value, corrupt)
			}
			return shortTag.ReplaceAllString(value, "")
		})
	}
	if a.Body != "" {
		a.applyBody(m)
	}
}

func (a AlterTag) applyBody(m *mail) {
	text, decoded := m.text()
	if !decoded {
		text = m.body
	}
	altered := []byte(replaceFullTags(string(text), func(tag string) string {
		if a.Body == CorruptTag {
			return corrupt(tag)
		}
		return ""
	}))
	if decoded {
		m.setText(altered)
	} else {
		m.body = altered
	}
}

// change gives the first field of a name another value; without one the field is removed.
func (m *mail) change(name string, to func(value string) string) {
	for i, f := range m.fields {
		if fieldName(f) != strings.ToLower(name) {
			continue
		}
		if value := to(m.value(strings.ToLower(name))); value != "" {
			m.fields[i] = name + ": " + value + "\r\n"
		} else {
			m.fields = append(m.fields[:i:i], m.fields[i+1:]...)
		}
		return
	}
}

// corrupt changes the last letter or digit of a text into another that a tag may have.
func corrupt(text string) string {
	i := strings.LastIndexFunc(text, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' })
	if i < 0 {
		return text
	}
	other := "a"
	if text[i] == 'a' {
		other = "b"
	}
	return text[:i] + other + text[i+1:]
}

// replaceFullTags replaces every full form of a tag, with the white space that it may be
// folded with.
func replaceFullTags(text string, replacement func(tag string) string) string {
	const begin = "mp1:"
	var out strings.Builder
	for {
		i := strings.Index(text, begin)
		if i < 0 {
			return out.String() + text
		}
		out.WriteString(text[:i])
		text = text[i:]
		n := fullTag(text)
		if n == 0 {
			out.WriteString(begin)
			text = text[len(begin):]
			continue
		}
		out.WriteString(replacement(text[:n]))
		text = text[n:]
	}
}

// fullTag is the length of the full form of a tag that a text begins with: eleven fields
// between colons, of which the last has 52 characters. None: 0.
func fullTag(text string) int {
	colons, last := 0, 0
	for i, r := range text {
		switch {
		case r == ':':
			if colons++; colons > 10 {
				return 0
			}
		case strings.ContainsRune(" \t\r\n", r):
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._@-", r):
			if colons == 10 {
				last++
			}
		default:
			return 0
		}
		if last == 52 {
			return i + 1
		}
	}
	return 0
}

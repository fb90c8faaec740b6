package probe

import "strings"

// Alteration is something that was changed in a message on its way.
type Alteration struct {
	Kind  AlterationKind
	Text  string // what: a prefix, a banner, the name of a field; one line, bounded
	Meant bool   // the route's configuration says that it is so
}

// AlterationKind is what kind of change it was.
type AlterationKind string

// The kinds of alteration.
const (
	SubjectPrefix  AlterationKind = "subject-prefix" // something was put before the Subject
	SubjectOther   AlterationKind = "subject"        // the Subject was changed otherwise
	NewMessageID   AlterationKind = "message-id"     // the Message-ID was replaced
	FieldRemoved   AlterationKind = "field-removed"  // a header field of ours is gone
	FieldChanged   AlterationKind = "field-changed"  // another header field of ours reads otherwise
	Banner         AlterationKind = "banner"         // something was put above the text
	Footer         AlterationKind = "footer"         // something was put below the text
	LinksRewritten AlterationKind = "links"          // links in the text lead elsewhere
	Reencoded      AlterationKind = "encoding"       // the text reads the same in another transfer encoding or charset
	Reformatted    AlterationKind = "format"         // the text came in another form, such as HTML
	TextChanged    AlterationKind = "text"           // the text reads otherwise
)

// AlterationKinds lists all kinds in the order in which they are shown.
var AlterationKinds = [...]AlterationKind{
	SubjectPrefix, SubjectOther, NewMessageID, FieldRemoved, FieldChanged,
	Banner, Footer, LinksRewritten, Reencoded, Reformatted, TextChanged,
}

// MeantAlteration is an alteration that a path is meant to make, such as the banner
// of mail from outside.
type MeantAlteration struct {
	Kind AlterationKind
	Text string // stands in what it does, without regard to case; empty: whatever it does
}

// tellMeant says of each alteration whether it is meant.
func tellMeant(found []Alteration, meant []MeantAlteration) []Alteration {
	for i, a := range found {
		for _, m := range meant {
			if m.Kind == a.Kind && strings.Contains(strings.ToLower(a.Text), strings.ToLower(m.Text)) {
				found[i].Meant = true
			}
		}
	}
	return found
}

// Package payload holds what test messages carry besides their tag.
//
// The schedule asks a payload for the text of each message; probe.Compose puts
// that text and the tag into a mail. A payload knows nothing of sending.
package payload

import (
	"fmt"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// Names lists the payloads in the order in which they are shown.
func Names() []string { return []string{"plain"} }

// ByName gives the payload of a name.
func ByName(name string) (probe.Payload, error) {
	switch name {
	case "plain":
		return Plain(), nil
	}
	return nil, fmt.Errorf("choosing a payload: got %q, want one of %s", name, strings.Join(Names(), ", "))
}

// columns is the longest line, as RFC 5322 section 2.1.1 recommends with a margin
// for quoting.
const columns = 72

// fill breaks text into lines of at most columns characters. A longer word, which
// no name is, would stand on a line of its own.
func fill(text string) string {
	var b strings.Builder
	length := 0
	for _, word := range strings.Fields(text) {
		switch {
		case length == 0:
		case length+1+len(word) > columns:
			b.WriteByte('\n')
			length = 0
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += len(word)
	}
	b.WriteByte('\n')
	return b.String()
}

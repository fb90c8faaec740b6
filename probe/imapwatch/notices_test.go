package imapwatch

import (
	"testing"

	"github.com/mailpath/mailpath/probe"
)

func TestTheCensusIsOfTheOpenFolder(t *testing.T) {
	n := newNotices(probe.NewClock())
	for _, c := range []struct {
		name   string
		tell   func()
		want   census
		urgent bool
	}{
		{"nothing is known", func() {}, census{}, false},
		{"opened with 3", func() { n.opened(3) }, census{known: true, messages: 3}, false},
		{"the same again", func() { n.existing(3) }, census{known: true, messages: 3}, false},
		{"one more", func() { n.existing(4) }, census{known: true, messages: 4}, true},
		{"and it is taken", func() { n.take() }, census{known: true, messages: 4}, false},
		{"one is removed", n.removed, census{messages: 4, removals: 1}, false},
		{"as many as before", func() { n.existing(4) }, census{known: true, messages: 4, removals: 1}, true},
		{"another is opened", n.forget, census{messages: 4, removals: 1}, false},
		{"it has as many", func() { n.existing(4) }, census{known: true, messages: 4, removals: 1}, true},
	} {
		c.tell()
		if got := n.counted(); got != c.want || n.urgent() != c.urgent {
			t.Errorf("%s: got %+v, urgent %v, want %+v, %v", c.name, got, n.urgent(), c.want, c.urgent)
		}
	}
}

func TestExistencesAreBounded(t *testing.T) {
	n := newNotices(probe.NewClock())
	for messages := range uint32(10_000) {
		n.existing(messages)
	}
	got := n.take()
	if len(got.exists) != maxExistences || got.exists[maxExistences-1].messages != 9_999 {
		t.Errorf("got %d existences up to %d messages, want %d up to 9999", len(got.exists), got.exists[len(got.exists)-1].messages, maxExistences)
	}
}

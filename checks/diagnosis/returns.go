package diagnosis

import (
	"cmp"
	"slices"
)

// bounces says what the bounces tell of the suspect: those first that most messages came
// back with, and each route's that name nobody.
func (r *reasons) bounces(all []BounceEvidence) {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b BounceEvidence) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Reporting, b.Reporting),
			cmp.Compare(a.Remote, b.Remote), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Text, b.Text), cmp.Compare(a.fate(), b.fate()))
	})
	told := 0
	for _, b := range sorted {
		if told < most && r.bounce(b) {
			told++
		}
	}
}

// bounce says what a bounce tells of the suspect, and tells whether that is new.
func (r *reasons) bounce(b BounceEvidence) bool {
	who, cause, said := r.partiesOf(b), b.cause(), cmp.Or(b.Text, "no reason is given")
	signs := r.blames(b)
	blamed := slices.ContainsFunc(r.suspect, func(c int) bool { return signs[c] > 0 })
	route, known := r.route[b.Route]
	nobody := who.reporting == none && who.remote == none && known && r.through(route)
	switch {
	case !blamed && !nobody:
		return false
	case nobody:
		return r.say("mail of %s %s, and no server that is known is named: %s%s", b.Route, b.fate(), said, cause.about())
	case b.Delayed:
		return r.say("%s still holds mail and tries again, so that mail is held and not lost; %s%s%s", r.who(who.reporting), r.speaks(who.remote, cause), said, cause.about())
	case cause == causeNotSaid && slices.Contains(r.suspect, who.remote):
		return r.say("a bounce says that %s did not take mail%s: %s", r.title(who.remote), r.by(who.reporting), said)
	case cause == causeNotSaid:
		return r.say("a bounce from %s gives up: %s", r.title(who.reporting), said)
	}
	return r.say("%s gave the mail back: %s%s%s", r.who(who.reporting), r.speaks(who.remote, cause), said, cause.about())
}

// fate is what became of the messages.
func (b BounceEvidence) fate() string {
	if b.Delayed {
		return "is held somewhere"
	}
	return "came back"
}

// about says what a cause does not mean.
func (c cause) about() string {
	if c == causeMailbox {
		return " (this is about the address or the mailbox, not about all mail)"
	}
	return ""
}

func (r *reasons) who(component int) string {
	if component == none {
		return "a server on the way"
	}
	return r.title(component)
}

// speaks introduces what the remote component said, or was not there to say.
func (r *reasons) speaks(remote int, c cause) string {
	switch {
	case remote == none:
		return ""
	case c == causeNetwork:
		return "it could not hand it over to " + r.title(remote) + ": "
	}
	return r.title(remote) + " said "
}

func (r *reasons) by(component int) string {
	if component == none {
		return ""
	}
	return " from " + r.title(component)
}

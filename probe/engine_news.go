package probe

import (
	"hash/fnv"
	"io"
	"strings"
	"time"
)

// news gives the sightings and the reports that say something new. Messages of ours
// that nobody can account for are noted in the log and not counted.
func (e *Engine) news(s *watching, l Look, now time.Time) []Event {
	var events []Event
	strange := 0
	for _, o := range l.Found {
		if o.Report != nil {
			if f := reportedFact(o); e.isNewReport(f) {
				events = append(events, Event{At: now, Fact: f})
			}
			continue
		}
		f := seenFact(o, s.previous, l.Ended)
		switch news, accountable := e.isNews(f, now); {
		case news:
			f.Trail, f.Altered = e.trail(o), e.altered(o)
			events = append(events, Event{At: now, Fact: f})
		case !accountable:
			strange++
		}
	}
	if strange > 0 {
		e.cfg.Log.Info("found test messages from before this journal; they are too old to be counted", "mailbox", s.mailbox, "messages", strange)
	}
	return events
}

// isNews tells whether a sighting says something new, and whether anybody can account
// for the message.
func (e *Engine) isNews(f Seen, now time.Time) (news, accountable bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	strange := !e.tracker.knows(f.ID) && f.Tag.Full && f.Tag.Sent.Before(e.cfg.Journal.State().Began)
	return e.tracker.News(f, now), !strange
}

func (e *Engine) isNewReport(f Reported) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tracker.NewsReport(f)
}

// trail is what the servers on the way wrote into a message. It is read without the lock,
// since a header can be long; a reader that panics has read nothing, and what was found
// counts all the same.
func (e *Engine) trail(o Observation) (t Trail) {
	if e.cfg.Trace == nil {
		return Trail{}
	}
	defer func() {
		if r := recover(); r != nil {
			e.cfg.Log.Error("the Received fields of a message cannot be read: please report it, with the header", "mailbox", o.Mailbox, "message", o.Tag.ID, "panic", r)
			t = Trail{}
		}
	}()
	return e.cfg.Trace(o)
}

// altered is what was changed in a message on its way, given what it was when it was
// sent. What only a short tag is left of, and nobody sent as far as is known, cannot be
// compared.
func (e *Engine) altered(o Observation) (found []Alteration) {
	if e.cfg.Compare == nil {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			e.cfg.Log.Error("a message cannot be compared with what was sent: please report it, with the message", "mailbox", o.Mailbox, "message", o.Tag.ID, "panic", r)
			found = nil
		}
	}()
	tag, known := e.fullTag(o.Tag)
	p, configured := e.probes[probeName(tag.Route, tag.Payload)]
	if !known || !configured {
		return nil
	}
	return tellMeant(e.cfg.Compare(Compose(p, e.cfg.Keys, tag), o), p.Route.Alters)
}

// fullTag is the tag that a message was sent with.
func (e *Engine) fullTag(t Tag) (full Tag, known bool) {
	if t.Full {
		return t, true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	fl := e.tracker.flights[t.ID]
	if fl == nil {
		return Tag{}, false
	}
	return e.tagOf(fl.Sending, fl.at), true
}

// reportedFact is what is journaled of a report.
func reportedFact(o Observation) Reported {
	h := fnv.New64a()
	h.Write(o.Header)
	return Reported{ID: o.Tag.ID, Mailbox: o.Mailbox, Ref: o.Ref, Sum: h.Sum64(), Report: *o.Report}
}

// seenFact is what is journaled of an observation.
func seenFact(o Observation, absent, present time.Time) Seen {
	return Seen{
		ID: o.Tag.ID, Tag: o.Tag, Carrier: o.Carrier, Mailbox: o.Mailbox, Ref: o.Ref, Place: o.Place,
		Absent: absent, Present: present, Internal: o.Internal, Chain: chainOf(o.Header), EmailID: o.EmailID,
	}
}

// chainOf is a hash of the Received fields (RFC 5321 section 4.4): two copies that
// took different ways differ in it, one copy found twice does not.
func chainOf(header []byte) uint64 {
	h := fnv.New64a()
	for _, v := range ParseHeader(header).All("Received") {
		io.WriteString(h, strings.Join(strings.Fields(v), " ")+"\n")
	}
	return h.Sum64()
}

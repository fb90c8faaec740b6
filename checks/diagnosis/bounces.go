package diagnosis

import (
	"slices"
	"strings"
)

// cause is what a message was not taken for.
type cause uint8

// The causes, by the subject of the status (RFC 3463 section 3).
const (
	causeNotSaid cause = iota // or one that tells nothing of who broke
	causeMailbox              // X.1 and X.2: the address, or the mailbox
	causeSystem               // X.3: the mail system that says so
	causeNetwork              // X.4: whoever reports could not hand over
	causePolicy               // X.7: a filter does not want it
)

// cause is what the status says. A notice of delay without one tells that whoever reports
// could not hand over yet.
func (b BounceEvidence) cause() cause {
	if parts := strings.Split(b.Status, "."); len(parts) == 3 {
		switch parts[1] {
		case "1", "2":
			return causeMailbox
		case "3":
			return causeSystem
		case "4":
			return causeNetwork
		case "7":
			return causePolicy
		}
	}
	if b.Delayed {
		return causeNetwork
	}
	return causeNotSaid
}

// parties are the components that a bounce speaks of; none: it is not known.
type parties struct {
	path            []int // of the messages' route; nil: it is not known
	reporting       int
	remote          int // another one
	reports, answer int // where these stand on the path, or none
}

func (p *paths) partiesOf(b BounceEvidence) parties {
	who := parties{reporting: none, remote: none}
	if r, ok := p.route[b.Route]; ok {
		who.path = p.path[r]
	}
	if c, ok := p.component[b.Reporting]; ok {
		who.reporting = c
	}
	if c, ok := p.component[b.Remote]; ok && c != who.reporting {
		who.remote = c
	}
	who.reports, who.answer = slices.Index(who.path, who.reporting), slices.Index(who.path, who.remote)
	return who
}

// store is whose mailbox it is: whoever knows of it, or else the end of the path.
func (who parties) store() int {
	switch {
	case who.remote != none:
		return who.remote
	case len(who.path) > 0:
		return who.path[len(who.path)-1]
	}
	return who.reporting
}

// carried are those that have handed the message on for certain: all before whoever
// reports. Whoever answers of an address or a mailbox has been asked, through all before it.
func (who parties) carried(c cause) []int {
	if c == causeMailbox && who.answer > who.reports {
		return who.path[:who.answer]
	}
	return who.path[:max(0, who.reports)]
}

// between are those that no host need stand for, such as a link: they may be why whoever
// reports could not reach the remote one. If it is not known who reports, it is the one
// before the remote.
func (who parties) between() []int {
	switch {
	case who.answer <= 0 || who.reports >= who.answer:
		return nil
	case who.reports == none:
		return who.path[who.answer-1 : who.answer]
	}
	return who.path[who.reports+1 : who.answer]
}

// behind is the one next to whoever reports: the remote host may be its, if no component
// claims that.
func (who parties) behind() int {
	if who.reports == none || who.reports+1 == len(who.path) {
		return none
	}
	return who.path[who.reports+1]
}

// blames is what one bounce says of each component, as log odds.
func (p *paths) blames(b BounceEvidence) map[int]float64 {
	who, cause := p.partiesOf(b), b.cause()
	signs := make(map[int]float64)
	say := func(odds float64, components ...int) {
		for _, c := range components {
			if known, said := signs[c]; c != none && (!said || odds > known) {
				signs[c] = odds
			}
		}
	}
	say(bouncePassed, who.carried(cause)...)
	switch alone := who.remote == none; {
	case cause == causeMailbox:
		say(bounceMailbox, who.store())
		if alone {
			say(bounceReports, who.reporting)
		}
	case cause == causeNetwork && alone && who.reporting != none:
		say(bounceAlone, who.reporting, who.behind())
	case cause == causeNetwork:
		say(bounceRemote, who.remote)
		say(bounceBetween, who.between()...)
		say(bounceReports, who.reporting)
	case cause == causePolicy && alone:
		say(bouncePolicy, who.reporting)
	case cause == causePolicy:
		say(bouncePolicy, who.remote)
		say(bounceReports, who.reporting)
	case alone:
		say(bounceAlone, who.reporting)
	default:
		say(bounceRemote, who.remote)
		say(bounceReports, who.reporting)
	}
	return signs
}

func (p *paths) bounces(all []BounceEvidence) map[int]float64 {
	signs := make(map[int]float64)
	for _, b := range all {
		for c, odds := range p.blames(b) {
			if known, said := signs[c]; !said || odds > known {
				signs[c] = odds
			}
		}
	}
	return signs
}

// returned says of each route how many of its misses came back because of the address or
// the mailbox, and who keeps that mailbox: of several, the one that most are laid on.
func (p *paths) returned(known []counts, all []BounceEvidence) {
	type key struct{ route, store int }
	messages := make(map[key]int)
	for _, b := range all {
		r, ok := p.route[b.Route]
		if store := p.partiesOf(b).store(); ok && store != none && b.cause() == causeMailbox {
			messages[key{r, store}] += max(1, b.Messages)
		}
	}
	most := make(map[int]int)
	for k, n := range messages {
		c := &known[k.route]
		c.returned += n
		if m := most[k.route]; n > m || n == m && k.store < c.store {
			most[k.route], c.store = n, k.store
		}
	}
	for r := range known {
		known[r].returned = min(known[r].returned, known[r].misses-known[r].atEntry)
	}
}

// blameStores adds what the returned messages say to the weight of whoever keeps the
// mailboxes. For that one they are misses like all others, and that it takes mail for
// other mailboxes does not clear it.
func (p *paths) blameStores(known []counts, through, single []float64) {
	full := make(map[int]map[string]bool) // by store: the mailboxes that take no mail
	for r, c := range known {
		if c.returned == 0 {
			continue
		}
		all, _ := c.whole().odds()
		single[c.store] += all - through[r]
		if full[c.store] == nil {
			full[c.store] = make(map[string]bool)
		}
		full[c.store][p.routes[r].Mailbox] = true
	}
	if len(full) == 0 {
		return
	}
	for r, odds := range through {
		for _, c := range p.path[r] {
			if full[c] != nil && !full[c][p.routes[r].Mailbox] && odds < 0 {
				single[c] -= odds
			}
		}
	}
}

package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
)

// watched tells which mailboxes are of use. By mailbox, asides are the others whose
// messages may turn up there instead: kept in quarantine, or as reports to their sender.
// Windows are for how long a message may be on its way there, or be one of those; a
// mailbox that has none need not be watched.
func watched(mailboxes []config.Mailbox, probes []probe.Probe) (asides map[string][]string, windows map[string]time.Duration) {
	into := make(map[string]time.Duration)   // by mailbox: its longest LostAfter
	from := make(map[string]map[string]bool) // by sender's address: where it sends
	for _, p := range probes {
		target, address := p.Route.Mailbox, strings.ToLower(p.Route.From)
		into[target] = max(into[target], p.LostAfter)
		if from[address] == nil {
			from[address] = make(map[string]bool)
		}
		from[address][target] = true
	}
	asides, windows = make(map[string][]string), make(map[string]time.Duration)
	for _, m := range mailboxes {
		windows[m.Name] = into[m.Name]
		others := slices.Sorted(maps.Keys(from[strings.ToLower(m.Address)]))
		if m.Quarantine {
			others = slices.Sorted(maps.Keys(into))
		}
		for _, target := range others {
			if target != m.Name {
				asides[m.Name] = append(asides[m.Name], target)
				windows[m.Name] = max(windows[m.Name], into[target])
			}
		}
	}
	return asides, windows
}

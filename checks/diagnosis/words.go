package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// The confidences at which the words change: from sure on it is said outright, from
// likely on it is more likely broken than not.
const (
	likely = 0.5
	sure   = 0.8
)

// mailboxes tells whether all that speaks against a suspect is what came back because of
// an address or a mailbox that it keeps.
func (p *paths) mailboxes(s suspect, known []counts) bool {
	some := false
	for r, c := range known {
		if len(s.components) != 1 || !slices.Contains(p.path[r], s.components[0]) || !c.isBad() {
			continue
		}
		if c.returned == 0 || c.returned < c.misses || c.store != s.components[0] {
			return false
		}
		some = true
	}
	return some
}

// sentence says where the break is, and no more than the confidence carries.
func (p *paths) sentence(s suspect, mailboxes bool) string {
	is, titles := "is", p.titles(s.components)
	switch {
	case s.confidence < likely:
		is = "may be"
	case s.confidence < sure:
		is = "is most likely"
	}
	switch {
	case mailboxes:
		return fmt.Sprintf("The break %s at a mailbox or an address that %s keeps.", is, titles[0])
	case len(titles) == 1:
		return fmt.Sprintf("The break %s at %s.", is, titles[0])
	case len(titles) == 2 && p.neighbours(s.components[0], s.components[1]):
		return fmt.Sprintf("The break %s between %s and %s: these routes cannot tell them apart.", is, titles[0], titles[1])
	}
	return fmt.Sprintf("The break %s at %s: these routes cannot tell them apart.", is, list(titles, "or"))
}

// titled is the titles of those components that are known, by name.
func (p *paths) titled(names []string) []string {
	var titles []string
	for _, name := range names {
		if c, known := p.component[name]; known {
			titles = append(titles, p.title(c))
		}
	}
	return titles
}

func (p *paths) titles(components []int) []string {
	titles := make([]string, len(components))
	for i, c := range components {
		titles[i] = p.title(c)
	}
	return titles
}

// neighbours tells whether mail goes from one component right to the other.
func (p *paths) neighbours(a, b int) bool {
	return slices.ContainsFunc(p.path, func(path []int) bool {
		i := slices.Index(path, a)
		return i >= 0 && i+1 < len(path) && path[i+1] == b
	})
}

// list is things in words: "a", "a or b", "a, b or c".
func list(things []string, conjunction string) string {
	last := len(things) - 1
	if last < 1 {
		return strings.Join(things, "")
	}
	return strings.Join(things[:last], ", ") + " " + conjunction + " " + things[last]
}

// called is a route in words.
func called(r Route) string {
	mail := "mail"
	switch r.Direction {
	case probe.Inbound:
		mail = "mail from outside"
	case probe.Internal:
		mail = "mail inside the site"
	case probe.SiteToSite:
		mail = "mail from site to site"
	case probe.Outbound:
		mail = "mail to the outside"
	case probe.Mobile:
		mail = "mail to phones"
	}
	return mail + " (" + r.Name + ")"
}

// becomes says what becomes of a route's messages when they do not all arrive.
func (c counts) becomes() string {
	of := fmt.Sprintf("%d of %s", c.misses, messages(c.misses+c.arrivals))
	switch {
	case c.misses == 0 && c.arrivals == 0:
		return "does not arrive"
	case c.misses == 0:
		return fmt.Sprintf("was broken a moment ago, and %s", c.arrive())
	case c.arrivals > 0:
		return "arrives only in part: " + of + " missing"
	case c.atEntry == c.misses:
		return "is not taken: " + of + " refused or not handed over"
	}
	return "does not arrive: " + of + " missing"
}

// arrive says how many messages of a route that is well arrive.
func (c counts) arrive() string {
	switch {
	case c.misses > 0:
		return fmt.Sprintf("%d of %s arrive", c.arrivals, messages(c.misses+c.arrivals))
	case c.arrivals == 1:
		return "the one message sent since arrives"
	}
	return fmt.Sprintf("all %d messages arrive", c.arrivals)
}

func messages(n int) string { return counted(n, "message") }

// counted is a number of things in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// long is a duration as people say it, cut to what matters.
func long(d time.Duration) string {
	switch {
	case d < time.Minute:
		return counted(int(d.Round(time.Second)/time.Second), "second")
	case d < 2*time.Hour:
		return counted(int(d.Round(time.Minute)/time.Minute), "minute")
	}
	return counted(int(d.Round(time.Hour)/time.Hour), "hour")
}

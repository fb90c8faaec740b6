package diagnosis_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
)

// The company of the story: mail from outside passes the gateway's inbound side and
// the anti-spam filter to the first of two sites.
var components = []diagnosis.Component{
	{Name: "internet", Title: "the Internet"},
	{Name: "gateway-in", Title: "the gateway's inbound filter"},
	{Name: "gateway-out", Title: "the gateway's outbound side"},
	{Name: "antispam", Title: "the anti-spam filter"},
	{Name: "store-1", Title: "the mailbox server at site 1"},
	{Name: "store-2", Title: "the mailbox server at site 2"},
	{Name: "link", Title: "the link between the sites"},
	{Name: "phones", Title: "the front end for phones"},
}

var allRoutes = []diagnosis.Route{
	{Name: "in", Path: path("internet gateway-in antispam store-1"), Direction: probe.Inbound, Mailbox: "one"},
	{Name: "internal1", Path: path("store-1"), Direction: probe.Internal, Mailbox: "one"},
	{Name: "internal2", Path: path("store-2"), Direction: probe.Internal, Mailbox: "two"},
	{Name: "s2s", Path: path("store-1 link store-2"), Direction: probe.SiteToSite, Mailbox: "two"},
	{Name: "mobile", Path: path("phones store-1"), Direction: probe.Mobile, Mailbox: "one"},
	{Name: "out", Path: path("store-1 gateway-out internet"), Direction: probe.Outbound, Mailbox: "provider"},
	{Name: "inject@antispam", Path: path("antispam store-1"), Direction: probe.Inbound, Mailbox: "one", Server: "antispam.example.com:25"},
	{Name: "inject@gateway", Path: path("gateway-in antispam store-1"), Direction: probe.Inbound, Mailbox: "one", Server: "mx1.example.com:25"},
}

func path(components string) []string { return strings.Fields(components) }

// company is the topology with the routes named.
func company(routes string) diagnosis.Topology {
	t := diagnosis.Topology{Components: components}
	for _, r := range allRoutes {
		if slices.Contains(strings.Fields(routes), r.Name) {
			t.Routes = append(t.Routes, r)
		}
	}
	return t
}

const (
	basic = "in internal1 internal2 s2s mobile"
	every = basic + " out inject@antispam inject@gateway"
)

// seen makes the evidence of "route:misses/arrivals" words; ":blind" is a route that
// cannot be seen. Routes that are not named carry all of four messages.
func seen(t diagnosis.Topology, words string) diagnosis.Evidence {
	var e diagnosis.Evidence
	for _, r := range t.Routes {
		one := diagnosis.RouteEvidence{Route: r.Name, Health: probe.HealthOK, Arrivals: 4}
		for _, w := range strings.Fields(words) {
			name, what, _ := strings.Cut(w, ":")
			switch {
			case name != r.Name:
			case what == "blind":
				one = diagnosis.RouteEvidence{Route: r.Name, Health: probe.HealthBlind, Misses: 9}
			default:
				if _, err := fmt.Sscanf(what, "%d/%d", &one.Misses, &one.Arrivals); err != nil {
					panic(w)
				}
				if one.Misses > one.Arrivals {
					one.Health = probe.HealthBroken
				}
			}
		}
		e.Routes = append(e.Routes, one)
	}
	return e
}

// inShort is the suspects of at least one in ten, as "a+b c".
func inShort(all []diagnosis.Diagnosis) string {
	var words []string
	for _, d := range all {
		if d.Confidence >= 0.1 {
			words = append(words, strings.Join(d.Components, "+"))
		}
	}
	return strings.Join(words, " ")
}

func TestTheStoryAsAMatrix(t *testing.T) {
	for _, tt := range []struct{ says, routes, evidence, want string }{
		{"only mail from outside fails: it is the Internet, the gateway or the anti-spam filter", basic, "in:5/0", "internet+gateway-in+antispam"},
		{"mail to the outside arrives: it is not the Internet", basic + " out", "in:5/0", "gateway-in+antispam"},
		{"mail put in at the anti-spam filter arrives: it is the gateway", basic + " out inject@antispam", "in:5/0", "gateway-in"},
		{"mail put in at the anti-spam filter fails as well: it is that", basic + " out inject@antispam", "in:5/0 inject@antispam:5/0", "antispam"},
		{"without mail to the outside, put in at both filters: it is the gateway", basic + " inject@antispam inject@gateway", "in:5/0 inject@gateway:5/0", "gateway-in"},
		{"only mail put in nowhere fails: it is the Internet", basic + " inject@antispam inject@gateway", "in:5/0", "internet"},
		{"mail from and to the outside fails: it is the Internet", every, "in:5/0 out:5/0", "internet"},
		{"only mail to the outside fails: it is the gateway's outbound side", every, "out:5/0", "gateway-out"},
		{"all mail of site 1 fails: it is its mailbox server", every, "in:5/0 internal1:5/0 s2s:5/0 mobile:5/0 out:5/0 inject@antispam:5/0 inject@gateway:5/0", "store-1"},
		{"mail to site 2 fails from both sites: it is its mailbox server", every, "internal2:5/0 s2s:5/0", "store-2"},
		{"only mail between the sites fails: it is the link", every, "s2s:5/0", "link"},
		{"only phones get no mail: it is their front end", every, "mobile:5/0", "phones"},
		{"nothing fails", every, "", ""},
		{"one message is lost: nothing is broken", every, "in:1/12", ""},
		{"two faults at once: the anti-spam filter and the link", every, "in:5/0 inject@antispam:5/0 inject@gateway:5/0 s2s:5/0", "antispam link"},
		{"three faults at once, once twenty messages of the good routes have arrived", every, "in:5/0 inject@antispam:5/0 inject@gateway:5/0 s2s:5/0 mobile:5/0 internal1:0/20 out:0/20", "antispam phones link"},
		{"a crash loop that lets three in ten through", every, "in:14/6 inject@gateway:13/7", "gateway-in"},
		{"a route that cannot be seen exonerates nobody", basic + " out inject@antispam", "in:5/0 inject@antispam:blind", "gateway-in+antispam"},
		{"nor does it accuse anybody", every, "internal1:blind", ""},
		{"a route without a message since exonerates nobody", basic + " out inject@antispam", "in:5/0 inject@antispam:0/0", "gateway-in+antispam"},
	} {
		topology := company(tt.routes)
		if got := inShort(diagnosis.Diagnose(topology, seen(topology, tt.evidence))); got != tt.want {
			t.Errorf("%s: %q on routes %q: got suspects %q, want %q", tt.says, tt.evidence, tt.routes, got, tt.want)
		}
	}
}

func TestCoverageOfTheMatrix(t *testing.T) {
	for _, tt := range []struct {
		routes, uncovered, confused string
		suggestions                 []string
	}{
		{basic, "gateway-out", "internet+gateway-in+antispam", []string{
			"a route that enters at antispam: path [antispam, store-1] to mailbox one separates internet and gateway-in from antispam",
			"a route that enters at gateway-in: path [gateway-in, antispam, store-1] to mailbox one separates internet from gateway-in",
		}},
		{basic + " out", "", "gateway-in+antispam", []string{
			"a route that enters at antispam: path [antispam, store-1] to mailbox one separates gateway-in from antispam",
		}},
		{basic + " out inject@antispam", "", "", nil},
		{basic + " inject@antispam inject@gateway", "gateway-out", "", nil},
		{basic + " inject@gateway", "gateway-out", "gateway-in+antispam", []string{
			"a route that enters at antispam: path [antispam, store-1] to mailbox one separates gateway-in from antispam",
		}},
		{every, "", "", nil},
		{"s2s", "antispam gateway-in gateway-out internet phones", "store-1+link+store-2", []string{
			"a route that enters at store-2: path [store-2] to mailbox two separates store-1 and link from store-2",
			"a route that enters at link: path [link, store-2] to mailbox two separates store-1 from link",
		}},
	} {
		c := company(tt.routes).Coverage()
		if got := strings.Join(c.Uncovered, " "); got != tt.uncovered {
			t.Errorf("routes %q: got uncovered %q, want %q", tt.routes, got, tt.uncovered)
		}
		var confused []string
		for _, g := range c.Indistinguishable {
			confused = append(confused, strings.Join(g, "+"))
		}
		if got := strings.Join(confused, " "); got != tt.confused {
			t.Errorf("routes %q: got confused %q, want %q", tt.routes, got, tt.confused)
		}
		var texts []string
		for _, s := range c.Suggestions {
			texts = append(texts, s.Text)
		}
		if !slices.Equal(texts, tt.suggestions) {
			t.Errorf("routes %q: got suggestions\n%s\nwant\n%s", tt.routes, strings.Join(texts, "\n"), strings.Join(tt.suggestions, "\n"))
		}
	}
}

// What is suggested does what it says: with all of it, nothing is confused any more.
func TestSuggestionsSeparate(t *testing.T) {
	for _, routes := range []string{basic, basic + " out", "s2s", "in", "in out"} {
		topology := company(routes)
		before := topology.Coverage()
		if len(before.Suggestions) == 0 {
			t.Errorf("routes %q: no suggestion, want some", routes)
		}
		for i, s := range before.Suggestions {
			topology.Routes = append(topology.Routes, diagnosis.Route{Name: fmt.Sprint("new-", i), Path: s.Path, Mailbox: s.Mailbox})
		}
		if after := topology.Coverage(); len(after.Indistinguishable) > 0 {
			t.Errorf("routes %q with the suggestions %v: still confused: %v", routes, before.Suggestions, after.Indistinguishable)
		}
	}
}

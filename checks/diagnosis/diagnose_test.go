package diagnosis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
)

// waited is late mail that waited for so many of the 60 minutes that it took.
func waited(held, next string, minutes int) diagnosis.HopEvidence {
	return diagnosis.HopEvidence{Held: path(held), Next: path(next), Took: time.Duration(minutes) * time.Minute, Of: time.Hour}
}

func waits(all ...diagnosis.HopEvidence) diagnosis.Evidence { return diagnosis.Evidence{Hops: all} }

func finding(component string, s probe.FindingState, reason string) probe.Finding {
	return probe.Finding{Check: "prometheus", Target: component, Component: component, State: s, Reason: reason}
}

// Only mail from outside fails, and the routes leave the gateway and the anti-spam
// filter: what else is known decides.
func TestOtherEvidenceDecidesBetweenTwo(t *testing.T) {
	type evidence = diagnosis.Evidence
	for _, tt := range []struct {
		says string
		more evidence
		want string
	}{
		{"nothing else", evidence{}, "gateway-in+antispam"},
		{"a check of the anti-spam filter fails", evidence{Findings: []probe.Finding{finding("antispam", probe.FindingFailed, "")}}, "antispam"},
		{"a check of the gateway is good: it answered 250 in the story, too", evidence{Findings: []probe.Finding{finding("gateway-in", probe.FindingOK, "")}}, "gateway-in+antispam"},
		{"a check warns", evidence{Findings: []probe.Finding{finding("gateway-in", probe.FindingWarning, "")}}, "gateway-in+antispam"},
		{"a check could not be made", evidence{Findings: []probe.Finding{finding("gateway-in", probe.FindingUnknown, "")}}, "gateway-in+antispam"},
		{"a check of what is on no bad route fails", evidence{Findings: []probe.Finding{finding("link", probe.FindingFailed, "")}}, "gateway-in+antispam"},
		{"a bounce: the gateway says the anti-spam filter did not take it", evidence{Bounces: []diagnosis.BounceEvidence{{Reporting: "gateway-in", Remote: "antispam"}}}, "antispam"},
		{"a bounce: the gateway gave up by itself", evidence{Bounces: []diagnosis.BounceEvidence{{Reporting: "gateway-in"}}}, "gateway-in"},
		{"a bounce from a host that is not configured", evidence{Bounces: []diagnosis.BounceEvidence{{Reporting: "elsewhere", Remote: "nowhere"}}}, "gateway-in+antispam"},
		{"late mail had waited at the gateway, and the anti-spam filter, which had it next, may have refused it", waits(waited("gateway-in", "antispam", 60)), "gateway-in antispam"},
		{"the same, and the anti-spam filter says that it is well", evidence{
			Hops:     []diagnosis.HopEvidence{waited("gateway-in", "antispam", 60)},
			Findings: []probe.Finding{finding("antispam", probe.FindingOK, "")},
		}, "gateway-in antispam"},
		{"late mail had waited at the gateway, and who had it next is not known", waits(waited("gateway-in", "", 60)), "gateway-in"},
		{"late mail had waited at the anti-spam filter, before the mailbox server had it", waits(waited("antispam", "store-1", 60)), "antispam"},
		{"late mail had waited at one of both: the anti-spam filter leaves no stamp", waits(waited("gateway-in antispam", "store-1", 60)), "gateway-in+antispam"},
		{"late mail had waited at both alike", waits(waited("antispam", "store-1", 30), waited("gateway-in", "antispam", 30)), "gateway-in+antispam"},
		{"late mail had waited at both, and longer at the gateway", waits(waited("antispam", "", 10), waited("gateway-in", "", 50)), "gateway-in"},
		{"late mail had waited at the mailbox server: other mail passes it in time", waits(waited("store-1", "", 60)), "gateway-in+antispam"},
		{"late mail had waited at a component on no bad route", waits(waited("link", "store-2", 60)), "gateway-in+antispam"},
		{"late mail had waited nowhere that is known", waits(waited("elsewhere", "nowhere", 60)), "gateway-in+antispam"},
		{"a message had waited for longer than it took", waits(diagnosis.HopEvidence{Held: path("gateway-in"), Took: time.Hour, Of: time.Second}), "gateway-in"},
		{"a message took no time", waits(diagnosis.HopEvidence{Held: path("gateway-in"), Took: time.Hour}), "gateway-in+antispam"},
	} {
		topology := company(basic + " out")
		e := seen(topology, "in:5/0")
		e.Findings, e.Bounces, e.Hops = tt.more.Findings, tt.more.Bounces, tt.more.Hops
		if got := inShort(diagnosis.Diagnose(topology, e)); got != tt.want {
			t.Errorf("%s: got suspects %q, want %q", tt.says, got, tt.want)
		}
	}
}

// Only the route that is put in at the gateway is known: where messages fail decides.
func TestWhereMessagesFailDecides(t *testing.T) {
	for _, tt := range []struct {
		says    string
		atEntry int
		banner  time.Duration
		want    string
	}{
		{"all are taken: it may be the gateway as well as what is behind it", 0, 0, "gateway-in+antispam"},
		{"all are refused: most likely the gateway", 5, 0, "gateway-in"},
		{"the gateway is slow to greet", 0, 40 * time.Second, "gateway-in antispam"},
	} {
		topology := company("internal1 inject@gateway")
		e := seen(topology, "inject@gateway:5/0")
		e.Routes[1].AtEntry = tt.atEntry
		e.Attempts = []diagnosis.AttemptEvidence{{Route: "inject@gateway", Banner: tt.banner}}
		if got := inShort(diagnosis.Diagnose(topology, e)); got != tt.want {
			t.Errorf("%s: got suspects %q, want %q", tt.says, got, tt.want)
		}
	}
}

// A good route weighs against a component from its first message on.
func TestArrivalsExonerateByDegrees(t *testing.T) {
	last := 0.0
	for _, arrivals := range []int{0, 1, 2, 5, 20} {
		topology := company(basic + " out inject@antispam")
		all := diagnosis.Diagnose(topology, seen(topology, fmt.Sprintf("in:5/0 inject@antispam:0/%d", arrivals)))
		confidence := 0.0
		for _, d := range all {
			if strings.Join(d.Components, "+") == "gateway-in" {
				confidence = d.Confidence
			}
		}
		if confidence <= last && arrivals > 0 {
			t.Errorf("%d arrivals behind the gateway: got confidence %.3f in the gateway, want more than %.3f", arrivals, confidence, last)
		}
		last = confidence
	}
	if last < 0.98 {
		t.Errorf("20 arrivals behind the gateway: got confidence %.3f, want at least 0.98", last)
	}
}

// inFull is diagnoses as a person reads them.
func inFull(all []diagnosis.Diagnosis) string {
	var b strings.Builder
	for _, d := range all {
		fmt.Fprintf(&b, "%.0f %% %s\n", 100*d.Confidence, d.Sentence)
		for _, r := range d.Reasons {
			fmt.Fprintf(&b, "- %s\n", r)
		}
	}
	return b.String()
}

func TestWhatIsSaid(t *testing.T) {
	for _, tt := range []struct {
		says, routes, evidence string
		more                   func(*diagnosis.Evidence)
		want                   string
	}{
		{"one suspect", basic + " out inject@antispam", "in:5/0", nil, `
97 % The break is at the gateway's inbound filter.
- mail from outside (in) does not arrive: 5 of 5 messages missing
- inject@antispam passes the anti-spam filter and the mailbox server at site 1 as well, and all 4 messages arrive
- out passes the Internet as well, and all 4 messages arrive
`},
		{"two that cannot be told apart", basic + " out inject@antispam", "in:5/0 inject@antispam:blind", nil, `
99 % The break is between the gateway's inbound filter and the anti-spam filter: these routes cannot tell them apart.
- mail from outside (in) does not arrive: 5 of 5 messages missing
- out passes the mailbox server at site 1 and the Internet as well, and all 4 messages arrive
- inject@antispam is blind and says nothing
`},
		{"three that cannot be told apart", basic, "in:5/0", nil, `
100 % The break is at the Internet, the gateway's inbound filter or the anti-spam filter: these routes cannot tell them apart.
- mail from outside (in) does not arrive: 5 of 5 messages missing
- internal1 passes the mailbox server at site 1 as well, and all 4 messages arrive
- these messages of in were accepted where they were handed over: accepting is not delivering
`},
		{"little is known yet", every, "in:3/0 inject@gateway:2/0 out:0/1 inject@antispam:0/1", nil, `
86 % The break is at the gateway's inbound filter.
- mail from outside (in) does not arrive: 3 of 3 messages missing
- mail from outside (inject@gateway) does not arrive: 2 of 2 messages missing
- inject@antispam passes the anti-spam filter and the mailbox server at site 1 as well, and the one message sent since arrives
- out passes the Internet as well, and the one message sent since arrives
- the server at mx1.example.com:25 accepted every one of these messages: accepting is not delivering
14 % The break may be at the anti-spam filter.
- mail from outside (in) does not arrive: 3 of 3 messages missing
- mail from outside (inject@gateway) does not arrive: 2 of 2 messages missing
- out passes the mailbox server at site 1 and the Internet as well, and the one message sent since arrives
- against it: inject@antispam passes the anti-spam filter, and the one message sent since arrives
`},
		{"everything at once", every, "in:14/6 inject@gateway:5/0 s2s:5/0", func(e *diagnosis.Evidence) {
			for i := range e.Routes {
				if e.Routes[i].Route == "inject@gateway" {
					e.Routes[i].AtEntry = 5
				}
			}
			e.Attempts = []diagnosis.AttemptEvidence{{Route: "inject@gateway", Said: "421 4.4.7 Unable to process message at this time", Banner: 31 * time.Second}}
			e.Findings = []probe.Finding{finding("gateway-in", probe.FindingFailed, "queue depth 812, want at most 100"), finding("link", probe.FindingOK, "")}
			e.Bounces = []diagnosis.BounceEvidence{{Reporting: "store-1", Remote: "link", Text: "451 4.4.1 no answer"}}
			e.Hops = waits(waited("gateway-in", "antispam", 2), waited("gateway-in", "antispam", 47), waited("gateway-in internet", "", 9), waited("store-1", "link", 40)).Hops
		}, `
100 % The break is at the gateway's inbound filter.
- mail from outside (in) arrives only in part: 14 of 20 messages missing
- mail from outside (inject@gateway) is not taken: 5 of 5 messages refused or not handed over
- inject@antispam passes the anti-spam filter and the mailbox server at site 1 as well, and all 4 messages arrive
- out passes the Internet as well, and all 4 messages arrive
- the server at mx1.example.com:25 answered 421 4.4.7 Unable to process message at this time
- the server at mx1.example.com:25 took 31 seconds to greet
- queue depth 812, want at most 100 (the prometheus check of gateway-in)
- late mail waited 47 minutes at the gateway's inbound filter, before the anti-spam filter had it
- late mail waited 9 minutes at the gateway's inbound filter or the Internet
- late mail waited 2 minutes at the gateway's inbound filter, before the anti-spam filter had it
100 % The break is at the link between the sites.
- mail from site to site (s2s) does not arrive: 5 of 5 messages missing
- inject@antispam passes the mailbox server at site 1 as well, and all 4 messages arrive
- internal2 passes the mailbox server at site 2 as well, and all 4 messages arrive
- the prometheus check of link is good, which says little: a part that is dead inside may still answer
- a bounce says that the link between the sites did not take mail from the mailbox server at site 1: 451 4.4.1 no answer
- late mail waited 40 minutes at the mailbox server at site 1, before the link between the sites had it
`},
	} {
		topology := company(tt.routes)
		e := seen(topology, tt.evidence)
		if tt.more != nil {
			tt.more(&e)
		}
		want := strings.TrimPrefix(tt.want, "\n")
		if got := inFull(diagnosis.Diagnose(topology, e)); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.says, got, want)
		}
	}
}

// Many routes through one suspect are told in few words: what two servers say alike
// once, and before all what those say that refuse.
func TestManyRoutesAreToldInFewWords(t *testing.T) {
	topology := diagnosis.Topology{Components: components}
	var e diagnosis.Evidence
	route := func(name, server string, misses, atEntry int, said string) {
		topology.Routes = append(topology.Routes, diagnosis.Route{Name: name, Path: path("gateway-in store-1"), Direction: probe.Inbound, Server: server})
		e.Routes = append(e.Routes, diagnosis.RouteEvidence{Route: name, Health: probe.HealthBroken, Misses: misses, AtEntry: atEntry})
		e.Attempts = append(e.Attempts, diagnosis.AttemptEvidence{Route: name, Said: said})
	}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		route(name, "", 9, 0, "")
	}
	route("f", "mx1:25", 8, 0, "")
	route("g", "mx1:25", 8, 0, "")
	for _, name := range []string{"h", "i", "j", "k"} {
		route(name, "mx2:25", 4, 4, "554 5.3.0 broken")
	}
	route("l", "mx3:25", 4, 4, "connection refused")
	topology.Routes = append(topology.Routes, diagnosis.Route{Name: "inside", Path: path("store-1"), Direction: probe.Internal})
	e.Routes = append(e.Routes, diagnosis.RouteEvidence{Route: "inside", Health: probe.HealthOK, Arrivals: 9})
	want := strings.TrimPrefix(`
100 % The break is at the gateway's inbound filter.
- mail from outside (a) does not arrive: 9 of 9 messages missing
- mail from outside (b) does not arrive: 9 of 9 messages missing
- mail from outside (c) does not arrive: 9 of 9 messages missing
- 9 more routes through the gateway's inbound filter are in trouble, too
- inside passes the mailbox server at site 1 as well, and all 9 messages arrive
- the server at mx1:25 accepted every one of these messages: accepting is not delivering
- these messages of a, b, c and 2 more routes were accepted where they were handed over: accepting is not delivering
- the server at mx2:25 answered 554 5.3.0 broken
- the server at mx3:25 could not be given the mail: connection refused
`, "\n")
	if got := inFull(diagnosis.Diagnose(topology, e)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

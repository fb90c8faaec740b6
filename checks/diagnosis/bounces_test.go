package diagnosis_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/checks/diagnosis"
)

func oddBounce(random *rand.Rand, name func() string) diagnosis.BounceEvidence {
	return diagnosis.BounceEvidence{
		Route: []string{"", fmt.Sprintf("r%03d", random.IntN(50))}[random.IntN(2)], Reporting: name(), Remote: name(),
		Status: []string{"", "5.1.1", "4.2.2", "5.3.0", "4.4.1", "5.7.1", "5.", "..", "absurd"}[random.IntN(9)], Delayed: random.IntN(3) == 0, Messages: random.IntN(50) - 3,
	}
}

// back is what bounces of messages along route "in" say: "gateway-in > store-1 5.1.1".
func back(words string, messages int) diagnosis.BounceEvidence {
	b := diagnosis.BounceEvidence{Route: "in", Text: "no", Messages: messages}
	for i, w := range strings.Fields(words) {
		switch {
		case strings.Contains(w, "."):
			b.Status = w
		case w == "delayed":
			b.Delayed = true
		case w == ">" || w == "nobody":
		case i == 0:
			b.Reporting = w
		default:
			b.Remote = w
		}
	}
	return b
}

func TestBouncesTellWhoBroke(t *testing.T) {
	const (
		between  = basic + " out" // the gateway and the anti-spam filter cannot be told apart
		all      = "in:5/0 internal1:5/0 mobile:5/0"
		atTheEnd = "in inject@antispam"
	)
	for _, tt := range []struct {
		says, routes, evidence, bounce string
		messages                       int
		want                           string
	}{
		{"no bounce", between, "in:5/0", "", 0, "gateway-in+antispam"},
		{"the gateway could not hand over to the dead filter", between, "in:5/0", "gateway-in > antispam 4.4.1", 5, "antispam"},
		{"the same, and the filter's host is nobody's: it may be a part of the gateway as well", basic, "in:5/0", "gateway-in > nowhere 4.4.1", 5, "gateway-in+antispam"},
		{"the same, and the gateway does not say what broke", basic, "in:5/0", "gateway-in 5.0.0", 5, "gateway-in"},
		{"the gateway is in trouble itself", between, "in:5/0", "gateway-in 5.3.5", 5, "gateway-in"},
		{"the filter is", between, "in:5/0", "gateway-in > antispam 4.3.2", 5, "antispam"},
		{"the filter does not want it", between, "in:5/0", "gateway-in > antispam 5.7.1", 5, "antispam gateway-in"},
		{"the gateway does not", between, "in:5/0", "gateway-in 5.7.1", 5, "gateway-in"},
		{"a notice of delay names the next one", between, "in:5/0", "gateway-in > antispam delayed", 2, "antispam"},
		{"a notice of delay, by its status", between, "in:5/0", "gateway-in > antispam delayed 4.3.2", 2, "antispam"},
		{"the provider could not reach the gateway, and mail to the outside arrives", between, "in:5/0", "nowhere > gateway-in 4.4.1", 5, "gateway-in"},
		{"no mail to the outside is sent: it may be the Internet", basic, "in:5/0", "nowhere > gateway-in 4.4.1", 5, "internet+gateway-in"},
		{"an unknown user, though other mail comes to the same server", between, "in:5/0", "gateway-in > store-1 5.1.1", 5, "store-1"},
		{"a full mailbox: nothing comes to it on any route", between, all, "gateway-in > store-1 5.2.2", 5, "store-1"},
		{"a full mailbox, by whoever does not say whose it is", atTheEnd, "in:5/0 inject@antispam:0/4", "nobody 5.2.2", 5, "store-1"},
		{"the gateway does not know the user, and others take it", between, "in:5/0", "nowhere > gateway-in 5.1.1", 5, "gateway-in"},
		{"an unknown user came back twice, and the rest never did", between, "in:20/0", "gateway-in > store-1 5.1.1", 2, "gateway-in+antispam store-1"},
		{"a bounce that names nobody", between, "in:5/0", "nobody", 5, "gateway-in+antispam"},
		{"a bounce that names nobody, and says that it was the network", between, "in:5/0", "nobody 5.4.4", 5, "gateway-in+antispam"},
		{"hosts that no component claims", between, "in:5/0", "elsewhere > nowhere 5.3.0", 5, "gateway-in+antispam"},
		{"a component that is on no bad route", between, "in:5/0", "link > store-2 5.3.0", 5, "gateway-in+antispam"},
		{"a status that is none", between, "in:5/0", "gateway-in > antispam 5.1", 5, "antispam"},
	} {
		topology := company(tt.routes)
		e := seen(topology, tt.evidence)
		if tt.bounce != "" {
			e.Bounces = []diagnosis.BounceEvidence{back(tt.bounce, tt.messages)}
		}
		if got := inShort(diagnosis.Diagnose(topology, e)); got != tt.want {
			t.Errorf("%s: %q: got suspects %q, want %q\n%s", tt.says, tt.bounce, got, tt.want, inFull(diagnosis.Diagnose(topology, e)))
		}
	}
}

// Between the sites lies a link, which no host stands for.
func TestALinkMayBeWhyAHostCouldNotBeReached(t *testing.T) {
	for _, tt := range []struct{ routes, evidence, want string }{
		{"s2s internal1", "s2s:5/0", "link+store-2"},
		{"s2s internal1 internal2", "s2s:5/0", "link"},
		{"s2s internal1 internal2", "s2s:5/0 internal2:5/0", "store-2 link"},
	} {
		topology := company(tt.routes)
		e := seen(topology, tt.evidence)
		e.Bounces = []diagnosis.BounceEvidence{{Route: "s2s", Reporting: "store-1", Remote: "store-2", Status: "4.4.1", Messages: 5}}
		if got := inShort(diagnosis.Diagnose(topology, e)); got != tt.want {
			t.Errorf("routes %q: got suspects %q, want %q", tt.routes, got, tt.want)
		}
	}
}

func TestWhatIsSaidOfBounces(t *testing.T) {
	for _, tt := range []struct{ says, bounce, suspect, text, want string }{
		{"a full mailbox", "gateway-in > store-1 5.2.2", "store-1", "552 5.2.2 mailbox full",
			"the gateway's inbound filter gave the mail back: the mailbox server at site 1 said 552 5.2.2 mailbox full (this is about the address or the mailbox, not about all mail)"},
		{"could not hand over", "gateway-in > antispam 4.4.1", "antispam", "connection refused",
			"the gateway's inbound filter gave the mail back: it could not hand it over to the anti-spam filter: connection refused"},
		{"could not hand over to somebody", "gateway-in 4.4.7", "gateway-in", "expired",
			"the gateway's inbound filter gave the mail back: expired"},
		{"held", "gateway-in > antispam delayed", "antispam", "421 4.3.2 busy",
			"the gateway's inbound filter still holds mail and tries again, so that mail is held and not lost; it could not hand it over to the anti-spam filter: 421 4.3.2 busy"},
		{"held by nobody that is known", "nowhere > gateway-in delayed 4.7.1", "gateway-in", "451 4.7.1 later",
			"a server on the way still holds mail and tries again, so that mail is held and not lost; the gateway's inbound filter said 451 4.7.1 later"},
		{"nothing is said", "gateway-in 5.7.1", "gateway-in", "",
			"the gateway's inbound filter gave the mail back: no reason is given"},
		{"nobody is named", "nobody", "antispam", "not your day",
			"mail of in came back, and no server that is known is named: not your day"},
	} {
		topology := company(every)
		e := seen(topology, "in:5/0 inject@gateway:5/0")
		b := back(tt.bounce, 5)
		b.Text = tt.text
		e.Bounces = []diagnosis.BounceEvidence{b}
		said := ""
		for _, d := range diagnosis.Diagnose(topology, e) {
			if strings.Join(d.Components, "+") == tt.suspect {
				said = strings.Join(d.Reasons, "\n")
			}
		}
		if !strings.Contains("\n"+said+"\n", "\n"+tt.want+"\n") {
			t.Errorf("%s: got\n%s\nwant in it\n%s", tt.says, said, tt.want)
		}
	}
}

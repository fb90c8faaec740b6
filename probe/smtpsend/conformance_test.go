package smtpsend_test

import (
	"testing"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/lab/world/worldtest"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/probetest"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

func TestSenderConforms(t *testing.T) {
	for _, mode := range []probe.TLSMode{probe.NoTLS, probe.StartTLS, probe.ImplicitTLS} {
		t.Run("tls "+string(mode)+" in a bubble", func(t *testing.T) {
			probetest.Sender(t, probetest.Bubble, func(t *testing.T) probetest.SenderFixture { return fixture(t, world.Pipes(), mode, nil) })
		})
		t.Run("tls "+string(mode)+" over loopback", func(t *testing.T) {
			probetest.Sender(t, probetest.Open, func(t *testing.T) probetest.SenderFixture { return fixture(t, world.Loopback(), mode, nil) })
		})
	}
}

// The same holds whatever a server makes of reports.
func TestSenderConformsWhateverIsOffered(t *testing.T) {
	for name, c := range map[string]struct{ offers, takes bool }{
		"reports":                       {offers: true, takes: true},
		"reports that it does not take": {offers: true},
		"no reports":                    {},
	} {
		t.Run(name, func(t *testing.T) {
			probetest.Sender(t, probetest.Bubble, func(t *testing.T) probetest.SenderFixture {
				way := &intermediary{offers: c.offers, takes: c.takes}
				f := fixture(t, world.Pipes(), probe.NoTLS, way)
				f.Said, f.Reports = way.mailAndRcpt, c.takes
				return f
			})
		})
	}
}

// fixture is the provider's submission server of a mail world, an intermediary before
// it unless that is nil.
func fixture(t *testing.T, network world.Network, mode probe.TLSMode, way *intermediary) probetest.SenderFixture {
	t.Helper()
	w := worldtest.New(t, network, mode)
	from, username, password := w.Account("provider")
	to, _, _ := w.Account("hq")
	sender := func(server, password string) probe.Sender {
		e := w.Endpoint(server, username, password)
		if way != nil {
			e.Dial = way.before(e.Dial)
		}
		return smtpsend.New(smtpsend.Config{EHLO: "probe.example.org", Endpoint: e})
	}
	return probetest.SenderFixture{
		Clock: w.Clock, From: from, To: to, Nobody: "nobody@elsewhere.invalid", Secret: password,
		Sender:    sender(w.SMTP("internet"), password),
		WrongUser: sender(w.SMTP("internet"), "a wrong one"),
		Dead:      sender(w.Dead(t), password),
		Silent:    sender(w.Silent(t), password),
		Endless:   sender(w.Endless(t), password),
		Arrived:   func(id probe.ID) bool { return w.Arrived(t, "hq", id) },
	}
}

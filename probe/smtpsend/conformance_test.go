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
			probetest.Sender(t, probetest.Bubble, func(t *testing.T) probetest.SenderFixture { return fixture(t, world.Pipes(), mode) })
		})
		t.Run("tls "+string(mode)+" over loopback", func(t *testing.T) {
			probetest.Sender(t, probetest.Open, func(t *testing.T) probetest.SenderFixture { return fixture(t, world.Loopback(), mode) })
		})
	}
}

// fixture is the provider's submission server of a mail world.
func fixture(t *testing.T, network world.Network, mode probe.TLSMode) probetest.SenderFixture {
	t.Helper()
	w := worldtest.New(t, network, mode)
	from, username, password := w.Account("provider")
	to, _, _ := w.Account("hq")
	sender := func(server, password string) probe.Sender {
		return smtpsend.New(smtpsend.Config{EHLO: "probe.example.org", Endpoint: w.Endpoint(server, username, password)})
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

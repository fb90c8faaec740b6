package component_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/checks/component"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/lab/world/worldtest"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// Whole servers answer as they should, however they are encrypted, in a bubble and
// over sockets; and no mail comes of it.
func TestAWorldIsWell(t *testing.T) {
	for _, mode := range []probe.TLSMode{probe.NoTLS, probe.StartTLS, probe.ImplicitTLS} {
		t.Run("tls "+string(mode)+" in a bubble", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { worldIsWell(t, worldtest.New(t, world.Pipes(), mode)) })
		})
		t.Run("tls "+string(mode)+" over loopback", func(t *testing.T) {
			worldIsWell(t, worldtest.New(t, world.Loopback(), mode))
		})
	}
}

func worldIsWell(t *testing.T, w *worldtest.World) {
	_, user, password := w.Account("hq")
	gateway := w.Endpoint(w.SMTP("gateway-in"), "", "")
	offered := gateway
	if w.TLS != probe.ImplicitTLS {
		offered.TLS = smtpsend.WhenOffered
	}
	for name, c := range map[string]struct {
		check   component.Check
		reason  string
		encrypt bool
	}{
		"SMTP":                 {component.SMTP("gateway-in", gateway, "probe.example.org"), "greeted and answered in ", true},
		"SMTP, TLS if offered": {component.SMTP("gateway-in", offered, "probe.example.org"), "greeted and answered in ", true},
		"IMAP with a login":    {component.IMAP("store-hq", w.Endpoint(w.IMAP("hq"), user, password)), `greeted and let "` + user + `" in, in `, true},
		"IMAP without one":     {component.IMAP("store-hq", w.Endpoint(w.IMAP("hq"), "", "")), "greeted in ", true},
		"a connection":         {component.TCP("gateway-in", gateway), "took the connection in ", false},
	} {
		checked := c.check.Check(t.Context())
		if f := checked.Finding; f.State != probe.FindingOK || !strings.HasPrefix(f.Reason, c.reason) || f.Advice != "" {
			t.Errorf("%s: got %s, %s → %s, want ok, %s", name, f.State, f.Reason, f.Advice, c.reason)
		}
		if shown := !checked.NotAfter.IsZero(); shown != (c.encrypt && w.TLS != probe.NoTLS) {
			t.Errorf("%s: got a certificate until %v under tls %s", name, checked.NotAfter, w.TLS)
		}
	}
	if n, err := w.Count("hq", "INBOX"); n != 0 || err != nil {
		t.Errorf("got %d messages and error %v, want none", n, err)
	}
}

func TestAWrongPasswordIsUnknown(t *testing.T) {
	w := worldtest.New(t, world.Loopback(), probe.ImplicitTLS)
	_, user, password := w.Account("hq")
	f := component.IMAP("store-hq", w.Endpoint(w.IMAP("hq"), user, "not-"+password)).Run(t.Context())
	if f.State != probe.FindingUnknown || strings.Contains(f.Reason+f.Advice, password) {
		t.Errorf("got %+v, want unknown and no password", f)
	}
}

// Every question ends with its context, whatever the server does not say, and leaves
// nobody behind in the bubble.
func TestChecksEndWithTheContext(t *testing.T) {
	for name, ask := range map[string]func(probe.Endpoint) component.Check{
		"smtp": func(e probe.Endpoint) component.Check { return component.SMTP("c", e, "probe.example.org") },
		"imap": func(e probe.Endpoint) component.Check { return component.IMAP("c", e) },
		"tls":  func(e probe.Endpoint) component.Check { return component.TLS("c", e, "probe.example.org") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := worldtest.New(t, world.Pipes(), probe.NoTLS)
				silent := w.Endpoint(w.Silent(t), "", "")
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(3*time.Second, cancel)
				checked := ask(silent).Check(ctx)
				if f := checked.Finding; f.State != probe.FindingUnknown || !strings.Contains(f.Reason, "cancelled") || checked.Took != 3*time.Second {
					t.Errorf("cancelled: got %s, %s after %v, want unknown after 3 s", f.State, f.Reason, checked.Took)
				}
				ctx, cancel = context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				checked = ask(silent).Check(ctx)
				if f := checked.Finding; f.State != probe.FindingFailed || !strings.Contains(f.Reason, " for 4 s: the server is up and does not answer") || checked.Took != 4*time.Second {
					t.Errorf("by its deadline: got %s, %s after %v, want failed after 4 s", f.State, f.Reason, checked.Took)
				}
				if f := ask(w.Endpoint(w.Endless(t), "", "")).Run(t.Context()); f.State != probe.FindingFailed {
					t.Errorf("a server without end: got %+v, want failed", f)
				}
			})
		})
	}
}

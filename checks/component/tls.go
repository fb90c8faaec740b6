package component

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// TLS asks for a server's certificate: its chain, its name, and how long it is good.
// How it is asked for follows from the port, whatever the endpoint says: by STARTTLS
// at 25 and 587 in an SMTP dialogue, for which the name to greet with is ehlo, and at
// 143 in an IMAP dialogue; by TLS from the first byte at all others. Nobody logs in.
func TLS(component string, e probe.Endpoint, ehlo string) Check {
	e.Username = ""
	show := shower(e, ehlo)
	return Check{Kind: KindTLS, Target: e.Server, Component: component, clock: e.Clock, ask: func(ctx context.Context) judgement {
		s := show(ctx)
		j := s.otherwise
		if reason, advice, bad := badCertificate(s.err, e.Host(), e.Clock.Now()); bad {
			j = failed(advice, "%s", reason)
		} else if !s.until.IsZero() { // what the server did afterwards is no matter of its certificate
			j = lifetime(e.Clock.Now(), s.until)
		}
		j.goodUntil = s.until
		return j
	}}
}

// shown is what was seen of a certificate.
type shown struct {
	until     time.Time // zero: there was none
	err       error
	otherwise judgement // of what happened instead of one
}

// shower has a server show its certificate, in the port's protocol.
func shower(e probe.Endpoint, ehlo string) func(context.Context) shown {
	_, port, _ := net.SplitHostPort(e.Server)
	e.TLS = probe.ImplicitTLS
	if port == "25" || port == "587" || port == "143" {
		e.TLS = probe.StartTLS
	}
	switch port {
	case "25", "465", "587":
		sender := smtpsend.New(smtpsend.Config{Endpoint: e, EHLO: ehlo})
		return func(ctx context.Context) shown {
			g := sender.Greet(ctx)
			return shown{g.GoodUntil, g.Err, judgeSMTP(ctx, e, g)}
		}
	case "143", "993":
		return func(ctx context.Context) shown {
			g := imapwatch.Greet(ctx, e)
			return shown{g.GoodUntil, g.Err, judgeIMAP(ctx, e, g)}
		}
	}
	return func(ctx context.Context) shown { return shakeHands(ctx, e) }
}

// shakeHands speaks nothing but TLS.
func shakeHands(ctx context.Context, e probe.Endpoint) shown {
	conn, took, err := dial(ctx, e)
	if err != nil {
		return shown{otherwise: unreached(err, took)}
	}
	defer conn.Close()
	config, err := e.TLSConfig()
	if err != nil {
		return shown{otherwise: oursOr(err, nil)}
	}
	began := e.Clock.Now()
	encrypted := tls.Client(conn, config)
	if err = encrypted.HandshakeContext(ctx); err == nil {
		return shown{until: probe.GoodUntil(encrypted.ConnectionState(), nil)}
	}
	err = probe.OursOr(ctx, err)
	return shown{probe.GoodUntil(tls.ConnectionState{}, err), err, oursOr(err, func(error) judgement {
		if ctx.Err() != nil {
			return failed(hung, "accepted the connection, no TLS handshake for %s: the server is up and does not answer", brief(e.Clock.Since(began)))
		}
		return failed("See whether this port speaks TLS from the first byte, and in the server's log why it does not encrypt.", "does not get encrypted: %v", err)
	})}
}

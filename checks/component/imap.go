package component

import (
	"context"
	"errors"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
)

// IMAP asks whether a server greets, and whether it lets the endpoint's user in where
// there is one. It opens no mailbox.
func IMAP(component string, e probe.Endpoint) Check {
	return Check{Kind: KindIMAP, Target: e.Server, Component: component, clock: e.Clock, ask: func(ctx context.Context) judgement {
		g := imapwatch.Greet(ctx, e)
		j := judgeIMAP(ctx, e, g)
		j.goodUntil = g.GoodUntil
		return j
	}}
}

func judgeIMAP(ctx context.Context, e probe.Endpoint, g imapwatch.Greeting) judgement {
	switch {
	case g.Err != nil:
		return oursOr(g.Err, func(error) judgement { return failedIMAP(ctx, e, g) })
	case e.Username == "":
		return ok("greeted in %s; nobody logged in, because no mailbox is configured at this server", brief(total(g.Phases)))
	}
	l := longest(g.Phases)
	return ok("greeted and let %q in, in %s (longest: %s %s)", e.Username, brief(total(g.Phases)), l.Name, brief(l.Took))
}

// failedIMAP judges a dialogue that did not come to its end.
func failedIMAP(ctx context.Context, e probe.Endpoint, g imapwatch.Greeting) judgement {
	at := last(g.Phases)
	if at.Name == "connect" {
		return unreached(g.Err, at.Took)
	}
	if reason, advice, bad := badCertificate(g.Err, e.Host(), e.Clock.Now()); bad {
		return failed(advice, "%s", reason)
	}
	silent := errors.Is(g.Err, imapwatch.ErrSilent) || ctx.Err() != nil
	switch {
	case silent && !g.Greeted:
		return failed(hung, "accepted the connection, no greeting for %s: the server is up and does not answer", brief(at.Took))
	case silent:
		return failed(hung, "greeted, and then no answer in the phase %s for %s: the server is up and does not answer", at.Name, brief(at.Took))
	case at.Name == "login":
		return failed("See what the server asks who may log in, such as a directory or a database: it greets, and lets nobody in.", "greeted, and then %v", g.Err)
	}
	return failed("The server's log says why; see also whether something stands before it that is no mail server.", "did not greet as it should: %v", g.Err)
}

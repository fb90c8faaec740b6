package component

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// slowBanner is how long a banner may take. A server that looks up who is calling, or
// has more callers than processes, takes longer; clients wait for five minutes (RFC
// 5321 section 4.5.3.2.1), people do not.
const slowBanner = 5 * time.Second

// SMTP asks whether a server greets, encrypts and answers NOOP. It sends no mail and
// does not log in. The name to greet with is ehlo. The endpoint's TLS is probe's or
// smtpsend.WhenOffered, with which a certificate that is not good is a warning.
func SMTP(component string, e probe.Endpoint, ehlo string) Check {
	sender := smtpsend.New(smtpsend.Config{Endpoint: e, EHLO: ehlo})
	return Check{Kind: KindSMTP, Target: e.Server, Component: component, clock: e.Clock, ask: func(ctx context.Context) judgement {
		g := sender.Greet(ctx)
		j := judgeSMTP(ctx, e, g)
		j.goodUntil = g.GoodUntil
		return j
	}}
}

func judgeSMTP(ctx context.Context, e probe.Endpoint, g smtpsend.Greeting) judgement {
	if g.Err != nil {
		return oursOr(g.Err, func(error) judgement { return failedSMTP(ctx, e, g) })
	}
	for _, p := range g.Phases {
		if p.Name == "banner" && p.Took > slowBanner {
			return warning("Look at the server's load, and at what it looks up before it speaks: our name, blocklists, a policy service.",
				"the banner took %s, want at most %s", brief(p.Took), brief(slowBanner))
		}
	}
	if reason, advice, bad := badCertificate(g.Untrusted, e.Host(), e.Clock.Now()); bad {
		return warning(advice, "answers, and %s: servers that insist hold their mail", reason)
	}
	l := longest(g.Phases)
	return ok("greeted and answered in %s (longest: %s %s)", brief(total(g.Phases)), l.Name, brief(l.Took))
}

// failedSMTP judges a dialogue that did not come to its end.
func failedSMTP(ctx context.Context, e probe.Endpoint, g smtpsend.Greeting) judgement {
	at := last(g.Phases)
	switch at.Name {
	case "", "dns", "connect":
		return unreached(g.Err, at.Took)
	case "tls":
		return failedTLS(ctx, e, g, at)
	}
	switch {
	case g.Reply != nil && at.Name == "banner":
		return failed(turnedAway(g.Reply), "turned away with the banner %q, want 220", g.Reply)
	case g.Reply != nil:
		return failed("The server's log says why; this was no mail yet.", "answered %s with %q, want 250", strings.ToUpper(at.Name), g.Reply)
	case ctx.Err() == nil:
		return failed("See in the server's log what became of the connection, and whether something stands before it that is no mail server.",
			"the dialogue broke off at %v", g.Err)
	case g.Heard:
		return failed(hung, "began to answer and did not come to an end within %s, in the phase %s, want a whole answer", brief(at.Took), at.Name)
	case at.Name == "banner":
		return failed(hung, "accepted the connection, no banner for %s: the server is up and does not answer", brief(at.Took))
	}
	return failed(hung, "greeted, and then no answer to %s for %s: the server is up and does not answer", strings.ToUpper(at.Name), brief(at.Took))
}

const hung = "Something in the server hangs: look at its processes and its load, at what it asks before it answers (filter, name server, directory), then restart it."

// turnedAway is what to do about a banner that refuses (RFC 5321 section 3.1).
func turnedAway(r *probe.Reply) string {
	if r.Temporary() {
		return "Look at the server's load, its free disk and its limits on connections; its log names the reason."
	}
	return "See whether the server takes mail at all now, and whether it keeps a list that this machine's address is on."
}

// failedTLS judges that STARTTLS or the handshake failed. Between servers, who is
// refused STARTTLS goes on in the clear, so mail still passes.
func failedTLS(ctx context.Context, e probe.Endpoint, g smtpsend.Greeting, at probe.Phase) judgement {
	judge := failed
	if e.TLS == smtpsend.WhenOffered {
		judge = warning
	}
	if reason, advice, bad := badCertificate(g.Err, e.Host(), e.Clock.Now()); bad {
		return judge(advice, "%s", reason)
	}
	const advice = "See in the server's log why it does not encrypt: certificate, key, versions of TLS."
	switch {
	case ctx.Err() != nil:
		return failed(hung, "began to encrypt and did not come to an end within %s: the server is up and does not answer", brief(at.Took))
	case g.Reply != nil:
		return judge(advice, "offers STARTTLS and answers it with %q, want 220", g.Reply)
	}
	return judge(advice, "does not get encrypted: %s", strings.TrimPrefix(fmt.Sprint(g.Err), "tls: "))
}

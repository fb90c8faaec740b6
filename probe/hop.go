package probe

import "time"

// Trail is what the servers on the way have written into a message's header.
type Trail struct {
	Hops []Hop // in the order in which mail passed them; those whose time can be read
	Auth []AuthResult
}

// Hop is one server handing on to the next: one Received field (RFC 5321 section 4.4).
type Hop struct {
	By         string        // the host that wrote it, as it names itself; empty: it names none
	At         time.Time     // when, by that host's clock
	Resolution time.Duration // it was no earlier than At, and earlier than At + Resolution
	Source     string        // where At comes from, such as "received": package trace names them
	Greylisted time.Duration // it says that it had turned the message away for so long before (greylisting)
}

// AuthResult is what the receiving side says of who sent a message (RFC 8601).
type AuthResult struct {
	Method string // spf, dkim, dmarc or arc
	Result string // pass, fail, softfail, neutral, none, policy, temperror, permerror, or other
}

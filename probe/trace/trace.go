package trace

import "time"

// Trace is what a header says of a message's way.
type Trace struct {
	Entries []Entry // one per Received field, from top to bottom: the newest first
	Marks   []Mark  // from top to bottom
	auth    []authField
}

// Entry is one Received field (RFC 5321 section 4.4). Texts are as the host wrote them,
// of at most 255 bytes, without control characters; empty where it wrote none. Bytes
// that are no UTF-8 are read as Latin-1.
type Entry struct {
	By   string // the host that wrote it, as it names itself
	From string // the name that the client gave: what stands beside HELO, else after from
	With string // the protocol
	ID   string
	Stamp
	IsHop      bool          // one host took the message from another; false for notes of one host to itself, mail fetched from a mailbox, and what is no trace at all
	Greylisted time.Duration // the host had turned the message away for so long before
}

// Stamp is when something was written, by the clock of who wrote it.
type Stamp struct {
	At         time.Time     // zero: there is no time, or none that can be placed
	ZoneKnown  bool          // the offset from UTC is written, or that of a zone whose name means one thing only
	Resolution time.Duration // it was no earlier than At, and earlier than At + Resolution; 0 without At
	Source     Source        // empty without At
}

// Source is where a time comes from.
type Source string

// The sources. A time finer than a field's own date is used only if it lies within the
// second of that date: so no source moves a stamp to another second.
const (
	// FromDate is the date the field itself shows, in seconds or minutes.
	FromDate Source = "received"
	// FromFraction is the field's own date, when it shows parts of a second.
	FromFraction Source = "fraction"
	// FromEpochID is an id with milliseconds or microseconds since 1970 in it, of Google, Zoho or ZoneMTA.
	FromEpochID Source = "epoch-id"
	// FromPostfixID is a long queue id of Postfix: when the queue file was made, a moment after the stamp.
	FromPostfixID Source = "postfix-id"
	// FromDominoID is an id of Lotus, IBM or HCL Domino, with hundredths of a second of local time in it.
	FromDominoID Source = "domino-id"
	// FromDovecotID is a session id of Dovecot's LMTP server. The session began then, so the stamp lies
	// between it and the end of the second: Resolution says how long that is.
	FromDovecotID Source = "dovecot-id"
	// FromSymantecID is the second in an id of Symantec Messaging Gateway, Momentum and their kin, used
	// where the field shows no date that can be placed.
	FromSymantecID Source = "symantec-id"
	// FromAuditID is the second in X-AuditID, used for Symantec's field if that has neither date nor id.
	FromAuditID Source = "x-auditid"
	// FromOriginalArrival is what Exchange writes beside its own field, X-OriginalArrivalTime and the like.
	FromOriginalArrival Source = "original-arrival"
	// FromSeal is the second in t= of ARC-Seal (RFC 8617 section 4.1.3).
	FromSeal Source = "arc-seal"
	// FromSignature is the second in t= of DKIM-Signature (RFC 6376 section 3.5): what the signer
	// claims, who may be the sender himself.
	FromSignature Source = "dkim-claim"
)

// Mark is a time, or a time taken, that another field than Received tells.
type Mark struct {
	Field string // its name
	Host  string // who says so; empty: not said
	Stamp
	Took time.Duration // how long something took, or was held; 0: not said
}

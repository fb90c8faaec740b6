// Package trace reads what the servers on the way have written into a message's
// header: who had it, and when, by whose clock. It is pure: no clock, no goroutine
// and no I/O, and whatever the header holds, it neither fails nor panics.
//
// Data moves in two steps. Read turns a header into entries, one per Received field,
// and marks, what other fields say of times. What is trustworthy of them becomes a
// probe.Trail, which is journaled with the message. A Monitor is given the changes
// and tells, for each message that arrived, how long each component had it (Traced), and
// for each report that a message was given up or delayed, whose hosts it names (Reported).
// The times in a trail are of other people's clocks, in whole seconds mostly: so
// every delay is an interval, and the Monitor keeps for each host what its clock can
// be off by, at least and at most, from the one thing that is certain: a host stamped
// the message after we began to send it and before we saw it.
package trace

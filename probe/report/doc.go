// Package report reads what machines write because of a message of ours: bounces and
// delay notices in the standard form (RFC 3464, RFC 6533) and in those of mail systems
// that have forms of their own, receipts (RFC 8098), and answers that nobody asked for
// (RFC 3834). It is pure: no clock, no goroutine and no I/O, and whatever a message
// holds, it neither fails nor panics, and its work grows with the message's length.
//
// Data moves in three steps. The signs of a header say whether a machine may have
// written it. Then the message is opened into parts, their encodings taken off,
// however broken its MIME is; an original that is plainly appended to the text becomes
// a part of its own. At last it is judged: fields of a delivery status are believed
// first, and what they leave out is looked for in the report's own words, never in those
// of the original. Beside the report come the texts that may name the message it is
// about.
package report

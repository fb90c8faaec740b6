// Package alteration tells what was changed in a test message on its way.
//
// Find compares a message as it was sent with what was found of it: its header field by
// field, then its text as a reader would see it, after MIME decoding. What it gives is a
// list of named changes, in a fixed order and bounded, whatever the message holds: much of
// it was written by others. What mail systems do to any mail, such as folding lines anew,
// is no change. The package is pure; docs/alterations.md says what counts.
package alteration

// Package probe is the domain and the engine of mailpath: it sends tagged test
// messages along configured routes, watches the mailboxes they should reach and
// settles each message into exactly one outcome.
//
// Data walks one way. A schedule tick composes a message; Sending is journaled
// before the first byte goes out; the Sender's Attempt and the Watcher's Looks
// become events of the same journal; whoever follows the journal applies each
// event to a Tracker, and the Changes that fall out go to the exporters. Senders,
// watchers and the tracker meet nowhere but in the journal.
package probe

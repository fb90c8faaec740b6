// Package world is a mail world inside the process: an outside provider and a
// company with a gateway, an anti-spam filter and its quarantine, two mailbox
// servers, the link between its sites and a way out. Real SMTP and IMAP servers stand at its edges;
// what lies between them is in memory and breaks on request, stage by stage. The
// demo runs it on loopback sockets, tests run it over pipes in a testing/synctest
// bubble, where hours pass at once and latencies come out exactly.
//
// A message comes in through an SMTP entry, which answers 250 and thereby takes
// the responsibility (RFC 5321 section 6.1) before anything else is done. It then
// moves from stage to stage: at each it is stamped, stays for the stage's delay,
// suffers the stage's fault, and is handed to the next, which may refuse it. At the
// last stage it is put into a folder of a mailbox, where IMAP finds it. The stage
// that gives it up on its way sends a bounce back through the stages. One
// goroutine, the agenda's, does all the moving, in the order of time; the servers'
// goroutines only add to its list.
package world

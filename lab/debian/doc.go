// Package debian is a mail system of real servers for end-to-end tests: a gateway
// (Postfix and a filter) and two sites (each Postfix and Dovecot), the servers taken
// from Debian's packages and run on free ports of three loopback addresses, in one
// directory, without touching the machine's own mail configuration. Several labs run
// side by side.
//
// Mail from outside enters at the gateway, without login, and goes through the filter,
// an SMTP proxy that holds nothing itself (scanner/), to site A, which serves the
// mailbox "hq"; users of both sites submit to their own Postfix, which delivers over
// LMTP to its Dovecot or hands on, over the link, to the other site's Postfix (site B
// serves the mailbox "branch"); Dovecot keeps Maildirs and answers IMAP. Nothing goes
// further: there is no DNS and no route out of the lab.
//
// Start lays out addresses, users and certificates, renders the templates in
// templates/ and runs each server in the foreground under a keeper, a shell that
// ends it when its standard input ends: so a killed test leaves nothing behind.
//
// A host with an Exim can be added, which hands mail for both sites to their Postfix. It
// takes mail for anybody: it is there for the bounces it writes.
//
// Mail can be made to come back: a full mailbox, refused content, a short life in the
// queue, and a notice of delay before it are settings of a running lab (FillMailbox,
// RejectContent, GiveUpAfter, WarnAfter and their kind).
//
// Each part can fail alone. Servers and the filter are stopped or killed. The link
// between the sites, the way from a Postfix to its store over LMTP, and that to IMAP
// are wires: forwarders within this process that can be cut, with nothing in them.
//
// Mail can have other fates than to arrive or to wait, which a test begins and ends while
// the lab runs. The filter alters messages or hands them on twice; a site's store files
// them into Junk by a Sieve script; a wire loses the store's answer, so that Postfix
// delivers again; postgrey at the gateway refuses what it sees for the first time.
package debian

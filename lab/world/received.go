package world

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// peer is the client that hands a message to a host, as the host's Received field
// tells it.
type peer struct {
	helo string
	name string // by reverse DNS; empty: unknown
	ip   string
	tls  bool
	user string // who authenticated, if anybody
}

// protocol is the "with" word (RFC 3848).
func (p peer) protocol() string {
	word := "ESMTP"
	if p.tls {
		word += "S"
	}
	if p.user != "" {
		word += "A"
	}
	return word
}

// host is a machine that mail passes through.
type host struct {
	name, ip string
	zone     *time.Location
}

// asPeer is the host as the next host sees it.
func (h host) asPeer() peer { return peer{helo: h.name, name: h.name, ip: h.ip, tls: true} }

// stamp is all that a host knows when it writes its trace fields
// (RFC 5321 section 4.4).
type stamp struct {
	host     host
	peer     peer
	from, to string
	at       time.Time
	random   *rand.Rand
}

// trace writes trace fields, CRLF line ends included, and tells the id under which
// the host keeps the message.
type trace func(stamp) (fields, id string)

// date is the time in the host's zone. The zone's name goes into a comment, as
// Postfix has it.
func (s stamp) date(comment bool) string {
	t := s.at.In(s.host.zone)
	text := t.Format("Mon, 2 Jan 2006 15:04:05 -0700")
	if comment {
		text += " (" + t.Format("MST") + ")"
	}
	return text
}

func fold(lines ...string) string { return strings.Join(lines, "\r\n\t") + "\r\n" }

// eximReceived is the field of Exim 4.97 and newer, stamped when the data has come.
func eximReceived(s stamp) (string, string) {
	id := eximID(s)
	with := strings.ToLower(s.peer.protocol())
	if s.peer.tls {
		with += "  (TLS1.3) tls TLS_AES_256_GCM_SHA384"
	}
	from := fmt.Sprintf("[%s] (helo=%s)", s.peer.ip, s.peer.helo)
	if s.peer.name != "" {
		from = fmt.Sprintf("%s ([%s])", s.peer.name, s.peer.ip)
	}
	return fold(
		"Received: from "+from,
		fmt.Sprintf("by %s with %s", s.host.name, with),
		"(Exim 4.98.2)",
		fmt.Sprintf("(envelope-from <%s>)", s.from),
		"id "+id,
		fmt.Sprintf("for %s;", s.to),
		s.date(false),
	), id
}

// symantecReceived is the field of a Symantec Messaging Gateway. It names no
// recipient; the id and X-AuditID carry the appliance's own epoch second.
func symantecReceived(s stamp) (string, string) {
	second := uint32(s.at.Unix())
	pid := 1000 + s.random.IntN(30000)
	id := fmt.Sprintf("%02X.%02X.%05d.%s", s.random.IntN(256), s.random.IntN(256), pid, swappedHex(second))
	audit := fmt.Sprintf("%08x-%08x0000%04x-%02x-%08x%04x",
		s.random.Uint32(), s.random.Uint32(), pid, s.random.IntN(256), second, s.random.IntN(1<<16))
	lines := []string{fmt.Sprintf("Received: from %s (%s [%s])", s.peer.helo, orUnknown(s.peer.name), s.peer.ip)}
	if s.peer.tls {
		lines = append(lines, "(using TLS with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits))",
			"(Client did not present a certificate)")
	}
	lines = append(lines, fmt.Sprintf("by %s (Symantec Messaging Gateway) with SMTP id %s; %s", s.host.name, id, s.date(false)))
	return "X-AuditID: " + audit + "\r\n" + fold(lines...), id
}

// postfixReceived is the field of Postfix's smtpd.
func postfixReceived(s stamp) (string, string) {
	id := postfixID(s)
	lines := []string{fmt.Sprintf("Received: from %s (%s [%s])", s.peer.helo, orUnknown(s.peer.name), s.peer.ip)}
	if s.peer.tls {
		lines = append(lines, "(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
			" key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)",
			"(No client certificate requested)")
	}
	if s.peer.user != "" {
		lines = append(lines, fmt.Sprintf("(Authenticated sender: %s)", s.peer.user))
	}
	lines = append(lines, fmt.Sprintf("by %s (Postfix) with %s id %s", s.host.name, s.peer.protocol(), id),
		fmt.Sprintf("for <%s>; %s", s.to, s.date(true)))
	return fold(lines...), id
}

// amavisReceived is what a content filter leaves: amavis' own field and above it
// that of the Postfix which takes the message back.
func amavisReceived(s stamp) (string, string) {
	scan := amavisID(s)
	back := s
	back.peer = peer{helo: "localhost", name: s.host.name, ip: "127.0.0.1"}
	reinjected, id := postfixReceived(back)
	return reinjected + "X-Virus-Scanned: amavisd-new at " + s.host.name + "\r\n" + fold(
		fmt.Sprintf("Received: from %s ([127.0.0.1])", s.host.name),
		fmt.Sprintf("by localhost (%s [127.0.0.1]) (amavisd-new, port 10024)", s.host.name),
		fmt.Sprintf("with ESMTP id %s for <%s>;", scan, s.to),
		s.date(true),
	), id
}

// lmtpReceived is what Dovecot writes at final delivery: Return-Path (RFC 5321
// section 4.4), Delivered-To and its own field.
func lmtpReceived(s stamp) (string, string) {
	id := dovecotID(s)
	return fmt.Sprintf("Return-Path: <%s>\r\nDelivered-To: %s\r\n", s.from, s.to) + fold(
		"Received: from "+s.peer.name,
		fmt.Sprintf("by %s with LMTP", s.host.name),
		"id "+id,
		fmt.Sprintf("(envelope-from <%s>)", s.from),
		fmt.Sprintf("for <%s>; %s", s.to, s.date(false)),
	), id
}

// postfixLocal is the field of Postfix on what it has written itself, a bounce for one.
func postfixLocal(s stamp) (string, string) {
	id := postfixID(s)
	return fold(fmt.Sprintf("Received: by %s (Postfix)", s.host.name), fmt.Sprintf("id %s; %s", id, s.date(true))), id
}

// eximLocal is the field of Exim on what it was given by a program on its own host.
func eximLocal(s stamp) (string, string) {
	id := eximID(s)
	return fold(fmt.Sprintf("Received: from Debian-exim by %s with local (Exim 4.98.2)", s.host.name), "id "+id, fmt.Sprintf("for %s;", s.to), s.date(false)), id
}

func orUnknown(name string) string {
	if name == "" {
		return "unknown"
	}
	return name
}

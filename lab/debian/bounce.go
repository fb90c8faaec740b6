package debian

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Names of the settings by which mail is returned to its sender. A setting made again
// takes the place of what it was.
const (
	fullSetting    = "full mailbox"
	contentSetting = "content"
	giveUpSetting  = "queue lifetime"
	warnSetting    = "delay warning"
)

// quotaExceeded is the configuration of a Dovecot whose mailboxes are full: every
// message is larger than a byte. What they hold already stays. A plugin that is named
// for all would not reach a protocol that has some of its own.
const quotaExceeded = `protocol lmtp {
  mail_plugins = $mail_plugins quota
}
plugin {
  quota = maildir:User quota
  quota_rule = *:bytes=1
}`

// quotaStatus is that of one which tells its Postfix, too.
const quotaStatus = quotaExceeded + `
plugin {
  quota_status_success = DUNNO
  quota_status_nouser = DUNNO
  quota_status_overquota = "552 5.2.2 Mailbox is full"
}
service quota-status {
  executable = quota-status -p postfix -o mail_plugins=quota
  client_limit = 1
  unix_listener quota-status {
    mode = 0666
  }
}`

// FillMailbox makes a mailbox, "hq" or "branch", full: its site takes mail for it, and
// returns it when Dovecot answers with 552 5.2.2. The servers of the site start anew,
// and with them every connection to them.
func (l *Lab) FillMailbox(mailbox string) error {
	return l.changeQuota(mailbox, func(*Host) *Extra { return &Extra{Dovecot: quotaExceeded} })
}

// FillMailboxVisibly does the same, but the site's Postfix knows and refuses mail for
// it from other servers, with 552 5.2.2 to RCPT: so it is the server before it, if it
// has accepted the message, that returns it.
func (l *Lab) FillMailboxVisibly(mailbox string) error {
	return l.changeQuota(mailbox, func(h *Host) *Extra {
		return &Extra{
			Dovecot: quotaStatus,
			Main:    "smtpd_recipient_restrictions = check_policy_service unix:" + filepath.Join(h.Dir, "run", "quota-status"),
		}
	})
}

// EmptyMailbox gives a mailbox room again.
func (l *Lab) EmptyMailbox(mailbox string) error {
	return l.changeQuota(mailbox, func(*Host) *Extra { return nil })
}

func (l *Lab) changeQuota(mailbox string, extra func(*Host) *Extra) error {
	h, _, err := l.mailbox(mailbox)
	if err != nil {
		return fmt.Errorf("changing a quota: %w", err)
	}
	return l.set(h.Name, fullSetting, extra(h), "postfix", "dovecot")
}

// RejectContent lets a site take all mail and then refuse it: its Postfix hands each
// message that it has accepted to a content filter, which answers 550 5.7.1 at its end,
// and the site returns it. The site's Postfix starts anew.
func (l *Lab) RejectContent(host string) error {
	h, err := l.host(host)
	if err != nil || !h.site() {
		return errors.Join(fmt.Errorf("rejecting content at host %q: want a site, %q or %q", host, SiteA, SiteB), err)
	}
	return l.set(host, contentSetting, &Extra{
		Main: "content_filter = content:" + bracketed(h.content),
		Master: `content unix - - n - - smtp
` + h.content + ` inet n - n - - smtpd
  -o syslog_name=postfix/content
  -o myhostname=content.` + h.Domain + `
  -o content_filter=
  -o mynetworks=127.0.0.0/8
  -o smtpd_relay_restrictions=permit_mynetworks,reject
  -o smtpd_recipient_restrictions=
  -o cleanup_service_name=content-cleanup
content-cleanup unix n - n - 0 cleanup
  -o { header_checks = static:{REJECT Content rejected} }`,
	}, "postfix")
}

// RefuseContent lets the Postfix of a host refuse each message at its end, with 550
// 5.7.1, instead of taking it: so it is the server before it, if it has accepted the
// message, that returns it. The host's Postfix starts anew.
func (l *Lab) RefuseContent(host string) error {
	return l.set(host, contentSetting, &Extra{Main: "header_checks = static:{REJECT Content refused}"}, "postfix")
}

// AcceptContent ends RejectContent or RefuseContent.
func (l *Lab) AcceptContent(host string) error { return l.set(host, contentSetting, nil, "postfix") }

// GiveUpAfter makes the Postfix of a host, or the Exim, return what it could not hand on
// for that long, in whole seconds; zero: after five days, as it does by itself. A message
// is returned with the first try after that time, which comes within four seconds. Exim
// counts from when it first failed to reach the other server, and returns what comes
// later with its first try, until a message gets through. The server starts anew.
func (l *Lab) GiveUpAfter(host string, d time.Duration) error {
	return l.setTime(host, giveUpSetting, d, "maximal_queue_lifetime", "bounce_queue_lifetime")
}

// WarnAfter makes the Postfix of a host, or the Exim, tell the sender of mail that it
// could not hand on for that long, in whole seconds, and keep trying; zero: never. Postfix
// does so once, Exim again and again. The server starts anew.
func (l *Lab) WarnAfter(host string, d time.Duration) error {
	return l.setTime(host, warnSetting, d, "delay_warning_time")
}

func (l *Lab) setTime(host, name string, d time.Duration, parameters ...string) error {
	switch {
	case d < 0 || d%time.Second != 0:
		return fmt.Errorf("setting the %s of host %q: got %v, want whole seconds, or zero", name, host, d)
	case host == Exim:
		return l.setEximTime(name, d)
	case d == 0:
		return l.set(host, name, nil, "postfix")
	}
	var lines []string
	for _, p := range parameters {
		lines = append(lines, fmt.Sprintf("%s = %ds", p, d/time.Second))
	}
	return l.set(host, name, &Extra{Main: strings.Join(lines, "\n")}, "postfix")
}

// set makes or, when there is none, ends a setting of a host, and starts those of its
// servers anew that read it, in the order in which they are to stop.
func (l *Lab) set(host, name string, extra *Extra, kinds ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	h, err := l.host(host)
	if err != nil {
		return fmt.Errorf("setting the %s: %w", name, err)
	}
	if l.settings == nil {
		l.settings = make(map[string]map[string]Extra)
	}
	if l.settings[host] == nil {
		l.settings[host] = make(map[string]Extra)
	}
	if extra == nil {
		delete(l.settings[host], name)
	} else {
		l.settings[host][name] = *extra
	}
	if err := l.writeFiles(h); err != nil {
		return err
	}
	var servers []*server
	for _, kind := range kinds {
		servers = append(servers, l.servers[host+"/"+kind])
	}
	return again(servers...)
}

// again stops servers, the first one first, and starts those that ran, the last one
// first.
func again(servers ...*server) error {
	var ran []*server
	for _, s := range servers {
		s.mu.Lock()
		running := s.running != nil
		s.mu.Unlock()
		if !running {
			continue
		}
		if err := s.stop(); err != nil {
			return err
		}
		ran = append(ran, s)
	}
	for _, s := range slices.Backward(ran) {
		if err := startAgain(s); err != nil {
			return err
		}
	}
	return nil
}

// wholeExtra is what a host's configuration files end with: what the test wants, and
// then what settings do, whatever the test has said.
func (l *Lab) wholeExtra(host string) Extra {
	whole := l.extra[host]
	for _, name := range slices.Sorted(maps.Keys(l.settings[host])) {
		s := l.settings[host][name]
		whole.Main += "\n" + s.Main
		whole.Master += "\n" + s.Master
		whole.Dovecot += "\n" + s.Dovecot
	}
	return whole
}

// bracketed is an address as Postfix writes it: brackets mean no MX lookup.
func bracketed(address string) string {
	host, port, _ := net.SplitHostPort(address)
	return "[" + host + "]:" + port
}

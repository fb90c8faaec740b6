package report

import (
	"net/mail"
	"regexp"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// signs are what a header shows of who wrote a message.
type signs struct {
	header  probe.Header
	subject string // decoded, in one line
	lower   string // that, in lower case
	from    string // the author's address
	auto    string // the keyword of Auto-Submitted (RFC 3834 section 5)
	report  string // the report-type of a multipart/report (RFC 6522), "?" if it has none

	daemon   bool // the author is a mail system
	office   bool // the author's address is one that systems and people share
	mail     bool // it is one of those who run the mail system
	gateway  bool // it is one of those that programs have which refuse mail
	alert    bool // the author or the subject is a monitoring system's
	null     bool // the Return-Path is empty (RFC 5321 section 4.5.5)
	failure  bool // a field that only bounces have
	answer   bool // a field that only automatic answers have
	response bool // it answers a message (RFC 5322 section 3.6.4)
	person   bool // the subject says that somebody answers or forwards
	bulk     bool // a precedence that automatic answers have, and lists too
}

// strong tells whether there is a sign that people's mail never has.
func (s signs) strong() bool {
	return s.report != "" || s.daemon || s.null || s.failure || s.answer || s.auto == "auto-replied" ||
		s.response && (s.auto == "auto-generated" || s.auto == "auto-notified")
}

func (s signs) any() bool {
	return s.strong() || !s.person && (s.office || subjectOfReport(s.lower))
}

func signsOf(h probe.Header) signs {
	s := signs{header: h}
	var path string
	var hasPath bool
	for _, f := range h {
		switch name := strings.ToLower(f.Name); name {
		case "subject":
			if s.subject == "" {
				s.subject = oneLine(decoded(f.Value), maxSubject)
			}
		case "from", "sender":
			s.author(f.Value, name == "from")
		case "return-path":
			if !hasPath {
				path, hasPath = f.Value, true
			}
		case "auto-submitted":
			word, _, _ := strings.Cut(f.Value, ";")
			word, _, _ = strings.Cut(strings.TrimSpace(word), " ")
			s.auto = strings.ToLower(word)
		case "content-type":
			s.mediaType(h)
		case "in-reply-to", "references":
			s.response = true
		default:
			s.other(name, strings.ToLower(f.Value))
		}
	}
	s.null = hasPath && strings.Join(strings.Fields(path), "") == "<>" && !isOurs(h, s)
	s.lower = lower(s.subject)
	s.person = answered.MatchString(s.subject)
	s.alert = s.alert || alertLine.MatchString(s.subject)
	return s
}

// isOurs recognises a test message by its form. One that comes out of a quarantine has
// an empty Return-Path, too.
func isOurs(h probe.Header, s signs) bool {
	id, _ := h.Get("Message-ID")
	return s.auto == "auto-generated" && !s.response && (h.Has(probe.TagField) || ourID.MatchString(id) || ourID.MatchString(s.subject))
}

var ourID = regexp.MustCompile(`(?i)\bmp1\.[a-z2-7]{4}\.[a-z2-7]{13}\.`)

func (s *signs) mediaType(h probe.Header) {
	if s.report != "" {
		return
	}
	kind, params := mediaType(h)
	switch kind {
	case "multipart/report":
		if s.report = strings.ToLower(params["report-type"]); s.report == "" {
			s.report = "?"
		}
	case "message/delivery-status", "message/global-delivery-status":
		s.report = "delivery-status"
	case "message/disposition-notification", "message/global-disposition-notification":
		s.report = "disposition-notification"
	}
}

// Addresses and names of mail systems. Postmaster can be somebody.
var (
	daemonBox  = regexp.MustCompile(`(?i)^(mailer[-_.]?dae?mon|mail[-_.]?dae?mon|mdaemon|mmdf|mailerdaemon|mail[-_.]?delivery([-_.]?(sub)?system)?|maildelivery|double-bounce|bounces?|microsoftexchange[0-9a-f]{16,}|(mail)?delivery[-_.]?(failure|status|report)s?|non-?delivery|auto-?reply|autoresponder|vacation|smtpd?|uucp|majordomo-daemon|exchange_?admin)$`)
	daemonName = regexp.MustCompile(`(?i)\b(mail(er)?[- ]?dae?mon|mail delivery (sub-?)?(system|service)|mail(box)? (delivery|transport) (agent|system)|mail system|internet mail delivery|returned mail|systemadministrator|system administrator|system attendant|administrateur syst[eè]me|administrador del? sistema|amministratore (di )?sistema|systeembeheerder|delivery (sub)?system|auto(matic)?[- ]?(reply|responder)|lotus notes router)\b`)
	mailBox    = regexp.MustCompile(`(?i)^(post(master|office)|mail-?admin|mailsystem|mailserver|exchange|groupwise|domino)$`)
	gatewayBox = regexp.MustCompile(`(?i)^(mail(guard|sweeper|marshal|scanner|security|gateway)|anti-?(spam|virus)|amavis|iscan|scanmail)\b`)
	alertBox   = regexp.MustCompile(`(?i)^(alerts?|alerting|alertmanager|prometheus|grafana|nagios|icinga2?|zabbix|check_?mk|centreon|sensu|monit|monitor(ing)?|munin|netdata|uptime(robot|kuma)?|statuspage|pagerduty|opsgenie|mailpath|watchdog|cron)\b`)
	alertLine  = regexp.MustCompile(`(?i)^\s*(\[(firing|resolved|alerting|alert|ok|no data|problem|critical|warning)\b[^\]]*\]|\*\* ?(problem|recovery|acknowledgement)|(problem|recovery|resolved|alert|alerting|critical)\s?:|mailpath:)`)
	officeBox  = regexp.MustCompile(`(?i)^(post(master|office)|mail-?admin|mail(guard|sweeper|marshal|scanner|security|gateway|server)?|root|admin(istrator)?|daemon|mailsystem|anti-?(spam|virus)|virus-?(alert|admin)?|spam(-?filter)?|no-?reply|do-?not-?reply|notif(y|ication)s?|exchange|groupwise|domino|quarantine|security|amavis|iscan|scanmail|system)\b`)
)

func (s *signs) author(value string, isFrom bool) {
	name, box := value, ""
	if a, err := mail.ParseAddress(value); err == nil {
		name, box = a.Name, a.Address
	} else if i := strings.LastIndexByte(value, '<'); i >= 0 {
		name, box = value[:i], strings.Trim(value[i:], "<> ")
	} else if strings.Contains(value, "@") {
		name, box = "", strings.TrimSpace(value)
	}
	local, _, _ := strings.Cut(box, "@")
	s.daemon = s.daemon || daemonBox.MatchString(local) || box == "" && daemonBox.MatchString(strings.TrimSpace(name)) ||
		daemonName.MatchString(decoded(name)) || box == "" && strings.Contains(value, "<>")
	if isFrom {
		s.from = box
		s.office, s.mail = officeBox.MatchString(local), mailBox.MatchString(local)
		s.gateway, s.alert = gatewayBox.MatchString(local), alertBox.MatchString(local)
	}
}

// other looks at the fields that some systems have instead of the standard ones.
func (s *signs) other(name, value string) {
	switch name {
	case "x-failed-recipients", "x-dsncontext", "x-ms-exchange-message-is-ndr", "x-mailer-daemon", "x-bounce-reason", "x-actual-recipients", "x-notes-item-nondelivery":
		s.failure = true
	case "x-autoreply", "x-auto-reply", "x-autoreply-from", "x-auto-reply-from", "x-autorespond", "x-autoresponder", "x-auto-response", "x-autoresponse", "x-mail-autoreply",
		"x-autogenerated", "x-auto-generated", "x-vacation", "x-away", "x-tmda-confirm-message", "x-tmda-fingerprint", "x-challenge", "x-boxbe", "x-spamarrest", "x-out-of-office", "x-autoreply-domain", "x-amazon-auto-reply":
		s.answer = s.answer || value != "no" && value != "false" && value != "none"
	case "precedence", "x-precedence":
		s.answer = s.answer || strings.HasPrefix(value, "auto")
		s.bulk = s.bulk || value == "junk" || value == "bulk"
	case "delivered-to", "x-loop":
		s.answer = s.answer || value == "autoresponder" || strings.HasPrefix(value, "autoresponder")
	case "x-mailer":
		s.answer = s.answer || strings.Contains(value, "vacation") || strings.Contains(value, "autorespond") || strings.Contains(value, "auto-reply")
	}
}

package smtpsend

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/probe"
)

// replyOf is the reply behind a refusal.
func replyOf(e *smtp.SMTPError) probe.Reply {
	r := probe.Reply{Code: e.Code, Text: oneLine(e.Message)}
	if e.EnhancedCode == (smtp.EnhancedCode{}) || e.EnhancedCode == smtp.NoEnhancedCode {
		return r
	}
	enhanced := fmt.Sprintf("%d.%d.%d", e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2])
	if enhancedPattern.MatchString(enhanced) {
		r.Enhanced = enhanced
	} else { // the library takes any three numbers for a code
		r.Text = oneLine(enhanced + " " + e.Message)
	}
	return r
}

// acceptance is the 250 reply to the final dot, from its text.
func acceptance(text string) probe.Reply {
	r := probe.Reply{Code: 250, Text: oneLine(text)}
	if enhanced, rest := splitEnhanced(r.Text); enhanced != smtp.NoEnhancedCode {
		r.Enhanced, _, _ = strings.Cut(r.Text, " ")
		r.Text = rest
	}
	r.QueueID = queueID(r.Text)
	return r
}

// maxText bounds what is kept of a reply: an endless one is not evidence.
const maxText = 500

// oneLine is a text as it can stand in logs and on screens: bounded, and without
// anything that is not to be seen, such as what moves a terminal's cursor.
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), isBlank), " ")
	return strings.TrimSpace(strings.ToValidUTF8(s[:min(len(s), maxText)], ""))
}

func isBlank(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }

var enhancedPattern = regexp.MustCompile(`^([245])\.(\d{1,3})\.(\d{1,3})(?:\s+|$)`)

// splitEnhanced takes an enhanced status code (RFC 3463 section 2) off a text.
func splitEnhanced(text string) (smtp.EnhancedCode, string) {
	m := enhancedPattern.FindStringSubmatch(text)
	if m == nil {
		return smtp.NoEnhancedCode, text
	}
	var code smtp.EnhancedCode
	for i := range code {
		code[i], _ = strconv.Atoi(m[i+1])
	}
	return code, text[len(m[0]):]
}

// queuePatterns find the far side's name for a message in its acceptance, for the
// servers that give one: it is the word to search the gateway's log for.
var queuePatterns = []*regexp.Regexp{
	regexp.MustCompile(`(?i)queued(?: mail for delivery)? as ([A-Za-z0-9.-]+)`), // Postfix
	regexp.MustCompile(`(?i)^message queued \(([^()\s]+)\)`),                    // Haraka
	regexp.MustCompile(`(?i)\bid=([A-Za-z0-9-]+)`),                              // Exim
	regexp.MustCompile(`\[InternalId=(\d+)`),                                    // Exchange
	regexp.MustCompile(`^([A-Za-z0-9]{8,}) Message accepted`),                   // Sendmail, Proofpoint, OpenSMTPD
	regexp.MustCompile(`(?i)^ok:? +([0-9A-F]{2}\.[0-9A-F]{2}\.\d+\.[0-9A-F]+)`), // Symantec Messaging Gateway
	regexp.MustCompile(`^(?i:ok) +(?:\d{9,} )?(\S+) - gsmtp`),                   // Google
	regexp.MustCompile(`(?i)^ok:? +queued +([A-Za-z0-9.-]+)`),                   // Momentum and its kin
	regexp.MustCompile(`^(?i:ok):? +(?:Message )?([0-9]{4,}\S*) (?i:accepted)`), // Cisco
}

func queueID(text string) string {
	for _, p := range queuePatterns {
		if m := p.FindStringSubmatch(text); m != nil {
			return m[1]
		}
	}
	return ""
}

package report

import (
	"regexp"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// maxWords is how much of a report's own words, in bytes, is looked through for what
// kind of report it is. Whoever writes one says so at its beginning.
const maxWords = 6 << 10

// prose is what a report says in its own words.
type prose struct {
	words      string           // its beginning, in one line and in lower case
	kind       probe.ReportKind // of delivery, by its subject and words; empty: they do not say
	diagnostic string           // what a server said, from its reply code on; empty: nothing like it
	replied    bool             // that has a reply code (RFC 5321 section 4.2)
	why        string           // the line that says why, or that it failed
	status     string           // a status code that stands elsewhere
	recipient  string
	listed     bool // it stands in a line of its own
	returned   bool // the original stands below, or its header
	reporting  string
	remote     string
}

func readProse(s signs, m *opened) prose {
	own := m.own()
	lines := linesOf(own)
	p := prose{words: lower(oneLine(own, maxWords)), reporting: firstHost(own, reporters), remote: remoteIn(own)}
	said := bestSaid(lines)
	if said.line >= 0 {
		p.diagnostic = said.text(lines)
		p.replied = said.replied
	}
	p.status = statusElsewhere(own)
	p.kind = kindOfDelivery(s, p)
	p.why = whyIn(lines, p.kind)
	p.recipient, p.listed = recipientIn(s, lines)
	p.returned = m.returned()
	return p
}

// kindOfDelivery goes by the subject first: a text that gives up tells how long it was
// delayed, and one that only warns says what could not be done.
func kindOfDelivery(s signs, p prose) probe.ReportKind {
	switch {
	case relaySubject.in(s.lower):
		return probe.ReportRelayed
	case successSubject.in(s.lower):
		return probe.ReportDelivered
	case delaySubject.in(s.lower) && !givenUp.in(p.words), warning.in(p.words):
		return probe.ReportDelayed
	case s.failure:
		if delayText.in(p.words) {
			return probe.ReportDelayed
		}
		return probe.ReportFailed
	case delayText.in(p.words) && !givenUp.in(p.words):
		return probe.ReportDelayed
	case failureText.in(p.words), failureSubject.in(s.lower):
		return probe.ReportFailed
	case successText.in(p.words):
		return probe.ReportDelivered
	}
	return ""
}

var (
	warning = anyOf(`this is a warning( message)? only`, `warning message only`, `(do(es)?n't|do(es)? not) need to re-?send`, `no action is required on your part`)
	givenUp = anyOf(`given up`, `giving up`, `gave up`, `permanent(ly)? (fail|error|fatal)`, `permanent fatal`, `retry (timeout|time-out|time) exceeded`, `message (has )?expired`, `has been (returned|cancel+ed|deleted|rejected)`, `will not be (retried|tried|attempted|deliver)`, `no (more|further) (delivery )?attempts`, `all retry attempts failed`, `was too old`)
)

// isText are the parts that hold words of the report itself.
func (m *opened) own() string {
	var own strings.Builder
	for _, kind := range []string{"text/plain", "text/html", "text"} {
		for _, p := range m.parts {
			if p.within || p.kind != kind || own.Len() >= maxProse {
				continue
			}
			text := p.text[:min(len(p.text), probe.MaxReport)]
			if kind == "text/html" {
				text = fromHTML(text)
			}
			text, _ = cutOriginal(text)
			own.WriteString(text[:min(len(text), maxProse)] + "\n")
		}
		if strings.TrimSpace(own.String()) != "" {
			break
		}
	}
	text := own.String()
	return strings.ToValidUTF8(text[:min(len(text), maxProse)], "")
}

// Where an original begins that is appended to the text, in words and without.
var (
	announced = regexp.MustCompile(`(?mi)^[ \t>]*(?:[-=+*_#~]+[ \t]*)?(?:this is a copy of (?:the|your) (?:message|headers?)|below this line is a copy of|(?:the |your )?(?:full )?(?:headers?|text|body|copy|contents?|beginning|first \d+ (?:lines|bytes)) (?:of|from) (?:the |your )?(?:original |returned |undelivered |rejected )?(?:message|mail|e-?mail)|(?:the |your )?(?:original|returned|undelivered|undeliverable|unsent|failed|rejected|bounced) (?:e-?mail|message|mail)(?: (?:headers?|text|body|was|is|reads?|follows?|attached|below|returned|begins?|starts?))*|message (?:headers?|text|body|contents?|follows?)(?: follows?)?|your (?:e-?mail|message|mail)(?: (?:follows|reads|was|headers?))+(?: \(in part\))?|(?:included|here|attached|enclosed) is (?:a|the) copy|start of (?:returned|the) message|returned (?:message|mail) follows|unsent message (?:follows|below)|(?:die )?(?:ursprüngliche|originale?) nachricht|kopie der nachricht|message d.origine|message original|mensaje original|messaggio originale|oorspronkelijk bericht|mensagem original|исходное сообщение|元のメッセージ|原文|原邮件)\b?[^\n\w]*(?:follows?|begins?|headers?)?[^\n\w]*$`)
	appended  = regexp.MustCompile(`(?mi)^[ \t>]*(?:received|return-path|message-id|mime-version|dkim-signature|delivered-to|x-mailpath-tag|x-originating-ip):[^\n]*\n(?:[ \t>]+[^\n]*\n)*[ \t>]*[a-z][a-z0-9-]*:[^\n]*\n(?:[ \t>]+[^\n]*\n)*[ \t>]*[a-z][a-z0-9-]*:`)
	transcr   = regexp.MustCompile(`(?mi)^[ \t]*-+[ \t]*(?:session transcript|transcript of session)`)
)

// cutOriginal divides a text where the original begins that is appended to it.
func cutOriginal(text string) (own, original string) {
	end := len(text)
	if at := appended.FindStringIndex(text); at != nil {
		end = at[0]
	}
	if at := announced.FindStringIndex(text[:end]); at != nil {
		if t := transcr.FindStringIndex(text[at[1]:end]); t == nil {
			return text[:at[0]], text[at[1]:]
		}
	}
	return text[:end], text[end:]
}

// returned tells whether a message brings an original back, or its header.
func (m *opened) returned() bool {
	for _, p := range m.parts {
		if p.kind == "message/rfc822" || p.kind == "text/rfc822-headers" {
			return true
		}
		if _, original := cutOriginal(p.text); !p.within && p.kind == "text/plain" && strings.TrimSpace(original) != "" {
			return true
		}
	}
	return false
}

// Who reports, in the words of different systems.
var reporters = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b(?:generating server|dsn generated by|erzeugender server|generierender server|serveur de génération|servidor (?:de )?generación|servidor de geração|server (?:di generazione|che ha generato)|genererende server|genererande server|bron(?:server)?|生成服务器|生成サーバー|Сервер(?:,| )(?:создавший|формирующий)[^:\n]{0,30})\s*[:：]\s*(\S+)`),
	regexp.MustCompile(`(?i)this is the (?:mail system|[\w.-]+ (?:mail )?(?:program|system|server)|mailer) at (?:host )?(\S+)`),
	regexp.MustCompile(`(?i)\b(?:program|mail system|mail server|mailer) at (?:host )?([\w-]+(?:\.[\w-]+)+)`),
	regexp.MustCompile(`(?im)^\s*reporting-mta:\s*dns;\s*(\S+)`),
	regexp.MustCompile(`(?i)(?:courier mail server|mail delivery (?:sub)?system) at ([\w-]+(?:\.[\w-]+)+)`),
}

// Who said it to the one that reports.
var remotes = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\bhost\s+(\S+?)\s?\[[0-9a-f.:]+\](?::\d+)?\s+(?:said|refused)`),
	regexp.MustCompile(`(?i)\bhost\s+([\w.-]+\.[\w-]+)\s+\[[0-9a-f.:]+\]`),
	regexp.MustCompile(`(?i)while talking to\s+(\S+?)\.?:?\s`),
	regexp.MustCompile(`(?i)\bhost:\s+(\S+)\s+\([^)]*\)\s+reason:`),
	regexp.MustCompile(`(?i)remote server at\s+(\S+)`),
	regexp.MustCompile(`(?i)\bby\s+(\S+?)\.?\s\[[0-9a-f.:]+\]\.`),
	regexp.MustCompile(`(?i)(?:message rejected by|rejected by|remote[- ]mta|remote server|remote host)\s*:\s*(?:dns;\s*)?([\w-]+(?:\.[\w-]+)+|\[[0-9a-f.:]+\])`),
	regexp.MustCompile(`(?im)^\s*(\S+) (?:rejected|gave this error|hat ihre nachricht|a rejeté|rechazó|ha rifiutato)`),
	regexp.MustCompile(`(?im)^\s*([\w-]+(?:\.[\w-]+)+) #(?:<\s?#?)?[245][.\d]`),
	regexp.MustCompile(`(?im)^\s*(?:connected to\s+)?(\S+) (?:does not like (?:recipient|sender)|failed (?:after|on)|but (?:sender|my name|greeting|recipient|connection) )`),
	regexp.MustCompile(`(?i)(?:remote system|remote-mta):\s*(?:dns;\s*)?(\S+)`),
	regexp.MustCompile(`(?i)(?:error transferring to|fehler beim übertragen an)\s+(\S+?);`),
	regexp.MustCompile(`(?im)^\s*([\w-]+(?:\.[\w-]+)+) \[[0-9a-f.:]+\]:\s*$`),
	regexp.MustCompile(`(?i)remote server \(([0-9a-f.:]+)\)`),
	regexp.MustCompile(`(?i)the mail server \[?([\w.:-]+)\]? (?:said|responded|replied|rejected)`),
	regexp.MustCompile(`(?i)\b(?:server|host|mta|mx)\s+["'<]?([\w-]+(?:\.[\w-]+)+)["'>]?(?:\s?[\[(][0-9a-f.:]+[\])])?\s+(?:said|says|responded|replied|returned|answered|issued|rejected|refused)`),
	regexp.MustCompile(`(?im)^\s*giving up on (\S+?)\.?$`),
}

// firstHost gives the host that the first of these expressions finds.
func firstHost(text string, expressions []*regexp.Regexp) string {
	for _, e := range expressions {
		if m := e.FindStringSubmatch(text); m != nil {
			if h := domainWord(m[1]); h != "" {
				return h
			}
		}
	}
	return ""
}

// remoteIn gives the host that said something, where a text names it.
func remoteIn(text string) string { return firstHost(text, remotes) }

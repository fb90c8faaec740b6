package report

import (
	"regexp"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// Limits of a report's own words.
const (
	maxLines    = 600
	maxLine     = 1 << 10 // bytes
	maxSaid     = 12      // lines of one reply
	wrappedFrom = 60      // bytes: a line this long may be one that was wrapped
)

// linesOf divides a text into lines, without marks of quotation.
func linesOf(text string) []string {
	lines := strings.Split(text, "\n")
	lines = lines[:min(len(lines), maxLines)]
	for i, line := range lines {
		line = strings.TrimRight(line, " \t")
		lines[i] = strings.ToValidUTF8(line[:min(len(line), maxLine)], "")
	}
	return lines
}

var (
	// A reply code with or without a status code (RFC 2034) behind it. What stands before
	// it decides whether it is one.
	reply = regexp.MustCompile(`(^|[\s:;>"'‘’“”(\[#,=|/])([45][0-5]\d)(?:[- ]+#?\(?#?([45]\.\d{1,3}\.\d{1,3})\b)?([-\s:;,."')\]]|$)`)
	// What announces a reply.
	announces = regexp.MustCompile(`(?i)(?:said|say|says|repl(?:y|ied|ies)|return(?:ed|s)?|respon(?:se|ded|ds)|error|reason|answer(?:ed)?|status|code|reported|refused|reject(?:ed)?|smtp|diagnostic|result|message|server|antwort\pL*|meld\pL*|fehler\pL*|réponse|erreur|renvoyé|respuesta|respondió|devolvió|risposta|restituito|geantwoord|gemeld|ответ\pL*|ошибк\pL*|@[\w.-]+|理由|原因|エラー|错误|錯誤|>|\]|command|recipients?|#|<<<|<--?)["'‘“\s:;,.(<#!=-]*$`)
	// A status code alone, as qmail and Exchange write it, and not a version or an address.
	bare = regexp.MustCompile(`(?:^|[\s(<\[:;"'#])#?([45]\.\d{1,2}\.\d{1,3})(?:[\s)>\]:;,"'-]|\.(?:\D|$)|$)`)
	lead = regexp.MustCompile(`^[\s>|*+-]*(?:<<<|<--?|<)?\s*["'(\[#]*\s*(?:smtp;\s*)?$`)
	// A line that is a command of ours, not an answer.
	command = regexp.MustCompile(`(?i)^\s*(?:>>>|-->|=>|sent:?\s*>>>|\S+ sent:)`)
	version = regexp.MustCompile(`(?i)(?:release|version|ver\.?|v|exim|postfix|sendmail|domino|server|build|mailer)\s*$`)
	cause   = anyOf(
		`(user|recipient|mailbox|account|address|host|domain)s? (is |was |are )?(unknown|not (found|known|listed|valid|exist)|unavailable|disabled|inactive|invalid|full|suspended)`, `(unknown|invalid|no such|nonexistent|bad|illegal|inactive) (local )?(user|recipient|mailbox|address|account|host|domain|person|alias|destination|name)`, `not listed in`, `does(n't| not) (exist|have an? |like)`, `(over|exceed(s|ed)?|out of)[^.]{0,25}(quota|limit|storage|size|space)`, `quota`, `mailbox full`,
		`unrout(e)?able`, `host not found`, `couldn't find any`, `name (service|server) (error|not)`, `timed? ?out`, `connection (refused|reset|lost|timed|died)`, `retry time`, `no route to host`, `relay(ing)? (access )?(denied|not)`, `not (a )?(valid|allowed|permitted|accepted|authori[sz]ed)`, `too (large|big|many|long)`, `(mail )?loop`, `access denied`, `not in (guide|directory)`, `no longer`, `refused`, `couldn't be found`, `wasn't found`, `can't accept`, `isn't (receiving|accepting)`, `gefunden`, `unbekannt`, `existiert nicht`, `inconnu`, `introuvable`, `n'existe pas`, `desconocid`, `no existe`, `sconosciut`, `non esiste`, `onbekend`, `bestaat niet`, `não existe`, `неизвест`, `не существует`, `見つかりま`, `存在しま`, `不存在`,
	)
)

// said is where a text has what a server said.
type said struct {
	line, at int // at: the byte in it that the reply begins at; line -1: nowhere
	score    int
	replied  bool
}

// bestSaid finds what a server most likely said: a line with more signs of a reply goes
// before one with fewer, the first before those below.
func bestSaid(lines []string) said {
	best := said{line: -1, score: 2}
	for i, line := range lines {
		if command.MatchString(line) {
			continue
		}
		if one := saidIn(line, previous(lines, i)); one.score > best.score {
			one.line = i
			best = one
		}
	}
	return best
}

// previous is the last line above that is not empty.
func previous(lines []string, i int) string {
	for i--; i >= 0; i-- {
		if s := strings.TrimSpace(lines[i]); s != "" {
			return s
		}
	}
	return ""
}

func saidIn(line, above string) said {
	best := said{}
	for _, m := range reply.FindAllStringSubmatchIndex(line, 4) {
		one := said{at: m[4], replied: true, score: before(line[:m[4]], above)}
		if m[6] >= 0 {
			one.score += 3
		}
		switch {
		case letters(line[m[5]:]) >= 2:
			one.score++
		case one.score == 2 && letters(line[:m[4]]) >= 4: // the text stands before its code
			one.score++
			one.at = indentOf(line)
		}
		if one.score > best.score {
			best = one
		}
	}
	if best.score > 2 {
		return best
	}
	for _, m := range bare.FindAllStringSubmatchIndex(line, 4) {
		head := line[:m[2]]
		score := before(head, above)
		if strings.HasSuffix(head, "#") {
			score += 2
		}
		if version.MatchString(head) || score == 0 {
			continue
		}
		if score++; score > best.score {
			best = said{at: m[2], score: min(score, 4)}
			if letters(line[m[3]:]) < 4 {
				best.at = len(line) - len(strings.TrimLeft(line, " \t>"))
			}
		}
	}
	return best
}

// before rates what stands before a code: at the start of a line it is a reply mostly,
// and surely if the line above announces one.
func before(head, above string) int {
	switch {
	case lead.MatchString(head):
		if strings.Contains(head, "<<<") || announces.MatchString(above) {
			return 3
		}
		return 2
	case announces.MatchString(head):
		return 2
	}
	return 0
}

func letters(s string) int {
	n := 0
	for _, r := range s {
		if r > '@' {
			n++
		}
	}
	return n
}

// ends are the lines that no reply goes on over.
var ends = regexp.MustCompile(`(?i)^[\s>|]*(?:giving up|remote host|host |>>>|<<<|-->|<--|\.\.\.|---|===|___|\*\*\*|i'm not going|i'm afraid|i've given|final-recipient|action:|status:|diagnostic|reporting-mta|remote-mta|original message|<[^<>\s]+@[^<>\s]+>:?\s*$|\S+@\S+:?\s*$|for (?:further|more) |please |please,|if |the |your |this |from:|to:|subject:|date:|sent:|received:|message-id:|[-\w ]{2,30}:\s*$)`)

// text is what was said: from the code on, as far as it goes over the next lines.
func (s said) text(lines []string) string {
	line := lines[s.line]
	text := line[s.at:]
	code := text[:min(3, len(text))]
	indent := indentOf(line)
	for i := s.line + 1; i < min(len(lines), s.line+maxSaid); i++ {
		next := lines[i]
		trimmed := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(next), "<<<"))
		isMore := s.replied && strings.HasPrefix(trimmed, code) && len(trimmed) > 3 && strings.IndexByte("- ", trimmed[3]) >= 0 && strings.HasPrefix(text[min(3, len(text)):], "-")
		wrapped := len(lines[i-1]) >= wrappedFrom && indentOf(next) == indent || indentOf(next) > indent
		if trimmed == "" || !isMore && (!wrapped || ends.MatchString(next) && !strings.HasSuffix(text, ":")) {
			break
		}
		text += " " + trimmed
	}
	return trimSaid(line[:s.at], text)
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

var (
	inReply  = regexp.MustCompile(`\s*\(in reply to [^()]*\)?\s*$`)
	exchange = regexp.MustCompile(`(?:>\s*#SMTP#|\s+##).*$`)
)

// trimSaid takes off what belongs to the sentence around a reply.
func trimSaid(head, text string) string {
	text = inReply.ReplaceAllString(text, "")
	text = exchange.ReplaceAllString(text, "")
	for _, q := range []struct{ open, close string }{{"'", "'"}, {`"`, `"`}, {"‘", "’"}, {"“", "”"}, {"(", ")"}, {"[", "]"}} {
		if strings.HasSuffix(strings.TrimRight(head, " #"), q.open) {
			if i := strings.LastIndex(text, q.close); i > 0 {
				text = text[:i]
			}
		}
	}
	return strings.TrimSpace(text)
}

// statusIn is the status of what was said: its own, or one that says no more than its
// reply code does (RFC 3463 section 3.1).
func statusIn(said string) string {
	said = said[:min(len(said), 2*maxDiagnostic)]
	if m := reply.FindStringSubmatch(said); m != nil && m[3] != "" {
		return m[3]
	}
	if s := statusElsewhere(said); s != "" {
		return s
	}
	for _, m := range reply.FindAllStringSubmatchIndex(said, 4) {
		if before(said[:m[4]], "") > 0 {
			return said[m[4]:m[4]+1] + ".0.0"
		}
	}
	return ""
}

// statusElsewhere finds a status code that stands in text.
func statusElsewhere(text string) string {
	for _, m := range bare.FindAllStringSubmatchIndex(text, 8) {
		if !version.MatchString(text[max(0, m[2]-20):m[2]]) {
			return text[m[2]:m[3]]
		}
	}
	return ""
}

// whyIn is the line that says why, in a report that quotes no server, or else the one
// that says what happened.
func whyIn(lines []string, kind probe.ReportKind) string {
	what := failureText
	if kind == probe.ReportDelayed {
		what = delayText
	}
	lines = lines[:min(len(lines), maxWhy)]
	for i := range lines {
		if s := besideAddress(lines, i); s != "" {
			return s
		}
	}
	happened := ""
	for i, line := range lines {
		switch {
		case command.MatchString(line) || len(strings.TrimSpace(line)) < 6:
		case cause.in(lower(line)):
			return sentence(lines, i)
		case happened == "" && what.in(lower(line)):
			happened = sentence(lines, i)
		}
	}
	return happened
}

// maxWhy is how many lines are looked through for why.
const maxWhy = 80

var (
	afterAddress = regexp.MustCompile(`^[\s>|*-]*<?[^\s<>()\[\]:;,"'|]+@[^\s<>()\[\]:;,"'|]+>?[ \t]*(?:[:;,.-]+|\.\.\.)?[ \t]*(.*)$`)
	noReason     = regexp.MustCompile(`(?i)^\W*(?:on \S|was addressed|(?:action|status|arrival-date):|\w*\s?(?:generated|expanded|reason)|(?:to|cc|bcc|subject|sent|date|from|message-id):|host |error for|-+|$)`)
)

// besideAddress is what a line says behind an address, or the lines right below it.
func besideAddress(lines []string, i int) string {
	m := afterAddress.FindStringSubmatch(lines[i])
	if m == nil {
		return ""
	}
	if letters(m[1]) >= 4 && !noReason.MatchString(m[1]) && !strings.Contains(m[1], "@") {
		text := m[1]
		for n := i + 1; n < min(len(lines), i+4) && indentOf(lines[n]) > indentOf(lines[i]) && strings.TrimSpace(lines[n]) != ""; n++ {
			text += " " + strings.TrimSpace(lines[n])
		}
		return withoutParentheses(text)
	}
	for n := i + 1; letters(m[1]) < 4 && n < min(len(lines), i+3); n++ {
		next := lines[n]
		if strings.TrimSpace(next) == "" || afterAddress.MatchString(next) {
			return ""
		}
		if letters(next) >= 4 && !noReason.MatchString(next) {
			return sentence(lines, n)
		}
	}
	return ""
}

func withoutParentheses(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "(") && strings.IndexByte(s, ')') == len(s)-1 {
		return s[1 : len(s)-1]
	}
	return s
}

// sentence is a line with those it was wrapped into.
func sentence(lines []string, i int) string {
	text := strings.TrimSpace(lines[i])
	for n := 1; n < 4 && i+n < len(lines) && len(lines[i+n-1]) >= wrappedFrom && strings.TrimSpace(lines[i+n]) != "" && !strings.HasSuffix(text, ":"); n++ {
		text += " " + strings.TrimSpace(lines[i+n])
	}
	return strings.Trim(text, "*-= ")
}

package probe

import (
	"net/mail"
	"regexp"
	"strings"
	"time"
)

// replyPrefix matches the prefixes by which mail programs mark answers, forwards
// and reports, in the languages common in mail, after any mark a filter has put first.
var replyPrefix = regexp.MustCompile(`(?i)^(\s*(\[[^\]]*\]|\*+[^*]*\*+))*\s*` +
	`(re|fwd?|aw|wg|tr|sv|vs|vb|vl|vá|pd|rv|fs|antw|doorst|odp|rif|res|enc|ynt|ilt|i|r|továbbítás|απ|πρθ|на|доп|ответ|转发|轉寄|转寄|回复|回覆|答复|返信|転送|회신|전달` +
	`|auto|auto-?reply|automatic reply|automatische antwort|réponse automatique|respuesta automática|risposta automatica|automatisch antwoord|automatiskt svar|resposta automática|自动答复|自動応答|автоответ` +
	`|out of (the )?office|ooo|abwesend|abwesenheitsnotiz|absence|read|not read|gelesen|accepted|declined|recall` +
	`|undeliver(able|ed)( mail)?( returned to sender)?|unzustellbar|nicht zustellbar|non remis|onbestelbaar|non recapitabile|no se puede entregar|não é possível entregar|не удается доставить` +
	`|returned mail|failure notice|mail delivery failed( [^:]*)?|delivery status notification( \([^)]*\))?|delivery (failure|delayed)` +
	`)(\[\d+\])?\s*[:：]`)

var (
	blockEnd   = regexp.MustCompile(`(?i)<(br|hr|/p|/div|/tr|/li|/h[1-6])\b[^<>]*>`)
	markup     = regexp.MustCompile(`<[^<>]*>`)
	quoteMarks = regexp.MustCompile(`(?m)^([ \t]*(>|&gt;|\|))+`)
	quotation  = regexp.MustCompile(`(?i)<blockquote|class="?gmail_quote|id="?divRplyFwdMsg|moz-cite-prefix|moz-forward-container|id="?appendonsend|ms-outlook-mobile-reference|OutlookMessageHeader|yahoo_quoted|protonmail_quote`)
	forwarded  = regexp.MustCompile(`(?i)^\W*(original message|(begin )?forwarded message|forwarded by\b.*` +
		`|ursprüngliche nachricht|weitergeleitete nachricht|anfang der weitergeleiteten nachricht|weitergeleitet von\b.*` +
		`|message d'origine|message (transféré|original)|début du message (réexpédié|transféré)|transféré par\b.*` +
		`|mensaje (original|reenviado)|inicio del mensaje reenviado|reenviado por\b.*` +
		`|messaggio (originale|inoltrato)|inizio messaggio inoltrato|mensagem (original|encaminhada)` +
		`|oorspronkelijk bericht|doorgestuurd bericht|wiadomość oryginalna|wiadomość przekazana` +
		`|исходное сообщение|пересылаемое сообщение|原始邮件|转发的邮件|轉寄的郵件|転送メッセージ)\W*$`)
	author   = regexp.MustCompile(`(?i)^\W{0,3}(from|von|de|da|od|van|från|fra|от|发件人|寄件者|差出人)\W{0,3}[:：]`)
	envelope = regexp.MustCompile(`(?i)^\W{0,3}(sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado( el)?|fecha|para|asunto|assunto|inviato|data|a|oggetto` +
		`|verzonden|aan|onderwerp|wysłano|do|temat|skickat|till|ämne|sendt|til|emne|отправлено|дата|кому|тема|发送时间|日期|收件人|主题|送信日時|宛先)\W{0,3}[:：]`)
	wrote  = regexp.MustCompile(`(?i)(^|\W)(wrote|schrieb[^:]*|a écrit|escribió|ha scritto|escreveu|schreef[^:]*|skrev[^:]*|napisał\S*|написал\S*|写道)\s*[:：]$`)
	copied = regexp.MustCompile(`(?i)^(x-mailpath-tag|message-id|return-path|received|content-type[ \t]*:[ \t]*(message/|text/rfc822-headers).*)[ \t]*(:|$)`)
)

// unquoted is a body without its quoted lines, and without all that stands below
// what announces a quotation, a forwarded message or a copied header. Markup that a
// gateway has put around plain text is taken out first.
func unquoted(body []byte) string {
	if at := quotation.FindIndex(body); at != nil {
		body = body[:at[0]]
	}
	text := markup.ReplaceAllString(blockEnd.ReplaceAllString(string(body), "\n"), "")
	lines := strings.Split(text, "\n")
	var kept strings.Builder
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		if announces(trimmed, lines[i+1:]) {
			break
		}
		if strings.HasPrefix(trimmed, ">") || strings.HasPrefix(trimmed, "&gt;") || strings.HasPrefix(trimmed, "|") {
			continue
		}
		kept.WriteString(line + "\n")
	}
	return kept.String()
}

// announced is how much, in bytes, of a line is looked at for what announces a quotation:
// a body of others must not cost much.
const announced = 256

// announces tells whether a line announces that what follows is quoted.
func announces(line string, below []string) bool {
	begin, end := line[:min(len(line), announced)], line[max(0, len(line)-announced):]
	if len(line) <= announced && forwarded.MatchString(line) || endsInColon(end) && wrote.MatchString(end) {
		return true
	}
	return strings.ContainsAny(begin, ":：") && (copied.MatchString(begin) || author.MatchString(begin) && envelopeFollows(below))
}

func endsInColon(line string) bool {
	return strings.HasSuffix(line, ":") || strings.HasSuffix(line, "：")
}

// envelopeFollows tells whether the next line that holds something goes on like the head
// of a message.
func envelopeFollows(lines []string) bool {
	for _, line := range lines {
		if trimmed := strings.TrimSpace(line); trimmed != "" {
			return envelope.MatchString(trimmed[:min(len(trimmed), announced)])
		}
	}
	return false
}

// datedLike tells whether a message may have been composed at a time: its Date, in whole
// seconds, is that, or says nothing. Whatever somebody else makes of a message has a Date of
// its own, in any language.
func datedLike(h Header, sent time.Time) bool {
	at, known := dateOf(h)
	return !known || at.Unix() == sent.Unix()
}

// shownTime matches the time of day in the Subject that Compose writes.
var shownTime = regexp.MustCompile(`(\d\d:\d\d:\d\d)\s*\(\s*mp1\.`)

// datedAsShown is datedLike for a short tag, which has no time but for that beside it.
func datedAsShown(h Header, subject string) bool {
	at, known := dateOf(h)
	shown := shownTime.FindStringSubmatch(subject)
	return !known || shown == nil || at.UTC().Format("15:04:05") == shown[1]
}

// dateOf is when a message says it was written. It is not known where the zone is a name,
// which the reader takes for UTC whatever it is.
func dateOf(h Header) (time.Time, bool) {
	value, _ := h.Get("Date")
	at, err := mail.ParseDate(value)
	if err != nil {
		return time.Time{}, false
	}
	zone, offset := at.Zone()
	return at, offset != 0 || zone == "" || zone == "UTC" || zone == "GMT"
}

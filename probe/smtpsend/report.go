package smtpsend

import (
	"errors"

	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/probe"
)

// What RFC 3461 allows for (sections 4, 4.2 and 4.4), in bytes. What would be longer is
// left out: the message matters more than the report about it.
const (
	maxEnvelopeID = 100 // as xtext
	maxRecipient  = 450 // as xtext; with what else is asked for, RCPT grows by 500 at most
)

// reportsOffered tells whether the server can be asked for reports about a message
// (RFC 3461).
func reportsOffered(client *smtp.Client) bool {
	offered, _ := client.Extension("DSN")
	return offered
}

// mail says MAIL. Of a server that offers it, it asks for reports that name the message
// as we do and hold no more of it than its header. Some servers offer that and refuse to
// be asked, mostly because of a gateway before them: these are told the same once more
// without it, which begins the transaction, since the refused MAIL has not (RFC 5321
// section 4.1.1.2).
func (t *transaction) mail(client *smtp.Client, m *probe.Message) error {
	if !reportsOffered(client) {
		return client.Mail(m.From, nil)
	}
	options := &smtp.MailOptions{Return: smtp.DSNReturnHeaders}
	if id := m.Envelope; isPrintable(id) && xtextLength(id) <= maxEnvelopeID {
		options.EnvelopeID = id
	}
	err := client.Mail(m.From, options)
	if t.reportless = isOfParameters(err); t.reportless {
		return client.Mail(m.From, nil)
	}
	return err
}

// rcpt says RCPT. It asks for reports of failure and delay, and for the recipient to be
// named in them as it was here, whatever it is rewritten to on the way.
func (t *transaction) rcpt(client *smtp.Client, m *probe.Message) error {
	if t.reportless || !reportsOffered(client) {
		return client.Rcpt(m.To, nil)
	}
	options := &smtp.RcptOptions{Notify: []smtp.DSNNotify{smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed}}
	if isPrintable(m.To) && xtextLength(m.To) <= maxRecipient {
		options.OriginalRecipientType, options.OriginalRecipient = smtp.DSNAddressTypeRFC822, m.To
	}
	err := client.Rcpt(m.To, options)
	if isOfParameters(err) {
		return client.Rcpt(m.To, nil)
	}
	return err
}

// isOfParameters tells a refusal that may be one of the parameters of MAIL or RCPT (RFC
// 5321 section 4.1.1.11, and RFC 3463 section 3.6). It may also be one of the address:
// it is then repeated.
func isOfParameters(err error) bool {
	refusal := new(smtp.SMTPError)
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Code {
	case 501, 504, 555:
		return true
	}
	return refusal.Code >= 500 && refusal.EnhancedCode == smtp.EnhancedCode{5, 5, 4}
}

// isPrintable tells whether a text can be said in xtext (RFC 3461 section 4).
func isPrintable(text string) bool {
	for _, b := range []byte(text) {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return text != ""
}

// xtextLength is how long a text becomes as xtext.
func xtextLength(text string) int {
	n := len(text)
	for _, b := range []byte(text) {
		if b == ' ' || b == '+' || b == '=' {
			n += 2
		}
	}
	return n
}

package main

import (
	"bytes"
	"io"
	"time"

	"github.com/emersion/go-smtp"
)

// holding is a session of a scanner that takes its time, as amavis does: it takes the
// whole message, scans it for so long, and only then begins to hand it on, in a
// transaction of its own, before it answers. So the next server's stamp, which Postfix
// takes at MAIL FROM, comes after the scan; what that server refuses, the client is told
// at the end only.
type holding struct {
	session
	from    string
	options smtp.MailOptions
}

func (h *holding) Mail(from string, options *smtp.MailOptions) error {
	h.Reset()
	h.from, h.options = from, *options
	return nil
}

func (h *holding) Rcpt(to string, _ *smtp.RcptOptions) error {
	h.recipients = append(h.recipients, to)
	return nil
}

// Data answers for a message when the scan is over and the next server has taken it.
func (h *holding) Data(r io.Reader) error {
	message, err := io.ReadAll(r)
	if err != nil {
		return answer(err)
	}
	// The stamp is of the reception.
	message = append([]byte(h.received()), message...)
	time.Sleep(h.delay)
	recipients := h.recipients
	if err := h.session.Mail(h.from, &h.options); err != nil {
		return err
	}
	for _, to := range recipients {
		if err := h.session.Rcpt(to, nil); err != nil {
			return err
		}
	}
	return h.handOn(bytes.NewReader(message))
}

package main

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/emersion/go-smtp"
)

// holding is a session of a scanner that takes its time, as amavis does, or that alters
// what it is given: it takes the whole message, scans it for so long, and only then
// begins to hand it on, in a transaction of its own, before it answers. So the next
// server's stamp, which Postfix takes at MAIL FROM, comes after the scan; what that
// server refuses, the client is told at the end only.
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
	stamp := h.received()
	time.Sleep(h.delay)
	if message, err = h.alterations.alter(message, h.name); err != nil {
		// The same message would fare no better a second time.
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "scanner: altering the message: " + err.Error()}
	}
	message = append([]byte(stamp), message...)
	recipients := h.recipients
	for range h.copies {
		if err = h.transaction(recipients, message); !isGood(err) {
			break
		}
	}
	return err
}

// transaction hands a message on and gives the next server's answer.
func (h *holding) transaction(recipients []string, message []byte) error {
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

// isGood tells handOn's good answers from its bad ones.
func isGood(answer error) bool {
	var reply *smtp.SMTPError
	return errors.As(answer, &reply) && reply.Code/100 == 2
}

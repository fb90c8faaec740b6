package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/emersion/go-smtp"
)

// dialTimeout bounds a connection to the next server: it is on this machine.
const dialTimeout = 5 * time.Second

// session passes the commands of a client on to the next server as they come, and
// the server's answers back: what the server refuses, the client is told at once.
type session struct {
	scanner
	client     *smtp.Conn
	server     *smtp.Client // nil outside a transaction
	recipients []string
}

func (s *session) Mail(from string, options *smtp.MailOptions) error {
	s.Reset()
	dialer := net.Dialer{Timeout: dialTimeout, LocalAddr: &net.TCPAddr{IP: net.ParseIP(s.source)}}
	connection, err := dialer.Dial("tcp4", s.next)
	if err != nil {
		return answer(err)
	}
	s.server = smtp.NewClient(connection)
	if err := s.server.Hello(s.name); err != nil {
		return answer(err)
	}
	return answer(s.server.Mail(from, &smtp.MailOptions{UTF8: options.UTF8}))
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.recipients = append(s.recipients, to)
	return answer(s.server.Rcpt(to, nil))
}

// Data answers for a message when the next server has.
func (s *session) Data(r io.Reader) error {
	message, err := io.ReadAll(r)
	if err != nil {
		return answer(err)
	}
	if !s.bears(message) {
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {} // until the signal is here
	}
	return s.handOn(io.MultiReader(strings.NewReader(s.received()), bytes.NewReader(message)))
}

// handOn gives the next server the message, and the client that server's answer.
func (s *session) handOn(message io.Reader) error {
	data, err := s.server.Data()
	if err != nil {
		return answer(err)
	}
	if _, err := io.Copy(data, message); err != nil {
		return answer(err)
	}
	taken, err := data.CloseWithResponse()
	if err != nil {
		return answer(err)
	}
	// The one way to choose the text of a good answer.
	return &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: strings.TrimPrefix(taken.StatusText, "2.0.0 ")}
}

// Reset ends the transaction, if there is one; go-smtp calls it after each message.
func (s *session) Reset() {
	if s.server != nil {
		_ = s.server.Quit()
		s.server.Close()
	}
	s.server, s.recipients = nil, nil
}

func (s *session) Logout() error {
	s.Reset()
	return nil
}

// answer makes every trouble of ours one that the client should come back from.
func answer(err error) error {
	var reply *smtp.SMTPError
	if err == nil || errors.As(err, &reply) {
		return err
	}
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 4, 1}, Message: "scanner: " + err.Error()}
}

// bears tells whether a message leaves the scan engine alive. It is the content that
// decides, so that a message that comes again fares as it did before.
func (s *session) bears(message []byte) bool {
	digest := sha256.Sum256(message)
	return float64(binary.BigEndian.Uint32(digest[:])) < s.pass*(math.MaxUint32+1)
}

// received is the trace field (RFC 5321 section 4.4).
func (s *session) received() string {
	peer, _, _ := net.SplitHostPort(s.client.Conn().RemoteAddr().String())
	field := fmt.Sprintf("Received: from %s ([%s])\r\n\tby %s (scanner) with ESMTP id %s", s.client.Hostname(), peer, s.name, rand.Text()[:12])
	if len(s.recipients) == 1 { // more than one would tell one of the others
		field += fmt.Sprintf("\r\n\tfor <%s>", s.recipients[0])
	}
	return field + "; " + time.Now().Format("Mon, 2 Jan 2006 15:04:05 -0700 (MST)") + "\r\n"
}

package world

import (
	"cmp"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// entry is an SMTP server at a stage.
type entry struct {
	world  *World
	stage  *stage
	owner  *account // who must authenticate; nil: anybody may send
	gate   *gate
	server *smtp.Server
}

func newEntry(w *World, s *stage, owner *account) (*entry, error) {
	g, err := newGate(w.cfg.Network, s.host.name)
	if err != nil {
		return nil, err
	}
	e := &entry{world: w, stage: s, owner: owner, gate: g}
	e.server = smtp.NewServer(smtp.BackendFunc(e.newSession))
	e.server.Domain = s.host.name
	e.server.MaxMessageBytes = 32 << 20
	e.server.MaxRecipients = 100
	e.server.EnableDSN = true
	e.server.ErrorLog = slog.NewLogLogger(w.log.Handler(), slog.LevelDebug)
	encryption := w.cfg.smtpTLS()
	if !w.cfg.ImplicitTLS {
		e.server.TLSConfig = encryption
	}
	e.server.AllowInsecureAuth = encryption == nil
	return e, nil
}

// serve answers connections until close.
func (e *entry) serve(l net.Listener) {
	if err := e.server.Serve(l); err != nil && !errors.Is(err, net.ErrClosed) {
		e.world.log.Error("SMTP server stopped", "component", e.stage.component, "error", err)
	}
}

// close cuts the connections before it closes the server: the other way round, the
// server would close them itself, and nobody would wait for what they were doing.
// The server then finds its listener closed, as it should be.
func (e *entry) close() error {
	closed := e.gate.close()
	if err := e.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return errors.Join(closed, err)
	}
	return closed
}

func (e *entry) newSession(c *smtp.Conn) (smtp.Session, error) {
	s := &smtpSession{entry: e, conn: c}
	if e.owner != nil {
		return &authSession{smtpSession: s}, nil
	}
	return s, nil
}

// smtpSession is one SMTP connection.
type smtpSession struct {
	entry *entry
	conn  *smtp.Conn
	user  string // who authenticated
	from  string
	wants notification // without what is each recipient's own
	to    []recipient
}

// recipient is an address as the client wrote it, and the mailbox it is.
type recipient struct {
	address string
	account account
	unknown bool // only the domain is the mailbox's
	wants   notification
}

func smtpError(code int, enhanced smtp.EnhancedCode, text string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// Reset implements smtp.Session.
func (s *smtpSession) Reset() { s.from, s.wants, s.to = "", notification{}, nil }

// Logout implements smtp.Session.
func (s *smtpSession) Logout() error { return nil }

// Mail implements smtp.Session.
func (s *smtpSession) Mail(from string, options *smtp.MailOptions) error {
	if s.entry.owner != nil && s.user == "" {
		return smtpError(530, smtp.EnhancedCode{5, 7, 0}, "Authentication required")
	}
	s.from, s.wants = from, notification{id: options.EnvelopeID, headers: options.Return == smtp.DSNReturnHeaders}
	return nil
}

// Rcpt implements smtp.Session.
func (s *smtpSession) Rcpt(to string, options *smtp.RcptOptions) error {
	fault := s.entry.stage.faultNow()
	if f, ok := fault.(Refuse); ok && !f.AfterData {
		return f.reply()
	}
	account, known := s.entry.world.byAddress(to)
	unknown := !known
	if unknown && s.entry.world.cfg.AnyUser {
		account, known = s.entry.world.byDomain(to)
	}
	if !known {
		return smtpError(550, smtp.EnhancedCode{5, 1, 1}, "<"+to+">: Recipient address rejected: User unknown")
	}
	if _, relayed := s.entry.world.next[account.mailbox][s.entry.stage.component]; !relayed {
		return smtpError(554, smtp.EnhancedCode{5, 7, 1}, "<"+to+">: Relay access denied")
	}
	if f, ok := fault.(Greylist); ok {
		if reply := s.entry.stage.greylisted(f, triplet{s.peer().ip, s.from, to}); reply != nil {
			return reply
		}
	}
	wants := s.wants
	wants.about, wants.original = options.Notify, originalRecipient(options)
	s.to = append(s.to, recipient{to, account, unknown, wants})
	return nil
}

// Data implements smtp.Session. The stage is responsible for the message when it
// returns; nothing further has happened by then.
func (s *smtpSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	switch f := s.entry.stage.faultNow().(type) {
	case Refuse:
		if f.AfterData {
			return f.reply()
		}
	case Cut:
		if f.Taken {
			s.take(raw)
		}
		return s.hangUp()
	}
	return smtpError(250, smtp.EnhancedCode{2, 0, 0}, "Ok: queued as "+s.take(raw))
}

// take enters the message for every recipient and gives the last id.
func (s *smtpSession) take(raw []byte) string {
	var id string
	for _, to := range s.to {
		p := parcel{from: s.from, to: to.address, account: to.account, unknown: to.unknown, wants: to.wants, raw: raw, peer: s.peer()}
		id = s.entry.world.enter(s.entry.stage, p, s.entry.stage.host)
	}
	return id
}

// hangUp closes the connection below TLS: a lost connection says no farewell. The
// reply that is returned goes nowhere.
func (s *smtpSession) hangUp() error {
	conn := s.conn.Conn()
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	conn.Close()
	return smtpError(421, smtp.EnhancedCode{4, 3, 0}, "Connection lost")
}

// peer describes the client. A network of pipes has no addresses worth telling.
func (s *smtpSession) peer() peer {
	ip := "192.0.2.77"
	if addr, ok := s.conn.Conn().RemoteAddr().(*net.TCPAddr); ok {
		ip = addr.IP.String()
	}
	_, secured := s.conn.TLSConnectionState()
	return peer{helo: s.conn.Hostname(), ip: ip, tls: secured, user: s.user}
}

// reply is what a refusal tells the client.
func (f Refuse) reply() *smtp.SMTPError {
	enhanced := smtp.EnhancedCode(f.Enhanced)
	if enhanced == (smtp.EnhancedCode{}) {
		enhanced = smtp.EnhancedCode{f.Code / 100, 0, 0}
	}
	return smtpError(f.Code, enhanced, cmp.Or(f.Text, "Service unavailable"))
}

// authSession is a session of a submission server (RFC 6409).
type authSession struct {
	*smtpSession
}

// AuthMechanisms implements smtp.AuthSession.
func (s *authSession) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
func (s *authSession) Auth(mechanism string) (sasl.Server, error) {
	if mechanism != sasl.Plain {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != s.entry.owner.username || password != s.entry.owner.password {
			return smtp.ErrAuthFailed
		}
		s.user = username
		return nil
	}), nil
}

package world_test

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/lab/world"
)

func TestIdleIsPushed(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		updates := make(chan uint32, 100)
		c := imapLogin(t, w, "hq", updates)
		defer c.Close()
		_, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait()
		must(t, err)
		must(t, w.Deliver("hq", "INBOX", []byte("Subject: between SELECT and IDLE\r\n\r\n")))
		idle, err := c.Idle()
		must(t, err)
		if got := <-updates; got != 1 {
			t.Errorf("messages at the beginning of IDLE: got %d, want 1", got)
		}
		must(t, send(t, w, "inside-hq", 1))
		began := time.Now()
		if got := <-updates; got != 2 {
			t.Errorf("messages in IDLE: got %d, want 2", got)
		}
		if got := time.Since(began); got != stageDelay {
			t.Errorf("time to the push: got %v, want %v", got, stageDelay)
		}
		time.Sleep(65 * time.Minute) // the client begins IDLE anew every 28
		must(t, w.Deliver("hq", "INBOX", []byte("Subject: after an hour\r\n\r\n")))
		if got := <-updates; got != 3 {
			t.Errorf("messages after an hour of IDLE: got %d, want 3", got)
		}
		must(t, idle.Close())
		must(t, idle.Wait())
	})
}

func TestNoopSeesNewMail(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		updates := make(chan uint32, 100)
		c := imapLogin(t, w, "branch", updates)
		defer c.Close()
		_, err := c.Select("INBOX", nil).Wait()
		must(t, err)
		must(t, send(t, w, "inside-branch", 1))
		time.Sleep(stageDelay - 1)
		synctest.Wait()
		must(t, c.Noop().Wait())
		if len(updates) != 0 {
			t.Errorf("updates before the arrival: got %d, want none", len(updates))
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		must(t, c.Noop().Wait())
		if len(updates) != 1 {
			t.Errorf("updates after the arrival: got %d, want 1", len(updates))
		}
		found, err := c.UIDSearch(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "X-Mailpath-Tag", Value: "tag-of-1"}}}, nil).Wait()
		must(t, err)
		if got := found.AllUIDs(); !slices.Equal(got, []imap.UID{1}) {
			t.Errorf("search by tag: got %v, want UID 1", got)
		}
	})
}

func TestCapabilities(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		c := imapLogin(t, w, "hq", nil)
		defer c.Close()
		caps := c.Caps()
		for _, name := range []imap.Cap{imap.CapIMAP4rev1, imap.CapIdle, imap.CapUIDPlus, imap.CapMove, imap.CapNamespace} {
			if !caps.Has(name) {
				t.Errorf("capabilities: got %v, want %s among them", caps, name)
			}
		}
		if caps.Has(imap.CapIMAP4rev2) || caps.Has(imap.CapSpecialUse) {
			t.Errorf("capabilities: got %v, want neither IMAP4rev2 nor SPECIAL-USE", caps)
		}
	})
}

func TestExamineChangesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Deliver("hq", "INBOX", []byte("Subject: test\r\n\r\nText\r\n")))
		c := imapLogin(t, w, "hq", nil)
		defer c.Close()
		_, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait()
		must(t, err)
		_, err = c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{}}}).Collect()
		must(t, err)
		if err := c.Store(imap.UIDSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close(); err == nil {
			t.Error("storing a flag after EXAMINE: got no error, want one")
		}
		got, err := c.Fetch(imap.SeqSetNum(1), &imap.FetchOptions{Flags: true}).Collect()
		must(t, err)
		if len(got) != 1 || len(got[0].Flags) != 0 {
			t.Errorf("flags: got %v, want one message without any", got)
		}
	})
}

// TestRawDialogue speaks IMAP by hand, where the exact answers matter: what has not
// been announced is not fetched, and MOVE announces each message once.
func TestRawDialogue(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		conn, err := w.Dial(t.Context(), "tcp", w.IMAP("hq"))
		must(t, err)
		defer conn.Close()
		in := bufio.NewReader(conn)
		_, err = in.ReadString('\n')
		must(t, err)
		_, username, password := w.Account("hq")
		command(t, conn, in, "LOGIN "+username+" "+password)
		command(t, conn, in, "SELECT INBOX")
		for range 3 {
			must(t, w.Deliver("hq", "INBOX", []byte("Subject: x\r\n\r\n")))
		}
		for _, test := range []struct{ command, want string }{
			{"UID FETCH 1:* (UID)", "* 1 EXISTS\r\n* 2 EXISTS\r\n* 3 EXISTS\r\n"},
			{"UID FETCH 3:* (UID)", "* 3 FETCH (UID 3)\r\n"},
			{"UID FETCH 9:* (UID)", "* 3 FETCH (UID 3)\r\n"}, // RFC 3501 section 6.4.8
			{"UID FETCH 4:7 (UID)", ""},
			{"UID MOVE 1 Junk", "* OK [COPYUID 2 1 1] COPY completed\r\n* 1 EXPUNGE\r\n"},
			{"UNSELECT", ""},
			{"EXAMINE INBOX", "* 2 EXISTS\r\n* 0 RECENT\r\n* OK [UNSEEN 1] First unseen message\r\n* OK [UIDVALIDITY 1] UIDs valid\r\n" +
				"* OK [UIDNEXT 4] Predicted next UID\r\n* FLAGS ()\r\n* OK [PERMANENTFLAGS ()] Permanent flags\r\n"},
			{"UID FETCH 2:3 (UID)", "* 1 FETCH (UID 2)\r\n* 2 FETCH (UID 3)\r\n"},
		} {
			got := command(t, conn, in, test.command)
			if got != test.want {
				t.Errorf("%s: got %q, want %q", test.command, got, test.want)
			}
		}
		if n, err := w.Count("hq", "Junk"); n != 1 || err != nil {
			t.Errorf("messages in Junk: got %d, %v; want 1", n, err)
		}
	})
}

// command gives the untagged answers to a command.
func command(t *testing.T, conn net.Conn, in *bufio.Reader, text string) string {
	t.Helper()
	_, err := conn.Write([]byte("a " + text + "\r\n"))
	must(t, err)
	var untagged strings.Builder
	for {
		line, err := in.ReadString('\n')
		must(t, err)
		if strings.HasPrefix(line, "a ") {
			if !strings.HasPrefix(line, "a OK") {
				t.Errorf("%s: got %q, want OK", text, line)
			}
			return untagged.String()
		}
		untagged.WriteString(line)
	}
}

func TestBlindRefusing(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		c := imapLogin(t, w, "hq", nil)
		must(t, w.Blind("hq", world.Refusing))
		<-c.Closed()
		if _, err := w.Dial(t.Context(), "tcp", w.IMAP("hq")); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dialing: got %v, want %v", err, syscall.ECONNREFUSED)
		}
		must(t, send(t, w, "inside-hq", 1))
		time.Sleep(aWhile)
		addr := w.IMAP("hq")
		must(t, w.Unblind("hq"))
		if got := w.IMAP("hq"); got != addr {
			t.Errorf("address afterwards: got %s, want %s as before", got, addr)
		}
		wantMessages(t, w, "hq", 1)
	})
}

func TestBlindHanging(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		old := imapLogin(t, w, "hq", nil)
		must(t, w.Blind("hq", world.Hanging))
		pending := make(chan error, 1)
		go func() { pending <- old.Noop().Wait() }()
		fresh, err := w.Dial(t.Context(), "tcp", w.IMAP("hq"))
		must(t, err)
		must(t, fresh.SetReadDeadline(time.Now().Add(2*time.Hour)))
		began := time.Now()
		if _, err := fresh.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 2*time.Hour {
			t.Errorf("reading the greeting: got %v after %v, want nothing until the deadline", err, time.Since(began))
		}
		must(t, send(t, w, "inside-hq", 1))
		time.Sleep(aWhile)
		if len(pending) != 0 {
			t.Errorf("NOOP: got %v, want no answer", <-pending)
		}
		must(t, w.Unblind("hq"))
		if err := <-pending; err == nil {
			t.Error("NOOP after the silence: got an answer, want the connection cut")
		}
		wantMessages(t, w, "hq", 1)
	})
}

// wantMessages looks into INBOX over a new connection.
func wantMessages(t *testing.T, w *world.World, mailbox string, want int) {
	t.Helper()
	c := imapLogin(t, w, mailbox, nil)
	defer c.Close()
	got, err := c.Status("INBOX", &imap.StatusOptions{NumMessages: true}).Wait()
	must(t, err)
	if int(*got.NumMessages) != want {
		t.Errorf("messages in INBOX of %s: got %d, want %d", mailbox, *got.NumMessages, want)
	}
}

func TestWrongPassword(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		conn, err := w.Dial(t.Context(), "tcp", w.IMAP("hq"))
		must(t, err)
		c := imapclient.New(conn, nil)
		defer c.Close()
		if err := c.Login("mailpath-in", "wrong").Wait(); err == nil {
			t.Error("IMAP login with a wrong password: got no error, want one")
		}
	})
}

func TestSubmissionWantsAuthentication(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		r, s := route(t, w, "inside-hq")
		conn, err := w.Dial(t.Context(), "tcp", w.SMTP(s.Entry))
		must(t, err)
		c := smtp.NewClient(conn)
		defer c.Close()
		var reply *smtp.SMTPError
		if err := c.Auth(sasl.NewPlainClient("", s.Username, "wrong")); !errors.As(err, &reply) || reply.Code != 535 {
			t.Errorf("authenticating with a wrong password: got %v, want 535", err)
		}
		if err := c.Mail(r.From, nil); !errors.As(err, &reply) || reply.Code != 530 {
			t.Errorf("sending without authentication: got %v, want 530", err)
		}
	})
}

func TestRecipients(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		conn, err := w.Dial(t.Context(), "tcp", w.SMTP("gateway-in"))
		must(t, err)
		c := smtp.NewClient(conn)
		defer c.Close()
		must(t, c.Mail("somebody@else.example", nil))
		for _, test := range []struct {
			to   string
			code int
		}{{"mailpath@provider.example", 554}, {"mailpath-in@example.com", 0}, {"nobody@example.com", 550}} {
			err := c.Rcpt(test.to, nil)
			var reply *smtp.SMTPError
			if errors.As(err, &reply) != (test.code != 0) || reply != nil && reply.Code != test.code {
				t.Errorf("recipient %s: got %v, want code %d", test.to, err, test.code)
			}
		}
		data, err := c.Data()
		must(t, err)
		_, err = bytes.NewBufferString("Subject: x\r\n\r\n").WriteTo(data)
		must(t, err)
		response, err := data.CloseWithResponse()
		must(t, err)
		if !strings.Contains(response.StatusText, "Ok: queued as ") {
			t.Errorf("reply: got %q, want the queue id", response.StatusText)
		}
	})
}

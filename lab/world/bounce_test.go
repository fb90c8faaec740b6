package world_test

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// bounced is a delivery status notification, taken apart.
type bounced struct {
	header     mail.Header
	text       string
	message    textproto.MIMEHeader // message/delivery-status, of the message
	recipient  textproto.MIMEHeader // and of its recipient
	returnedAs string               // a media type
	returned   string
}

// readBounce reads a message by RFC 3464, with the library's parsers.
func readBounce(t *testing.T, raw []byte) bounced {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	must(t, err)
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || parameters["report-type"] != "delivery-status" {
		t.Fatalf("Content-Type: got %q, %v, %v; want a delivery status report in\n%s", kind, parameters, err, raw)
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	b := bounced{header: m.Header}
	next := func() (string, []byte) {
		p, err := parts.NextPart()
		must(t, err)
		content, err := io.ReadAll(p)
		must(t, err)
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		must(t, err)
		return kind, content
	}
	_, text := next()
	b.text = string(text)
	kind, status := next()
	if kind != "message/delivery-status" {
		t.Fatalf("second part: got %s, want message/delivery-status", kind)
	}
	fields := textproto.NewReader(bufio.NewReader(io.MultiReader(bytes.NewReader(status), strings.NewReader("\r\n"))))
	b.message, err = fields.ReadMIMEHeader()
	must(t, err)
	b.recipient, err = fields.ReadMIMEHeader()
	must(t, err)
	kind, content := next()
	b.returnedAs, b.returned = kind, string(content)
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("fourth part: got %v, want the end", err)
	}
	return b
}

// inboxOf gives what was delivered into an INBOX.
func inboxOf(t *testing.T, w *world.World, mailbox string) [][]byte {
	t.Helper()
	synctest.Wait()
	all, err := w.Messages(mailbox, "INBOX")
	must(t, err)
	return all
}

// onlyOne wants one message in an INBOX.
func onlyOne(t *testing.T, w *world.World, mailbox string) []byte {
	t.Helper()
	all := inboxOf(t, w, mailbox)
	if len(all) != 1 {
		t.Fatalf("messages of %s: got %d, want 1:\n%s", mailbox, len(all), bytes.Join(all, []byte("\n----\n")))
	}
	return all[0]
}

func TestBounce(t *testing.T) {
	tests := map[string]struct {
		route, component string
		fault            world.Fault
		to               string // the sender's mailbox
		reporting        string
		remote           string
		status, said     string
		by               string // a component that sends the bounce
		hosts            []string
	}{
		"no user at the branch": {"hq-to-branch", "store-branch", world.NoSuchUser{}, "hq", "mail.branch.example.com", "", "5.1.1",
			"550 5.1.1 <mailpath-b@branch.example.com>: User unknown", "store-branch", []string{"mail.branch.example.com", "mail.hq.example.com", "imap.hq.example.com"}},
		"rejected by the filter": {"outside-to-hq", "antispam", world.Reject{}, "provider", "antispam.example.com", "", "5.7.1",
			"554 5.7.1 Message content rejected", "antispam", []string{"antispam.example.com", "localhost", "antispam.example.com", "out1.example.com", "mx.provider.example", "imap.provider.example"}},
		"refused by the filter": {"outside-to-hq", "antispam", world.Refuse{Code: 550, Text: "go\r\nFinal-Recipient: away"}, "provider", "mx1.example.com", "antispam.example.com", "5.0.0",
			"550 5.0.0 go  Final-Recipient: away", "gateway-in", []string{"mx1.example.com", "out1.example.com", "mx.provider.example", "imap.provider.example"}},
		"refused outside": {"hq-to-outside", "internet", world.Refuse{Code: 552, Enhanced: [3]int{5, 3, 4}, Text: "too big", AfterData: true}, "hq", "out1.example.com", "mx.provider.example", "5.3.4",
			"552 5.3.4 too big", "gateway-out", []string{"out1.example.com", "mail.hq.example.com", "imap.hq.example.com"}},
		"rejected outside": {"hq-to-outside", "internet", world.Reject{Code: 571}, "hq", "mx.provider.example", "", "5.0.0",
			"571 5.0.0 Message content rejected", "internet", []string{"mx.provider.example", "mx1.example.com", "antispam.example.com", "localhost", "antispam.example.com", "mail.hq.example.com", "imap.hq.example.com"}},
		"refused by the gateway": {"outside-to-hq", "gateway-in", world.Refuse{Code: 554}, "provider", "smtp.provider.example", "mx1.example.com", "5.0.0",
			"554 5.0.0 Service unavailable", "internet", []string{"smtp.provider.example", "imap.provider.example"}},
		"full at headquarters": {"past-av-to-hq", "store-hq", world.Full{Mailbox: "hq"}, "provider", "mail.hq.example.com", "", "5.2.2",
			"552 5.2.2 <mailpath-in@example.com>: Mailbox is full", "store-hq", []string{"mail.hq.example.com", "out1.example.com", "mx.provider.example", "imap.provider.example"}},
		"refused beyond the link": {"hq-to-branch", "store-branch", world.Refuse{Code: 550}, "hq", "mail.hq.example.com", "mail.branch.example.com", "5.0.0",
			"550 5.0.0 Service unavailable", "store-hq", []string{"mail.hq.example.com", "imap.hq.example.com"}},
		"rejected on the link": {"hq-to-branch", "link-branch", world.Reject{Enhanced: [3]int{5, 6, 0}}, "hq", "mail.hq.example.com", "", "5.6.0",
			"554 5.6.0 Message content rejected", "store-hq", []string{"mail.hq.example.com", "imap.hq.example.com"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world.World) {
				must(t, w.SetClock(test.by, time.Hour))
				must(t, w.Break(test.component, test.fault))
				began := time.Now()
				must(t, send(t, w, test.route, 7))
				time.Sleep(aWhile)
				r, _ := route(t, w, test.route)
				raw := onlyOne(t, w, test.to)
				b := readBounce(t, raw)
				got := []string{b.message.Get("Reporting-MTA"), b.recipient.Get("Remote-MTA"), b.recipient.Get("Status"), b.recipient.Get("Diagnostic-Code"),
					b.recipient.Get("Action"), b.recipient.Get("Final-Recipient"), b.header.Get("Return-Path"), b.header.Get("To"), b.header.Get("Auto-Submitted")}
				want := []string{"dns; " + test.reporting, test.remote, test.status, "smtp; " + test.said, "failed", "rfc822; " + r.To, "<>", "<" + r.From + ">", "auto-replied"}
				if test.remote != "" {
					want[1] = "dns; " + test.remote
				}
				if !slices.Equal(got, want) {
					t.Errorf("bounce: got\n%q\nwant\n%q", got, want)
				}
				arrival, err := mail.ParseDate(b.message.Get("Arrival-Date"))
				if err != nil || arrival.Before(began.Add(time.Hour).Truncate(time.Second)) || arrival.After(time.Now().Add(time.Hour)) {
					t.Errorf("Arrival-Date: got %v, %v; want about %v by the clock of %s", arrival, err, began.Add(time.Hour), test.by)
				}
				if b.returnedAs != "message/rfc822" || !strings.HasSuffix(b.returned, message(r, 7)) || !strings.Contains(b.text, test.said) {
					t.Errorf("parts: got %q and a %s\n%s\nwant the reason and the message as it was", b.text, b.returnedAs, b.returned)
				}
				var hosts []string
				for _, received := range slices.Backward(probe.ParseHeader(raw).All("Received")) {
					hosts = append(hosts, byName(" "+received))
				}
				if !slices.Equal(hosts, test.hosts) {
					t.Errorf("hosts of the bounce: got %q, want %q", hosts, test.hosts)
				}
				wantCount(t, "dropped", w.Dropped(), test.component, 1)
				wantCount(t, "bounced", w.Bounced(), test.by, 1)
				if got := inboxOf(t, w, r.Mailbox); r.Mailbox != test.to && len(got) != 0 {
					t.Errorf("messages of %s: got %d, want none", r.Mailbox, len(got))
				}
			})
		})
	}
}

func TestNotification(t *testing.T) {
	notify := func(about ...smtp.DSNNotify) *smtp.RcptOptions { return &smtp.RcptOptions{Notify: about} }
	tests := map[string]struct {
		envelope
		bounces int
		check   func(t *testing.T, b bounced)
	}{
		"never":             {envelope{rcpt: notify(smtp.DSNNotifyNever)}, 0, nil},
		"delay and failure": {envelope{rcpt: notify(smtp.DSNNotifyDelayed, smtp.DSNNotifyFailure)}, 1, nil},
		"success only":      {envelope{rcpt: notify(smtp.DSNNotifySuccess)}, 0, nil},
		"nobody sent it":    {envelope{from: "<>"}, 0, nil},
		"all that is wanted": {envelope{mail: &smtp.MailOptions{Return: smtp.DSNReturnHeaders, EnvelopeID: "QQ+314159 x"},
			rcpt: &smtp.RcptOptions{OriginalRecipientType: smtp.DSNAddressTypeRFC822, OriginalRecipient: "Boss@example.com"}}, 1, func(t *testing.T, b bounced) {
			got := []string{b.message.Get("Original-Envelope-Id"), b.recipient.Get("Original-Recipient"), b.returnedAs}
			if want := []string{"QQ+314159 x", "rfc822;Boss@example.com", "text/rfc822-headers"}; !slices.Equal(got, want) {
				t.Errorf("bounce: got %q, want %q", got, want)
			}
			if !strings.Contains(b.returned, "Subject: Test 1\r\n") || strings.Contains(b.returned, "Good morning") {
				t.Errorf("what is returned: got\n%s\nwant the header", b.returned)
			}
		}},
		"nothing is wanted": {envelope{}, 1, func(t *testing.T, b bounced) {
			if _, there := b.message["Original-Envelope-Id"]; there || b.recipient.Get("Original-Recipient") != "" {
				t.Errorf("bounce: got %q and %q, want no field that the sender gave no cause for", b.message, b.recipient)
			}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world.World) {
				must(t, w.Break("antispam", world.Reject{}))
				r, _ := route(t, w, "outside-to-hq")
				must(t, sendRaw(t, w, r.Name, test.envelope, message(r, 1)))
				time.Sleep(aWhile)
				all := inboxOf(t, w, "provider")
				if len(all) != test.bounces {
					t.Fatalf("bounces: got %d, want %d", len(all), test.bounces)
				}
				if test.check != nil {
					test.check(t, readBounce(t, all[0]))
				}
				wantCount(t, "dropped", w.Dropped(), "antispam", 1)
				wantCount(t, "bounced", w.Bounced(), "antispam", test.bounces)
			})
		})
	}
}

func TestBounceThatCannotBeDelivered(t *testing.T) {
	tests := map[string]struct {
		route string
		envelope
		faults  map[string]world.Fault
		dropped map[string]int
	}{
		"the sender's mailbox is full, too": {"inside-hq", envelope{}, map[string]world.Fault{"store-hq": world.Full{}}, map[string]int{"store-hq": 2}},
		"refused on its way":                {"past-av-to-hq", envelope{}, map[string]world.Fault{"antispam": world.Reject{}, "internet": world.Refuse{Code: 550}}, map[string]int{"antispam": 1, "internet": 1}},
		"a sender outside this world":       {"past-av-to-hq", envelope{from: "somebody@else.example"}, map[string]world.Fault{"antispam": world.Reject{}}, map[string]int{"antispam": 2}},
		"a sender that takes no mail":       {"past-av-to-hq", envelope{from: "quarantine@example.com"}, map[string]world.Fault{"store-hq": world.NoSuchUser{}}, map[string]int{"store-hq": 2}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world.World) {
				for component, f := range test.faults {
					must(t, w.Break(component, f))
				}
				r, _ := route(t, w, test.route)
				must(t, sendRaw(t, w, test.route, test.envelope, message(r, 1)))
				time.Sleep(time.Hour)
				for component, got := range w.Dropped() {
					if got != test.dropped[component] {
						t.Errorf("dropped at %s: got %d, want %d", component, got, test.dropped[component])
					}
				}
				for _, mailbox := range []string{"provider", "branch", "hq"} {
					if got := inboxOf(t, w, mailbox); len(got) != 0 {
						t.Errorf("messages of %s: got %d, want none", mailbox, len(got))
					}
				}
			})
		})
	}
}

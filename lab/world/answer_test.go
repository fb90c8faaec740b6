package world_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/world"
)

func TestAutoReply(t *testing.T) {
	tests := map[string]struct {
		kind       world.Answer
		route      string
		returnPath string
		subject    string
		contains   []string
	}{
		"read receipt":        {world.ReadReceipt, "outside-to-hq", "<>", "Read: Test 1", nil},
		"out of office":       {world.OutOfOffice, "outside-to-hq", "<>", "Out of office: Test 1", []string{"\r\n> Good morning, this is number 1.\r\n"}},
		"to one's own mail":   {world.OutOfOffice, "inside-hq", "<>", "Out of office: Test 1", []string{"\r\n> Good morning, this is number 1.\r\n"}},
		"challenge":           {world.Challenge, "outside-to-hq", "<mailpath-in@example.com>", "Please confirm your message: Test 1", []string{"https://confirm.example.com/"}},
		"from far outside in": {world.Challenge, "hq-to-outside", "<mailpath@provider.example>", "Please confirm your message: Test 1", nil},
		"from the branch":     {world.ReadReceipt, "hq-to-branch", "<>", "Read: Test 1", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world.World) {
				r, s := route(t, w, test.route)
				senders := map[string]string{"outside": "provider", "hq": "hq"}[s.Name]
				must(t, w.AutoReply(r.Mailbox, test.kind))
				if senders != r.Mailbox {
					must(t, w.AutoReply(senders, world.Challenge)) // answers no answer
				}
				must(t, send(t, w, test.route, 1))
				time.Sleep(time.Hour)
				all := inboxOf(t, w, senders)
				if own := senders == r.Mailbox; own && len(all) != 2 || !own && len(all) != 1 {
					t.Fatalf("messages of %s: got %d, want the answer", senders, len(all))
				}
				raw := all[len(all)-1]
				m, err := mail.ReadMessage(bytes.NewReader(raw))
				must(t, err)
				h := m.Header
				got := []string{h.Get("Return-Path"), h.Get("Subject"), h.Get("In-Reply-To"), h.Get("Auto-Submitted"), h.Get("From"), h.Get("To")}
				want := []string{test.returnPath, test.subject, "<test-1@probe.example>", "auto-replied", "<" + r.To + ">", "<" + r.From + ">"}
				if !slices.Equal(got, want) {
					t.Errorf("answer: got %q, want %q", got, want)
				}
				for _, want := range test.contains {
					if !bytes.Contains(raw, []byte(want)) {
						t.Errorf("answer: got\n%s\nwant %q in it", raw, want)
					}
				}
				if test.kind == world.ReadReceipt {
					checkReceipt(t, m, r.To)
				}
				must(t, w.AutoReply(r.Mailbox, ""))
				must(t, send(t, w, test.route, 2))
				time.Sleep(time.Hour)
				if n := len(inboxOf(t, w, senders)) - len(all); senders != r.Mailbox && n != 0 {
					t.Errorf("answers after the end of them: got %d, want none", n)
				}
			})
		})
	}
}

// checkReceipt wants a message disposition notification (RFC 8098 section 3).
func checkReceipt(t *testing.T, m *mail.Message, recipient string) {
	t.Helper()
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || parameters["report-type"] != "disposition-notification" {
		t.Fatalf("Content-Type: got %q, %v, %v; want a disposition notification", kind, parameters, err)
	}
	var kinds, contents []string
	for parts := multipart.NewReader(m.Body, parameters["boundary"]); ; {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		content, err := io.ReadAll(p)
		must(t, err)
		kinds, contents = append(kinds, p.Header.Get("Content-Type")), append(contents, string(content))
	}
	if want := []string{"text/plain; charset=utf-8", "message/disposition-notification", "text/rfc822-headers"}; !slices.Equal(kinds, want) {
		t.Fatalf("parts: got %q, want %q", kinds, want)
	}
	for _, want := range []string{"Final-Recipient: rfc822; " + recipient + "\r\n", "Original-Message-ID: <test-1@probe.example>\r\n", "; displayed\r\n"} {
		if !strings.Contains(contents[1], want) {
			t.Errorf("notification: got\n%s\nwant %q in it", contents[1], want)
		}
	}
	if !strings.Contains(contents[2], "X-Mailpath-Tag: tag-of-1\r\n and its second line\r\n") || strings.Contains(contents[2], "Good morning") {
		t.Errorf("third part: got\n%s\nwant the header", contents[2])
	}
}

func TestAutoReplyIsSilent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.AutoReply("hq", world.OutOfOffice))
		must(t, w.Break("antispam", world.Junk{}))
		must(t, send(t, w, "outside-to-hq", 1))
		must(t, w.Repair("gateway-in"))
		r, _ := route(t, w, "inside-hq")
		must(t, sendRaw(t, w, r.Name, envelope{from: "<>"}, message(r, 2)))
		must(t, sendRaw(t, w, r.Name, envelope{from: "somebody@else.example"}, message(r, 3)))
		time.Sleep(time.Hour)
		wantArrivals(t, w, "hq", "INBOX", "2", "3")
		wantArrivals(t, w, "hq", "Junk", "1")
		wantArrivals(t, w, "provider", "INBOX")
		if w.AutoReply("hq", "rude") == nil || w.AutoReply("nowhere", world.Challenge) == nil {
			t.Error("a kind or a mailbox that is not there: got no error, want one")
		}
	})
}

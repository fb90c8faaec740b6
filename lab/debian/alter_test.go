package debian_test

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"strings"
	"testing"

	"github.com/emersion/go-message"
	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/lab/debian"
)

// tagged is a message as mailpath sends them, with a link.
const tagged = "From: Check <mailpath@provider.example>\r\n" +
	"To: <mailpath-in@example.com>\r\n" +
	"Subject: check\r\n" +
	"Message-ID: <%[1]s@provider.example>\r\n" +
	"X-Mailpath-Tag: aaaa\r\n bbbb\r\n" +
	"X-Other: %[1]s\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\n" +
	"Content-Transfer-Encoding: 7bit\r\n\r\n" +
	"Good day. See https://www.example.com/a?b=c&d=1 for more.\r\n\r\n.cccc\r\n"

// arrived is what became of such a message.
type arrived struct {
	message.Header
	texts map[string]string // by media type, decoded
	raw   string
}

// read takes a message from a Maildir apart.
func read(t *testing.T, raw string) arrived {
	t.Helper()
	r := arrived{texts: make(map[string]string), raw: raw}
	entity, err := message.Read(strings.NewReader(raw))
	if err != nil {
		t.Fatalf("reading %s: %v", raw, err)
	}
	r.Header = entity.Header
	err = entity.Walk(func(_ []int, part *message.Entity, err error) error {
		if err != nil || part.MultipartReader() != nil {
			return err
		}
		mediaType, _, err := part.Header.ContentType()
		if err != nil {
			return err
		}
		content, err := io.ReadAll(part.Body)
		r.texts[mediaType] = strings.ReplaceAll(string(content), "\r\n", "\n")
		return err
	})
	if err != nil {
		t.Fatalf("reading %s: %v", raw, err)
	}
	return r
}

// toFilter hands the filter a message from outside.
func toFilter(t *testing.T, lab *debian.Lab, text string) error {
	t.Helper()
	client, err := smtp.Dial(lab.Gateway.Filter)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	return client.SendMail(lab.OutsideSender, []string{lab.A.Users[0].Address}, strings.NewReader(text))
}

// plainText is the text of tagged, when it is not altered.
const plainText = "Good day. See https://www.example.com/a?b=c&d=1 for more.\n\n.cccc\n"

func testAlterations(t *testing.T, lab *debian.Lab) {
	defer restore(t, lab.StartFilter)
	all := debian.Alterations{
		SubjectPrefix: "[Außen]", Banner: "Caution.", Footer: "Größer is no better.", LinkPrefix: "https://scan.example/?u=",
		StripFields: "X-Mailpath-", Encoding: "base64", NewMessageID: true, AddHTML: true, MarkSpam: true,
	}
	const scanned = "https://scan.example/?u=https%3A%2F%2Fwww.example.com%2Fa%3Fb%3Dc%26d%3D1"
	for i, test := range []struct {
		alter   debian.Alterations
		subject string
		tag     string
		text    string
		html    string // a part of it
	}{
		{all, "[Außen] check", "", "Caution.\n\nGood day. See " + scanned + " for more.\n\n.cccc\nGrößer is no better.\n", `See <a href="` + scanned + `">` + scanned + "</a> for more.<br>\n<br>\n.cccc<br>\nGrößer is no better.\n"},
		{debian.Alterations{Encoding: "quoted-printable"}, "check", "aaaa bbbb", plainText, ""},
		{debian.Alterations{}, "check", "aaaa bbbb", plainText, ""},
		{debian.Alterations{StripFields: "x-mailpath", NewMessageID: true, MarkSpam: true}, "check", "", plainText, ""},
		{debian.Alterations{SubjectPrefix: "[EXT]", Footer: "-- "}, "[EXT] check", "aaaa bbbb", plainText + "-- \n", ""},
		{debian.Alterations{AddHTML: true}, "check", "aaaa bbbb", plainText, `d=1">https://www.example.com/a?b=c&amp;d=1</a>`},
		{debian.Alterations{Encoding: "base64", Banner: "Caution."}, "check", "aaaa bbbb", "Caution.\n\n" + plainText, ""},
	} {
		t.Run(fmt.Sprintf("%+v", test.alter), func(t *testing.T) {
			if err := lab.AlteringFilter(test.alter); err != nil {
				t.Fatal(err)
			}
			mark := fmt.Sprintf("altered-%d", i)
			if err := toFilter(t, lab, fmt.Sprintf(tagged, mark)); err != nil {
				t.Fatal(err)
			}
			got := read(t, awaitStored(t, lab.A.Users[0], "INBOX", "X-Other: "+mark, 1)[0])
			if subject, err := got.Text("Subject"); err != nil || subject != test.subject {
				t.Errorf("got subject %q (%v), want %q", subject, err, test.subject)
			}
			if tag := strings.Join(strings.Fields(got.Get("X-Mailpath-Tag")), " "); tag != test.tag {
				t.Errorf("got tag field %q, want %q", tag, test.tag)
			}
			if id := got.Get("Message-ID"); (id == "<"+mark+"@provider.example>") == test.alter.NewMessageID || strings.Count(got.raw, "\nMessage-ID:") != 1 {
				t.Errorf("got Message-ID %q, want another one: %v", id, test.alter.NewMessageID)
			}
			if flag := got.Get("X-Spam-Flag"); (flag == "YES") != test.alter.MarkSpam {
				t.Errorf("got X-Spam-Flag %q, want YES: %v", flag, test.alter.MarkSpam)
			}
			if got.texts["text/plain"] != test.text {
				t.Errorf("got text %q, want %q", got.texts["text/plain"], test.text)
			}
			if html := got.texts["text/html"]; !strings.Contains(html, test.html) || (html == "") != (test.html == "") {
				t.Errorf("got HTML %q, want %q in it", html, test.html)
			}
			if want := test.alter.Encoding; want != "" && !strings.Contains(got.raw, "\nContent-Transfer-Encoding: "+want+"\n") {
				t.Errorf("got no transfer encoding %s in\n%s", want, got.raw)
			}
			checkStamps(t, got.raw)
		})
	}
}

// checkStamps wants the Received fields above all that the sender wrote.
func checkStamps(t *testing.T, raw string) {
	t.Helper()
	header, _, _ := strings.Cut(raw, "\n\n")
	from := strings.Index(header, "\nFrom: ")
	if by := receivedBy(header); len(by) != 3 || strings.LastIndex(header, "\nReceived:") > from {
		t.Errorf("got Received fields by %q, want three above the others:\n%s", by, header)
	}
	if parsed, err := mail.ReadMessage(bytes.NewReader([]byte(raw))); err != nil || parsed.Header.Get("MIME-Version") != "1.0" {
		t.Errorf("reading the altered message: %v; want it well formed:\n%s", err, raw)
	}
}

// testRefusals is of messages that the altering filter cannot read.
func testRefusals(t *testing.T, lab *debian.Lab) {
	defer restore(t, lab.StartFilter)
	if err := lab.AlteringFilter(debian.Alterations{Footer: "-- "}); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"an unknown charset":  "Content-Type: text/plain; charset=" + mime.BEncoding.Encode("utf-8", "x") + "\r\n\r\nhello\r\n",
		"a cut-off multipart": "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nhello\r\n",
		"a bad header":        "no field\r\n\r\nhello\r\n",
	} {
		if got := replyCode(toFilter(t, lab, text)); got != 554 {
			t.Errorf("sending %s: got reply %d, want 554", name, got)
		}
	}
}

func testRepeatingFilter(t *testing.T, lab *debian.Lab) {
	defer restore(t, lab.StartFilter)
	if err := lab.RepeatingFilter(3); err != nil {
		t.Fatal(err)
	}
	outside := ways(lab)["outside-to-hq"]
	outside.mail(t, t.Name())
	chains := make(map[string]bool)
	for _, raw := range awaitStored(t, outside.at.user, "INBOX", "Subject: "+t.Name()+"\n", 3) {
		all := stamps(t, raw)
		if len(all) != 4 {
			t.Fatalf("got stamps %+v, want four", all)
		}
		chains[all[0].id+" "+all[1].id] = true
		chains[all[2].id] = true
	}
	// One way to the filter, three from there.
	if len(chains) != 4 {
		t.Errorf("got ids %v, want those up to the filter alike, and three of the site's", chains)
	}
}

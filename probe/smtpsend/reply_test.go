package smtpsend

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/probe"
)

// The texts are those that the products send.
func TestAcceptance(t *testing.T) {
	for text, want := range map[string]probe.Reply{
		"2.0.0 Ok: queued as 4MRbMN0080z4x9QK":               {Enhanced: "2.0.0", Text: "Ok: queued as 4MRbMN0080z4x9QK", QueueID: "4MRbMN0080z4x9QK"},
		"OK id=1vkpxM-0006Iv-2y":                             {Text: "OK id=1vkpxM-0006Iv-2y", QueueID: "1vkpxM-0006Iv-2y"},
		"2.0.0 OK 93.CC.18832.F1730236":                      {Enhanced: "2.0.0", Text: "OK 93.CC.18832.F1730236", QueueID: "93.CC.18832.F1730236"},
		"2.0.0 x8N5Xb9q012345 Message accepted for delivery": {Enhanced: "2.0.0", Text: "x8N5Xb9q012345 Message accepted for delivery", QueueID: "x8N5Xb9q012345"},
		"2.6.0 <a@b> [InternalId=23, Hostname=X.example.com] Queued mail for delivery": {Enhanced: "2.6.0",
			Text: "<a@b> [InternalId=23, Hostname=X.example.com] Queued mail for delivery", QueueID: "23"},
		"2.0.0 OK  1732370000 d2e1a72fcca58-724de5f3c8asi1234567b3a.1 - gsmtp": {Enhanced: "2.0.0",
			Text: "OK 1732370000 d2e1a72fcca58-724de5f3c8asi1234567b3a.1 - gsmtp", QueueID: "d2e1a72fcca58-724de5f3c8asi1234567b3a.1"},
		"2.0.0 a087098a Message accepted for delivery": {Enhanced: "2.0.0", Text: "a087098a Message accepted for delivery", QueueID: "a087098a"},
		"ok:  Message 12345678 accepted":               {Text: "ok: Message 12345678 accepted", QueueID: "12345678"},
		"Message Queued (UUID.1)":                      {Text: "Message Queued (UUID.1)", QueueID: "UUID.1"},
		"thanks":                                       {Text: "thanks"},
		"":                                             {},
		"2.0":                                          {Text: "2.0"},
	} {
		want.Code = 250
		if got := acceptance(text); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}

// The library takes any three numbers for an enhanced status code.
func TestRefusal(t *testing.T) {
	for _, c := range []struct {
		code smtp.EnhancedCode
		want string
	}{
		{smtp.EnhancedCode{5, 7, 1}, "550 5.7.1 no"},
		{smtp.EnhancedCode{}, "550 no"},
		{smtp.EnhancedCode{3, 12, 2024}, "550 3.12.2024 no"},
		{smtp.NoEnhancedCode, "550 no"},
		{smtp.EnhancedCode{-5, 7, 1}, "550 -5.7.1 no"},
	} {
		got := replyOf(&smtp.SMTPError{Code: 550, EnhancedCode: c.code, Message: "no"})
		if wanted := c.code == (smtp.EnhancedCode{5, 7, 1}); got.String() != c.want || (got.Enhanced != "") != wanted {
			t.Errorf("%v: got %+v, want %q", c.code, got, c.want)
		}
	}
}

func TestAnEndlessReplyIsCut(t *testing.T) {
	got := acceptance(strings.Repeat("ü", 100_000))
	if len(got.Text) > maxText || !strings.HasPrefix(got.Text, "üü") {
		t.Errorf("got %d bytes, want at most %d of whole characters", len(got.Text), maxText)
	}
}

// FuzzReply holds that the text of a reply, whatever is in it, becomes one that can
// stand in a line, and that what is read out of it is in it.
func FuzzReply(f *testing.F) {
	f.Add("2.0.0 Ok: queued as 4MRbMN0080z4x9QK")
	f.Add("2.6.0 <a@b> [InternalId=23, Hostname=X.example.com] Queued mail for delivery")
	f.Add("OK  1732370000 d2e1a72fcca58-724de5f3c8asi1234567b3a.1 - gsmtp")
	f.Add("2.0\n2.1.0 two\x00lines \x1b[2J")
	f.Fuzz(func(t *testing.T, text string) {
		r := acceptance(text)
		if line := oneLine(text); oneLine(line) != line || r.Text != line && r.Enhanced == "" {
			t.Errorf("got text %q of %q", r.Text, line)
		}
		if len(r.Text) > maxText || !utf8.ValidString(r.Text) || strings.ContainsFunc(r.Text, unicode.IsControl) {
			t.Errorf("got text %q, want at most %d bytes that people can read", r.Text, maxText)
		}
		if !strings.Contains(r.Text, r.QueueID) || strings.ContainsFunc(r.QueueID, isBlank) {
			t.Errorf("got queue id %q of %q", r.QueueID, r.Text)
		}
		if r.Enhanced != "" && (!strings.HasPrefix(oneLine(text), r.Enhanced) || !enhancedPattern.MatchString(r.Enhanced)) {
			t.Errorf("got enhanced status code %q of %q", r.Enhanced, text)
		}
		code, message := splitEnhanced(text)
		if again := replyOf(&smtp.SMTPError{Code: 550, EnhancedCode: code, Message: message}); code != smtp.NoEnhancedCode && again.Enhanced == "" {
			t.Errorf("got code %v of %q, which is none in %+v", code, text, again)
		}
	})
}

package smtpsend

import (
	"strings"
	"testing"

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

func TestAnEndlessReplyIsCut(t *testing.T) {
	got := acceptance(strings.Repeat("ü", 100_000))
	if len(got.Text) > maxText || !strings.HasPrefix(got.Text, "üü") {
		t.Errorf("got %d bytes, want at most %d of whole characters", len(got.Text), maxText)
	}
}

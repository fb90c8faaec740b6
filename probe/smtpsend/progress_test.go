package smtpsend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/lab/world/worldtest"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// Each phase is told as it begins and as it ends, and what is told adds up to what the
// attempt says.
func TestProgressIsTold(t *testing.T) {
	w := worldtest.New(t, world.Loopback(), probe.StartTLS)
	address, username, password := w.Account("hq")
	quiet := smtpsend.New(smtpsend.Config{Endpoint: w.Endpoint(w.SMTP("store-hq"), username, password), EHLO: "probe.example.com"})
	var told []string
	took := make(map[string]time.Duration)
	sender := quiet.Telling(func(p smtpsend.Progress) {
		if p.Ended {
			told = append(told, p.Phase+".")
			took[p.Phase] += p.Took
		} else {
			told = append(told, p.Phase)
		}
	})
	m := &probe.Message{From: address, To: address, Raw: []byte("Subject: x\r\n\r\nx\r\n")}
	attempt := sender.Send(t.Context(), m)
	const want = "connect connect. banner banner. ehlo ehlo. tls tls. tls tls. ehlo ehlo. auth auth. mail mail. rcpt rcpt. data data. reply reply."
	if got := strings.Join(told, " "); got != want || attempt.Result != probe.Accepted {
		t.Errorf("got %v (%v) and\n%s, want\n%s", attempt.Result, attempt.Err, got, want)
	}
	for _, p := range attempt.Phases {
		if took[p.Name] != p.Took {
			t.Errorf("%s: got %v told, want %v", p.Name, took[p.Name], p.Took)
		}
	}
	told = nil
	if quiet.Send(t.Context(), m); len(told) != 0 {
		t.Errorf("a sender that tells nobody: got %q told", told)
	}
}

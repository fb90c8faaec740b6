package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
)

// Of who sent a message, those are believed whom its mailbox trusts, and nobody who wrote
// the same further down.
func TestTraceShowsTrustedAuthentication(t *testing.T) {
	t.Parallel()
	w, path := traceable(t)
	for component, field := range map[string]string{
		"store-hq": "Authentication-Results: imap.hq.example.com; spf=pass smtp.mailfrom=provider.example; dkim=none",
		"antispam": "Authentication-Results: antispam.example.com; dmarc=pass",
		"internet": "Authentication-Results: imap.hq.example.com; spf=fail; dkim=fail; arc=fail", // forged
	} {
		if err := w.SetField(component, field); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const mailbox = "  hq: {address:"
	for trusted, want := range map[string]string{
		"":                                      "",
		"authserv_id: [\"imap.*\"], ":           "spf pass, dkim none",
		"authserv_id: [antispam.example.com], ": "dmarc pass",
		"authserv_id: [mx1.example.com], ":      "",
	} {
		name := write(t, "mailpath.yaml", strings.Replace(string(text), mailbox, strings.Replace(mailbox, "address:", trusted+"address:", 1), 1))
		status, document, stderr := command(t, "trace", "outside-to-hq", "-c", name, "-o", "json")
		var got []string
		for _, a := range readTraced(t, document).Auth {
			got = append(got, a.Method+" "+a.Result)
		}
		if status != exitOK || strings.Join(got, ", ") != want {
			t.Errorf("%q: got status %d and %q, want %q\n%s%s", trusted, status, got, want, document, stderr)
		}
	}
	name := write(t, "mailpath.yaml", strings.Replace(string(text), mailbox, "  hq: {authserv_id: [imap.hq.example.com], address:", 1))
	if status, stdout, _ := command(t, "trace", "outside-to-hq", "-c", name); status != exitOK || !strings.Contains(stdout, "The receiving side says of the sender: spf pass, dkim none.") {
		t.Errorf("got status %d and\n%s", status, stdout)
	}
}

func TestTrailOfAMailbox(t *testing.T) {
	read := buildTrail([]config.Mailbox{{Name: "strict", AuthservIDs: []string{"mx*.example.com"}}, {Name: "mute"}})
	header := []byte("Authentication-Results: mx1.example.com; spf=pass\r\n" +
		"Received: from a by mx1.example.com with SMTP; Mon, 23 Nov 2026 09:15:03 +0100\r\n" +
		"Authentication-Results: mx1.example.com; spf=fail; dkim=fail\r\n")
	for mailbox, want := range map[string]string{"mute": "[]", "strict": "[{spf pass}]", "nobody's": "[]"} {
		trail := read(probe.Observation{Mailbox: mailbox, Header: header})
		if got := fmt.Sprint(trail.Auth); got != want || len(trail.Hops) != 1 || trail.Hops[0].By != "mx1.example.com" {
			t.Errorf("mailbox %s: got %s and hops %+v, want %s and one of mx1.example.com", mailbox, got, trail.Hops, want)
		}
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe/config"
)

// company is the configuration of a company with two sites whose routes are those named.
func company(names ...string) string {
	routes := map[string]string{
		"in":        "{direction: inbound, sender: outside, mailbox: hq, path: [internet, gateway-in, antispam, store-1]}",
		"internal1": "{direction: internal, sender: hq, mailbox: hq, path: [store-1]}",
		"internal2": "{direction: internal, sender: branch, mailbox: branch, path: [store-2]}",
		"s2s":       "{direction: site-to-site, sender: hq, mailbox: branch, path: [store-1, wan, store-2]}",
		"mobile":    "{direction: mobile, sender: hq, mailbox: phone, path: [activesync, store-1]}",
		"out":       "{direction: outbound, sender: hq, mailbox: provider, path: [store-1, gateway-out, internet]}",
		"inject-s":  "{direction: internal, sender: past-av, mailbox: hq, path: [antispam, store-1]}",
		"inject-a":  "{direction: internal, sender: at-gateway, mailbox: hq, path: [gateway-in, antispam, store-1]}",
	}
	var b strings.Builder
	b.WriteString("prober: p1\ntag_keys: [{env: MAILPATH_TEST_KEY}]\ncomponents: {internet: {}, gateway-in: {}, gateway-out: {}, antispam: {}, store-1: {}, store-2: {}, wan: {}, activesync: {}}\nsenders:\n")
	for i, sender := range []string{"outside", "hq", "branch", "past-av", "at-gateway"} {
		fmt.Fprintf(&b, "  %s: {from: %s@example.com, smtp: {server: \"127.0.0.1:%d\", tls: none}}\n", sender, []string{"provider", "hq", "branch", "provider", "provider"}[i], 2500+i)
	}
	b.WriteString("mailboxes:\n")
	for i, mailbox := range []string{"hq", "branch", "phone", "provider"} {
		fmt.Fprintf(&b, "  %s: {address: %s@example.com, imap: {server: \"127.0.0.1:%d\", tls: none, auth: {username: u, password_env: MAILPATH_TEST_PASSWORD}}}\n", mailbox, mailbox, 1430+i)
	}
	b.WriteString("routes:\n")
	for _, name := range names {
		fmt.Fprintf(&b, "  %s: %s\n", name, routes[name])
	}
	return b.String()
}

func check(t *testing.T, path string) (status int, r review) {
	t.Helper()
	status, stdout, stderr := command(t, "config", "check", path, "--output", "json")
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("got %v in\n%s%s", err, stdout, stderr)
	}
	for _, key := range []string{`"uncovered": [`, `"indistinguishable": [`, `"suggestions": [`, `"problems": [`} {
		if !strings.Contains(stdout, key) {
			t.Errorf("got no list %s in\n%s", key, stdout)
		}
	}
	return status, r
}

// What routes of the story tell apart, and which further one would help.
func TestConfigCheckFindsWhatRoutesCannotTell(t *testing.T) {
	t.Setenv("MAILPATH_TEST_PASSWORD", "hunter2")
	_, key, _ := command(t, "config", "key")
	t.Setenv("MAILPATH_TEST_KEY", strings.TrimSpace(key))
	base := []string{"in", "internal1", "internal2", "s2s", "mobile"}
	for _, c := range []struct {
		routes      []string
		uncovered   string
		alike       string
		suggestions int
	}{
		{base, "[gateway-out]", "[[internet gateway-in antispam]]", 2},
		{append(base, "out"), "[]", "[[gateway-in antispam]]", 1},
		{append(base, "out", "inject-s"), "[]", "[]", 0},
		{append(base, "inject-s", "inject-a"), "[gateway-out]", "[]", 0},
	} {
		path := write(t, "mailpath.yaml", company(c.routes...))
		status, r := check(t, path)
		if got := fmt.Sprint(r.Uncovered); status != exitOK || got != c.uncovered {
			t.Errorf("%v: got status %d and uncovered %s, want 0 and %s", c.routes, status, got, c.uncovered)
		}
		if got := fmt.Sprint(r.Indistinguishable); got != c.alike {
			t.Errorf("%v: got indistinguishable %s, want %s", c.routes, got, c.alike)
		}
		if len(r.Suggestions) != c.suggestions {
			t.Errorf("%v: got suggestions %+v, want %d", c.routes, r.Suggestions, c.suggestions)
		}
		status, text, _ := command(t, "config", "check", path)
		if said := strings.Count(text, "suggestion: "); status != exitOK || said != c.suggestions || c.alike != "[]" && !strings.Contains(text, "gateway-in, antispam are on exactly the same routes") {
			t.Errorf("%v: got status %d and\n%s", c.routes, status, text)
		}
	}
}

func TestConfigCheckCountsMessagesAgainstLimits(t *testing.T) {
	t.Setenv("MAILPATH_TEST_PASSWORD", "hunter2")
	text := strings.NewReplacer(`"127.0.0.1:1", tls: none}, from`, `"smtp.office365.com:587", auth: {username: u, password_env: MAILPATH_TEST_PASSWORD}}, from`, "every: 1m", "every: 1s").Replace(small)
	path := write(t, "mailpath.yaml", text)
	status, r := check(t, path)
	want := config.Traffic{Sender: "hq", Messages: 86400, Provider: "Exchange Online", Limits: []string{"30 a minute", "10000 a day"}, Over: "60 messages a minute, where Exchange Online allows 30 a minute"}
	if i := slices.IndexFunc(r.Traffic, func(t config.Traffic) bool { return t.Sender == "hq" }); status != exitOK || i < 0 || fmt.Sprint(r.Traffic[i]) != fmt.Sprint(want) {
		t.Errorf("got status %d and traffic %+v, want %+v among it", status, r.Traffic, want)
	}
	if len(r.Problems) != 1 || r.Problems[0].Severity != "warning" || r.Problems[0].Line != 3 || !strings.Contains(r.Problems[0].Message, want.Over) {
		t.Errorf("got problems %+v, want one warning at line 3", r.Problems)
	}
	if _, text, _ := command(t, "config", "check", path); !strings.Contains(text, "warning: "+path+":3:3: senders.hq: the schedule asks for 60 messages a minute") {
		t.Errorf("got\n%s\nwant the warning", text)
	}
}

func TestConfigCheckTellsMistakesAsJSON(t *testing.T) {
	t.Setenv("MAILPATH_TEST_PASSWORD", "hunter2")
	path := write(t, "bad.yaml", strings.NewReplacer("sender: hq", "sender: qh", "direction: internal", "direction: inside").Replace(small))
	status, r := check(t, path)
	if status != exitUsage || len(r.Problems) != 2 || r.Problems[0].Severity != "error" || r.Problems[0].Line != 9 || r.Problems[0].File != path {
		t.Errorf("got status %d and problems %+v, want 2 and two errors at line 9", status, r.Problems)
	}
}

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/lab/world/worldtest"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/smtpsend"
)

// checked is a configuration of a mail world's servers with checks of them. The gateway
// is well, the relay does not answer, the queue is what Prometheus says it is.
func checked(t *testing.T) (path string, names *strings.Replacer) {
	t.Helper()
	w := worldtest.New(t, world.Loopback(), probe.ImplicitTLS)
	prometheus := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		io.WriteString(rw, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"host":"gw1"},"value":[1.7e9,"1234"]}]}}`)
	}))
	t.Cleanup(prometheus.Close)
	dead := w.Dead(t)
	_, user, password := w.Account("hq")
	t.Setenv("MAILPATH_TEST_PASSWORD", password)
	values := strings.NewReplacer("SMTP", w.SMTP("gateway-in"), "IMAP", w.IMAP("hq"), "DEAD", dead, "CAFILE", w.CAFile, "USER", user, "PROMETHEUS", prometheus.URL)
	path = write(t, "mailpath.yaml", values.Replace(`prober: test-1
components:
  gateway: {check: {smtp: "SMTP"}}
  store: {check: [{imap: "IMAP"}, {tls: "IMAP"}]}
  relay: {check: {tcp: "DEAD"}}
  queue: {check: {prometheus: {url: "PROMETHEUS", query: postfix_queue, above: 100, means: mail queues up at the gateway}}}
  measured: {check: {prometheus: {url: "http://DEAD", query: up, below: 1, means: it is down}}}
  plain: {}
senders:
  out: {from: mailpath@example.com, smtp: {server: "SMTP", tls: implicit, ca_file: CAFILE}}
mailboxes:
  hq: {address: mailpath@example.com, imap: {server: "IMAP", tls: implicit, ca_file: CAFILE, auth: {username: USER, password_env: MAILPATH_TEST_PASSWORD}}}
routes:
  inside: {direction: internal, sender: out, mailbox: hq, path: [gateway, store]}
`))
	return path, strings.NewReplacer(w.SMTP("gateway-in"), "SMTP", w.IMAP("hq"), "IMAP", dead, "DEAD", prometheus.URL, "PROMETHEUS")
}

func TestCheckStatusAndWords(t *testing.T) {
	path, _ := checked(t)
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	gateway, dead := cfg.Components[0].Checks[0].Target, cfg.Components[2].Checks[0].Target
	for name, c := range map[string]struct {
		target string
		status int
		words  string // part of what is printed
	}{
		"all":                        {"", exitBad, "mail queues up at the gateway: postfix_queue is 1234 for {host=\"gw1\"}, want at most 100"},
		"a component that is well":   {"gateway", exitOK, "greeted and answered in"},
		"with several checks":        {"store", exitOK, "the certificate is good for"},
		"one that logs in":           {"store", exitOK, `greeted and let "mailpath-in" in`},
		"one that does not answer":   {"relay", exitBad, "refused the connection: the machine is up and nothing listens at the port"},
		"what to do about it":        {"relay", exitBad, "→ See whether the service runs there"},
		"a target":                   {gateway, exitOK, gateway},
		"a target that is dead":      {dead, exitBad, dead},
		"a query by its words":       {"postfix_queue above 100", exitBad, "1234"},
		"one that cannot be asked":   {"measured", exitOurs, "could not ask Prometheus at http://" + dead},
		"a component without checks": {"plain", exitUsage, "component plain has no check: give a component one, as in check: {smtp: "},
		"nothing that is configured": {"gatway", exitUsage, `got TARGET "gatway", want one of `},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"check", "-c", path}
			if c.target != "" {
				args = append(args, c.target)
			}
			status, stdout, stderr := command(t, args...)
			if status != c.status || !strings.Contains(stdout+stderr, c.words) {
				t.Errorf("mailpath %q: got status %d and\n%s%s\nwant %d and %q", args, status, stdout, stderr, c.status, c.words)
			}
		})
	}
}

func TestCheckWithoutAny(t *testing.T) {
	status, stdout, stderr := command(t, "check", "-c", write(t, "small.yaml", small))
	if want := `no check is configured: give a component one, as in check: {smtp: "mx1.example.com:25"}`; status != exitUsage || !strings.Contains(stderr, want) || stdout != "" {
		t.Errorf("got status %d and\n%s%s\nwant %d and %q", status, stdout, stderr, exitUsage, want)
	}
}

// The table has a line for each answer, in the configuration's order, and what to do
// beneath, under the reason.
func TestCheckTable(t *testing.T) {
	path, names := checked(t)
	_, stdout, _ := command(t, "check", "-c", path)
	lines := strings.Split(strings.TrimSpace(names.Replace(stdout)), "\n")
	var got []string
	for _, line := range lines {
		if fields := strings.Fields(line); fields[0] == "→" {
			got = append(got, "→")
		} else {
			got = append(got, fields[0]+" "+fields[1])
		}
	}
	if want := "COMPONENT CHECK, gateway smtp, store imap, store tls, relay tcp, →, queue prometheus, →, measured prometheus, →"; strings.Join(got, ", ") != want {
		t.Errorf("got %s\nwant %s\nin\n%s", strings.Join(got, ", "), want, stdout)
	}
	at := strings.Index(strings.Split(stdout, "\n")[0], "REASON")
	for _, line := range strings.Split(stdout, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "→") && strings.Index(line, "→") != at {
			t.Errorf("got advice at column %d, want it under the reason at %d:\n%s", strings.Index(line, "→"), at, stdout)
		}
	}
}

func TestCheckJSON(t *testing.T) {
	path, names := checked(t)
	status, stdout, _ := command(t, "check", "-c", path, "--output", "json")
	var all []map[string]any
	if err := json.Unmarshal([]byte(stdout), &all); err != nil || status != exitBad {
		t.Fatalf("got status %d and error %v in\n%s", status, err, stdout)
	}
	var got []string
	for _, f := range all {
		words := []string{}
		for _, key := range []string{"component", "check", "target", "state"} {
			words = append(words, names.Replace(f[key].(string)))
		}
		if _, measured := f["took_seconds"].(float64); !measured || f["reason"] == "" || (f["advice"] == nil) != (f["state"] == "ok") {
			t.Errorf("got %v, want a time, a reason, and advice where it is not ok", f)
		}
		if f["certificate_not_after"] != nil {
			words = append(words, "certificate")
		}
		got = append(got, strings.Join(words, " "))
	}
	want := `gateway smtp SMTP ok certificate
store imap IMAP ok certificate
store tls IMAP ok certificate
relay tcp DEAD failed
queue prometheus postfix_queue above 100 failed
measured prometheus up below 1 unknown`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

// A check reaches its server as the sender or mailbox there does, and else by its port.
func TestChecksReachServersAsOthersDo(t *testing.T) {
	cfg, err := config.Parse("/etc/mailpath.yaml", []byte(`prober: test-1
senders:
  first: {from: a@example.org, smtp: {server: "mx.example.com:25", tls: none, ehlo: first.example.org}}
  second: {from: a@example.org, smtp: {server: "SMTP.example.com:2525", tls: implicit, ca_file: smtp.pem, ehlo: second.example.org, auth: {username: s, password_env: S}}}
mailboxes:
  hq: {address: a@example.com, imap: {server: "imap.example.com:143", ca_file: imap.pem, auth: {username: hq, password_env: S}}}
  other: {address: b@example.com, imap: {server: "imap.example.com:143", tls: implicit, auth: {username: other, password_env: S}}}
routes:
  inside: {direction: internal, sender: first, mailbox: hq}
`))
	if err != nil {
		t.Fatal(err)
	}
	type reached struct {
		mode           probe.TLSMode
		ca, user, ehlo string
	}
	for server, want := range map[string]reached{
		"mx.example.com:25":     {probe.NoTLS, "", "", "first.example.org"},
		"smtp.example.com:2525": {probe.ImplicitTLS, "/etc/smtp.pem", "", "second.example.org"},
		"other.example.com:25":  {smtpsend.WhenOffered, "", "", "first.example.org"},
		"mx.example.com:2525":   {smtpsend.WhenOffered, "", "", "first.example.org"},
		"mx.example.com:465":    {probe.ImplicitTLS, "", "", "first.example.org"},
		"mx.example.com:587":    {probe.StartTLS, "", "", "first.example.org"},
	} {
		e, ehlo := asSender(cfg, probe.Endpoint{Server: server})
		if got := (reached{e.TLS, e.CAFile, e.Username, ehlo}); got != want {
			t.Errorf("smtp: %s: got %+v, want %+v", server, got, want)
		}
	}
	for server, want := range map[string]reached{
		"IMAP.example.com:143":  {probe.StartTLS, "/etc/imap.pem", "hq", ""},
		"imap2.example.com:143": {probe.NoTLS, "", "", ""},
		"imap.example.com:993":  {probe.ImplicitTLS, "", "", ""},
		"imap.example.com:4143": {probe.ImplicitTLS, "", "", ""},
	} {
		e := asMailbox(cfg, probe.Endpoint{Server: server})
		if got := (reached{e.TLS, e.CAFile, e.Username, ""}); got != want {
			t.Errorf("imap: %s: got %+v, want %+v", server, got, want)
		}
	}
}

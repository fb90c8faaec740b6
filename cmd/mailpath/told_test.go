package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// told is a mailpath, a process of its own, that probes a mail world in this one and tells
// people what it sees.
type told struct {
	t       *testing.T
	world   *world.World
	config  string
	journal string
	titles  map[string]string
	extra   string // of the configuration
	child   *child
}

// witness is the mailbox of the route that enters behind the gateway: while nobody can
// look into it, the gateway cannot be told from the filter behind it.
const witness = "crowd-0001"

// newTold makes a world and a configuration. titles are those of components that are not as
// usual, extra is added to the configuration.
func newTold(t *testing.T, titles map[string]string, extra string) *told {
	t.Helper()
	w, err := world.New(world.Config{Crowd: 1, DrainEvery: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	dir := t.TempDir()
	x := &told{t: t, world: w, config: filepath.Join(dir, "mailpath.yaml"), journal: filepath.Join(dir, "journal.db"), titles: titles, extra: extra}
	if err := os.WriteFile(x.config, []byte(x.yaml(dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	return x
}

// yaml is the configuration.
func (x *told) yaml(dir string) string {
	x.t.Helper()
	key := filepath.Join(dir, "tag.key")
	if err := makeKeyFile(key); err != nil {
		x.t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "prober: told-1\nsite: hq\ntag_keys: [{file: %q}]\ncomponents:\n", key)
	for _, c := range worldTopology(x.world).Components {
		title := c.Title
		if other, ok := x.titles[c.Name]; ok {
			title = other
		}
		quoted, _ := json.Marshal(title) // YAML reads what JSON quotes
		fmt.Fprintf(&b, "  %s: {title: %s, received_by: [%s]}\n", c.Name, quoted, strings.Join(x.world.Hosts(c.Name), ", "))
	}
	b.WriteString("senders:\n")
	for _, s := range x.world.Senders() {
		fmt.Fprintf(&b, "  %s: {from: %s, smtp: {server: %q, tls: none%s}}\n", s.Name, s.From, x.world.SMTP(s.Entry), x.auth(dir, s.Name, s.Username, s.Password))
	}
	b.WriteString("mailboxes:\n")
	for _, m := range []string{"hq", "branch", "provider", witness} {
		address, username, password := x.world.Account(m)
		fmt.Fprintf(&b, "  %s: {address: %s, imap: {server: %q, tls: none%s}}\n", m, address, x.world.IMAP(m), x.auth(dir, m+".imap", username, password))
	}
	b.WriteString("routes:\n")
	for _, r := range x.world.Routes() {
		if r.Sender == "past-av" {
			r.Name, r.Mailbox = "past-av", witness
		}
		fmt.Fprintf(&b, "  %s: {direction: %s, sender: %s, mailbox: %s, path: [%s]}\n", r.Name, r.Direction, r.Sender, r.Mailbox, strings.Join(r.Path, ", "))
	}
	b.WriteString("probes:\n  - {routes: all, every: 1s, late_after: 2s, lost_after: 30m}\n" + x.extra)
	return b.String()
}

// auth is the key for a password, which is written to a file.
func (x *told) auth(dir, name, username, password string) string {
	x.t.Helper()
	if username == "" {
		return ""
	}
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		x.t.Fatal(err)
	}
	return fmt.Sprintf(", auth: {username: %q, password_file: %q}", username, file)
}

// start runs mailpath, the same journal every time, and waits until it tells something.
func (x *told) start() {
	x.t.Helper()
	address := freeAddress(x.t)
	command := exec.Command(os.Args[0], "run", "--config", x.config, "--journal", x.journal, "--listen", address)
	command.Env = append(os.Environ(), aheadVariable+"=0")
	x.child = launch(x.t, command, address)
	x.child.waitUntilReady()
}

// ask reads a document of the API.
func (x *told) ask(path string, into any) {
	x.t.Helper()
	response, err := http.Get(x.child.url + path)
	if err != nil {
		x.t.Fatalf("asking for %s: %v; the log:\n%s", path, err, x.child.log.String())
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		x.t.Fatalf("asking for %s: got %s and %v: %s", path, response.Status, err, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		x.t.Fatalf("reading %s: %v: %s", path, err, text)
	}
}

// announced is what the test reads of the answer to an announcement.
type announced struct {
	Incident, Maintenance string
	Durable               bool
	Next                  time.Time
}

// announce tells people something, and gives the answer once that is known.
func (x *told) announce(document map[string]any) announced {
	x.t.Helper()
	status, text := x.post(document)
	var a announced
	if err := json.Unmarshal(text, &a); err != nil || status != http.StatusOK {
		x.t.Fatalf("announcing %.200v: got %d and %v: %s", document, status, err, text)
	}
	return a
}

func (x *told) post(document map[string]any) (status int, text []byte) {
	x.t.Helper()
	body, err := json.Marshal(document)
	if err != nil {
		x.t.Fatal(err)
	}
	response, err := http.Post(x.child.url+"/api/v1/announce", "application/json", bytes.NewReader(body))
	if err != nil {
		x.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err = io.ReadAll(response.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	return response.StatusCode, text
}

func (x *told) situation() situation.Situation {
	x.t.Helper()
	var s situation.Situation
	x.ask("/api/v1/status", &s)
	return s
}

// route is how a route is.
func (x *told) route(name string) situation.Route {
	x.t.Helper()
	for _, d := range x.situation().Directions {
		if i := slices.IndexFunc(d.Routes, func(r situation.Route) bool { return r.Name == name }); i >= 0 {
			return d.Routes[i]
		}
	}
	x.t.Fatalf("got no route %s", name)
	return situation.Route{}
}

// untilHealthy waits until every route is known to be well.
func (x *told) untilHealthy() {
	x.t.Helper()
	x.child.waitFor("to find every route well", func() bool {
		for _, d := range x.situation().Directions {
			if slices.ContainsFunc(d.Routes, func(r situation.Route) bool { return r.Health != probe.HealthOK }) {
				return false
			}
		}
		return true
	})
}

// untilIncident waits until the newest incident is in a state, and gives it.
func (x *told) untilIncident(state probe.IncidentState) situation.Incident {
	x.t.Helper()
	var last situation.Incident
	x.child.waitFor("to have an incident that is "+string(state), func() bool {
		var all struct{ Incidents []situation.Incident }
		x.ask("/api/v1/incidents", &all)
		if len(all.Incidents) == 0 {
			return false
		}
		last = all.Incidents[0]
		return last.State == state
	})
	return last
}

// doubt breaks the gateway while nobody can look into the witness, so that it is not known
// what broke, and waits until people are told.
func (x *told) doubt() {
	x.t.Helper()
	x.must(x.world.Blind(witness, world.Refusing))
	x.child.waitFor("to be blind", func() bool { return x.route("past-av").Health == probe.HealthBlind })
	x.must(x.world.Break(brokenComponent, world.CrashLoop{}))
	x.untilIncident(probe.Investigating)
}

// settle lets the witness be seen, which tells what broke.
func (x *told) settle() situation.Incident {
	x.t.Helper()
	x.must(x.world.Unblind(witness))
	return x.untilIncident(probe.Identified)
}

func (x *told) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

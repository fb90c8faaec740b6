package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/debian"
	"github.com/mailpath/mailpath/probe"
)

// site is the lab of real servers and a configuration for it.
type site struct {
	*debian.Lab
	t    testing.TB
	dir  string
	text string // of the configuration
}

// siteRoutes are all routes of a site's configuration.
func siteRoutes() []string {
	return []string{"outside-to-hq", "past-gateway-to-hq", "inside-hq", "inside-branch", "hq-to-branch", "branch-to-hq"}
}

// newSite starts real servers, which end with the test.
func newSite(t testing.TB) *site {
	t.Helper()
	return newSiteWith(t, debian.Options{})
}

// newSiteWith starts real servers as the options say, which end with the test.
func newSiteWith(t testing.TB, options debian.Options) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	if err := debian.Install(t.Context(), t.Output()); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(s.dir, "tag.key")
	if err := makeKeyFile(key); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.Lab, err = debian.Start(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.must(s.Stop()) })
	s.text, err = s.Config(key)
	s.must(err)
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

var probesLine = regexp.MustCompile(`(?m)^  - \{routes: all.*$`)

// config writes the configuration with other times, and other changes.
func (s *site) config(every, lateAfter string, changes ...string) string {
	s.t.Helper()
	text := probesLine.ReplaceAllString(s.text, fmt.Sprintf("  - {routes: all, every: %s, late_after: %s, lost_after: 10m}", every, lateAfter))
	text = strings.NewReplacer(changes...).Replace(text)
	if text == s.text {
		s.t.Fatal("the configuration was not changed")
	}
	path := filepath.Join(s.dir, "mailpath.yaml")
	s.must(os.WriteFile(path, []byte(text), 0o600))
	return path
}

// once runs one round and gives the exit status and what was printed.
func (s *site) once(config string) (int, string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	status := run(ctx, []string{"once", "--config", config}, &out, &out)
	return status, out.String()
}

func TestOnceOverRealServers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	status, out := s.once(s.config("1m", "20s"))
	if status != exitOK {
		t.Errorf("all is well: got status %d, want %d\n%s", status, exitOK, out)
	}
	for _, route := range siteRoutes() {
		if !regexp.MustCompile(`(?m)^`+route+` .* ok +[0-9.]+m?s$`).MatchString(out) || !strings.Contains(out, "queued as") {
			t.Errorf("want route %s to be ok with its latency, and queue ids\n%s", route, out)
		}
	}

	s.checkComponents()
	s.must(s.StopPostfix(debian.SiteB))
	status, out = s.once(s.config("1m", "2s"))
	if status != exitBad || !regexp.MustCompile(`(?m)^hq-to-branch .* not arrived`).MatchString(out) ||
		!regexp.MustCompile(`(?m)^inside-branch .* unsent`).MatchString(out) || !regexp.MustCompile(`(?m)^inside-hq .* ok`).MatchString(out) {
		t.Errorf("the branch's server is down: got status %d, want %d, and the routes told apart\n%s", status, exitBad, out)
	}
	s.must(s.StartPostfix(debian.SiteB))

	wrong := filepath.Join(s.dir, "wrong.password")
	s.must(os.WriteFile(wrong, []byte("not it\n"), 0o600))
	imap := fmt.Sprintf(`imap: {server: %q, tls: implicit, ca_file: %q, auth: {username: %q, password_file: `, s.A.IMAPS, s.CAFile, s.A.Users[0].Address)
	right := fmt.Sprintf("%q", filepath.Join(s.Dir, "hq.password"))
	status, out = s.once(s.config("1m", "2s", imap+right, imap+fmt.Sprintf("%q", wrong)))
	if status != exitOurs || !regexp.MustCompile(`(?m)^inside-hq .* nobody could look`).MatchString(out) || strings.Contains(out, "not it") {
		t.Errorf("a wrong IMAP password: got status %d, want %d: it says nothing about the path\n%s", status, exitOurs, out)
	}
}

// checkComponents asks the servers without mail, all being well, and with one that is
// stopped.
func (s *site) checkComponents() {
	s.t.Helper()
	config := s.config("1m", "20s")
	status, out, log := command(s.t, "check", "--config", config)
	if found := strings.Count(out, "  ok  "); status != exitOK || found != 6 {
		s.t.Errorf("all is well: got status %d and %d good answers, want 0 and 6\n%s%s", status, found, out, log)
	}
	s.must(s.StopIMAP(debian.SiteA))
	status, out, log = command(s.t, "check", "store-hq", "--config", config, "--output", "json")
	var all []findingJSON
	if err := json.Unmarshal([]byte(out), &all); err != nil || status != exitBad || len(all) != 3 {
		s.t.Fatalf("no IMAP at headquarters: got status %d and %d answers, want 1 and 3: %v\n%s%s", status, len(all), err, out, log)
	}
	for _, f := range all {
		if broken := f.Target == s.A.IMAPS; broken != (f.State == probe.FindingFailed) || broken && (f.Advice == "" || !strings.Contains(f.Reason, "refused")) {
			s.t.Errorf("no IMAP at headquarters: got %+v", f)
		}
	}
	s.must(s.StartIMAP(debian.SiteA))
}

// binary builds the program, for tests that kill it.
func binary(t testing.TB) string {
	t.Helper()
	return compiled(t, ".")
}

// compiled builds the program in a folder.
func compiled(t testing.TB, folder string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", path, folder).CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", folder, err, out)
	}
	return path
}

// child is mailpath run in a process of its own.
type child struct {
	t       testing.TB
	command *exec.Cmd
	url     string
	log     bytes.Buffer
	out     sync.WaitGroup
	mu      sync.Mutex
	lines   []outcomeLine
}

// outcomeLine is what the test reads of a line of standard output.
type outcomeLine struct {
	Event, ID, Route, Status string
	Time                     time.Time
	Sent                     time.Time `json:"sent"`
	Latency                  float64   `json:"latency_seconds"`
	Min                      float64   `json:"latency_min_seconds"`
	Max                      float64   `json:"latency_max_seconds"`
	Source                   string    `json:"latency_source"`
	Again                    bool      // it may have been told by the process before
	Delay                    float64   `json:"schedule_delay_seconds"`
	Suspects                 []suspectLine
}

// suspectLine is what the test reads of a verdict.
type suspectLine struct {
	Components []string
	Confidence float64
}

// freeAddress is one that nobody listens at now.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func startChild(t testing.TB, binary, config, journal string) *child {
	t.Helper()
	address := freeAddress(t)
	c := launch(t, exec.Command(binary, "run", "--config", config, "--journal", journal, "--listen", address), address)
	c.waitUntilReady()
	return c
}

// launch starts a mailpath that listens at an address; it ends with the test.
func launch(t testing.TB, command *exec.Cmd, address string) *child {
	t.Helper()
	c := &child{t: t, url: "http://" + address, command: command}
	c.command.Stderr = &c.log
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.end(syscall.SIGKILL) })
	c.out.Go(func() { c.read(stdout) })
	return c
}

func (c *child) waitUntilReady() {
	c.t.Helper()
	c.waitFor("to be ready", func() bool {
		_, err := readBalance(c.t.Context(), c.url+"/metrics")
		return err == nil
	})
}

func (c *child) read(stdout io.Reader) {
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		var line outcomeLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			c.t.Errorf("a line of standard output: %v: %s", err, lines.Text())
		}
		c.mu.Lock()
		c.lines = append(c.lines, line)
		c.mu.Unlock()
	}
}

// outcomes gives the outcome lines so far.
func (c *child) outcomes() []outcomeLine {
	c.mu.Lock()
	defer c.mu.Unlock()
	var outcomes []outcomeLine
	for _, l := range c.lines {
		if l.Event == "outcome" {
			outcomes = append(outcomes, l)
		}
	}
	return outcomes
}

// waitFor polls until a condition holds.
func (c *child) waitFor(what string, condition func() bool) {
	c.t.Helper()
	c.waitLong(90*time.Second, what, condition)
}

// waitLong polls for as long as is given.
func (c *child) waitLong(limit time.Duration, what string, condition func() bool) {
	c.t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(limit); !condition(); <-ticker.C {
		if time.Now().After(deadline) {
			c.t.Fatalf("waited in vain for mailpath %s; its log:\n%s", what, c.log.String())
		}
	}
}

// end sends a signal and waits for the process; it gives its exit status.
func (c *child) end(signal syscall.Signal) int {
	if c.command.ProcessState != nil {
		return c.command.ProcessState.ExitCode()
	}
	_ = c.command.Process.Signal(signal)
	c.out.Wait()
	_ = c.command.Wait()
	return c.command.ProcessState.ExitCode()
}

// metric sums the samples of a metric whose labels hold a text.
func (c *child) metric(name, labels string) float64 {
	c.t.Helper()
	return sumOf(c.t, c.url+"/metrics", name, labels)
}

func TestRunOverRealServers(t *testing.T) {
	s := newSite(t)
	c := startChild(t, binary(t), s.config("1s", "20s"), filepath.Join(s.dir, "journal.db"))
	for _, route := range siteRoutes() {
		label := `route="` + route + `"`
		c.waitFor("to see three arrivals on "+route, func() bool {
			return c.metric("mailpath_delivery_seconds_count", label) >= 3
		})
	}
	balance, err := readBalance(t.Context(), c.url+"/metrics")
	s.must(err)
	for route, b := range balance {
		if b != 0 {
			t.Errorf("%s: sent + adopted - outcomes - in flight is %g, want 0", route, b)
		}
	}
	c.waitFor("to have made all checks", func() bool { return c.metric("mailpath_check_success", "") == 6 })
	if status := c.end(syscall.SIGTERM); status != exitOK {
		t.Errorf("got status %d after SIGTERM, want 0; its log:\n%s", status, c.log.String())
	}
	for _, l := range c.outcomes() {
		if l.Status != "delivered" || l.Latency <= 0 || l.Latency > 5 || l.Max-l.Min > 1.5 || l.Source != "look" {
			t.Errorf("got %+v, want it delivered within seconds", l)
		}
	}
}

// A kill -9 with messages in flight loses nothing and counts nothing twice.
func TestKillOverRealServers(t *testing.T) {
	s := newSite(t)
	program, journal := binary(t), filepath.Join(s.dir, "journal.db")
	config := s.config("1s", "3s")
	first := startChild(t, program, config, journal)
	first.waitFor("to see arrivals", func() bool { return first.metric("mailpath_delivery_seconds_count", "hq-to-branch") >= 2 })
	s.must(s.StopPostfix(debian.SiteB))
	const branch = `route="hq-to-branch"`
	first.waitFor("to have mail in flight", func() bool { return first.metric("mailpath_in_flight_messages", branch) >= 4 })
	first.end(syscall.SIGKILL)
	killed := time.Now()
	s.must(s.StartPostfix(debian.SiteB)) // the mail arrives while nobody looks

	// Long enough that the time at which the second process looks says little.
	s.waitForDrain(killed.Add(3 * time.Second))
	second := startChild(t, program, config, journal)
	second.waitFor("to take over the 4 that were in flight at least", func() bool {
		return second.metric("mailpath_messages_adopted_total", branch) >= 4
	})
	second.waitFor("to settle what was in flight", func() bool { return second.metric("mailpath_in_flight_messages", branch) <= 2 })
	balance, err := readBalance(t.Context(), second.url+"/metrics")
	s.must(err)
	for route, b := range balance {
		if b != 0 {
			t.Errorf("%s: sent + adopted - outcomes - in flight is %g, want 0", route, b)
		}
	}
	second.end(syscall.SIGTERM)
	s.checkOutcomes(append(first.outcomes(), second.outcomes()...))
}

// waitForDrain waits until site A has no mail left for site B, and for a moment.
func (s *site) waitForDrain(moment time.Time) {
	s.t.Helper()
	queue := filepath.Join(s.A.Dir, "postfix")
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-ticker.C {
		out, err := exec.Command("postqueue", "-c", queue, "-j").Output()
		s.must(err)
		if len(bytes.TrimSpace(out)) == 0 && time.Now().After(moment) {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("site A still holds mail:\n%s", out)
		}
	}
}

// checkOutcomes holds that nothing was settled twice or lost, and that latencies
// agree with when the store wrote the messages. A line that was written just before the
// kill is written again, and says so.
func (s *site) checkOutcomes(outcomes []outcomeLine) {
	s.t.Helper()
	seen := make(map[string]bool)
	stamped := 0
	for _, l := range outcomes {
		if seen[l.ID] && l.Again {
			continue
		}
		if seen[l.ID] {
			s.t.Errorf("message %s has two outcomes", l.ID)
		}
		seen[l.ID] = true
		if l.Status == "unsent" || l.Status == "unknown" {
			continue // cut off by the kill, or into the branch's server while it was down
		}
		truth := s.writtenAt(l.ID).Sub(l.Sent).Seconds()
		if l.Sent.IsZero() {
			continue // cut off by the kill before the answer was known
		}
		if l.Min > truth+0.1 || l.Max < truth-0.01 {
			s.t.Errorf("%+v: the store had it after %.3f s, which is not between %.3f and %.3f", l, truth, l.Min, l.Max)
		}
		if off := l.Latency - truth; off < -0.01 || off > 1.6 {
			s.t.Errorf("%+v: got latency %.3f s, want %.3f", l, l.Latency, truth)
		}
		if l.Source == "internaldate" {
			stamped++
		}
	}
	if len(outcomes) < 10 || stamped == 0 {
		s.t.Errorf("got %d outcomes, %d of them of mail that came while nobody looked, want many and some", len(outcomes), stamped)
	}
}

// writtenAt is when the store wrote a message into a Maildir.
func (s *site) writtenAt(id string) time.Time {
	s.t.Helper()
	for _, user := range append(s.A.Users, s.B.Users...) {
		files, err := filepath.Glob(filepath.Join(user.Maildir, "[nc][eu][wr]", "*"))
		s.must(err)
		for _, f := range files {
			raw, err := os.ReadFile(f)
			s.must(err)
			if !bytes.Contains(raw, []byte(id)) {
				continue
			}
			info, err := os.Stat(f)
			s.must(err)
			return info.ModTime()
		}
	}
	s.t.Fatalf("message %s is in no Maildir", id)
	return time.Time{}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/journal"
)

// aheadVariable makes the test binary be mailpath itself, by a clock that is so many
// seconds ahead of the machine's.
const aheadVariable = "MAILPATH_TEST_AHEAD"

func TestMain(m *testing.M) {
	ahead, isChild := os.LookupEnv(aheadVariable)
	if !isChild {
		os.Exit(m.Run())
	}
	seconds, err := strconv.Atoi(ahead)
	if err != nil {
		panic(err)
	}
	moved := func() time.Time { return time.Now().Add(time.Duration(seconds) * time.Second) }
	os.Exit(process(context.WithValue(context.Background(), clockKey{}, probe.NewClockOver(moved)), os.Args[1:]))
}

// kills is how often a test kills: a few times, or the whole number that
// MAILPATH_KILLS asks for.
func kills(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("MAILPATH_KILLS"))
	if err != nil {
		return 10
	}
	return n
}

// ordeal is one mailpath after the other, each a process that is killed while it
// probes a mail system.
type ordeal struct {
	t       *testing.T
	routes  int
	world   *world.World    // nil: real servers
	mail    func() [][]byte // all that was ever delivered
	config  string
	journal string
	random  *rand.Rand
	ahead   int // seconds, of the next one's clock
	lines   []outcomeLine
	ready   int // those that lived long enough to be asked
	// forgetful: the disk was full when one was killed, so that what it told is
	// forgotten, and may be told again.
	forgetful bool
}

func newOrdeal(t *testing.T, dir string) *ordeal {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return &ordeal{t: t, random: rand.New(rand.NewPCG(seed, 0)), journal: filepath.Join(dir, "journal.db")}
}

// worldOrdeal is one over a mail world in this process.
func worldOrdeal(t *testing.T, dir string) *ordeal {
	t.Helper()
	w, err := world.New(world.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	o := newOrdeal(t, dir)
	o.world, o.routes, o.config = w, len(w.Routes()), filepath.Join(t.TempDir(), "mailpath.yaml")
	o.must(os.WriteFile(o.config, []byte(worldConfig(t, w)), 0o600))
	o.mail = func() (all [][]byte) {
		for _, mailbox := range []string{"hq", "branch", "provider"} {
			messages, err := w.Messages(mailbox, "INBOX")
			o.must(err)
			all = append(all, messages...)
		}
		return all
	}
	return o
}

// realOrdeal is one over real servers.
func realOrdeal(t *testing.T) *ordeal {
	t.Helper()
	s := newSite(t)
	o := newOrdeal(t, t.TempDir())
	o.routes, o.config = len(siteRoutes()), s.config("1s", "30s")
	o.mail = func() (all [][]byte) {
		for _, user := range append(s.A.Users, s.B.Users...) {
			files, err := filepath.Glob(filepath.Join(user.Maildir, "[nc][eu][wr]", "*"))
			o.must(err)
			for _, f := range files {
				raw, err := os.ReadFile(f)
				o.must(err)
				all = append(all, raw)
			}
		}
		return all
	}
	return o
}

func (o *ordeal) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// worldConfig is a configuration for all routes of a world.
func worldConfig(t *testing.T, w *world.World) string {
	t.Helper()
	dir := t.TempDir()
	key := filepath.Join(dir, "tag.key")
	if err := makeKeyFile(key); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "prober: ordeal\ntag_keys: [{file: %q}]\nsenders:\n", key)
	auth := func(name, username, password string) string {
		if username == "" {
			return ""
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(", auth: {username: %q, password_file: %q}", username, file)
	}
	for _, s := range w.Senders() {
		fmt.Fprintf(&b, "  %s: {from: %s, smtp: {server: %q, tls: none%s}}\n", s.Name, s.From, w.SMTP(s.Entry), auth(s.Name, s.Username, s.Password))
	}
	b.WriteString("mailboxes:\n")
	for _, m := range []string{"hq", "branch", "provider"} {
		address, username, password := w.Account(m)
		fmt.Fprintf(&b, "  %s: {address: %s, folders: [INBOX, Junk], imap: {server: %q, tls: none%s}}\n", m, address, w.IMAP(m), auth(m+".imap", username, password))
	}
	b.WriteString("routes:\n")
	for _, r := range w.Routes() {
		fmt.Fprintf(&b, "  %s: {direction: %s, sender: %s, mailbox: %s}\n", r.Name, r.Direction, r.Sender, r.Mailbox)
	}
	b.WriteString("probes:\n  - {routes: all, every: 1s, late_after: 30s, lost_after: 20m}\n")
	return b.String()
}

// start runs mailpath as a child of the test.
func (o *ordeal) start() *child {
	o.t.Helper()
	address := freeAddress(o.t)
	command := exec.Command(os.Args[0], "run", "--config", o.config, "--journal", o.journal, "--listen", address)
	command.Env = append(os.Environ(), aheadVariable+"="+strconv.Itoa(o.ahead))
	return launch(o.t, command, address)
}

// killOne lets a child live for a while and kills it. One that is ready by then is
// held to the law of conservation.
func (o *ordeal) killOne() {
	o.t.Helper()
	c := o.start()
	<-time.After(time.Duration(o.random.Int64N(int64(3 * time.Second)))) // an instant is what is tested
	if balance, err := readBalance(o.t.Context(), c.url+"/metrics"); err == nil {
		o.ready++
		checkBalance(o.t, balance)
	}
	c.end(syscall.SIGKILL)
	o.lines = append(o.lines, c.outcomes()...)
}

func checkBalance(t *testing.T, balance map[string]float64) {
	t.Helper()
	for route, b := range balance {
		if b != 0 {
			t.Errorf("%s: sent + adopted - outcomes - in flight is %g, want 0", route, b)
		}
	}
}

// finish lets a last one run until all that is still to come has come, and gives the
// messages that the journal knows, by how they ended; those in flight as "".
func (o *ordeal) finish() map[probe.ID]probe.Status {
	o.t.Helper()
	c := o.start()
	c.waitUntilReady()
	c.waitFor("to settle what was in flight", func() bool {
		balance, err := readBalance(o.t.Context(), c.url+"/metrics")
		o.must(err)
		checkBalance(o.t, balance)
		return c.metric("mailpath_in_flight_messages", "") <= float64(o.orphans()+2*o.routes) && c.metric("mailpath_outcomes_total", "") >= float64(5*o.routes)
	})
	if status := c.end(syscall.SIGTERM); status != exitOK {
		o.t.Errorf("got status %d after SIGTERM, want 0; its log:\n%s", status, c.log.String())
	}
	o.lines = append(o.lines, c.outcomes()...)
	return o.replay()
}

// orphans bounds how many messages may have been cut off by a kill: those whose
// sending had begun.
func (o *ordeal) orphans() int { return o.routes * kills(o.t) }

// replay reads the journal as the next process would.
func (o *ordeal) replay() map[probe.ID]probe.Status {
	o.t.Helper()
	j, err := journal.Open(o.journal, probe.NewClock())
	o.must(err)
	defer j.Close()
	tracker := probe.NewTracker(j.State().Began, nil)
	ends := make(map[probe.ID]probe.Status)
	settled, last, done := 0, j.State().Last, errors.New("done")
	err = j.Follow(o.t.Context(), 0, func(e probe.Event) error {
		for _, c := range tracker.Apply(e) {
			switch c := c.(type) {
			case probe.Sent:
				ends[c.Message.ID] = ""
			case probe.Settled:
				if ends[c.Message.ID] != "" {
					o.t.Errorf("message %v settled twice", c.Message.ID)
				}
				ends[c.Message.ID] = c.Outcome.Status
				settled++
			}
		}
		if e.Seq >= last {
			return done
		}
		return nil
	})
	if !errors.Is(err, done) {
		o.t.Fatal(err)
	}
	if len(ends) != settled+tracker.InFlight() {
		o.t.Errorf("sent %d, settled %d, in flight %d: the law of conservation does not hold", len(ends), settled, tracker.InFlight())
	}
	return ends
}

var shortTag = regexp.MustCompile(`(?m)^Message-ID: <mp1\.[a-z2-7]{4}\.([a-z2-7]{13})\.`)

// delivered counts the copies of each message that were delivered.
func (o *ordeal) delivered() map[probe.ID]int {
	o.t.Helper()
	copies := make(map[probe.ID]int)
	for _, raw := range o.mail() {
		m := shortTag.FindSubmatch(raw)
		if m == nil {
			o.t.Fatalf("a message without a tag:\n%s", raw)
		}
		id, err := probe.ParseID(string(m[1]))
		o.must(err)
		copies[id]++
	}
	return copies
}

// check holds what must be true after any number of kills.
func (o *ordeal) check(ends map[probe.ID]probe.Status) {
	o.t.Helper()
	copies := o.delivered()
	arrived, unseen := 0, 0
	for id, status := range ends {
		switch {
		case status == probe.Lost, status == probe.Late, status == probe.Rejected, status == probe.Bounced, status == probe.Deferred:
			o.t.Errorf("message %v ended as %s, and nothing was wrong with the mail", id, status)
		case status.Arrived():
			arrived++
			if copies[id] != 1 {
				o.t.Errorf("message %v was told delivered, and %d copies were", id, copies[id])
			}
		case status == probe.Unsent && copies[id] > 0:
			o.t.Errorf("message %v was told unsent, and was delivered", id)
		case status == "" && copies[id] > 0:
			unseen++
		}
	}
	if arrived == 0 || o.ready == 0 {
		o.t.Errorf("got %d arrivals, and %d processes that lived to be asked: nothing was tested", arrived, o.ready)
	}
	// The last process was ended with messages just delivered; nobody else's are left.
	if most := 2 * o.routes; unseen > most {
		o.t.Errorf("got %d messages delivered and never seen, want at most the %d that were on their way at the end", unseen, most)
	}
	o.checkLines(ends)
}

// checkLines holds that each outcome was told, and told once, save for what is marked.
func (o *ordeal) checkLines(ends map[probe.ID]probe.Status) {
	o.t.Helper()
	told := make(map[string]int)
	for _, l := range o.lines {
		if told[l.ID]++; told[l.ID] > 1 && !l.Again && !o.forgetful {
			o.t.Errorf("message %s was told twice, the second time not as told again", l.ID)
		}
	}
	for id, status := range ends {
		if status != "" && told[id.String()] == 0 {
			o.t.Errorf("message %v ended as %s, and no line tells it", id, status)
		}
	}
}

// A kill -9 at any instant loses nothing, counts nothing twice and tells no lie.
func TestKillAtAnyInstant(t *testing.T) {
	o := worldOrdeal(t, t.TempDir())
	for range kills(t) {
		o.killOne()
	}
	o.check(o.finish())
}

// The same, with a clock that is an hour off in one process and right in the next.
func TestKillWhileTheClockIsMoved(t *testing.T) {
	o := worldOrdeal(t, t.TempDir())
	for range max(2, kills(t)/2) {
		o.ahead = []int{-3600, 0, 3600}[o.random.IntN(3)]
		o.killOne()
	}
	o.ahead = 0
	o.check(o.finish())
}

// The same over real servers.
func TestKillAtAnyInstantOverRealServers(t *testing.T) {
	o := realOrdeal(t)
	for range max(3, kills(t)/10) {
		o.killOne()
	}
	o.check(o.finish())
}

// smallDisk is a file system of a few hundred kilobytes, which can be filled up.
type smallDisk struct {
	t    *testing.T
	path string
}

func newSmallDisk(t *testing.T) *smallDisk {
	t.Helper()
	d := &smallDisk{t: t, path: t.TempDir()}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4m", "mailpath-test", d.path).CombinedOutput(); err != nil {
		t.Fatalf("mounting a small disk, which wants root: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", d.path).CombinedOutput(); err != nil {
			t.Errorf("unmounting: %v: %s", err, out)
		}
	})
	return d
}

// fill takes all the room there is, or gives it back.
func (d *smallDisk) fill(full bool) {
	d.t.Helper()
	filler := filepath.Join(d.path, "filler")
	if !full {
		if err := os.RemoveAll(filler); err != nil {
			d.t.Fatal(err)
		}
		return
	}
	f, err := os.OpenFile(filler, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	for page := make([]byte, 4096); err == nil; {
		_, err = f.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatal(err)
	}
}

// The same while the disk fills up and is freed again. What was told while it was
// full, and forgotten by the kill, may be told again: nobody can know.
func TestKillWhileTheDiskFillsUp(t *testing.T) {
	disk := newSmallDisk(t)
	o := worldOrdeal(t, disk.path)
	o.killOne() // so that there is a journal
	filled := 0
	for range max(3, kills(t)/2) {
		full := o.random.IntN(3) > 0
		turn := time.AfterFunc(time.Duration(o.random.Int64N(int64(1500*time.Millisecond))), func() { disk.fill(full) })
		o.killOne()
		if !turn.Stop() && full {
			filled++
			o.forgetful = true
		}
	}
	disk.fill(false)
	if filled == 0 {
		disk.fill(true)
		o.forgetful = true
		o.killOne()
		disk.fill(false)
	}
	o.check(o.finish())
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// receiver is a program that is told of incidents.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	got  []telling
	deny bool // it answers that it cannot
}

// telling is one request that a receiver took.
type telling struct {
	Key      string `json:"-"`
	Body     string `json:"-"`
	Sequence probe.Seq
	Event    string
	Step     string
	Again    bool
	Note     *situation.Update
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := new(receiver)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		one := telling{Key: q.Header.Get("Idempotency-Key"), Body: string(body)}
		if err := errors.Join(err, json.Unmarshal(body, &one)); err != nil {
			t.Errorf("a webhook: %v: %s", err, body)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.deny {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		r.got = append(r.got, one)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) denying(deny bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deny = deny
}

func (r *receiver) told() []telling {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// config is what tells a mailpath of the receiver.
func (r *receiver) config() string {
	return fmt.Sprintf("webhooks:\n  recorder: {url: %q, format: generic}\n", r.URL)
}

// due are the events of a journal that a receiver is to be told of, by number.
func (x *told) due() []probe.Seq {
	x.t.Helper()
	response, err := http.Get(x.child.url + "/api/v1/journal?kind=incident_changed&kind=note&kind=maintenance")
	if err != nil {
		x.t.Fatal(err)
	}
	defer response.Body.Close()
	var due []probe.Seq
	for lines := json.NewDecoder(response.Body); ; {
		var line struct {
			Seq  probe.Seq
			Step probe.IncidentStep
		}
		if err := lines.Decode(&line); err == io.EOF {
			return due
		} else if err != nil {
			x.t.Fatal(err)
		}
		if line.Step != probe.IncidentProgressed {
			due = append(due, line.Seq)
		}
	}
}

// untilTold waits until a receiver has been told all that is in the journal by now.
func (x *told) untilTold(r *receiver) {
	x.t.Helper()
	due := x.due()
	x.child.waitFor(fmt.Sprintf("to tell a receiver of events %v", due), func() bool {
		got := r.told()
		return !slices.ContainsFunc(due, func(seq probe.Seq) bool {
			return !slices.ContainsFunc(got, func(one telling) bool { return one.Sequence == seq })
		})
	})
}

// checkTellings holds that nothing was told twice, and nothing under two names. With
// killed, a process may have been killed between telling and remembering: what the next one
// tells again has the same name and says so.
func checkTellings(t *testing.T, all []telling, killed bool) {
	t.Helper()
	byKey, bySequence := make(map[string]telling), make(map[probe.Seq]telling)
	last := probe.Seq(0)
	for _, one := range all {
		if one.Key == "" {
			t.Errorf("got a telling without an Idempotency-Key: %s", one.Body)
		}
		before, again := byKey[one.Key]
		switch {
		case again && !killed:
			t.Errorf("event %d was told twice, as %s", one.Sequence, one.Key)
		case again && (before.Sequence != one.Sequence || before.Event != one.Event || before.Step != one.Step || !one.Again):
			t.Errorf("got %s\nunder the same key as\n%s\nwant the same news, marked as told again", one.Body, before.Body)
		case !again && bySequence[one.Sequence].Key != "":
			t.Errorf("event %d was told as %s and as %s", one.Sequence, bySequence[one.Sequence].Key, one.Key)
		case !again && one.Sequence < last:
			t.Errorf("event %d was told behind event %d", one.Sequence, last)
		}
		byKey[one.Key], bySequence[one.Sequence], last = one, one, max(last, one.Sequence)
	}
}

// storyOf is what a restart must not change of an incident, as text.
func storyOf(i situation.Incident) string {
	text, _ := json.MarshalIndent(struct {
		ID                  string
		State               probe.IncidentState
		Began, Opened, Next time.Time
		Updates             []situation.Update
	}{i.ID, i.State, i.Began, i.Opened, i.NextUpdate, i.Updates}, "", " ")
	return string(text)
}

// A restart in the middle of an incident, by a kill -9 or in peace, shows the same
// incident, and tells receivers nothing twice.
func TestKillInAnIncident(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	x := newTold(t, nil, r.config())
	x.start()
	x.untilHealthy()
	x.doubt()
	i := x.settle()
	for _, text := range []string{"The vendor is called.", "The vendor's patch is being installed."} {
		if a := x.announce(map[string]any{"text": text, "by": "Kim", "next_seconds": 900}); a.Incident != i.ID || !a.Durable {
			t.Errorf("announcing: got %+v, want it durable and about incident %s", a, i.ID)
		}
	}
	x.untilTold(r)
	i = x.untilIncident(probe.Identified)
	if len(i.Updates) != 2 || i.Updates[1].Text != "The vendor's patch is being installed." || i.Updates[1].By != "Kim" {
		t.Errorf("got updates %+v, want both", i.Updates)
	}
	killed := false
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL, syscall.SIGTERM} {
		x.child.end(signal)
		killed = killed || signal == syscall.SIGKILL
		x.start()
		x.sameIncident(i, signal)
	}
	before := len(r.told())
	x.must(x.world.Repair(brokenComponent))
	over := x.untilIncident(probe.Resolved)
	if over.ID != i.ID || !over.Began.Equal(i.Began) || len(over.Updates) != 2 {
		t.Errorf("after the repair: got incident %+v, want %s to be over", over, i.ID)
	}
	x.untilTold(r)
	if after := len(r.told()); after == before {
		t.Error("got no telling of the repair, want some")
	}
	x.child.end(syscall.SIGTERM)
	x.start()
	x.sameIncident(over, syscall.SIGTERM)
	x.untilTold(r)
	checkTellings(t, r.told(), killed)
}

// sameIncident holds that the incident before a restart is shown after it, and no other.
func (x *told) sameIncident(before situation.Incident, signal syscall.Signal) {
	x.t.Helper()
	var all struct{ Incidents []situation.Incident }
	x.ask("/api/v1/incidents", &all)
	if len(all.Incidents) != 1 {
		x.t.Fatalf("after %v: got %d incidents, want 1: %+v", signal, len(all.Incidents), all.Incidents)
	}
	if got, want := storyOf(all.Incidents[0]), storyOf(before); got != want {
		x.t.Errorf("after %v: got incident\n%s\nwant\n%s", signal, got, want)
	}
	now := all.Incidents[0].Timeline
	for n, e := range before.Timeline {
		if n >= len(now) || now[n].Step != e.Step || !now[n].At.Equal(e.At) {
			x.t.Errorf("after %v: got timeline\n%+v\nwant it to begin with\n%+v", signal, now, before.Timeline)
			break
		}
	}
}

// A kill -9 right after an announcement was answered loses nothing of it, and the next
// process tells the receivers.
func TestKillRightAfterAnnouncing(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	x := newTold(t, nil, r.config())
	var texts []string
	for n := range max(3, kills(t)/2) {
		x.start()
		texts = append(texts, fmt.Sprintf("Announcement %d: %s.", n, strings.Repeat("all is well, ", n)))
		a := x.announce(map[string]any{"text": texts[n]})
		x.child.end(syscall.SIGKILL)
		if !a.Durable {
			t.Errorf("announcement %d: got %+v, want it durable", n, a)
		}
	}
	x.start()
	shown := x.situation().Announcements
	for n, text := range texts {
		if !slices.ContainsFunc(shown, func(u situation.Update) bool { return u.Text == text }) {
			t.Errorf("announcement %d of %d is lost: got %+v", n, len(texts), shown)
		}
	}
	x.untilTold(r)
	all := r.told()
	checkTellings(t, all, true)
	for n, text := range texts {
		if !slices.ContainsFunc(all, func(one telling) bool { return one.Note != nil && one.Note.Text == text }) {
			t.Errorf("a receiver was not told announcement %d", n)
		}
	}
}

// What could not be told before a restart is told after it, in order and once.
func TestKillWhileAReceiverIsAway(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	x := newTold(t, nil, r.config())
	x.start()
	r.denying(true)
	for n := range 3 {
		x.announce(map[string]any{"text": fmt.Sprintf("Announcement %d.", n)})
	}
	x.child.end(syscall.SIGKILL)
	r.denying(false)
	x.start()
	x.untilTold(r)
	x.child.end(syscall.SIGTERM)
	told := len(r.told())
	x.start()
	x.announce(map[string]any{"text": "The last one."})
	x.untilTold(r)
	all := r.told()
	if len(all) != told+1 || told != 3 {
		t.Errorf("got %d tellings and then %d, want 3 and then 4", told, len(all))
	}
	checkTellings(t, all, false)
}

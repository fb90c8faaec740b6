package status

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// notes are what was announced, and how that ended.
type notes struct {
	facts []probe.Fact
	err   error
}

func (n *notes) announce(_ context.Context, f probe.Fact) error {
	n.facts = append(n.facts, f)
	return n.err
}

// send sends a form as alice's browser does.
func send(h http.Handler, body string, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodPost, "http://status.example.com/announce", strings.NewReader(body))
	r.SetBasicAuth("alice", "secret")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

const openID = "2026-11-24-0841"

// What is wrong is said in the form, with what was typed still in it, and nothing is announced.
func TestAFormWithAMistake(t *testing.T) {
	w, good, long := newWords(t, "en"), form("text", "Patching", "incident", openID, "next", "15"), strings.Repeat("ä", 2001)
	for _, c := range []struct {
		name, body string
		header     []string
		code       int
		phrase     string
		field, got string // where to mend it, and what is still there
	}{
		{"no such length", form("kind", "maintenance", "text", "Disks", "length", "17"), nil, 400, "form.error.duration", "m-length", "Disks"},
		{"too long", form("text", long), nil, 413, "form.error.long", "text", long},
		{"from another site", good, []string{"Sec-Fetch-Site", "cross-site"}, 403, "form.error.token", "", "Patching"},
		{"nothing that shows", form("text", " \u202e\u0007\n "), nil, 400, "form.error.empty", "text", ""},
		{"an incident that is over", form("text", "Patching", "incident", "2026-11-09-1410"), nil, 400, "form.error.incident", "incident", "Patching"},
		{"another origin", good, []string{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}, 403, "form.error.token", "", "Patching"},
		{"JSON", `{"text": "Patching"}`, []string{"Content-Type", "application/json"}, 415, "form.error.token", "", ""},
		{"no type", good, []string{"Content-Type", ""}, 415, "form.error.token", "", ""},
		{"a megabyte", form("text", strings.Repeat("ä", 1<<19)), nil, 413, "form.error.long", "text", strings.Repeat("ä", 9000)},
		{"no such promise", form("text", "Patching", "next", "-5"), nil, 400, "form.error.next", "next", "Patching"},
		{"no such route", form("kind", "maintenance", "text", "Disks", "length", "60", "route", "nowhere"), nil, 400, "form.error.route", "m-routes", "Disks"},
		{"an unknown incident", form("text", "Patching", "incident", "x"), nil, 400, "form.error.incident", "incident", "Patching"},
		{"a bad escape", "text=Patching&next=%zz", nil, 400, "form.error.other", "", "Patching"},
		{"empty", "", nil, 400, "form.error.empty", "text", ""},
		{"a length that is none", form("kind", "maintenance", "text", "Disks", "length", ""), nil, 400, "form.error.duration", "m-length", "Disks"},
		{"maintenance without a text", form("kind", "maintenance", "length", "60"), nil, 400, "form.error.empty", "m-text", ""},
	} {
		n := new(notes)
		p := pageOver(t, w, &testBoard{s: disrupted(probe.Identified)}, n.announce)
		r := send(p, c.body, c.header...)
		d := parse(t, c.name, bodyOf(t, r))
		d.check(t, "en")
		if r.StatusCode != c.code || len(n.facts) > 0 || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d, %s, announced %v; want %d, not kept, nothing", c.name, r.StatusCode, r.Header.Get("Cache-Control"), n.facts, c.code)
		}
		d.mistake(t, w, c.phrase, c.field)
		kept := d.ids["text"].text.String() + d.ids["m-text"].text.String()
		if !strings.Contains(kept, c.got) {
			t.Errorf("%s: got %.80q in the form, want %.80q", c.name, kept, c.got)
		}
	}
}

// mistake checks that a page says what is wrong, and where.
func (d *document) mistake(t *testing.T, w Words, phrase, field string) {
	t.Helper()
	problem := d.ids["problem-text"]
	if problem == nil {
		t.Fatalf("%s: got no word about what is wrong", d.target)
	}
	want := say(w, phrase, maxText)
	if got := problem.text.String(); got != want {
		t.Errorf("%s: got %q, want %q", d.target, got, want)
	}
	if got := strings.TrimPrefix(problem.attrs["href"], "#"); got != field || field != "" && d.ids[field] == nil {
		t.Errorf("%s: got a link to %q, want one to %q, which is there", d.target, got, field)
	}
}

// A field that is not there cannot be led to: the only incident has ended meanwhile.
func TestAFormAboutAnIncidentThatHasEnded(t *testing.T) {
	b := &testBoard{s: healthy(noon)}
	b.s.Directions = nil
	p := newPage(t, b, noAnnouncing)
	for _, body := range []string{form("text", "Patching", "incident", openID), form("kind", "maintenance", "text", "Disks", "length", "60", "route", "inside-hq")} {
		r := send(p, body)
		d := parse(t, body, bodyOf(t, r))
		d.follow(t, p, make(map[string]bool))
		if r.StatusCode != 400 || d.ids["problem"] == nil {
			t.Errorf("%s: got %d, want a mistake", body, r.StatusCode)
		}
	}
}

func TestWhoMayNotWrite(t *testing.T) {
	n := new(notes)
	b := &testBoard{s: disrupted(probe.Identified)}
	w := newWords(t, "en")
	writing, reading := pageOver(t, w, b, n.announce), pageOver(t, w, b, nil)
	unnamed, err := New(Config{Board: b, Words: w, Clock: probe.NewClock(), Announce: n.announce})
	if err != nil {
		t.Fatal(err)
	}
	want := say(w, "form.error.forbidden", nil)
	good := form("text", "Patching")
	for _, c := range []struct {
		name string
		got  func() *http.Response
	}{
		{"a page that only reads", func() *http.Response { return send(reading, good) }},
		{"mallory", func() *http.Response { return send(writing, good, "Authorization", "Basic bWFsbG9yeTp4") }},
		{"its form", func() *http.Response { return get(reading, "/announce", "alice") }},
		{"nobody", func() *http.Response { return send(writing, good, "Authorization", "") }},
		{"nobody known", func() *http.Response { return send(unnamed, good) }},
		{"nobody's form", func() *http.Response { return get(writing, "/announce", "") }},
	} {
		r := c.got()
		d := parse(t, c.name, bodyOf(t, r))
		if r.StatusCode != 403 || !strings.Contains(d.elements[0].text.String(), want) || len(d.all("form")) > 0 {
			t.Errorf("%s: got %d, %d forms; want 403, words, none", c.name, r.StatusCode, len(d.all("form")))
		}
	}
	if len(n.facts) > 0 {
		t.Errorf("announced %v, want nothing", n.facts)
	}
}

var maintenanceID = regexp.MustCompile(`^m-2026-11-24-0752-[a-z2-7]{4}$`)

// What is right is announced as it was meant, by whom it was written.
func TestWhatAFormAnnounces(t *testing.T) {
	w, s := newWords(t, "en"), disrupted(probe.Identified)
	for _, c := range []struct {
		name, body string
		header     []string
		want       probe.Fact
	}{
		{"an announcement", form("text", "Open house"), nil, probe.Note{Text: "Open house", By: "alice"}},
		{"maintenance of some", form("kind", "maintenance", "text", "Disks", "length", "120", "route", "inside-hq", "route", "hq-to-branch"), nil,
			probe.Maintenance{From: s.At, Until: s.At.Add(2 * time.Hour), Routes: []string{"inside-hq", "hq-to-branch"}, Text: "Disks", By: "alice"}},
		{"an update", form("kind", "update", "text", "Patching\r\n\r\n\r\nby \u202ethe vendor\u0007 ", "incident", openID, "next", "15"), nil,
			probe.Note{Text: "Patching\n\nby the vendor", By: "alice", Incident: openID, Next: s.At.Add(15 * time.Minute)}},
		{"as long as may be", form("text", strings.Repeat("\U00020000", 2000)), []string{"Sec-Fetch-Site", ""}, probe.Note{Text: strings.Repeat("\U00020000", 2000), By: "alice"}},
		{"maintenance of all", form("kind", "maintenance", "text", "Disks", "length", "15"), []string{"Sec-Fetch-Site", "", "Origin", "http://status.example.com"},
			probe.Maintenance{From: s.At, Until: s.At.Add(15 * time.Minute), Text: "Disks", By: "alice"}},
	} {
		n := new(notes)
		r := send(pageOver(t, w, &testBoard{s: s}, n.announce), c.body, c.header...)
		r.Body.Close()
		if got := r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther || got != "/announce?done=stored" || len(n.facts) != 1 {
			t.Errorf("%s: got %d to %q, announced %d; want 303 back to the form, one", c.name, r.StatusCode, got, len(n.facts))
			continue
		}
		got := n.facts[0]
		if m, is := got.(probe.Maintenance); is {
			if !maintenanceID.MatchString(m.ID) {
				t.Errorf("%s: got ID %q, want %v", c.name, m.ID, maintenanceID)
			}
			m.ID = ""
			got = m
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

// How announcing ends is told to who wrote.
func TestHowAnnouncingEnds(t *testing.T) {
	w := newWords(t, "en")
	for _, c := range []struct {
		err       error
		code      int
		to, retry string
		phrase    string
		detail    string
	}{
		{fmt.Errorf("announcing: %w", probe.ErrNotReady), 503, "", "5", "form.error.notready", ""},
		{fmt.Errorf("announcing: %w", probe.ErrNotDurable), 303, "/announce?done=unstored", "", "", ""},
		{fmt.Errorf("announcing: %w: got <b>", probe.ErrUnfit), 400, "", "", "form.error.other", "got <b>"},
		{errors.New("the disk is <on fire>"), 500, "", "", "form.error.other", "the disk is <on fire>"},
		{nil, 303, "/announce?done=stored", "", "", ""},
	} {
		n := &notes{err: c.err}
		r := send(pageOver(t, w, &testBoard{s: healthy(noon)}, n.announce), form("text", "Patching"))
		if r.StatusCode != c.code || r.Header.Get("Location") != c.to || r.Header.Get("Retry-After") != c.retry || len(n.facts) != 1 {
			t.Errorf("%v: got %d, %v, announced %d; want %d, %q, %q, one", c.err, r.StatusCode, r.Header, len(n.facts), c.code, c.to, c.retry)
		}
		if c.phrase == "" {
			continue
		}
		d := parse(t, fmt.Sprint(c.err), bodyOf(t, r))
		d.mistake(t, w, c.phrase, "")
		if text := d.ids["problem"].text.String(); !strings.Contains(text, c.detail) || !strings.Contains(d.ids["text"].text.String(), "Patching") {
			t.Errorf("%v: got %q, want %q in it, and what was typed kept", c.err, text, c.detail)
		}
	}
}

// The form offers the incident that began last, and says when a restart would forget what was written.
func TestTheForm(t *testing.T) {
	s := disrupted(probe.Identified)
	later := s.Incidents[0]
	later.ID = "2026-11-24-0850"
	s.Incidents = append([]situation.Incident{s.Incidents[0], later}, s.Incidents[1:]...)
	w := newWords(t, "en")
	p := pageOver(t, w, &testBoard{s: s}, noAnnouncing)
	d := parse(t, "/announce", bodyOf(t, get(p, "/announce", "alice")))
	var chosen []string
	for _, o := range d.all("option") {
		if _, is := o.attrs["selected"]; is {
			chosen = append(chosen, o.attrs["value"])
		}
	}
	if want := []string{"2026-11-24-0850", "15"}; !reflect.DeepEqual(chosen, want) {
		t.Errorf("got %q chosen, want %q", chosen, want)
	}
	for done, want := range map[string][]string{"unstored": {"form.done", "form.error.notdurable"}, "stored": {"form.done"}, "<b>": nil} {
		d := parse(t, done, bodyOf(t, get(p, "/announce?done="+url.QueryEscape(done), "alice")))
		for _, phrase := range []string{"form.done", "form.error.notdurable"} {
			text := say(w, phrase, nil)
			if got, want := strings.Contains(d.elements[0].text.String(), text), strings.Contains(strings.Join(want, " "), phrase); got != want {
				t.Errorf("done=%s: %q said: %v, want %v", done, text, got, want)
			}
		}
	}
}

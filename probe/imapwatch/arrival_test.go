package imapwatch_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
	"github.com/mailpath/mailpath/probe/probetest"
)

// bodies has bodies fetched.
func bodies(cfg *imapwatch.Config) { cfg.Bodies = true }

// headOf is the header of a raw message, and its body.
func headOf(raw []byte) (header, body string) {
	header, body, _ = strings.Cut(string(raw), "\r\n\r\n")
	return header + "\r\n\r\n", body
}

// An arrival costs the commands that find it and one for all else that is asked of it,
// none where nothing is.
func TestWhatAnArrivalCosts(t *testing.T) {
	const find, head = `UID FETCH 2:* (UID)`, `UID FETCH 2 (UID INTERNALDATE BODY.PEEK[HEADER]<0.262144>)`
	for name, c := range map[string]struct {
		caps string
		with func(*imapwatch.Config)
		want []string
	}{
		"nothing more":             {want: []string{find, head}},
		"its EMAILID":              {caps: "OBJECTID", want: []string{find, head, "UID FETCH 2 (EMAILID)"}},
		"its body":                 {with: bodies, want: []string{find, head, "UID FETCH 2 (BODY.PEEK[TEXT]<0.65536>)"}},
		"its body and its EMAILID": {caps: "OBJECTID", with: bodies, want: []string{find, head, "UID FETCH 2 (EMAILID BODY.PEEK[TEXT]<0.65536>)"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{validity: 1, caps: c.caps, configure: c.with, text: "a body\r\n", messages: []string{boss}}
			watchScripted(t, s, time.Second, func(w *watched) {
				<-w.looks
				before := len(s.heard())
				header, id := headerOf(w.clock)
				s.add(header)
				_, o := w.await(id)
				var got []string
				for _, command := range strings.Split(s.heard()[before:], "\n") {
					if command != "" && command != "NOOP" {
						got = append(got, command)
					}
				}
				if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
				}
				if (c.with != nil) != (string(o.Body) == "a body\r\n") || (c.caps != "") != (o.EmailID == "M2") {
					t.Errorf("got body %q and EMAILID %q, want what was asked for", o.Body, o.EmailID)
				}
			})
		})
	}
}

// Without its body an arrival counts all the same.
func TestBodiesThatAreNotGiven(t *testing.T) {
	const text = `^UID FETCH .*TEXT`
	instead := func(on, text string) []saying { return []saying{{on: on, text: text + "%T OK\r\n", instead: true}} }
	for name, c := range map[string]struct {
		caps  string
		says  []saying
		want  string // (nil): none
		id    string
		asked int
	}{
		"given":                            {want: "text", asked: 1},
		"given, in pieces":                 {caps: "OBJECTID", says: instead(text, "* 1 FETCH (UID 1 EMAILID (Mx))\r\n* 1 FETCH (FLAGS ())\r\n* 1 FETCH (BODY[TEXT]<0> \"te\" UID 1)\r\n"), want: "te", id: "Mx", asked: 1},
		"given empty":                      {says: instead(text, "* 1 FETCH (UID 1 BODY[TEXT]<0> {0}\r\n)\r\n"), asked: 1},
		"given as NIL":                     {says: instead(text, "* 1 FETCH (UID 1 BODY[TEXT] NIL)\r\n"), asked: 1},
		"given of another":                 {says: instead(text, "* 1 FETCH (UID 7 BODY[TEXT] \"x\")\r\n"), want: "(nil)", asked: 2},
		"more than was asked for":          {says: instead(text, "* 1 FETCH (UID 1 BODY[TEXT] {70000}\r\n"+strings.Repeat("x", 70000)+")\r\n"), want: strings.Repeat("x", 64<<10), asked: 1},
		"not given":                        {says: instead(text, ""), want: "(nil)", asked: 2},
		"refused":                          {says: []saying{{on: text, text: "%T NO no\r\n", instead: true}}, want: "(nil)", asked: 2},
		"not given with EMAILID":           {caps: "OBJECTID", says: []saying{{on: `^UID FETCH .*EMAILID`, text: "%T BAD what?\r\n", instead: true}}, want: "text", asked: 2},
		"not given, but the EMAILID":       {caps: "OBJECTID", says: instead(text, "* 1 FETCH (UID 1 EMAILID (Mx))\r\n"), want: "(nil)", id: "Mx", asked: 2},
		"the message has gone in the mean": {says: instead(text, "* 1 EXPUNGE\r\n"), want: "(nil)", asked: 2},
	} {
		t.Run(name, func(t *testing.T) {
			header, id := headerOf(probe.NewClock())
			s := &scripted{validity: 1, caps: c.caps, configure: bodies, says: c.says, text: "text", messages: []string{header}}
			watchScripted(t, s, time.Hour, func(w *watched) {
				_, o := w.await(id)
				if c.want == "(nil)" && o.Body != nil || c.want != "(nil)" && (o.Body == nil || string(o.Body) != c.want) || o.EmailID != c.id {
					t.Errorf("got body %.20q (nil %v) of %d bytes and EMAILID %q, want %.20q of %d and %q", o.Body, o.Body == nil, len(o.Body), o.EmailID, c.want, len(c.want), c.id)
				}
				if got := s.count("UID FETCH .*TEXT"); got != c.asked || len(w.problems()) > 0 {
					t.Errorf("asked %d times for bodies, blind %v, want %d times and no blindness\n%s", got, w.problems(), c.asked, s.heard())
				}
			})
		})
	}
}

// A server that hangs, or hangs up, whenever it is asked for a body makes nobody blind
// for good: for a while it is not asked.
func TestHangingOverBodiesIsNotForGood(t *testing.T) {
	for name, c := range map[string]struct {
		saying saying
		report bool
	}{
		"silence":               {saying: saying{on: "TEXT", instead: true}},
		"it hangs up":           {saying: saying{on: "TEXT", cut: true}},
		"more than can be held": {saying: saying{on: "TEXT", text: "* 1 FETCH (UID 1 BODY[TEXT] {400000}\r\n", instead: true}},
		"silence at a report":   {saying: saying{on: "TEXT", instead: true}, report: true},
	} {
		t.Run(name, func(t *testing.T) {
			header, id := headerOf(probe.NewClock())
			s := &scripted{validity: 1, configure: bodies, text: "text", messages: []string{header}, says: []saying{c.saying}}
			if c.report {
				report, _ := headOf(probetest.Bounce(probetest.Message(probe.NewClock(), "a@example.org", "b@example.com")))
				s.messages = []string{report, header}
			}
			watchScripted(t, s, time.Second, func(w *watched) {
				began := w.clock.Now()
				if _, o := w.await(id); o.Body != nil || w.clock.Since(began) > time.Minute {
					t.Errorf("got body %q after %v, want none soon", o.Body, w.clock.Since(began))
				}
				if got := w.problems(); len(got) != 1 {
					t.Errorf("got blindness %v, want it once", got)
				}
				s.change(func() { s.says = nil })
				header, id = headerOf(w.clock)
				s.add(header)
				if _, o := w.await(id); o.Body != nil {
					t.Errorf("got body %q, want none for ten minutes", o.Body)
				}
				for until := w.clock.Now().Add(11 * time.Minute); w.clock.Now().Before(until); {
					<-w.looks
				}
				s.change(func() { s.says = []saying{{on: "^NOOP", cut: true}} }) // another connection asks again
				w.problem()
				s.change(func() { s.says = nil })
				header, id = headerOf(w.clock)
				s.add(header)
				if _, o := w.await(id); string(o.Body) != "text" {
					t.Errorf("got body %q, want it asked for again", o.Body)
				}
			})
		})
	}
}

// However long its body takes, a message was shown when its header was.
func TestBodiesDoNotMoveTheLook(t *testing.T) {
	header, id := headerOf(probe.NewClock())
	s := &scripted{validity: 1, configure: bodies, text: "text", says: []saying{{on: "TEXT", after: time.Second}}}
	watchScripted(t, s, 0, func(w *watched) {
		<-w.looks
		time.Sleep(time.Second) // until it is in IDLE
		began := w.clock.Now()
		s.add(header)
		s.push("* 1 EXISTS\r\n")
		l, o := w.await(id)
		if l.Ended.Sub(began) > 200*time.Millisecond || string(o.Body) != "text" || w.clock.Since(began) < time.Second {
			t.Errorf("got it shown after %v, body %q after %v, want it shown when it was told", l.Ended.Sub(began), o.Body, w.clock.Since(began))
		}
	})
}

// What was fetched to find the tag is not fetched again.
func TestABodyIsFetchedOnce(t *testing.T) {
	for name, with := range map[string]func(*imapwatch.Config){"wanted": bodies, "not wanted": nil} {
		t.Run(name, func(t *testing.T) {
			m := probetest.Message(probe.NewClock(), "a@example.org", "b@example.com")
			_, body := headOf(m.Raw)
			s := &scripted{validity: 1, configure: with, text: body, messages: []string{"From: a@example.org\r\n\r\n"}}
			watchScripted(t, s, time.Hour, func(w *watched) {
				_, o := w.await(m.Tag.ID)
				if o.Carrier != probe.InBody || s.count("UID FETCH .*TEXT") != 1 || with != nil && string(o.Body) != body || with == nil && o.Body != nil {
					t.Errorf("got it in the %s with body %q, want it in the body, fetched once\n%s", o.Carrier, o.Body, s.heard())
				}
			})
		})
	}
}

// A report is shown as one, whatever of its body the server gives.
func TestReportsAreShown(t *testing.T) {
	m := probetest.Message(probe.NewClock(), "a@example.org", "b@example.com")
	header, body := headOf(probetest.Bounce(m))
	foreign := strings.ReplaceAll(body, "mp1", "mp0")
	for name, c := range map[string]struct {
		text   string
		says   []saying
		found  bool
		bodies int
	}{
		"about a message of ours":   {text: body, found: true, bodies: 1},
		"about somebody else's":     {text: foreign, bodies: 1},
		"without a body":            {bodies: 2},
		"the body is refused":       {says: []saying{{on: "TEXT", text: "%T OK\r\n", instead: true}}, text: body, bodies: 2},
		"the tag is far behind":     {text: strings.Repeat("x", 200<<10) + body, found: true, bodies: 1},
		"it is behind all there is": {text: strings.Repeat("x", 256<<10) + body, bodies: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{validity: 1, text: c.text, says: c.says, messages: []string{boss, header}, caps: "OBJECTID", configure: bodies}
			watchScripted(t, s, time.Second, func(w *watched) {
				l := <-w.looks
				if len(l.Found) > 1 || len(l.Found) == 1 != c.found {
					t.Fatalf("got %+v, want the report %v\n%s", l.Found, c.found, s.heard())
				}
				if got := s.count("UID FETCH 2 .*TEXT"); got != c.bodies || s.count("UID FETCH 1 .*TEXT") > 0 || s.count(".*EMAILID") > 0 {
					t.Errorf("asked for the body %d times, want %d, and for no other's, and no EMAILID\n%s", got, c.bodies, s.heard())
				}
				if c.found {
					o := l.Found[0]
					want := probe.Ref{Folder: "INBOX", UIDValidity: 1, UID: 2}
					if o.Report == nil || o.Report.Kind != probe.ReportFailed || o.Tag.ID != m.Tag.ID || o.Carrier != "" || o.Place != "" || o.Body != nil || o.Ref != want || o.Mailbox != "hq" || string(o.Header) != header {
						t.Errorf("got %+v with report %+v, want the report", o, o.Report)
					}
				}
				<-w.looks
				if got := w.problems(); len(got) > 0 {
					t.Errorf("got blindness %v, want none", got)
				}
			})
		})
	}
}

// A body that was fetched for a tag serves the report as well, if it is all there is.
func TestAReportsBodyIsFetchedOnce(t *testing.T) {
	m := probetest.Message(probe.NewClock(), "a@example.org", "b@example.com")
	_, body := headOf(probetest.Bounce(m))
	const header = "From: a@example.org\r\n\r\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"all of it": {strings.ReplaceAll(body, "\r\n", "\r\n> "), []string{"65536"}},
		"a part":    {strings.Repeat("x", 70<<10) + strings.ReplaceAll(body, "\r\n", "\r\n> "), []string{"65536", "262144"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{validity: 1, text: c.text, messages: []string{header}}
			s.configure = func(cfg *imapwatch.Config) {
				cfg.Matcher = probe.NewMatcher(probetest.Keyring(), []string{"a@example.org"}, anyReport{})
			}
			watchScripted(t, s, time.Hour, func(w *watched) {
				l := <-w.looks
				got := []string{}
				for _, m := range regexp.MustCompile(`TEXT\]<0\.(\d+)>`).FindAllStringSubmatch(s.heard(), -1) {
					got = append(got, m[1])
				}
				if len(l.Found) != 1 || l.Found[0].Report == nil || strings.Join(got, " ") != strings.Join(c.want, " ") {
					t.Errorf("got %d found, having asked for %v, want a report and %v\n%s", len(l.Found), got, c.want, s.heard())
				}
			})
		})
	}
}

// anyReport takes everything for a report.
type anyReport struct{}

func (anyReport) MayReport(probe.Header) bool { return true }
func (anyReport) Read(_, body []byte) (probe.Report, []string, bool) {
	return probe.Report{Kind: probe.ReportAnswer}, []string{strings.ReplaceAll(string(body), "> ", "")}, true
}

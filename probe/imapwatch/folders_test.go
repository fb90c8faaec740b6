package imapwatch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
)

// whereFound is the folders that the first look finds a message in, each with its place,
// where all folders hold the same message.
func whereFound(l probe.Look) string {
	var found []string
	for _, o := range l.Found {
		found = append(found, o.Ref.Folder+"="+string(o.Place))
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}

func TestFoldersAndTheirPlaces(t *testing.T) {
	const extended = "SPECIAL-USE LIST-EXTENDED"
	anyJunk := []string{"INBOX", imapwatch.JunkFolder}
	refused := func(on string) []saying { return []saying{{on: on, text: "%T BAD what?\r\n", instead: true}} }
	for name, c := range map[string]struct {
		folders []string
		caps    string
		lists   []string
		says    []saying
		place   probe.Place
		want    string
		asked   int // how often LIST was said
	}{
		"marked":                            {folders: anyJunk, caps: extended, lists: []string{`(\HasNoChildren) "/" INBOX`, `(\Junk) "/" Sp&AOQ-m`, `() "/" Junk`}, want: "INBOX=inbox Späm=junk", asked: 1},
		"marked, others' as well":           {folders: anyJunk, lists: []string{`(\Junk) "/" shared/bob/Junk`, `(\Junk) "." user.bob.Junk`, `(\Junk) "/" Crap`, `(\Junk) "/" Team/Spam`}, want: "Crap=junk INBOX=inbox", asked: 1},
		"marked, others' alone":             {folders: anyJunk, lists: []string{`(\Junk) "/" Mail/Crap`}, want: "INBOX=inbox Mail/Crap=junk", asked: 1},
		"marked, in any case":               {folders: []string{"inbox", `\junk`}, lists: []string{`(\hasNoChildren \JUNK) "." "INBOX.Quarant&AOQ-ne"`}, want: "INBOX.Quarantäne=junk INBOX=inbox", asked: 1},
		"marked, without being asked":       {folders: anyJunk, lists: []string{`(\Junk) "/" {4}` + "\r\nOdd}"}, want: "INBOX=inbox Odd}=junk", asked: 1},
		"marked, and RETURN is not known":   {folders: anyJunk, caps: extended, says: refused("RETURN"), lists: []string{`(\Junk) NIL Crap`}, want: "Crap=junk INBOX=inbox", asked: 2},
		"marked twice":                      {folders: anyJunk, lists: []string{`(\Junk) "/" A`, `(\Junk) "/" B`, `(\Junk) "/" A`}, want: "A=junk B=junk INBOX=inbox", asked: 1},
		"marked, and configured as well":    {folders: []string{"Crap", "INBOX", imapwatch.JunkFolder}, lists: []string{`(\Junk) "/" Crap`}, want: "Crap=junk INBOX=inbox", asked: 1},
		"marked in UTF-8":                   {folders: anyJunk, caps: "IMAP4rev2", lists: []string{`(\Junk) "/" "Unerwünscht"`}, want: "INBOX=inbox Unerwünscht=junk", asked: 1},
		"in a name that looks like UTF-7":   {folders: anyJunk, lists: []string{`(\Junk) "/" "R&D"`, `(\Junk) "/" "A&-B"`}, want: "A&B=junk INBOX=inbox R&D=junk", asked: 1},
		"by name":                           {folders: anyJunk, caps: extended, lists: []string{`() "/" INBOX`, `() "/" Archive/Spam`, `(\HasChildren) "/" "Junk E-Mail"`, `() "/" Projects`}, want: "INBOX=inbox Junk E-Mail=junk", asked: 2},
		"by name, below INBOX":              {folders: anyJunk, lists: []string{`() "." "INBOX.spam"`, `() "." "INBOX.Old.spam"`}, want: "INBOX.spam=junk INBOX=inbox", asked: 1},
		"by name, in German":                {folders: anyJunk, lists: []string{`() "/" "Unerw&APw-nscht"`, `() "\\" "Bulk Mail"`}, want: "Bulk Mail=junk INBOX=inbox Unerwünscht=junk", asked: 1},
		"by name, as Google has them":       {folders: anyJunk, lists: []string{`(\Noselect) "/" "[Gmail]"`, `() "/" "[Gmail]/Spam"`}, want: "INBOX=inbox [Gmail]/Spam=junk", asked: 1},
		"none":                              {folders: anyJunk, lists: []string{`() "/" INBOX`}, want: "INBOX=inbox", asked: 1},
		"none, and no other is named":       {folders: []string{imapwatch.JunkFolder}, want: "INBOX=inbox", asked: 1},
		"no other is named":                 {folders: []string{imapwatch.JunkFolder}, lists: []string{`() "/" Junk`}, want: "Junk=junk", asked: 1},
		"only such as cannot be opened":     {folders: anyJunk, lists: []string{`(\Junk \Noselect) "/" A`, `(\NonExistent \Junk) "/" B`, `(\Noselect) "/" Spam`}, want: "INBOX=inbox", asked: 1},
		"answers that cannot be read":       {folders: anyJunk, lists: []string{``, `(`, `()`, `() "/"`, `() "/" `, `() "/`, `() "/" "Ju`, `x "/" Junk`, `() x Spam extra`, `() "/" "Sp` + "\x07" + `am"`}, want: "INBOX=inbox Spam=junk", asked: 1},
		"all configured, one marked":        {folders: []string{"INBOX", "Crap", "Spam", "Lists", "Old spam"}, lists: []string{`(\Junk) "/" Crap`, `(\Archive) "/" "Old spam"`}, want: "Crap=junk INBOX=inbox Lists=other Old spam=other Spam=junk", asked: 4},
		"all configured, LIST is not known": {folders: []string{"INBOX", "Unerwünscht", "Lists"}, says: refused("LIST"), want: "INBOX=inbox Lists=other Unerwünscht=junk", asked: 1},
		"INBOX alone":                       {folders: []string{"INBOX"}, want: "INBOX=inbox"},
		"a quarantine":                      {folders: []string{"INBOX", "Spam"}, place: probe.Quarantine, want: "INBOX=quarantine Spam=quarantine"},
		"a quarantine with a Junk folder":   {folders: anyJunk, place: probe.Quarantine, lists: []string{`(\Junk) "/" Crap`}, want: "Crap=quarantine INBOX=quarantine", asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			header, _ := headerOf(probe.NewClock())
			s := &scripted{validity: 1, folders: c.folders, caps: c.caps, lists: c.lists, says: c.says, messages: []string{header}}
			s.configure = func(cfg *imapwatch.Config) { cfg.Place = c.place }
			watchScripted(t, s, time.Second, func(w *watched) {
				if got := whereFound(<-w.looks); got != c.want || s.count("LIST") != c.asked {
					t.Errorf("got %s, and %d LIST commands, want %s and %d\n%s", got, s.count("LIST"), c.want, c.asked, s.heard())
				}
				<-w.looks
				if got := w.problems(); len(got) > 0 {
					t.Errorf("got blindness %v, want none\n%s", got, s.heard())
				}
			})
		})
	}
}

// A server that makes the folder when it first needs it is asked again, and what was
// found there before the connection was lost is not found again.
func TestAFolderForJunkThatComesLater(t *testing.T) {
	header, _ := headerOf(probe.NewClock())
	s := &scripted{validity: 1, folders: []string{"INBOX", imapwatch.JunkFolder}, messages: []string{header}}
	watchScripted(t, s, time.Second, func(w *watched) {
		if got := whereFound(<-w.looks); got != "INBOX=inbox" {
			t.Errorf("got %s, want INBOX=inbox", got)
		}
		s.change(func() { s.lists = []string{`(\Junk) "/" Crap`} })
		began := w.clock.Now()
		l := <-w.looks
		for len(l.Found) == 0 && w.clock.Since(began) < time.Hour {
			l = <-w.looks
		}
		if got, took := whereFound(l), w.clock.Since(began); got != "Crap=junk" || took > 62*time.Second {
			t.Errorf("got %s after %v, want Crap=junk within a minute", got, took)
		}
		for range 200 {
			if l := <-w.looks; len(l.Found) > 0 {
				t.Errorf("got %s again", whereFound(l))
			}
		}
		if got := s.count("LIST"); got != 2 {
			t.Errorf("asked for folders %d times, want twice: there is one since", got)
		}
		s.change(func() { s.says = []saying{{on: "^NOOP", cut: true}} })
		w.problem()
		s.change(func() { s.says = nil })
		for range 10 {
			if l := <-w.looks; len(l.Found) > 0 {
				t.Errorf("got %s again, after another connection", whereFound(l))
			}
		}
	})
}

// A server of both revisions is told to speak the newer one before it is asked for names.
func TestNamesAreSaidAsTheyAreUnderstood(t *testing.T) {
	for name, c := range map[string]struct {
		caps, list, want string
		enabled          int
	}{
		"both revisions": {"IMAP4rev2", `(\Junk) "/" Sp&AOQ-m`, `EXAMINE "Späm"`, 1},
		"the older one":  {"", `(\Junk) "/" Sp&AOQ-m`, `EXAMINE "Sp&AOQ-m"`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{validity: 1, folders: []string{"INBOX", imapwatch.JunkFolder}, caps: c.caps, lists: []string{c.list}}
			watchScripted(t, s, time.Second, func(w *watched) {
				<-w.looks
				before, after, _ := strings.Cut(s.heard(), "\nLIST")
				if !strings.Contains(after, c.want) || strings.Count(before, "ENABLE IMAP4rev2") != c.enabled || strings.Contains(after, "ENABLE") {
					t.Errorf("got\n%s\nwant %s, and ENABLE %d times before LIST", s.heard(), c.want, c.enabled)
				}
			})
		})
	}
}

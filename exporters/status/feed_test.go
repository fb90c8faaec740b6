package status

import (
	"encoding/xml"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

// feedSituation is one with something of each kind in it, hostile texts among them.
func feedSituation() (situation.Situation, []situation.Incident) {
	s := situation.Situation{
		At: apiStart, Prober: "hq-1", Company: `Example & "Co" <Ltd>`, URL: "https://status.example.com/",
		Maintenance: []situation.Maintenance{
			{ID: "m", From: apiStart.Add(time.Hour), Until: apiStart.Add(26 * time.Hour), Told: apiStart.Add(-time.Hour), Text: "<b>Patch</b> day\nof the gateway"},
			{ID: "n", From: apiStart.Add(time.Hour), Until: apiStart.Add(2 * time.Hour), Told: apiStart.Add(-3 * time.Hour)},
		},
		Announcements: []situation.Update{{At: apiStart.Add(-2 * time.Hour), Text: "Phones]]> are & fine\n\x01"}},
	}
	return s, []situation.Incident{
		{ID: "2026-11-24-0810", State: probe.Identified, Opened: apiStart.Add(-30 * time.Minute), Changed: apiStart.Add(-time.Minute)},
		{ID: "../x?y", State: probe.Resolved, Opened: apiStart.Add(-50 * time.Hour), Changed: apiStart.Add(-49 * time.Hour)},
	}
}

// readFeed is a feed as somebody else reads it.
type readFeed struct {
	XMLName xml.Name
	Lang    string      `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
	ID      []string    `xml:"http://www.w3.org/2005/Atom id"`
	Title   []string    `xml:"http://www.w3.org/2005/Atom title"`
	Updated []string    `xml:"http://www.w3.org/2005/Atom updated"`
	Author  []string    `xml:"http://www.w3.org/2005/Atom author>name"`
	Links   []atomLink  `xml:"http://www.w3.org/2005/Atom link"`
	Entries []readEntry `xml:"http://www.w3.org/2005/Atom entry"`
}

type readEntry struct {
	ID        []string   `xml:"http://www.w3.org/2005/Atom id"`
	Title     []string   `xml:"http://www.w3.org/2005/Atom title"`
	Updated   []string   `xml:"http://www.w3.org/2005/Atom updated"`
	Published []string   `xml:"http://www.w3.org/2005/Atom published"`
	Links     []atomLink `xml:"http://www.w3.org/2005/Atom link"`
	Content   []atomText `xml:"http://www.w3.org/2005/Atom content"`
}

func read(t *testing.T, cfg Config, s situation.Situation, incidents []situation.Incident) readFeed {
	t.Helper()
	f, err := cfg.atom(s, incidents)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := xml.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var got readFeed
	if err := xml.Unmarshal(raw, &got); err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	return got
}

var feedID = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// once checks what RFC 4287 sections 4.1.1 and 4.1.2 want exactly once in a feed and in
// an entry, and that it is of the right kind.
func once(t *testing.T, of string, ids, titles, updates []string) {
	t.Helper()
	if len(ids) != 1 || !feedID.MatchString(ids[0]) {
		t.Errorf("%s: got ids %q, want one URN", of, ids)
	}
	if len(titles) != 1 || strings.TrimSpace(titles[0]) == "" {
		t.Errorf("%s: got titles %q, want one", of, titles)
	}
	if len(updates) != 1 {
		t.Fatalf("%s: got updated %q, want one", of, updates)
	}
	if _, err := time.Parse(time.RFC3339, updates[0]); err != nil {
		t.Errorf("%s: got updated %q: %v", of, updates[0], err)
	}
}

func links(t *testing.T, all []atomLink) {
	t.Helper()
	for i, l := range all {
		if u, err := url.Parse(l.Href); err != nil || !u.IsAbs() || u.RawQuery != "" {
			t.Errorf("got link %q, want an absolute one: %v", l.Href, err)
		}
		if slices.ContainsFunc(all[:i], func(o atomLink) bool { return o.Rel == l.Rel && o.Type == l.Type }) {
			t.Errorf("got two links %+v, want one of each (RFC 4287 section 4.1.1)", l)
		}
	}
}

func TestTheFeedIsAtom(t *testing.T) {
	cfg := apiConfig(t)
	s, incidents := feedSituation()
	f := read(t, cfg, s, incidents)
	if f.XMLName != (xml.Name{Space: "http://www.w3.org/2005/Atom", Local: "feed"}) || f.Lang != cfg.Words.Language() {
		t.Errorf("got %v in %q, want a feed", f.XMLName, f.Lang)
	}
	once(t, "feed", f.ID, f.Title, f.Updated)
	links(t, f.Links)
	if len(f.Author) != 1 || f.Author[0] != s.Company || len(f.Links) != 2 || f.Links[0].Rel != "self" || f.Links[0].Href != "https://status.example.com/feed.atom" {
		t.Errorf("got author %q, links %+v", f.Author, f.Links)
	}
	ids := f.ID
	for i, e := range f.Entries {
		once(t, "entry", e.ID, e.Title, e.Updated)
		links(t, e.Links)
		if len(e.Content) != 1 || e.Content[0].Type != "text" || len(e.Published) != 1 || len(e.Links) != 1 {
			t.Errorf("%s: got content %+v, published %q, links %+v", e.Title, e.Content, e.Published, e.Links)
		}
		if slices.Contains(ids, e.ID[0]) {
			t.Errorf("got id %q twice", e.ID[0])
		}
		ids = append(ids, e.ID[0])
		if i > 0 && e.Updated[0] > f.Entries[i-1].Updated[0] {
			t.Errorf("got %s behind %s, want the newest first", e.Updated[0], f.Entries[i-1].Updated[0])
		}
	}
	if len(f.Entries) != 5 || f.Updated[0] != "2026-11-24T08:39:00Z" || f.Entries[1].Title[0] != "<b>Patch</b> day" || f.Entries[2].Content[0].Text != "Phones]]> are & fine\n\ufffd" {
		t.Errorf("got updated %s, entries %+v", f.Updated[0], f.Entries)
	}
	if want := "2026-11-24 09:40 – 10:40 UTC"; f.Entries[3].Title[0] != want {
		t.Errorf("a maintenance without words: got title %q, want %q", f.Entries[3].Title[0], want)
	}
	if want := "https://status.example.com/incidents/..%2Fx%3Fy"; f.Entries[4].Links[0].Href != want {
		t.Errorf("got link %q, want %q", f.Entries[4].Links[0].Href, want)
	}
}

// An entry keeps its id while it is updated, also when the page moves; another prober's are others.
func TestTheFeedsIDsStay(t *testing.T) {
	cfg := apiConfig(t)
	s, incidents := feedSituation()
	before := read(t, cfg, s, incidents)
	s.URL = ""
	incidents[0].State, incidents[0].Changed = probe.Monitoring, apiStart
	after := read(t, cfg, s, incidents)
	for i := range before.Entries {
		if got, want := after.Entries[i].ID[0], before.Entries[i].ID[0]; got != want || len(after.Entries[i].Links) != 0 {
			t.Errorf("got %s, links %v; want %s, none", got, after.Entries[i].Links, want)
		}
	}
	if before.ID[0] != after.ID[0] || len(after.Links) != 0 || after.Entries[0].Updated[0] != "2026-11-24T08:40:00Z" {
		t.Errorf("got %+v, want the same feed without links, updated", after)
	}
	s.Prober = "hq-2"
	if other := read(t, cfg, s, incidents); other.Entries[0].ID[0] == after.Entries[0].ID[0] || other.ID[0] == after.ID[0] {
		t.Error("got the ids of another prober")
	}
}

func TestAFeedOfNothing(t *testing.T) {
	f := read(t, apiConfig(t), situation.Situation{At: apiStart, Prober: "hq-1"}, nil)
	once(t, "feed", f.ID, f.Title, f.Updated)
	if len(f.Entries) != 0 || f.Author[0] != "hq-1" {
		t.Errorf("got %+v, want a feed without entries", f)
	}
}

package status

import (
	"cmp"
	"crypto/sha1"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/words"
)

// maxEntries is how many entries the feed has at most.
const maxEntries = 100

// atomFeed is a feed (RFC 4287 section 4.1.1).
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"http://www.w3.org/XML/1998/namespace lang,attr,omitempty"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated atomTime    `xml:"updated"`
	Author  atomPerson  `xml:"author"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

// atomEntry is an entry (RFC 4287 section 4.1.2).
type atomEntry struct {
	ID        string        `xml:"id"`
	Title     string        `xml:"title"`
	Published atomTime      `xml:"published"`
	Updated   atomTime      `xml:"updated"`
	Category  *atomCategory `xml:"category"`
	Links     []atomLink    `xml:"link"`
	Content   atomText      `xml:"content"`
}

type atomPerson struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// atomTime is a time as a feed has it (RFC 4287 section 3.3).
type atomTime time.Time

// MarshalText implements encoding.TextMarshaler.
func (t atomTime) MarshalText() ([]byte, error) {
	return []byte(time.Time(t).Format(time.RFC3339)), nil
}

// feed answers with the Atom feed.
func (cfg Config) feed(mux *http.ServeMux) {
	mux.HandleFunc("GET /feed.atom", func(w http.ResponseWriter, r *http.Request) {
		f, err := cfg.atom(cfg.Board.Situation(), cfg.Board.Incidents(cfg.Clock.Now().Add(-listed)))
		if err != nil {
			apiFailed(w, "writing the feed", err)
			return
		}
		body, err := xml.MarshalIndent(f, "", "  ")
		if err != nil {
			apiFailed(w, "writing the feed", err)
			return
		}
		answerTagged(w, r, typeAtom, append([]byte(xml.Header), append(body, '\n')...))
	})
}

// atom makes the feed: each incident is one entry, which is updated as it goes on; so is
// each announcement and each maintenance. The newest stands first.
func (cfg Config) atom(s situation.Situation, incidents []situation.Incident) (atomFeed, error) {
	f := atomFeed{
		Lang: cfg.Words.Language(), ID: stableID(s.Prober, "feed", s.Site), Title: feedTitle(s),
		Author: atomPerson{cmp.Or(s.Company, s.Prober, "mailpath")}, Links: atomLinks(s.URL, "self", typeAtom, "feed.atom"),
	}
	f.Links = append(f.Links, atomLinks(s.URL, "alternate", "text/html", "")...)
	for _, i := range incidents {
		m, err := cfg.Words.Incident(words.Staff, s, i)
		if err != nil {
			return atomFeed{}, err
		}
		f.Entries = append(f.Entries, incidentEntry(s, i, m))
	}
	for _, m := range s.Maintenance {
		f.Entries = append(f.Entries, maintenanceEntry(s, m))
	}
	for _, u := range s.Announcements {
		f.Entries = append(f.Entries, announcementEntry(s, u))
	}
	slices.SortStableFunc(f.Entries, func(a, b atomEntry) int { return time.Time(b.Updated).Compare(time.Time(a.Updated)) })
	f.Entries = f.Entries[:min(len(f.Entries), maxEntries)]
	f.Updated = updated(s, f.Entries)
	return f, nil
}

// updated is when the feed changed last. One without entries changed when something
// began to be as it is.
func updated(s situation.Situation, entries []atomEntry) atomTime {
	if len(entries) > 0 {
		return entries[0].Updated
	}
	var last time.Time
	for _, d := range s.Directions {
		if d.Since.After(last) {
			last = d.Since
		}
	}
	if last.IsZero() {
		last = s.At
	}
	return atomTime(last)
}

func feedTitle(s situation.Situation) string {
	return strings.TrimSpace(cmp.Or(s.Company, s.Site, s.Prober) + " – mailpath")
}

func incidentEntry(s situation.Situation, i situation.Incident, m words.Message) atomEntry {
	return atomEntry{
		ID: stableID(s.Prober, "incident", i.ID), Title: cmp.Or(m.Title, i.ID), Published: atomTime(i.Opened), Updated: atomTime(feedLater(i.Opened, i.Changed)),
		Category: &atomCategory{string(i.State)}, Links: atomLinks(s.URL, "alternate", "text/html", "incidents/"+url.PathEscape(i.ID)),
		Content: atomText{"text", m.Text},
	}
}

func maintenanceEntry(s situation.Situation, m situation.Maintenance) atomEntry {
	told := m.Told
	if told.IsZero() {
		told = m.From
	}
	when := feedSpan(m.From, m.Until)
	return atomEntry{
		ID: stableID(s.Prober, "maintenance", m.ID), Title: cmp.Or(feedHeadline(m.Text), when), Published: atomTime(told), Updated: atomTime(told),
		Category: &atomCategory{"maintenance"}, Links: atomLinks(s.URL, "alternate", "text/html", ""),
		Content: atomText{"text", strings.TrimSpace(when + "\n\n" + m.Text)},
	}
}

func announcementEntry(s situation.Situation, u situation.Update) atomEntry {
	return atomEntry{
		ID: stableID(s.Prober, "announcement", u.At.UTC().Format(time.RFC3339Nano)+" "+u.Text), Title: cmp.Or(feedHeadline(u.Text), "…"),
		Published: atomTime(u.At), Updated: atomTime(u.At), Category: &atomCategory{"announcement"},
		Links: atomLinks(s.URL, "alternate", "text/html", ""), Content: atomText{"text", u.Text},
	}
}

// atomLinks leads to a page, where it is known under which address people find it.
func atomLinks(base, rel, kind, path string) []atomLink {
	if base == "" {
		return nil
	}
	kind, _, _ = strings.Cut(kind, ";")
	return []atomLink{{rel, kind, strings.TrimSuffix(base, "/") + "/" + path}}
}

// feedHeadline is the first line of a text, not too long.
func feedHeadline(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return situation.CleanLine(first, 100)
}

// feedSpan is a stretch of time in no language.
func feedSpan(from, until time.Time) string {
	end := "15:04 MST"
	if from.Format(time.DateOnly) != until.Format(time.DateOnly) {
		end = "2006-01-02 15:04 MST"
	}
	return from.Format("2006-01-02 15:04") + " – " + until.Format(end)
}

// stableID is always the same for the same thing of one prober: a UUID made of its
// name (version 5, RFC 9562 section 5.5), in the space of one that is ours.
func stableID(names ...string) string {
	h := sha1.New()
	h.Write([]byte("\x3f\x0a\x6c\x51\x8e\x1d\x4b\x77\x9a\xc2\x5d\x10\xe4\x36\x82\xfb"))
	for _, name := range names {
		fmt.Fprintf(h, "%d:%s", len(name), name)
	}
	id := h.Sum(nil)[:16]
	id[6], id[8] = id[6]&0x0f|0x50, id[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

func feedLater(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

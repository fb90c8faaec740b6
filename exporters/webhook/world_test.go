package webhook_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/exporters/webhook"
	"github.com/mailpath/mailpath/exporters/words"
	"github.com/mailpath/mailpath/probe"
)

var began = time.Date(2026, 11, 24, 8, 41, 0, 0, time.UTC)

// board knows one incident.
type board struct {
	now      situation.Situation
	incident situation.Incident
}

func (b board) Situation() situation.Situation { return b.now }

func (b board) Incident(id string) (situation.Incident, bool) {
	if id != b.incident.ID {
		return situation.Incident{}, false
	}
	return b.incident, true
}

// said says what it is told to.
type said struct {
	words.Message
	err error
}

func (said) Language() string { return "en" }

func (s said) Incident(words.Audience, situation.Situation, situation.Incident) (words.Message, error) {
	return s.Message, s.err
}

func (said) Say(name string, _ any) (string, error) { return name, nil }

func ourBoard() board {
	zone := time.FixedZone("CET", 3600)
	i := situation.Incident{
		ID: "2026-11-24-0841", State: probe.Identified, Began: began.In(zone), Opened: began.Add(time.Minute).In(zone), Changed: began.Add(3 * time.Minute).In(zone),
		NextUpdate: began.Add(19 * time.Minute).In(zone), Directions: []probe.Direction{probe.Inbound}, Components: []situation.Named{{Name: "gateway-in", Title: "the gateway's inbound filter"}},
		Timeline: []situation.Entry{{At: began.Add(time.Minute).In(zone), Step: probe.IncidentOpened, State: probe.Investigating, Routes: []string{"outside-to-hq"}}},
		Updates:  []situation.Update{{At: began.Add(2 * time.Minute).In(zone), Text: "We are looking at the gateway.", By: "ada"}},
	}
	return board{situation.Situation{At: began.Add(4 * time.Minute).In(zone), Company: "Example Ltd", Prober: "hq-1", Site: "hq", URL: "https://status.example.com/", TimeZone: "Europe/Berlin"}, i}
}

func judged() probe.IncidentTold {
	return probe.IncidentTold{Origin: probe.Origin{Seq: 17, At: began.Add(3 * time.Minute)}, IncidentChanged: probe.IncidentChanged{
		ID: "2026-11-24-0841", Step: probe.IncidentJudged, State: probe.Identified, Began: began, Opened: began.Add(time.Minute),
		Routes: []string{"outside-to-hq"}, Broken: []string{"outside-to-hq"}, Components: []string{"gateway-in"}, Confidence: 0.93,
		Sentence: "The gateway's inbound filter most likely failed.", Reasons: []string{"outside-to-hq does not deliver, past-av-to-hq does"},
		Figures: probe.Figures{Messages: 9, Missed: 6, Overdue: 6}, Next: began.Add(19 * time.Minute),
	}}
}

func ourWords() said {
	return said{Message: words.Message{Title: "Mail from outside is not arriving", Text: "Since 09:41 mail from outside is not arriving. Inside the company mail works.\n\nNext update at 10:00."}}
}

// post is a request as a receiver got it.
type post struct {
	key, contentType, body string
	auth                   string
}

// inbox is a receiver behind the network: an http.RoundTripper.
type inbox struct {
	mu    sync.Mutex
	posts []post
	takes int           // posts that are answered; then they hang. Negative: all are
	hung  chan struct{} // holds one when a post hangs
}

func newInbox(takes int) *inbox { return &inbox{takes: takes, hung: make(chan struct{}, 1)} }

func (b *inbox) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	hangs := b.takes == 0
	if !hangs {
		b.takes--
		b.posts = append(b.posts, post{r.Header.Get("Idempotency-Key"), r.Header.Get("Content-Type"), string(body), r.Header.Get("Authorization")})
	}
	b.mu.Unlock()
	if hangs {
		select {
		case b.hung <- struct{}{}:
		default:
		}
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("ok")), Header: http.Header{}, Request: r}, nil
}

func (b *inbox) all() []post {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]post{}, b.posts...)
}

// settings are those of a webhook into an inbox.
func settings(in *inbox, b webhook.Board, w webhook.Words, clock probe.Clock) webhook.Config {
	return webhook.Config{
		Name: "chat", URL: always("https://hooks.example.com" + path), Token: always(token), Board: b, Words: w, Clock: clock,
		Log: new(text).log(), Cursor: new(cursor), Transport: in,
	}
}

// tell gives what a receiver gets of some changes.
func tell(t *testing.T, cfg webhook.Config, changes ...probe.Change) []post {
	t.Helper()
	in := newInbox(-1)
	cfg.Transport = in
	e, err := webhook.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		e.Export(c)
	}
	e.Close(t.Context())
	return in.all()
}

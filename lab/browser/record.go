package browser

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// Record is what a page has asked for, and what went wrong with it, from the beginning of
// its tab on. It is safe for concurrent use.
type Record struct {
	mu       sync.Mutex
	requests []string
	asked    map[network.RequestID]string
	problems []string
}

// Requests gives the addresses that were asked for, in order, those of data: and blob:
// too.
func (r *Record) Requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// Foreign gives the addresses that were asked for and are not those of this machine.
func (r *Record) Foreign() []string {
	return slices.DeleteFunc(r.Requests(), isLocal)
}

// isLocal tells whether nobody but this machine is asked for an address.
func isLocal(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "about", "data", "blob":
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// Problems gives what went wrong, in order: errors and warnings on the console, exceptions
// that nobody caught, what the policy of the page forbade, requests that failed and answers
// of 400 and more. What was under way when the reader left a page did not fail.
func (r *Record) Problems() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.problems)
}

// Forget begins a new record.
func (r *Record) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests, r.problems = nil, nil
}

func (r *Record) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// listen takes in an event of Chromium.
func (r *Record) listen(event any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			r.problem("console: %s: %s", e.Type, said(e.Args))
		}
	case *runtime.EventExceptionThrown:
		d := e.ExceptionDetails
		r.problem("exception: %s %s at %s:%d", d.Text, said([]*runtime.RemoteObject{d.Exception}), d.URL, d.LineNumber+1)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			r.problem("log: %s: %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		r.ask(e.RequestID, e.Request.URL)
	case *network.EventWebSocketCreated:
		r.ask(e.RequestID, e.URL)
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			r.problem("answer: %d for %s", e.Response.Status, e.Response.URL)
		}
	case *network.EventLoadingFailed:
		if !e.Canceled {
			r.problem("request: %s for %s", cmp.Or(string(e.BlockedReason), e.ErrorText), r.asked[e.RequestID])
		}
	}
}

func (r *Record) ask(id network.RequestID, address string) {
	if r.asked == nil {
		r.asked = make(map[network.RequestID]string)
	}
	r.asked[id] = address
	r.requests = append(r.requests, address)
}

// said is what a script has given to the console, as far as Chromium writes it out.
func said(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		if a != nil {
			text := string(a.Value)
			_ = json.Unmarshal(a.Value, &text) // what is no string stays as it is
			words = append(words, cmp.Or(a.Description, text))
		}
	}
	return strings.Join(words, " ")
}

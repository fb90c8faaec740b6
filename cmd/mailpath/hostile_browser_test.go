package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/lab/browser"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// What anybody writes, into notes, the configuration and mail, is shown and not obeyed.
func TestHostileTextInBrowser(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	const tag = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`
	const turned = "\u202eevil\u202c \u2066\x1b[31m"
	x := newTold(t, map[string]string{"gateway-in": "the gateway " + tag, "antispam": "the filter' \" onmouseover=window.hacked=1 {{.}} " + strings.Repeat("W", 500)}, "")
	// The names of hosts that a mail claims to have passed, and a field as long as a line may be.
	x.must(x.world.SetField("store-hq", "Received: from "+tag+" ("+tag+" [192.0.2.99]) by "+tag+" with ESMTP id 1; Wed, 25 Nov 2026 08:00:00 +0000"))
	x.must(x.world.SetField("antispam", "X-Long: "+strings.Repeat("<b>x", 200)))
	x.start()
	x.untilHealthy()
	x.must(x.world.Break("store-branch", world.Refuse{Code: 550, Text: "no " + tag}))
	x.must(x.world.Break("gateway-out", world.Reject{Text: "rejected " + tag}))
	x.child.waitFor("to know the replies", func() bool { return x.recent(tag) >= 2 })
	x.untilIncident(probe.Identified)
	for _, text := range []string{"A note " + tag + turned, strings.Repeat("W", 1900), strings.Repeat("Zeile\n\n", 200)} {
		x.announceAbout(text)
	}
	if status, text := x.post(map[string]any{"text": strings.Repeat("x", 1<<20)}); status/100 != 4 {
		t.Errorf("a note of a megabyte: got %d: %s, want it refused", status, text)
	}
	var all struct{ Incidents []situation.Incident }
	x.ask("/api/v1/incidents", &all)
	paths := []string{"/", "/noc", "/incidents/" + all.Incidents[0].ID}
	for _, path := range paths {
		for _, noScript := range []bool{false, true} {
			v := browser.Desktop()
			v.NoScript = noScript
			r := read(t, b, "hostile"+strings.ReplaceAll(path, "/", "-"), x.child.url+path, v)
			r.dir = os.Getenv(screenshotsVariable)
			r.harmless(tag)
			r.check(fmt.Sprintf("hostile-%v", noScript), views()[1])
			r.page.Close()
		}
	}
}

// recent counts the last outcomes whose reasons hold a text.
func (x *told) recent(text string) (n int) {
	x.t.Helper()
	var all struct{ Recent []situation.Outcome }
	x.ask("/api/v1/recent", &all)
	routes := make(map[string]bool)
	for _, o := range all.Recent {
		if strings.Contains(o.Reason, text) {
			routes[o.Route] = true
		}
	}
	return len(routes)
}

// announceAbout tells people something about the first incident that is open.
func (x *told) announceAbout(text string) {
	x.t.Helper()
	open := slices.DeleteFunc(x.situation().Incidents, func(i situation.Incident) bool { return !i.Open() })
	x.announce(map[string]any{"text": text, "incident": open[0].ID})
}

// harmless holds that a page shows a tag as text: it made no element, and ran nothing.
func (r *reader) harmless(tag string) {
	r.t.Helper()
	r.wants("hostile", strings.Fields(tag)[0])
	if n := eval[int](r, `document.querySelectorAll("[onerror], [onmouseover], img[src=x], script:not([src]), b").length`); n > 0 {
		r.t.Errorf("%s: got %d elements of what was written, want none", r.name, n)
	}
	if eval[bool](r, `"hacked" in window`) {
		r.t.Errorf("%s: a script of what was written ran", r.name)
	}
	if eval[bool](r, `/[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u000b-\u001f]/.test(document.body.innerText)`) {
		r.t.Errorf("%s: characters that turn or control the text are shown", r.name)
	}
}

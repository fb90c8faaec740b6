package browser_test

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/browser"
)

const soon = 10 * time.Second

// pages are those that the tests look at, by path.
func pages() map[string]string {
	page := func(head, body string) string {
		return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>A page</title>` +
			`<link rel="icon" href="data:,">` + head + `</head><body><main><h1>All is well</h1>` + body + `</main></body></html>`
	}
	return map[string]string{
		"/good":      page(`<style>@media (prefers-color-scheme: dark) { body { background: #000; color: #fff } }</style>`, `<p id="p">Mail arrives.</p>`),
		"/script":    page("", `<p id="p">Before.</p><noscript><p>No scripts here.</p></noscript><script>document.getElementById("p").textContent = "After."</script>`),
		"/console":   page("", `<script>console.log("fine"); console.error("not", "fine", 7)</script>`),
		"/exception": page("", `<script>throw new Error("nobody caught this")</script>`),
		"/absent":    page("", `<img alt="" src="/nowhere.png">`),
		"/policy":    page(`<meta http-equiv="Content-Security-Policy" content="script-src 'none'">`, `<script>window.ran = true</script>`),
		"/foreign":   page("", `<img alt="" src="http://www.example.com/pixel.png"><img alt="" src="http://192.0.2.7/pixel.png">`),
		"/pale":      page("", `<p style="color: #ccc; background: #fff">Nobody can read this.</p><img src="data:,">`),
		"/wide":      page("", `<p style="width: 700px">Wide.</p>`),
		"/form":      page("", `<form action="/good"><label>Text <input id="text" value="old"></label> <button id="go">Go</button></form><p id="p"></p><script>document.querySelector("#text").addEventListener("input", e => document.querySelector("#p").textContent = e.target.value)</script>`),
		"/slow":      page("", `<p id="p">Before.</p><script>setTimeout(() => document.getElementById("p").textContent = "After.", 300)</script>`),
		"/media":     page(`<style>#p::after { content: "screen" } @media print { #p::after { content: "print" } } @media (prefers-reduced-motion: reduce) { #p { color: #123456 } }</style>`, `<p id="p"></p>`),
	}
}

func serve(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := pages()[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, text)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func start(t *testing.T) *browser.Browser {
	t.Helper()
	if err := browser.Install(t.Context(), t.Output()); err != nil {
		t.Fatal(err)
	}
	b, err := browser.Start(context.WithoutCancel(t.Context()), t.Output()) // to its Close
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func open(t *testing.T, b *browser.Browser, url string, v browser.View) *browser.Page {
	t.Helper()
	p, err := b.Open(url, v)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// must gives what a call gives that must not fail.
func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	b, url := start(t), serve(t)
	t.Run("what goes wrong is told", func(t *testing.T) { testProblems(t, b, url) })
	t.Run("views", func(t *testing.T) { testViews(t, b, url) })
	t.Run("without scripts", func(t *testing.T) { testNoScript(t, b, url) })
	t.Run("accessibility", func(t *testing.T) { testAudit(t, b, url) })
	t.Run("forms", func(t *testing.T) { testForm(t, b, url) })
	t.Run("waiting", func(t *testing.T) { testWaiting(t, b, url) })
}

func testProblems(t *testing.T, b *browser.Browser, url string) {
	p := open(t, b, url+"/good", browser.Desktop())
	for _, test := range []struct{ path, want string }{
		{"/policy", "script-src"},
		{"/console", "console: error: not fine 7"},
		{"/good", ""},
		{"/foreign", "ERR_NAME_NOT_RESOLVED for http://www.example.com/pixel.png"},
		{"/foreign", "for http://192.0.2.7/pixel.png"},
		{"/absent", "answer: 404 for " + url + "/nowhere.png"},
		{"/exception", "nobody caught this"},
		{"/pale", ""},
	} {
		if err := p.Go(url + test.path); err != nil {
			t.Fatal(err)
		}
		got := p.Problems()
		if test.want == "" && len(got) > 0 {
			t.Errorf("%s: got problems %q, want none", test.path, got)
		}
		if !slices.ContainsFunc(append(got, ""), func(s string) bool { return strings.Contains(s, test.want) }) {
			t.Errorf("%s: got problems %q, want one with %q", test.path, got, test.want)
		}
		if asked := p.Requests(); !slices.Contains(asked, url+test.path) {
			t.Errorf("%s: got requests %q, want the page among them", test.path, asked)
		}
		if foreign := p.Foreign(); (len(foreign) > 0) != (test.path == "/foreign") {
			t.Errorf("%s: got requests to others %q", test.path, foreign)
		}
		p.Forget()
		if len(p.Problems())+len(p.Requests()) > 0 {
			t.Errorf("%s: got %q and %q after forgetting, want nothing", test.path, p.Problems(), p.Requests())
		}
	}
}

func testViews(t *testing.T, b *browser.Browser, url string) {
	p := open(t, b, url+"/wide", browser.Wall())
	for _, test := range []struct {
		view browser.View
		want int
	}{{browser.Desktop(), 0}, {browser.Phone(), 1}, {browser.Wall(), 0}} {
		if err := p.Look(test.view); err != nil {
			t.Fatal(err)
		}
		if got := must[int](t)(p.Overflow()); min(got, 1) != test.want {
			t.Errorf("%v: the page is %d px too wide, want that to be so on the phone alone", test.view, got)
		}
		if got := must[int](t)(browser.Eval[int](p, "window.screen.width")); got != test.view.Width {
			t.Errorf("%v: got a screen of %d px, want %d", test.view, got, test.view.Width)
		}
		picture, err := png.Decode(bytes.NewReader(must[[]byte](t)(p.Screenshot())))
		if err != nil {
			t.Fatal(err)
		}
		if got := picture.Bounds().Dx(); got < test.view.Width {
			t.Errorf("%v: got a picture of %d px, want at least %d", test.view, got, test.view.Width)
		}
	}
	dark := browser.Desktop()
	dark.Dark, dark.Still, dark.Print = true, true, true
	p = open(t, b, url+"/good", dark)
	if got := must[string](t)(browser.Eval[string](p, `getComputedStyle(document.body).backgroundColor`)); got != "rgb(0, 0, 0)" {
		t.Errorf("in the dark: got background %s, want black", got)
	}
	if err := p.Go(url + "/media"); err != nil {
		t.Fatal(err)
	}
	style := `[getComputedStyle(document.getElementById("p"), "::after").content, getComputedStyle(document.getElementById("p")).color].join()`
	if got := must[string](t)(browser.Eval[string](p, style)); got != `"print",rgb(18, 52, 86)` {
		t.Errorf("%v: got %s, want it as printed and still", dark, got)
	}
	if got := dark.String(); got != "desktop-dark-still-print" {
		t.Errorf("got name %q", got)
	}
}

func testNoScript(t *testing.T, b *browser.Browser, url string) {
	view := browser.Phone()
	p := open(t, b, url+"/script", view)
	if got := must[string](t)(p.Text()); strings.Contains(got, "Before") || !strings.Contains(got, "After.") {
		t.Errorf("with scripts: got %q", got)
	}
	view.NoScript = true
	if err := p.Look(view); err != nil {
		t.Fatal(err)
	}
	if err := p.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := must[string](t)(p.Text()); !strings.Contains(got, "Before.") || !strings.Contains(got, "No scripts here.") {
		t.Errorf("without scripts: got %q", got)
	}
	if err := p.Go(url + "/pale"); err != nil {
		t.Fatal(err)
	}
	if got := must[[]browser.Violation](t)(p.Audit()); len(got) == 0 {
		t.Error("without scripts: got no violation, want some")
	}
}

func testAudit(t *testing.T, b *browser.Browser, url string) {
	p := open(t, b, url+"/good", browser.Desktop())
	if got := must[[]browser.Violation](t)(p.Audit()); len(got) > 0 {
		t.Errorf("of a good page: got %v, want no violation", got)
	}
	if err := p.Go(url + "/pale"); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(must[[]browser.Violation](t)(p.Audit()))
	for _, want := range []string{"color-contrast (serious)", "image-alt (critical)", "p: <p style="} {
		if !strings.Contains(got, want) {
			t.Errorf("of a bad page: got %s, want %q in it", got, want)
		}
	}
}

func testForm(t *testing.T, b *browser.Browser, url string) {
	p := open(t, b, url+"/form", browser.Desktop())
	if err := p.Type("#text", "new \u202e <b>"); err != nil {
		t.Fatal(err)
	}
	if err := p.WaitForText(soon, "new \u202e <b>"); err != nil {
		t.Error(err)
	}
	if err := p.Press("\t"); err != nil {
		t.Fatal(err)
	}
	if got := must[string](t)(browser.Eval[string](p, `document.activeElement.id`)); got != "go" {
		t.Errorf("after Tab: got the focus on %q, want the button", got)
	}
	if err := p.Click("#go"); err != nil {
		t.Fatal(err)
	}
	if err := p.WaitForText(soon, "Mail arrives."); err != nil {
		t.Error(err)
	}
}

func testWaiting(t *testing.T, b *browser.Browser, url string) {
	p := open(t, b, url+"/slow", browser.Desktop())
	if err := p.WaitForText(soon, "After."); err != nil {
		t.Error(err)
	}
	err := p.Wait(100*time.Millisecond, "false")
	if err == nil || !strings.Contains(err.Error(), "All is well") {
		t.Errorf("waiting in vain: got %v, want an error that says what the page says", err)
	}
}

// What a browser has started ends with it, and its profile is gone.
func TestBrowserLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir) // not beside others
	b := start(t)
	open(t, b, serve(t)+"/good", browser.Desktop())
	if profiles, _ := filepath.Glob(filepath.Join(dir, "*")); len(profiles) == 0 {
		t.Fatal("got no profile in the temporary directory, want one of its own")
	}
	if processes(t, dir) == 0 {
		t.Fatal("got no process with the profile, want some")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if n := processes(t, dir); n > 0 {
		t.Errorf("got %d processes after the end, want none", n)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("got %v left in the temporary directory, want nothing", left)
	}
}

// processes counts those whose command line names a directory.
func processes(t *testing.T, dir string) (n int) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if text, err := os.ReadFile(l); err == nil && bytes.Contains(text, []byte(dir)) {
			n++
		}
	}
	return n
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/browser"
)

// screenshotsVariable names a directory where pictures of the story are kept.
const screenshotsVariable = "MAILPATH_SCREENSHOTS"

// soonShown is how soon a page must show what mailpath tells.
const soonShown = 15 * time.Second

// startBrowser starts a Chromium that ends with the test.
func startBrowser(t *testing.T) *browser.Browser {
	t.Helper()
	if err := browser.Install(t.Context(), t.Output()); err != nil {
		t.Fatal(err)
	}
	b, err := browser.Start(context.WithoutCancel(t.Context()), t.Output())
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

// reader is somebody who has one page of mailpath open in a tab.
type reader struct {
	t    *testing.T
	name string // of the page, fit for a file name
	page *browser.Page
	dir  string // of pictures; empty: none are taken
}

// read opens a tab.
func read(t *testing.T, b *browser.Browser, name, url string, v browser.View) *reader {
	t.Helper()
	p, err := b.Open(url, v)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return &reader{t: t, name: name, page: p}
}

// check holds a page to what holds for every page, in some views: nothing goes wrong,
// nobody else is asked for anything, nobody has to scroll sideways, and it is accessible.
func (r *reader) check(state string, views ...browser.View) {
	r.t.Helper()
	for _, v := range views {
		v.NoScript = r.page.View().NoScript
		if err := r.page.Look(v); err != nil {
			r.t.Error(err)
			return
		}
		if wide, err := r.page.Overflow(); err != nil || wide > 0 {
			r.t.Errorf("%s, %s, %v: the page is %d px too wide, want no scrolling sideways: %v: %s", r.name, state, v, wide, err, r.widest())
		}
		broken, err := r.page.Audit()
		if err != nil {
			r.t.Errorf("%s, %s, %v: %v", r.name, state, v, err)
		}
		for _, b := range broken {
			r.t.Errorf("%s, %s, %v: not accessible: %v", r.name, state, v, b)
		}
		r.picture(state, v)
	}
	for _, problem := range r.page.Problems() {
		r.t.Errorf("%s, %s: %s", r.name, state, problem)
	}
	for _, address := range r.page.Foreign() {
		r.t.Errorf("%s, %s: got a request to %s, want none to others", r.name, state, address)
	}
	r.page.Forget()
}

// widest names the elements that stick out to the right, for whoever has to mend them.
func (r *reader) widest() string {
	out, _ := browser.Eval[string](r.page, `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).slice(0, 5).map(e => e.outerHTML.slice(0, 120)).join("\n")`)
	return out
}

// picture keeps a picture, if somebody wants to look at it.
func (r *reader) picture(state string, v browser.View) {
	r.t.Helper()
	if r.dir == "" {
		return
	}
	png, err := r.page.Screenshot()
	if err == nil {
		err = os.WriteFile(filepath.Join(r.dir, strings.Join([]string{state, r.name, v.String()}, "-")+".png"), png, 0o644)
	}
	if err != nil {
		r.t.Error(err)
	}
}

// wants waits until the page says some things, whatever their case.
func (r *reader) wants(state string, texts ...string) {
	r.t.Helper()
	for _, text := range texts {
		text = strings.ToLower(text)
		if err := r.page.Wait(soonShown, fmt.Sprintf(`document.body.innerText.toLowerCase().includes(%q)`, text)); err != nil {
			r.t.Errorf("%s, %s: want %q: %v", r.name, state, text, err)
		}
	}
}

// lacks holds that a page does not say something.
func (r *reader) lacks(state, text string) {
	r.t.Helper()
	there, err := browser.Eval[bool](r.page, fmt.Sprintf(`document.body.innerText.toLowerCase().includes(%q)`, strings.ToLower(text)))
	if err != nil || there {
		r.t.Errorf("%s, %s: the page says %q, want it not to: %v", r.name, state, text, err)
	}
}

// eval gives the value of an expression in the page.
func eval[T any](r *reader, expression string) T {
	r.t.Helper()
	value, err := browser.Eval[T](r.page, expression)
	if err != nil {
		r.t.Error(err)
	}
	return value
}

// views are a phone and a desktop, light and dark.
func views() []browser.View {
	var all []browser.View
	for _, v := range []browser.View{browser.Phone(), browser.Desktop()} {
		dark := v
		dark.Dark = true
		all = append(all, v, dark)
	}
	return all
}

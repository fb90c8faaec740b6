package status

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mailpath/mailpath/exporters/situation"
	"github.com/mailpath/mailpath/probe"
)

const (
	// maxForm is how much of a form is read, in bytes as it is sent: a text as long as may be
	// has at most 12 for each character. What is larger is refused, and shown again for its
	// writer to shorten, as far as it was read.
	maxForm = 64 << 10
	// maxText is how long a text may be, in characters.
	maxText = 2000
)

// filled is what was typed into a form.
type filled struct {
	Kind     string // maintenance, or else an update
	Text     string
	Incident string
	Next     string // minutes; empty: nothing is promised
	Length   string // minutes
	Routes   []string
}

// Has tells whether a route was chosen.
func (f filled) Has(route string) bool { return slices.Contains(f.Routes, route) }

// readForm reads what was typed, however much is wrong with it.
func readForm(w http.ResponseWriter, r *http.Request) (filled, *slip) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return filled{}, &slip{status: http.StatusUnsupportedMediaType, phrase: "form.error.token"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	large := errors.As(err, new(*http.MaxBytesError))
	if err != nil && !large {
		return filled{}, &slip{status: http.StatusBadRequest, phrase: "form.error.other", detail: err.Error()}
	}
	if n := bytes.LastIndexByte(body, '%'); large && n >= len(body)-2 {
		body = body[:max(n, 0)] // not with half an escape at its end
	}
	// Of a bad field, ParseQuery gives the others.
	values, err := url.ParseQuery(string(body))
	f := filled{
		Kind: values.Get("kind"), Text: values.Get("text"), Incident: values.Get("incident"),
		Next: values.Get("next"), Length: values.Get("length"), Routes: values["route"],
	}
	switch {
	case large:
		return f, &slip{status: http.StatusRequestEntityTooLarge, phrase: "form.error.long", data: maxText, field: "text"}
	case err != nil:
		return f, &slip{status: http.StatusBadRequest, phrase: "form.error.other", detail: err.Error()}
	}
	return f, nil
}

// fact is what a form makes known.
func (v formPage) fact(name string) (probe.Fact, *slip) {
	f := v.Filled
	text := situation.Clean(f.Text, len(f.Text)) // which cuts nothing off
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return nil, &slip{status: http.StatusBadRequest, phrase: "form.error.empty", field: "text"}
	case n > maxText:
		return nil, &slip{status: http.StatusRequestEntityTooLarge, phrase: "form.error.long", data: maxText, field: "text"}
	}
	if f.Kind == "maintenance" {
		return v.maintenance(text, name)
	}
	note := probe.Note{Text: text, By: name, Incident: f.Incident}
	if f.Incident != "" && !slices.ContainsFunc(v.Open, func(i told) bool { return i.ID == f.Incident }) {
		return nil, &slip{status: http.StatusBadRequest, phrase: "form.error.incident", field: present("incident", len(v.Open))}
	}
	if f.Next != "" {
		in, known := find(nexts[:], f.Next)
		if !known {
			return nil, &slip{status: http.StatusBadRequest, phrase: "form.error.next", field: "next"}
		}
		note.Next = v.t.now.Add(in)
	}
	return note, nil
}

func (v formPage) maintenance(text, name string) (probe.Fact, *slip) {
	long, known := find(lengths[:], v.Filled.Length)
	if !known {
		return nil, &slip{status: http.StatusBadRequest, phrase: "form.error.duration", field: "length"}
	}
	for _, r := range v.Filled.Routes {
		if !slices.Contains(v.Routes, r) {
			return nil, &slip{status: http.StatusBadRequest, phrase: "form.error.route", field: present("routes", len(v.Routes))}
		}
	}
	now := v.t.now
	id := "m-" + now.UTC().Format("2006-01-02-1504") + "-" + strings.ToLower(rand.Text()[:4])
	return probe.Maintenance{ID: id, From: now, Until: now.Add(long), Routes: v.Filled.Routes, Text: text, By: name}, nil
}

// present is a field that is there if there is something to choose.
func present(field string, choices int) string {
	if choices == 0 {
		return ""
	}
	return field
}

func find(all []length, minutes string) (time.Duration, bool) {
	n := slices.IndexFunc(all, func(l length) bool { return l.minutes == minutes })
	if n < 0 {
		return 0, false
	}
	return all[n].long, true
}

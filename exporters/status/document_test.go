package status

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// document is a page as a strict reader sees it.
type document struct {
	target   string
	elements []*element
	ids      map[string]*element
}

type element struct {
	name   string
	attrs  map[string]string
	within *element        // nil: the document
	text   strings.Builder // its own and that of what it contains
}

func (e *element) inside(name string) bool {
	for o := e.within; o != nil; o = o.within {
		if o.name == name {
			return true
		}
	}
	return false
}

// HTML is not XML: some elements have no end, some attributes no value (HTML sections
// 13.1.2 and 13.1.2.3). With both mended a strict reader of XML can read our pages, and
// finds what a browser would guess at.
var (
	endless   = regexp.MustCompile(`<((?:meta|link|input)\b[^>]*)>`)
	valueless = regexp.MustCompile(`(\s(?:defer|required|selected|checked|open))([\s>/])`)
)

func parse(t *testing.T, target, body string) *document {
	t.Helper()
	d := &document{target: target, ids: make(map[string]*element)}
	body = valueless.ReplaceAllString(endless.ReplaceAllString(body, "<$1/>"), `$1=""$2`)
	reader := xml.NewDecoder(strings.NewReader(body))
	var here *element
	for {
		token, err := reader.Token()
		if errors.Is(err, io.EOF) {
			return d
		}
		if err != nil {
			t.Fatalf("%s: no well-formed HTML: %v at\n%.300s", target, err, body[max(0, reader.InputOffset()-200):])
		}
		switch token := token.(type) {
		case xml.StartElement:
			here = d.begin(t, token, here)
		case xml.EndElement:
			here = here.within
		case xml.CharData:
			for e := here; e != nil; e = e.within {
				e.text.Write(token)
			}
		}
	}
}

func (d *document) begin(t *testing.T, token xml.StartElement, within *element) *element {
	t.Helper()
	e := &element{name: token.Name.Local, attrs: make(map[string]string), within: within}
	for _, a := range token.Attr {
		if _, twice := e.attrs[a.Name.Local]; twice {
			t.Errorf("%s: <%s> has %s twice", d.target, e.name, a.Name.Local)
		}
		e.attrs[a.Name.Local] = a.Value
	}
	if id, has := e.attrs["id"]; has {
		if d.ids[id] != nil || id == "" || strings.ContainsAny(id, " \t\n") {
			t.Errorf("%s: id %q of <%s> is empty, has space, or is there twice", d.target, id, e.name)
		}
		d.ids[id] = e
	}
	d.elements = append(d.elements, e)
	return e
}

// all are the elements of a name.
func (d *document) all(name string) []*element {
	return slices.DeleteFunc(slices.Clone(d.elements), func(e *element) bool { return e.name != name })
}

// blocks may not stand in a paragraph: a browser would end it before them (HTML section 4.4.1).
var blocks = []string{"p", "div", "ul", "ol", "dl", "section", "table", "details", "figure", "form", "fieldset", "h1", "h2", "h3", "header", "footer", "main", "nav"}

// check checks what every page holds to.
func (d *document) check(t *testing.T, language string) {
	t.Helper()
	for name, want := range map[string]int{"html": 1, "h1": 1, "header": 1, "nav": 1, "main": 1, "footer": 1, "style": 0, "iframe": 0, "base": 0, "img": 0, "object": 0} {
		if got := len(d.all(name)); got != want {
			t.Errorf("%s: got %d <%s>, want %d", d.target, got, name, want)
		}
	}
	if got := d.elements[0].attrs["lang"]; got != language {
		t.Errorf("%s: got lang %q, want %q", d.target, got, language)
	}
	for _, e := range d.elements {
		d.checkElement(t, e)
	}
}

func (d *document) checkElement(t *testing.T, e *element) {
	t.Helper()
	if slices.Contains(blocks, e.name) && e.inside("p") {
		t.Errorf("%s: <%s> stands in a <p>", d.target, e.name)
	}
	switch {
	case e.name == "script" && (e.attrs["src"] == "" || e.text.Len() > 0):
		t.Errorf("%s: got a script in the page: %q", d.target, e.text.String())
	case slices.Contains([]string{"h1", "h2", "h3", "title", "th", "label", "summary", "caption", "option", "button", "a"}, e.name) && strings.TrimSpace(e.text.String()) == "":
		t.Errorf("%s: <%s %v> says nothing", d.target, e.name, e.attrs)
	}
	for name, value := range e.attrs {
		switch name {
		case "href", "src", "action", "data-events":
			if u, err := url.Parse(value); err != nil || u.IsAbs() || u.Host != "" {
				t.Errorf("%s: <%s %s=%q> leads elsewhere", d.target, e.name, name, value)
			}
		case "aria-labelledby", "aria-describedby", "for":
			for id := range strings.FieldsSeq(value) {
				if d.ids[id] == nil {
					t.Errorf("%s: <%s %s=%q>: no element has this id", d.target, e.name, name, value)
				}
			}
		}
		if name == "style" || strings.HasPrefix(name, "on") {
			t.Errorf("%s: <%s> has %s=%q in the page", d.target, e.name, name, value)
		}
	}
}

// follow checks that all addresses in the page are those of something; served are
// those that are known to be.
func (d *document) follow(t *testing.T, h http.Handler, served map[string]bool) {
	t.Helper()
	base, err := url.Parse("http://status.example.com" + d.target)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range d.elements {
		address := e.attrs["href"] + e.attrs["src"]
		if address == "" {
			continue
		}
		if id, local := strings.CutPrefix(address, "#"); local {
			if d.ids[id] == nil {
				t.Errorf("%s: <%s> leads to #%s, which is not there", d.target, e.name, id)
			}
			continue
		}
		u, err := base.Parse(address)
		if err != nil {
			t.Errorf("%s: %v", d.target, err)
			continue
		}
		if !served[u.RequestURI()] {
			if code := get(h, u.RequestURI(), "alice").StatusCode; code != http.StatusOK {
				t.Errorf("%s: <%s> leads to %s, which answers %d", d.target, e.name, u.RequestURI(), code)
			}
			served[u.RequestURI()] = true
		}
	}
}

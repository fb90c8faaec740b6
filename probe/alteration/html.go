package alteration

import (
	stdhtml "html"
	"regexp"
	"strings"
)

// textOfHTML gives the text of a page as it reads: a block on a line of its own, without
// what is not shown. A link whose text is a link gives way to where it leads. It reads the
// page once.
func textOfHTML(page string) string {
	r := htmlReader{page: page, lower: asciiLower(page)}
	for r.at < len(page) {
		open := strings.IndexByte(page[r.at:], '<')
		if open < 0 {
			open = len(page) - r.at
		}
		r.words(page[r.at : r.at+open])
		if r.at += open; r.at < len(page) {
			r.markup()
		}
	}
	r.closeLink()
	return r.out.String()
}

// asciiLower keeps every byte in its place, which strings.ToLower does not.
func asciiLower(s string) string {
	lower := []byte(s)
	for i, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return string(lower)
}

type htmlReader struct {
	page, lower string
	at          int // what comes next
	out         strings.Builder
	pre         bool   // lines are shown as they are
	href        string // where the link that is open leads
	visible     strings.Builder
}

// words puts text out, or keeps it until the link it is in ends.
func (r *htmlReader) words(text string) {
	if !r.pre {
		text = strings.Map(func(c rune) rune {
			if c == '\n' || c == '\r' {
				return ' '
			}
			return c
		}, text)
	}
	r.put(stdhtml.UnescapeString(text))
}

func (r *htmlReader) put(text string) {
	if r.href != "" {
		r.visible.WriteString(text)
		return
	}
	r.out.WriteString(text)
}

// markup reads what begins with "<" (HTML, section 13.2.5.6).
func (r *htmlReader) markup() {
	rest := r.lower[r.at:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		r.skip("-->")
		r.at = min(r.at+len("-->"), len(r.page))
	case len(rest) > 1 && (rest[1] == '/' || rest[1] == '!' || rest[1] == '?' || rest[1] >= 'a' && rest[1] <= 'z'):
		from := r.at
		r.skip(">")
		r.at = min(r.at+1, len(r.page))
		r.tag(from, r.at)
	default:
		r.put("<")
		r.at++
	}
}

// skip goes to the next mark, or to the end if there is none.
func (r *htmlReader) skip(mark string) {
	if i := strings.Index(r.lower[r.at:], mark); i >= 0 {
		r.at += i
		return
	}
	r.at = len(r.page)
}

func (r *htmlReader) tag(from, to int) {
	name := strings.TrimLeft(r.lower[from:to], "<")
	if end := strings.IndexAny(name, " \t\r\n>"); end >= 0 {
		name = name[:end]
	}
	name = strings.TrimSuffix(name, "/")
	switch name {
	case "style", "script", "title", "template":
		r.skip("</" + name)
	case "a":
		r.closeLink()
		r.openLink(r.page[from:to])
	case "/a":
		r.closeLink()
	case "pre", "/pre":
		r.pre = name == "pre"
		r.put("\n")
	case "td", "th":
		r.put(" ")
	case "br", "p", "/p", "div", "/div", "tr", "/tr", "table", "/table", "li", "/li", "hr", "blockquote", "/blockquote",
		"ul", "/ul", "ol", "/ol", "h1", "/h1", "h2", "/h2", "h3", "/h3", "h4", "/h4", "section", "/section", "body", "/body":
		r.put("\n")
	}
}

var hrefValue = regexp.MustCompile(`(?is)\shref\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+)`)

func (r *htmlReader) openLink(tag string) {
	if m := hrefValue.FindStringSubmatch(tag); m != nil {
		r.href = strings.TrimSpace(stdhtml.UnescapeString(strings.Trim(m[1], `"'`)))
	}
}

func (r *htmlReader) closeLink() {
	if r.href == "" {
		return
	}
	text, href := r.visible.String(), r.href
	r.visible.Reset()
	r.href = ""
	if trimmed := strings.TrimSpace(text); isLink(trimmed) && isLink(href) && !strings.ContainsAny(trimmed, " \n") {
		text = href
	}
	r.out.WriteString(text)
}

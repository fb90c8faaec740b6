package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/mailpath/mailpath/probe"
)

// people reads the sections about what people are told.
func (r *reader) people(top *fields, c *Config, routes *registry) {
	c.Status = top.status()
	for _, i := range top.items("maintenance") {
		r.maintenance(i, c, routes)
	}
	for _, e := range top.named("webhooks") {
		c.Webhooks = append(c.Webhooks, r.webhook(e))
	}
	if top.has("grafana") {
		c.Grafana = top.grafana()
	}
}

// soonest is the least time in which an update can be promised.
const soonest = 5 * time.Minute

func (f *fields) status() Status {
	s := f.fields("status", statusKeys)
	words := s.filePath("words")
	s.refersTo("words", func() error { return directory(words) })
	cstate := s.filePath("cstate")
	s.refersTo("cstate", func() error { return directory(cstate) })
	return Status{
		Company: s.text("company"), Contact: s.text("contact"), Language: s.language(words), Words: words, TimeZone: s.timeZone(),
		URL: s.webAddress("url", "of the page", "https://mail-status.example.com"), UpdateEvery: s.duration("update_every", soonest), Cstate: cstate,
	}
}

// languagePattern is the tag of a language (BCP 47), which is a directory's name, too.
var languagePattern = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

// language reads which words are used. Only the built-in ones are there without a
// directory of words.
func (f *fields) language(words string) string {
	got := f.text("language")
	switch {
	case got == "" || slices.Contains(languages, got):
	case words == "":
		f.bad("language", "got %q, want %s, or a directory under words that holds it", got, orList(languages))
	case !languagePattern.MatchString(got):
		f.bad("language", "got %q, want the tag of a language, such as fr or pt-BR", got)
	default:
		f.refersTo("language", func() error { return directory(filepath.Join(words, got)) })
	}
	return got
}

// directory tells why a path is no directory.
func directory(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; want a directory", err)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("got the file %s, want a directory", path)
	}
	return nil
}

func (f *fields) timeZone() *time.Location {
	if !f.has("time_zone") {
		return machineZone()
	}
	got := f.text("time_zone")
	zone, err := time.LoadLocation(got)
	if got != "" && (err != nil || got == "Local") {
		f.bad("time_zone", "got %q, want a name of the IANA time zone database, such as Europe/Berlin or UTC", got)
	}
	if zone == nil {
		return time.UTC
	}
	return zone
}

// machineZone is the time zone that the machine is set to, if that has a name; else UTC.
// TZ may name it, alone or as a file, as may the file behind /etc/localtime.
func machineZone() *time.Location {
	name, set := os.LookupEnv("TZ")
	if !set {
		name, _ = os.Readlink("/etc/localtime")
	}
	name = strings.TrimPrefix(name, ":")
	if _, inside, found := strings.Cut(name, "zoneinfo/"); found {
		name = inside
	}
	if zone, err := time.LoadLocation(name); err == nil && name != "Local" {
		return zone
	}
	return time.UTC
}

func (r *reader) webhook(e entry) Webhook {
	f := r.fields(e.value, "webhooks."+e.name, webhookKeys)
	if err := probe.CheckName(e.name); err != nil {
		r.wrong(e.key, f.where, "got %v", err)
	}
	w := Webhook{Name: e.name, URL: f.receiver(), Format: f.choice("format", formats), Template: f.filePath("template"), Audience: f.choice("audience", audiences)}
	switch wanted := w.Format == ownFormat; {
	case f.broken || w.Format == "" || wanted == f.has("template"):
	case wanted:
		r.wrong(f.node, f.where, "got format %s without a template, want one", ownFormat)
	default:
		f.bad("template", "got a template for format %s, want format: %s", w.Format, ownFormat)
	}
	f.refersTo("template", func() error { return filled(w.Template) })
	if f.has("token_file") || f.has("token_env") {
		token := f.token()
		w.Token = &token
	}
	for _, step := range f.words("steps") {
		if !slices.Contains(steps(), step.text) {
			r.wrong(step.node, step.where, "got %q, want %s", step.text, choices(step.text, steps()))
		}
		w.Steps = append(w.Steps, step.text)
	}
	return w
}

// filled tells why a file holds nothing to use.
func filled(path string) error {
	data, err := os.ReadFile(path)
	if err == nil && len(data) == 0 {
		return fmt.Errorf("got nothing in %s, want a template", path)
	}
	return err
}

// token reads where a token stands.
func (f *fields) token() Secret {
	token := f.secret("token_file", "token_env")
	f.refersTo("token_file", token.readable)
	f.refersTo("token_env", token.readable)
	return token
}

// receiver reads where a webhook leads.
func (f *fields) receiver() Secret {
	if !f.has("url") {
		if !f.broken && !f.strange && !f.has("url_file") && !f.has("url_env") {
			f.wrong(f.node, f.where, "got none of url_file, url_env and url, want one of them")
			return Secret{}
		}
		secret := f.secret("url_file", "url_env")
		f.refersTo("url_file", secret.aReceiver)
		f.refersTo("url_env", secret.aReceiver)
		return secret
	}
	if f.has("url_file") || f.has("url_env") {
		f.bad("url", "got a URL beside url_file or url_env, want one of them")
	}
	got := f.text("url")
	if got == "" {
		return Secret{}
	}
	u, err := webURL(got, "https://chat.example.com/hooks/mail")
	if err != nil {
		f.bad("url", "%v", err)
		return Secret{}
	}
	if ip, err := netip.ParseAddr(u.Hostname()); !strings.EqualFold(u.Hostname(), "localhost") && (err != nil || !ip.IsLoopback()) {
		f.note(f.values["url"], f.path("url"), "whoever knows it may post: if it holds a secret, as those of chat systems do, put it into a file and name that in url_file")
	}
	return Plainly(got)
}

// aReceiver tells why a secret is no URL that can be posted to, without telling it.
func (s Secret) aReceiver() error {
	got, err := s.Value()
	if err == nil {
		_, err = webURL(got, "https://chat.example.com/hooks/mail")
	}
	return err
}

// webURL reads a URL of http or https without an account. The error does not quote it:
// it may be a secret.
func webURL(text, example string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case len(text) >= 7 && strings.EqualFold(text[:7], "mailto:"):
		return nil, errors.New("got an address of mail, want another way: mail about mail that is broken does not arrive")
	case err == nil && u.User != nil:
		return nil, fmt.Errorf("got a URL with an account, want one without, such as %s: an account would stand in logs and metrics", example)
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.ContainsFunc(text, unicode.IsSpace):
		return nil, fmt.Errorf("got no URL of http or https, want one, such as %s", example)
	}
	return u, nil
}

func (f *fields) grafana() *Grafana {
	g := f.fields("grafana", grafanaKeys)
	read := &Grafana{URL: g.webAddress("url", "of Grafana", "https://grafana.example.com"), Token: g.token(), Dashboard: g.text("dashboard")}
	for _, w := range g.words("tags") {
		read.Tags = append(read.Tags, w.text)
	}
	return read
}

package config

import (
	"path"
	"slices"
	"strings"

	"github.com/mailpath/mailpath/probe"
	"go.yaml.in/yaml/v4"
)

// book is the names that routes and probes refer to.
type book struct {
	components, senders, mailboxes, routes *registry
	quarantines                            map[string]bool // by mailbox
}

// config reads the whole document. Sections are read in the order in which they
// refer to each other, wherever they stand.
func (r *reader) config(root *yaml.Node) *Config {
	top := r.fields(root, "", topKeys)
	c := &Config{Prober: top.name("prober"), Site: top.name("site")}
	b := book{newRegistry("component"), newRegistry("sender"), newRegistry("mailbox"), newRegistry("route"), map[string]bool{}}
	for _, i := range top.items("tag_keys") {
		key := r.tagKey(i)
		if key != (Secret{}) && slices.Contains(c.TagKeys, key) {
			r.wrong(i.node, i.where, "got a key that stands in the list already, want each once")
		}
		c.TagKeys = append(c.TagKeys, key)
	}
	if len(c.TagKeys) == 0 && root.Kind == yaml.MappingNode {
		r.note(root, "tag_keys", "there are none: `mailpath run` makes one beside its journal, `mailpath once` needs one; `mailpath config key FILE` makes one")
	}
	for _, e := range top.named("components") {
		c.Components = append(c.Components, r.component(e, b.components))
	}
	for _, e := range top.named("senders") {
		c.Senders = append(c.Senders, r.senders(e, b.senders)...)
	}
	for _, e := range top.named("mailboxes") {
		m := r.mailbox(e, b.mailboxes)
		b.quarantines[m.Name] = m.Quarantine
		c.Mailboxes = append(c.Mailboxes, m)
	}
	for _, e := range top.named("routes") {
		c.Routes = append(c.Routes, r.routes(e, b)...)
	}
	c.Probes = r.probes(top.items("probes"), c.Routes, b.routes)
	r.people(top, c, b.routes)
	b.components.noteUnused(r, "components", "route")
	b.senders.noteUnused(r, "senders", "route")
	b.useReturns(c)
	r.doubled(c, b)
	b.mailboxes.noteUnused(r, "mailboxes", "route")
	b.routes.noteUnused(r, "routes", "probe")
	if len(r.problems) == 0 {
		c.Warnings = append(r.warned, r.warnings(c, b)...).sorted()
	}
	return c
}

// named gives the entries of a section: one for each name.
func (f *fields) named(section string) []entry {
	if !f.has(section) {
		return nil
	}
	entries, ok := f.entries(f.values[section], section, "a mapping with a name for each entry")
	if k, _ := f.key(section); ok && k.required && len(f.values[section].Content) == 0 {
		f.bad(section, "got an empty mapping, want at least one entry")
	}
	return entries
}

func (r *reader) tagKey(i item) Secret {
	if i.node.Kind == yaml.ScalarNode {
		r.wrong(i.node, i.where, "got %s, want {file: /path} or {env: NAME}: keys stand in files or the environment", kind(i.node))
		return Secret{}
	}
	f := r.fields(i.node, i.where, tagKeyKeys)
	key := f.secret("file", "env")
	f.refersTo("file", key.aTagKey)
	f.refersTo("env", key.aTagKey)
	return key
}

// otherHosts stands in metrics and traces for the hosts that no component claims.
const otherHosts = "other"

func (r *reader) component(e entry, known *registry) Component {
	f := r.fields(e.value, "components."+e.name, componentKeys)
	known.define(r, e, f.where)
	if e.name == otherHosts {
		r.wrong(e.key, f.where, "got %q as a name, want another: it stands for the hosts of no component", e.name)
	}
	c := Component{Name: e.name, Title: e.name, Checks: f.checks()}
	if f.has("title") {
		c.Title = f.text("title")
	}
	c.ReceivedBy = f.patterns("received_by")
	return c
}

// patterns gives the list under a key of hosts, or patterns of path.Match for them.
func (f *fields) patterns(key string) []string {
	var patterns []string
	for _, w := range f.words(key) {
		if _, err := path.Match(w.text, ""); err != nil {
			f.wrong(w.node, w.where, "got %q, want a host or a pattern such as mx*.example.com", w.text)
		}
		patterns = append(patterns, w.text)
	}
	return patterns
}

func exampleServer(kind string) string {
	if kind == "imap" {
		return "imap.example.com:993"
	}
	return "smtp.example.com:587"
}

// senders reads one sender of the file: one for each of its servers.
func (r *reader) senders(e entry, known *registry) []Sender {
	f := r.fields(e.value, "senders."+e.name, senderKeys)
	smtp := f.fields("smtp", smtpKeys)
	from := f.address("from")
	signed := f.dkim(from)
	common := SMTP{CAFile: smtp.caFile(), EHLO: smtp.ehlo(from), Auth: smtp.auth()}
	servers := smtp.servers("server", exampleServer("smtp"))
	suffixes, mode := serverSuffixes(servers), smtp.tls(probe.NoTLS)
	var senders []Sender
	var names []string
	for i, s := range servers {
		if s.host == "" {
			continue
		}
		one := Sender{Name: e.name, From: from, SMTP: common, DKIM: signed}
		if len(servers) > 1 {
			one.Name += "@" + suffixes[i]
		}
		one.SMTP.Server, one.SMTP.TLS = s.address(), mode(s)
		smtp.guard(s, one.SMTP.TLS)
		senders = append(senders, one)
		names = append(names, one.Name)
	}
	known.define(r, e, f.where, names...)
	return senders
}

// ehlo is the name to greet with: by default the domain of the sender's address.
func (f *fields) ehlo(from string) string {
	if !f.has("ehlo") {
		return domain(from)
	}
	got := f.text("ehlo")
	switch {
	case got == "":
	case !greetable(got):
		f.bad("ehlo", "got %q, want a host such as probe.example.com", got)
	case strings.EqualFold(strings.TrimSuffix(got, "."), "localhost"):
		f.bad("ehlo", "got %q, which strict gateways refuse; want this machine's full name, such as probe.example.com", got)
	}
	return got
}

// junkFolder stands for the folder that the server marks so (RFC 6154 section 2).
const junkFolder = `\Junk`

func (r *reader) mailbox(e entry, known *registry) Mailbox {
	f := r.fields(e.value, "mailboxes."+e.name, mailboxKeys)
	known.define(r, e, f.where)
	m := Mailbox{Name: e.name, Address: f.address("address"), Clean: f.truth("clean"), Quarantine: f.truth("quarantine"), AuthservIDs: f.patterns("authserv_id")}
	imap := f.fields("imap", imapKeys)
	m.IMAP = IMAP{CAFile: imap.caFile(), Auth: imap.auth()}
	if imap.has("server") {
		s := r.readServer(item{imap.values["server"], imap.path("server")}, exampleServer("imap"))
		m.IMAP.Server, m.IMAP.TLS = s.address(), imap.tls(probe.ImplicitTLS)(s)
		imap.guard(s, m.IMAP.TLS)
	}
	for _, w := range f.words("folders") {
		if strings.EqualFold(w.text, "INBOX") {
			w.text = "INBOX"
		}
		if slices.Contains(m.Folders, w.text) {
			r.wrong(w.node, w.where, "got %q twice in one list, want it once", w.text)
		}
		if strings.EqualFold(w.text, junkFolder) {
			w.text = junkFolder
		} else if strings.HasPrefix(w.text, `\`) {
			r.wrong(w.node, w.where, "got %q, want %s or the name of a folder", w.text, junkFolder)
		}
		if strings.ContainsAny(w.text, "*%") {
			r.wrong(w.node, w.where, "got %q, want the name of one folder, without * and %%", w.text)
		}
		m.Folders = append(m.Folders, w.text)
	}
	if f.has("folders") && len(m.Folders) > 0 && !slices.Contains(m.Folders, "INBOX") {
		f.bad("folders", "got no INBOX, want it among them: mail that arrives as it should would be told lost")
	}
	return m
}

func (f *fields) truth(key string) bool { return f.choice(key, []string{"true", "false"}) == "true" }

func (f *fields) caFile() string {
	file := f.filePath("ca_file")
	f.refersTo("ca_file", func() error { return certificates(file) })
	return file
}

func (f *fields) auth() *Auth {
	if !f.has("auth") {
		return nil
	}
	a := f.fields("auth", authKeys)
	password := a.secret("password_file", "password_env")
	a.refersTo("password_file", password.readable)
	a.refersTo("password_env", password.readable)
	return &Auth{Username: a.text("username"), Password: password}
}

// guard refuses to send a password in the clear to another machine, and a CA file
// that nothing would read.
func (f *fields) guard(s server, mode probe.TLSMode) {
	if mode != probe.NoTLS || s.host == "" {
		return
	}
	if f.has("auth") && !s.loopback() {
		f.bad("auth", "got a login at %s with tls: none, which would send the password in the clear; want tls: starttls or tls: implicit", s.address())
	}
	if f.has("ca_file") {
		f.bad("ca_file", "got certificates to trust at %s with tls: none, want tls: starttls or tls: implicit", s.address())
	}
}

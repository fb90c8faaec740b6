package config

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mailpath/mailpath/probe"
)

// maxTries bounds a queue.
const maxTries = 20

// alters reads what a path is meant to change: words, or mappings that say more.
func (f *fields) alters() []probe.MeantAlteration {
	var all []probe.MeantAlteration
	for _, i := range f.items("alters") {
		one := f.alteration(i)
		if slices.Contains(all, one) && one.Kind != "" {
			f.wrong(i.node, i.where, "got %s twice in one list, want it once", one.Kind)
			continue
		}
		all = append(all, one)
	}
	return all
}

func (r *reader) alteration(i item) probe.MeantAlteration {
	if i.node.Kind != yaml.ScalarNode {
		f := r.fields(i.node, i.where, alterKeys)
		return probe.MeantAlteration{Kind: probe.AlterationKind(f.choice("kind", alterations())), Text: f.text("text")}
	}
	got := r.text(i.node, i.where)
	if got != "" && !slices.Contains(alterations(), got) {
		r.wrong(i.node, i.where, "got %q, want %s", got, choices(got, alterations()))
	}
	return probe.MeantAlteration{Kind: probe.AlterationKind(got)}
}

// retry reads the waits of a queue.
func (f *fields) retry() []time.Duration {
	var waits []time.Duration
	items := f.items("retry")
	for _, i := range items {
		text := f.reader.text(i.node, i.where)
		wait, err := time.ParseDuration(text)
		switch {
		case text == "":
		case err != nil:
			f.wrong(i.node, i.where, "got %q, want a duration with its unit (s, m or h), such as 5m", text)
		case wait < time.Second:
			f.wrong(i.node, i.where, "got %s, want at least 1s", text)
		}
		waits = append(waits, wait)
	}
	if len(items) > maxTries {
		f.bad("retry", "got %d tries, want at most %d", len(items), maxTries)
	}
	return waits
}

// dkim reads how a sender signs.
func (f *fields) dkim(from string) *DKIM {
	if !f.has("dkim") {
		return nil
	}
	d := f.fields("dkim", dkimKeys)
	key := DKIM{Domain: domain(from), Selector: d.label("selector"), KeyFile: d.filePath("key_file")}
	if d.has("domain") {
		key.Domain = d.label("domain")
	}
	d.refersTo("key_file", func() error { return f.signing(key) })
	return &key
}

// label is the value of a key that is a name in the DNS.
func (f *fields) label(key string) string {
	got := f.text(key)
	if got != "" && (!hostPattern.MatchString(got) || strings.Contains(got, "..")) {
		f.bad(key, "got %q, want a name such as mailpath or example.com", got)
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(got, "."))
}

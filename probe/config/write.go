package config

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/mailpath/mailpath/probe"
)

// WriteYAML writes the effective configuration: defaults are filled in, lists
// expanded, paths absolute, and secrets are told as where they stand. Parse reads
// it back as an equal Config, save for Notes and Warnings.
func (c *Config) WriteYAML(w io.Writer) error {
	probes := list(c.Probes, Probe.tree)
	top := mapping(
		"prober", text(c.Prober), "site", text(c.Site),
		"tag_keys", list(c.TagKeys, func(s Secret) *yaml.Node { return s.tree("file", "env") }),
		"components", section(c.Components, Component.tree),
		"senders", section(c.Senders, Sender.tree),
		"mailboxes", section(c.Mailboxes, Mailbox.tree),
		"routes", section(c.Routes, Route.tree),
		"probes", probes,
		"status", c.Status.tree(),
		"maintenance", list(c.Maintenance, Maintenance.tree),
		"webhooks", section(c.Webhooks, Webhook.tree),
		"grafana", c.Grafana.tree(),
	)
	data, err := yaml.Dump(top)
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}

func (s Secret) tree(fileKey, envKey string) *yaml.Node {
	return flow(mapping(fileKey, text(s.file), envKey, text(s.env)))
}

func (c Component) tree() (string, *yaml.Node) {
	return c.Name, mapping("title", text(c.Title), "received_by", words(c.ReceivedBy), "check", list(c.Checks, Check.tree))
}

func (c Check) tree() *yaml.Node {
	if c.Query == nil {
		return flow(mapping(c.Kind, text(c.Target)))
	}
	side := "above"
	if c.Query.Below {
		side = "below"
	}
	return mapping(c.Kind, mapping("url", text(c.Query.URL), "query", text(c.Query.Query), side, number(c.Query.Threshold), "means", text(c.Query.Means)))
}

func (s Sender) tree() (string, *yaml.Node) {
	smtp := mapping("server", text(s.SMTP.Server), "tls", text(string(s.SMTP.TLS)), "ca_file", text(s.SMTP.CAFile),
		"ehlo", text(s.SMTP.EHLO), "auth", s.SMTP.Auth.tree())
	return s.Name, mapping("from", text(s.From), "smtp", smtp, "dkim", s.DKIM.tree())
}

func (d *DKIM) tree() *yaml.Node {
	if d == nil {
		return nil
	}
	return flow(mapping("domain", text(d.Domain), "selector", text(d.Selector), "key_file", text(d.KeyFile)))
}

func (m Mailbox) tree() (string, *yaml.Node) {
	imap := mapping("server", text(m.IMAP.Server), "tls", text(string(m.IMAP.TLS)), "ca_file", text(m.IMAP.CAFile), "auth", m.IMAP.Auth.tree())
	return m.Name, mapping("address", text(m.Address), "imap", imap, "folders", words(m.Folders), "clean", truth(m.Clean), "quarantine", truth(m.Quarantine),
		"authserv_id", words(m.AuthservIDs))
}

func (a *Auth) tree() *yaml.Node {
	if a == nil {
		return nil
	}
	password := a.Password
	return flow(mapping("username", text(a.Username), "password_file", text(password.file), "password_env", text(password.env)))
}

func (r Route) tree() (string, *yaml.Node) {
	return r.Name, mapping("direction", text(string(r.Direction)), "sender", text(r.Sender), "mailbox", text(r.Mailbox), "path", words(r.Path),
		"alters", list(r.Alters, alterationTree), "retry", waits(r.Retry))
}

func alterationTree(a probe.MeantAlteration) *yaml.Node {
	if a.Text == "" {
		return text(string(a.Kind))
	}
	return flow(mapping("kind", text(string(a.Kind)), "text", text(a.Text)))
}

func waits(all []time.Duration) *yaml.Node {
	var texts []string
	for _, d := range all {
		texts = append(texts, brief(d))
	}
	return words(texts)
}

func (p Probe) tree() *yaml.Node {
	duration := func(d time.Duration) *yaml.Node { return text(brief(d)) }
	return mapping("routes", words([]string{p.Route}), "payload", text(p.Payload), "every", duration(p.Every),
		"late_after", duration(p.LateAfter), "lost_after", duration(p.LostAfter), "expect", text(string(p.Expect)))
}

func (s Status) tree() *yaml.Node {
	return mapping("company", text(s.Company), "contact", text(s.Contact), "language", text(s.Language), "words", text(s.Words),
		"time_zone", text(s.TimeZone.String()), "url", text(s.URL), "update_every", text(brief(s.UpdateEvery)), "cstate", text(s.Cstate))
}

func (m Maintenance) tree() *yaml.Node {
	var from string
	if m.Cron == "" {
		from = m.From.Format(time.RFC3339)
	}
	return mapping("title", text(m.Title), "routes", words(m.Routes), "from", text(from), "cron", text(m.Cron), "for", text(brief(m.For)))
}

func (w Webhook) tree() (string, *yaml.Node) {
	var token Secret
	if w.Token != nil {
		token = *w.Token
	}
	return w.Name, mapping("url", text(w.URL.plain), "url_file", text(w.URL.file), "url_env", text(w.URL.env), "format", text(w.Format), "template", text(w.Template),
		"audience", text(w.Audience), "token_file", text(token.file), "token_env", text(token.env), "steps", words(w.Steps))
}

func (g *Grafana) tree() *yaml.Node {
	if g == nil {
		return nil
	}
	return mapping("url", text(g.URL), "token_file", text(g.Token.file), "token_env", text(g.Token.env), "dashboard", text(g.Dashboard), "tags", words(g.Tags))
}

// mapping takes keys and *yaml.Node values in turn; nil values are left out.
func mapping(pairs ...any) *yaml.Node {
	m := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(pairs); i += 2 {
		if value := pairs[i+1].(*yaml.Node); value != nil {
			m.Content = append(m.Content, text(pairs[i].(string)), value)
		}
	}
	return m
}

// section is a mapping of names; nil for none.
func section[T any](values []T, tree func(T) (string, *yaml.Node)) *yaml.Node {
	var pairs []any
	for _, v := range values {
		name, value := tree(v)
		pairs = append(pairs, name, value)
	}
	if len(pairs) == 0 {
		return nil
	}
	return mapping(pairs...)
}

// list is nil for none.
func list[T any](values []T, tree func(T) *yaml.Node) *yaml.Node {
	if len(values) == 0 {
		return nil
	}
	l := &yaml.Node{Kind: yaml.SequenceNode}
	for _, v := range values {
		l.Content = append(l.Content, tree(v))
	}
	return l
}

func words(values []string) *yaml.Node {
	l := list(values, text)
	if l == nil {
		return nil
	}
	return flow(l)
}

// text is nil for empty text. The library quotes what would read as something else.
func text(value string) *yaml.Node {
	if value == "" {
		return nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

// number is a number as YAML has it, a whole one without a point.
func number(value float64) *yaml.Node {
	written, tag := strconv.FormatFloat(value, 'g', -1, 64), "!!float"
	if _, err := strconv.ParseInt(written, 10, 64); err == nil {
		tag = "!!int"
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: written}
}

func truth(value bool) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(value)}
}

func flow(n *yaml.Node) *yaml.Node {
	n.Style = yaml.FlowStyle
	return n
}

package config

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// checks reads one check, or several in a list.
func (f *fields) checks() []Check {
	if !f.has("check") {
		return nil
	}
	list := []item{{f.values["check"], f.path("check")}}
	if list[0].node.Kind == yaml.SequenceNode {
		list = f.items("check")
	}
	var checks []Check
	for _, i := range list {
		one := f.reader.fields(i.node, i.where, checkKeys)
		if !one.broken && !one.strange && len(one.values) != 1 {
			f.wrong(i.node, i.where, "got %d keys, want one: %s", len(one.values), orList(checkKinds))
		}
		for _, kind := range checkKinds {
			if !one.has(kind) {
				continue
			}
			c := one.check(kind)
			if slices.ContainsFunc(checks, c.same) {
				f.wrong(i.node, i.where, "got the same check twice, want it once")
			}
			checks = append(checks, c)
		}
	}
	return checks
}

func (f *fields) check(kind string) Check {
	if kind == "prometheus" {
		return Check{Kind: kind, Query: f.query()}
	}
	target := f.readServer(item{f.values[kind], f.path(kind)}, exampleTarget(kind))
	if target.host == "" {
		return Check{Kind: kind}
	}
	return Check{Kind: kind, Target: target.address()}
}

func exampleTarget(kind string) string {
	switch kind {
	case "smtp":
		return "mx1.example.com:25"
	case "imap", "tls":
		return "imap.example.com:993"
	}
	return "mail.example.com:4190"
}

// same tells a check that asks the same, wherever the answer is looked up.
func (c Check) same(o Check) bool {
	if c.Query == nil || o.Query == nil {
		return c.Kind == o.Kind && c.Target != "" && strings.EqualFold(c.Target, o.Target)
	}
	return c.Query.Query != "" && c.Query.Query == o.Query.Query && c.Query.Threshold == o.Query.Threshold && c.Query.Below == o.Query.Below
}

// query reads a question to Prometheus.
func (f *fields) query() *Query {
	q := f.fields("prometheus", queryKeys)
	above, below := q.has("above"), q.has("below")
	if !q.broken && !q.strange && above == below {
		got := "neither"
		if above {
			got = "both"
		}
		q.wrong(q.node, q.where, "got %s of above and below, want one of them", got)
	}
	side := "above"
	if below {
		side = "below"
	}
	return &Query{URL: q.webAddress("url", "of Prometheus", "http://prometheus.example.com:9090"), Query: q.text("query"), Threshold: q.number(side), Below: below, Means: q.text("means")}
}

// webAddress is the value of a key that is a URL of something, whose whole address it is.
// It is not quoted where it may hold a password.
func (f *fields) webAddress(key, what, example string) string {
	got := f.text(key)
	if got == "" {
		return ""
	}
	u, err := webURL(got, example)
	switch {
	case err != nil:
		f.bad(key, "%v", err)
	case u.RawQuery != "" || u.Fragment != "":
		f.bad(key, "got a URL with ? or #, want that %s alone, such as %s", what, example)
	default:
		return got
	}
	return ""
}

// number is the value of a key that is a number.
func (f *fields) number(key string) float64 {
	text := f.text(key)
	if text == "" {
		return 0
	}
	got, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(got) || math.IsInf(got, 0) {
		f.bad(key, "got %q, want a number such as 100 or 0.5", text)
		return 0
	}
	return got
}

package browser

import (
	"errors"
	"fmt"
	"strings"
)

// Violation is a rule of accessibility that a page breaks.
type Violation struct {
	Rule   string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []Node `json:"nodes"`
}

// Node is an element that breaks a rule.
type Node struct {
	Target  string `json:"target"` // a CSS selector
	HTML    string `json:"html"`
	Summary string `json:"failureSummary"`
}

// String is a violation with its elements, one a line.
func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", v.Rule, v.Impact, v.Help)
	for _, n := range v.Nodes {
		fmt.Fprintf(&b, "\n  %s: %.200s: %s", n.Target, n.HTML, strings.Join(strings.Fields(n.Summary), " "))
	}
	return b.String()
}

// audit runs axe-core over a page: WCAG 2.0 to 2.2, levels A and AA, and what its authors
// hold to be good practice beside. Nothing is loaded, and no frame entered.
const audit = `axe.run(document, {
	runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
	rules: {"target-size": {enabled: true}},
	resultTypes: ["violations"], preload: false, iframes: false,
}).then(r => r.violations.map(v => ({
	id: v.id, impact: v.impact ?? "", help: v.help,
	nodes: v.nodes.map(n => ({target: n.target.join(" "), html: n.html, failureSummary: n.failureSummary ?? ""})),
})))`

// Audit gives the rules of accessibility that the page breaks as it is now. The scripts of
// one that was loaded without scripts do not run for it: they are past.
func (p *Page) Audit() (broken []Violation, err error) {
	if p.view.NoScript { // axe-core waits for timers, which count as the page's scripts
		err = p.do(script(true))
		defer func() { err = errors.Join(err, p.do(script(false))) }()
	}
	var there bool
	if err == nil {
		there, err = Eval[bool](p, `typeof axe === "object"`)
	}
	if err == nil && !there {
		_, err = Eval[bool](p, p.browser.axe+";\ntrue")
	}
	if err == nil {
		broken, err = Eval[[]Violation](p, audit)
	}
	if err != nil {
		return nil, fmt.Errorf("judging how accessible a page is: %w", err)
	}
	return broken, nil
}

package report

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// phrases are expressions of which any may stand in a text. The text must be in lower
// case, as they are. Most texts hold none, so each is looked for by a plain piece of it
// first: one large expression takes microseconds for each byte.
type phrases struct {
	plain []string
	rest  []phrase
}

type phrase struct {
	piece string // stands in whatever the expression matches; may be empty
	*regexp.Regexp
}

func anyOf(expressions ...string) phrases {
	var p phrases
	for _, e := range expressions {
		if regexp.QuoteMeta(e) == e {
			p.plain = append(p.plain, e)
			continue
		}
		p.rest = append(p.rest, phrase{pieceOf(e), regexp.MustCompile(e)})
	}
	return p
}

// pieceOf is the longest text that all matches of an expression hold.
func pieceOf(expression string) string {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		panic(err) // as regexp.MustCompile does
	}
	return longestLiteral(tree)
}

func longestLiteral(tree *syntax.Regexp) string {
	longest := ""
	switch tree.Op {
	case syntax.OpLiteral:
		return string(tree.Rune)
	case syntax.OpConcat, syntax.OpCapture, syntax.OpPlus:
		for _, sub := range tree.Sub {
			if s := longestLiteral(sub); len(s) > len(longest) {
				longest = s
			}
		}
	}
	return longest
}

// in tells whether one of the phrases stands in a text in lower case.
func (p phrases) in(lower string) bool { return p.count(lower, 1) > 0 }

// count tells how many of the phrases stand there, up to a limit.
func (p phrases) count(lower string, limit int) int {
	n := 0
	for _, s := range p.plain {
		if n < limit && strings.Contains(lower, s) {
			n++
		}
	}
	for _, e := range p.rest {
		if n < limit && strings.Contains(lower, e.piece) && e.MatchString(lower) {
			n++
		}
	}
	return n
}

package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong, or worth a word, at one place of a file.
type Problem struct {
	File         string
	Line, Column int    // from 1
	Message      string // what was got and what would be right
}

// String is the problem in one line.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems is everything that is wrong with a configuration, in the file's order.
type Problems []Problem

// Error is one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// sorted puts the problems in the file's order; those of one place keep theirs.
func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return p
}

// choices lists what is known, with a guess at what was meant.
func choices(got string, known []string) string {
	text := orList(known)
	if meant := closest(got, known); meant != "" {
		text += fmt.Sprintf("; did you mean %s?", meant)
	}
	return text
}

func orList(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// closest is the known word with the fewest edits, or nothing when that would be
// another word rather than a slip: more than half of its letters differ.
func closest(got string, known []string) string {
	best, fewest := "", 0
	for _, word := range known {
		edits := distance(strings.ToLower(got), word)
		if edits <= (len(word)+1)/2 && edits < len(word) && (best == "" || edits < fewest) {
			best, fewest = word, edits
		}
	}
	return best
}

// distance is Levenshtein's, in bytes: known words are ASCII.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

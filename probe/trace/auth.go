package trace

import (
	"path"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// authField is one Authentication-Results field (RFC 8601 section 2.2).
type authField struct {
	host    string // authserv-id; empty: Exchange, which writes none
	below   int    // the entry that stands below it
	results [len(authMethods)]string
}

// authMethods are the methods that are told of, in the order in which they are.
var authMethods = [...]string{"spf", "dkim", "dmarc", "arc"}

// authResults are the results told as they are, the better ones first (RFC 8601 section 2.7).
var authResults = []string{"pass", "policy", "neutral", "softfail", "temperror", "permerror", "fail", "other", "none"}

// Authentication gives what a host trusted by name says of who sent the message: of
// each method the best result. Names are patterns of path.Match for authserv-ids
// (RFC 8601 section 2.2), without regard to case. Of the fields in these names only those
// count that stand together and uppermost: older ones may come from the sender. Where they
// stand is no proof, as some filters append theirs to the end of the header: whoever
// takes mail in must remove what strangers wrote in its name (RFC 8601 section 5). A
// field without an authserv-id, such as Exchange writes, is of the host that wrote the
// Received field below it.
func (t *Trace) Authentication(trusted []string) []probe.AuthResult {
	var best [len(authMethods)]string
	found := -1 // where the fields that count stand
	for _, f := range t.auth {
		if found >= 0 && f.below != found {
			break
		}
		if !isTrusted(trusted, t.writer(f)) {
			continue
		}
		found = f.below
		for i, result := range f.results {
			best[i] = better(best[i], result)
		}
	}
	var results []probe.AuthResult
	for i, result := range best {
		if result != "" {
			results = append(results, probe.AuthResult{Method: authMethods[i], Result: result})
		}
	}
	return results
}

func (t *Trace) writer(f authField) string {
	if f.host == "" && f.below < len(t.Entries) {
		return t.Entries[f.below].By
	}
	return f.host
}

func isTrusted(patterns []string, host string) bool {
	if host == "" {
		return false
	}
	for _, p := range patterns {
		if ok, err := path.Match(strings.ToLower(p), strings.ToLower(host)); ok && err == nil {
			return true
		}
	}
	return false
}

// better is the better of two results, of which either may be empty.
func better(a, b string) string {
	for _, r := range authResults {
		if r == a || r == b {
			return r
		}
	}
	return ""
}

// readAuth reads a field: the authserv-id, its version, and results between semicolons.
func readAuth(value string, below int) authField {
	f := authField{below: below}
	var words []string
	first := true
	for _, p := range append(split(value), part{kind: semicolon}) {
		switch p.kind {
		case word:
			words = append(words, p.text)
		case semicolon:
			f.segment(words, first)
			first, words = first && isInstance(words), words[:0]
		}
	}
	return f
}

// isInstance tells the i= that stands first in ARC's form of the field (RFC 8617 section 4.1.1).
func isInstance(words []string) bool {
	return len(words) == 0 || len(words) == 1 && strings.HasPrefix(words[0], "i=")
}

// segment reads what stands before a semicolon. The first holds the authserv-id, if its
// first word is no assignment.
func (f *authField) segment(words []string, first bool) {
	if len(words) == 0 {
		return
	}
	if first && !strings.Contains(words[0], "=") && (len(words) < 2 || words[1][0] != '=') {
		f.host = tidy(words[0])
		words = words[1:]
	}
	method, result, ok := assignment(words)
	if !ok {
		return
	}
	method, _, _ = strings.Cut(method, "/") // its version
	for i, m := range authMethods {
		if strings.EqualFold(m, method) {
			f.results[i] = better(f.results[i], knownResult(result))
		}
	}
}

// assignment reads the first method=result; there may be spaces around the sign.
func assignment(words []string) (method, result string, ok bool) {
	for i, w := range words {
		method, result, ok = strings.Cut(w, "=")
		switch {
		case !ok && i+1 < len(words) && words[i+1][0] == '=':
			method, result = w, words[i+1][1:]
			i++
		case !ok:
			continue
		}
		if result == "" && i+1 < len(words) {
			result = words[i+1]
		}
		return method, result, result != ""
	}
	return "", "", false
}

// knownResult is the result in lower case, or other.
func knownResult(result string) string {
	result = strings.ToLower(strings.Trim(result, `",.`))
	for _, r := range authResults {
		if r == result {
			return r
		}
	}
	return "other"
}

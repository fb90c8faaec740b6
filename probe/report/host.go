package report

import (
	"net/netip"
	"regexp"
	"strings"
)

var (
	hostPattern = regexp.MustCompile(`^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?$`)
	afterHost   = regexp.MustCompile(`^(.+?)(?:\[[0-9a-fA-F.:]+\])?(?::\d{1,5})?$`)
	literal     = regexp.MustCompile(`^\[(?i:ipv6:)?([0-9a-fA-F.:]+)\](?::\d{1,5})?$`)
)

// hostName reads the name of a mail system (RFC 3464 sections 2.2.2 and 2.3.5), in lower
// case: a domain name, or an address, in brackets if it was. Anything else is no name.
func hostName(value string) string {
	value = value[len(typed.FindString(value)):]
	word, _, _ := strings.Cut(strings.TrimSpace(value), " ")
	word, _, _ = strings.Cut(word, "(")
	return hostWord(strings.Trim(word, `"'<>,;`))
}

func hostWord(word string) string {
	if len(word) > maxName {
		return ""
	}
	if l := literal.FindStringSubmatch(word); l != nil {
		if ip, err := netip.ParseAddr(l[1]); err == nil {
			return "[" + ip.String() + "]"
		}
		return ""
	}
	if ip, err := netip.ParseAddr(word); err == nil {
		return ip.String()
	}
	if m := afterHost.FindStringSubmatch(word); m != nil {
		word = m[1]
	}
	word = strings.ToLower(strings.TrimRight(word, ".:"))
	if ip, err := netip.ParseAddr(word); err == nil {
		return ip.String()
	}
	if !hostPattern.MatchString(word) {
		if ascii, ok := inASCIIOrPrintable(word); ok {
			return ascii
		}
		return ""
	}
	return word
}

// inASCIIOrPrintable keeps an internationalised name (RFC 6533 section 3) as it is.
func inASCIIOrPrintable(word string) (string, bool) {
	if strings.ContainsAny(word, "@/\\<>()[]{}:;,\"'=&%$#!*?+|~` ") {
		return "", false
	}
	for _, r := range word {
		if r >= 0x80 {
			return word, strings.Contains(word, ".")
		}
	}
	return "", false
}

// domainWord is a host name that text names: one with a dot, or an address.
func domainWord(word string) string {
	h := hostWord(strings.Trim(word, `"'<>,;()`))
	if strings.ContainsAny(h, ".:") {
		return h
	}
	return ""
}

var addressIn = regexp.MustCompile(`[^\s<>()\[\]:;,"'@|=]+@(?:[\pL\pN_](?:[\pL\pN_.-]*[\pL\pN])?|\[[0-9a-fA-F.:]+\])`)

// address reads an address out of a value such as "rfc822; <a@b>" (RFC 3464 section
// 2.3.1) or "utf-8; ..." (RFC 6533 section 3).
func address(value string) string {
	value = value[:min(len(value), 4*maxName)]
	value = value[len(typed.FindString(value)):]
	value = strings.Trim(strings.TrimSpace(value), "<>")
	if a := addressIn.FindString(value); a != "" {
		return a
	}
	return ""
}

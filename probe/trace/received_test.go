package trace_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mailpath/mailpath/probe/trace"
)

// Shapes that the products' files do not have.
func TestReceived(t *testing.T) {
	const date = "; Mon, 23 Nov 2026 08:41:02 +0100"
	for field, want := range map[string][4]string{
		"from a.example by b.example with ESMTP id 1 for <c@example.com> from <d@example.com>" + date: {"b.example", "a.example", "ESMTP", "1"},
		"by b.example (Postfix) for <c@example.com> from <d@example.com>" + date:                      {"b.example", "", "", ""},
		"FROM a.example BY b.example WITH ESMTP ID 1" + date:                                          {"b.example", "a.example", "ESMTP", "1"},
		"from a.example(b.example[192.0.2.1]) by c.example via smap (V1.3)\tid xma093673" + date:      {"c.example", "a.example", "", "xma093673"},
		"from [192.0.2.1] by b.example via HTTP" + date:                                               {"b.example", "[192.0.2.1]", "HTTP", ""},
		"from a (a.example [192.0.2.1]) via ESMTP by b.example id 1" + date:                           {"b.example", "a", "ESMTP", "1"},
		"from a.example by b.example with ESMTP with STARTTLS id 1" + date:                            {"b.example", "a.example", "ESMTP", "1"},
		"from a by Websense Email Security Gateway with ESMTP id 1" + date:                            {"Websense Email Security Gateway", "a", "ESMTP", "1"},
		"from a (unclosed (nested) by b.example (x) with ESMTP id 1" + date + " (CET)":                {"b.example", "a", "ESMTP", "1"},
		"from a (closed twice)) by b.example with ESMTP id 1" + date:                                  {"b.example", "a", "ESMTP", "1"},
		"from a (a; by forged.example; with X) by b.example" + date:                                   {"b.example", "a", "", ""},
		`from a ("\(" by c) by b.example` + date:                                                      {"b.example", "a", "", ""},
		`from a (DOMAIN\user) by b.example` + date:                                                    {"b.example", "a", "", ""},
		`from "a b" by b.example with ESMTP id "x;y(z"` + date:                                        {"b.example", "a b", "ESMTP", "x;y(z"},
		`from a " by b.example with ESMTP` + date:                                                     {"b.example", `a "`, "ESMTP", ""},
		"from helo.example (ehlo=real.example helo=late) by b.example" + date:                         {"b.example", "real.example", "", ""},
		"from michelo.example (chelo 1) by b.example" + date:                                          {"b.example", "michelo.example", "", ""},
		"by b.example, with UTF8SMTPSA extra id 1, tail" + date:                                       {"b.example", "", "UTF8SMTPSA", "1"},
		"from a by b.example with HTTP/REST id 1" + date:                                              {"b.example", "a", "HTTP/REST", "1"},
		"from a by b with ESMTP Mon, 23 Nov 2026 08:41:02 +0100":                                      {"b", "a", "ESMTP", ""},
		"from a by b Mon, 23 Nov 2026 08:41:02 +0100":                                                 {"b", "a", "", ""},
	} {
		e := entry(field)
		if got := [4]string{e.By, e.From, e.With, e.ID}; got != want || e.At.IsZero() || !e.IsHop {
			t.Errorf("%q: got by, from, with, id %q at %v, hop %v; want %q", field, got, e.At, e.IsHop, want)
		}
	}
}

// Notes are no hops, and neither is text.
func TestNoHops(t *testing.T) {
	for _, field := range []string{
		"", ";", "(", "apparently", "or is it", "(from)", "from_a by_b", "(qmail 1 invoked by uid 99)", "(Haraka outbound)",
		"(majordomo@example.org) by example.org", "(nullmailer pid 1 invoked by uid 0)", "with LISTAR (v0.129a; list x)", "via dmail-2000(3) for x",
		"from a by localhost with IMAP4-SSL (fetchmail)", "from a by localhost with APOP (fetchmail-6.4)", "by localhost (fdm 2.0)",
	} {
		if e := entry(field + "; Mon, 23 Nov 2026 08:41:02 +0100"); e.IsHop {
			t.Errorf("%q: got a hop: %+v", field, e)
		}
	}
	for _, field := range []string{"(from root@localhost) by b (8.12)", "(Authenticated sender: a@example.com) by b (Postfix)", "from ([127.0.0.1]) with MailEnable ESMTP", "by 192.0.2.1 with HTTP"} {
		if e := entry(field); !e.IsHop {
			t.Errorf("%q: got no hop: %+v", field, e)
		}
	}
}

// What is shown of a field is short, valid text without control characters.
func TestTexts(t *testing.T) {
	long := strings.Repeat("ä", 200)
	for field, want := range map[string]string{
		"by a\x1b[31m\x00b\x7f\u0085c\u202ed": "a[31mbcd",
		"by \xe4\x9f\xf6":                     "äö",
		"by " + long:                          strings.Repeat("ä", 127),
		"by a\u00a0with b":                    "a",
	} {
		if got := entry(field).By; got != want || !utf8.ValidString(got) {
			t.Errorf("%q: got by %q, want %q", field, got, want)
		}
	}
}

func TestReadHeaders(t *testing.T) {
	for header, want := range map[string]int{
		"Received: a\nreceived: b\nRECEIVED : c\nReceived:d\nX-Received: e\nReceived-SPF: f\n\nReceived: body\n": 4,
		"\xef\xbb\xbf\r\nReceived: a\r\rReceived: b":                                                             2,
		strings.Repeat("X-Spam: x\n", 50_000) + "Received: a\n":                                                  1,
		strings.Repeat("Received:\n", 50_000):                                                                    50_000,
		"":                                                                                                       0,
	} {
		if got := len(trace.Read([]byte(header)).Entries); got != want {
			t.Errorf("%.60q: got %d entries, want %d", header, got, want)
		}
	}
}

package imapwatch

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestFolderNames(t *testing.T) {
	for written, want := range map[string]string{
		"Sp&AOQ-m":               "Späm",
		"INBOX":                  "INBOX",
		"A&-B":                   "A&B",
		"&2D3eAA-":               "😀",
		"R&D":                    "R&D", // not closed: it is none
		"&AOQ":                   "&AOQ",
		"&AO-":                   "&AO-", // half a character
		"&A-":                    "&A-",
		"&!!!!-":                 "&!!!!-",
		"Späm":                   "Späm",
		"日本語":                    "日本語",
		"":                       "",
		"a\x00b":                 "",
		"a\r\nb":                 "",
		"&AAo-":                  "", // a line feed
		"\xff\xfe":               "",
		strings.Repeat("x", 1e4): "",
		"[Gmail]/&-":             "[Gmail]/&",
	} {
		got, ok := folderName([]byte(written))
		if ok != (want != "") || ok && got != want {
			t.Errorf("%.40q: got %q, %v, want %q", written, got, ok, want)
		}
	}
}

func TestNamesThatSayJunk(t *testing.T) {
	for name, want := range map[string]bool{
		"/Junk": true, "/JUNK E-MAIL": true, ".INBOX.Spam": true, "/INBOX/Spamverdacht": true, "/[Gmail]/Spam": true,
		"/[Google Mail]/Spam": true, "/Unerwünscht": true, "/Courrier indésirable": true, "/Junk-E-Mail": true, "/Bulk Mail": true,
		"/Bulk": true, "/_junk_": true, "/UNERWÜNSCHTE E-MAILS": true, "/垃圾邮件": true, `\INBOX\spam`: true, " Junk/Mine": false,
		"/Not spam": false, "/Spam reports": false, "/Junk/Mine": false, "/Archive/Spam": false, ".INBOX.Old.Spam": false,
		"/Inbox": false, "/Anti-Spam-Team": false, "/": false, "/[Gmail]": false, "/Junkers": false,
	} {
		l := listing{name: name[1:], delimiter: strings.TrimSpace(name[:1])}
		if got := l.saysJunk(); got != want {
			t.Errorf("%q: got %v, want %v", name[1:], got, want)
		}
	}
}

// FuzzList holds that what a server lists is bounded, and that each name kept is one.
func FuzzList(f *testing.F) {
	f.Add([]byte(`(\Junk) "/" Sp&AOQ-m`), 12)
	f.Add([]byte(`(\HasChildren) NIL "Bulk Mail" ("X" (1))`), 0)
	f.Add([]byte("() \"\\\\\" {4}\r\nJunk"), 5000)
	f.Fuzz(func(t *testing.T, told []byte, times int) {
		l := &lister{configured: []string{"INBOX", "Lists"}}
		filter := &filter{side: &sideCommand{lists: l.take}}
		filter.list(&words{told})
		for n := range min(max(times, 0), 50) {
			filter.list(&words{fmt.Appendf(nil, "(\\Junk) \"/\" %d", n)})
			filter.list(&words{fmt.Appendf(nil, "() \"%d\" %dJunk", n, n)})
		}
		if len(l.all) > 2+2*(maxJunk+1) {
			t.Errorf("got %d folders kept, want fewer", len(l.all))
		}
		for _, k := range l.all {
			if !utf8.ValidString(k.name) || strings.ContainsFunc(k.name, unicode.IsControl) || k.name == "" || len(k.name) > maxName {
				t.Errorf("got %q of %q, want the name of a folder", k.name, told)
			}
		}
	})
}

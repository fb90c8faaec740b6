package debian_test

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mailpath/mailpath/lab/debian"
)

// TestFates lets one lab do to mail what mail systems do beside delivering it.
func TestFates(t *testing.T) {
	t.Parallel()
	lab := started(t, debian.Options{})
	for name, test := range map[string]func(*testing.T, *debian.Lab){
		"mail is filed into Junk":    testJunk,
		"Junk has another name":      testNameJunk,
		"the filter alters mail":     testAlterations,
		"the filter repeats mail":    testRepeatingFilter,
		"there is what it refuses":   testRefusals,
		"replies are lost":           testLoseReplies,
		"the gateway greylists":      testGreylist,
		"there is nothing of a sort": testNothingOfASort,
	} {
		t.Run(name, func(t *testing.T) { test(t, lab) })
	}
}

// stored reads the messages of a user's folder that a text stands in.
func stored(t *testing.T, user debian.User, folder, with string) []string {
	t.Helper()
	dir := user.Maildir
	if folder != "INBOX" {
		dir = filepath.Join(dir, "."+folder)
	}
	files, err := filepath.Glob(filepath.Join(dir, "[cn][ue][rw]", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), with) {
			found = append(found, string(text))
		}
	}
	return found
}

// awaitStored waits for so many.
func awaitStored(t *testing.T, user debian.User, folder, with string, n int) []string {
	t.Helper()
	var found []string
	within(t, fmt.Sprintf("%d messages with %q in %s of %s", n, with, folder, user.Address), func() bool {
		found = stored(t, user, folder, with)
		return len(found) >= n
	})
	if len(found) != n {
		t.Errorf("looking into %s of %s: got %d messages with %q, want %d", folder, user.Address, len(found), with, n)
	}
	return found
}

func testJunk(t *testing.T, lab *debian.Lab) {
	all := ways(lab)
	defer restore(t, lab.StartFilter)
	defer restore(t, func() error { return lab.JunkAt(debian.SiteA, debian.JunkNothing) })
	for i, test := range []struct {
		junk   string
		marks  bool
		folder map[string]string // by the way of a message
	}{
		{debian.JunkMarked, true, map[string]string{"outside-to-hq": "Junk", "inside-hq": "INBOX"}},
		{debian.JunkAll, false, map[string]string{"outside-to-hq": "Junk", "inside-hq": "Junk", "hq-to-branch": "INBOX"}},
		{debian.JunkNothing, true, map[string]string{"outside-to-hq": "INBOX", "inside-hq": "INBOX"}},
		{debian.JunkOutside, false, map[string]string{"outside-to-hq": "Junk", "branch-to-hq": "INBOX"}},
		{`header :contains "subject" "wanted 4"`, false, map[string]string{"outside-to-hq": "Junk"}},
		{debian.JunkMarked, false, map[string]string{"outside-to-hq": "INBOX"}},
	} {
		if err := lab.AlteringFilter(debian.Alterations{MarkSpam: test.marks}); err != nil {
			t.Fatal(err)
		}
		if err := lab.JunkAt(debian.SiteA, test.junk); err != nil {
			t.Fatal(err)
		}
		for way, folder := range test.folder {
			subject := fmt.Sprintf("wanted %d %s", i, way)
			all[way].mail(t, subject)
			all[way].at.await(t, folder, subject)
		}
	}
	if err := lab.JunkAt(debian.SiteA, "nonsense"); err == nil || !strings.Contains(err.Error(), "unknown test 'nonsense'") {
		t.Errorf("filing by a test that Sieve does not know: got error %v, want one that says so", err)
	}
	// What was before it holds.
	all["outside-to-hq"].mail(t, "wanted after an error")
	all["outside-to-hq"].at.await(t, "INBOX", "wanted after an error")
	if complaints, err := lab.Doveadm(debian.SiteA, "log", "errors"); err != nil || strings.Contains(strings.ToLower(complaints), "sieve") {
		t.Errorf("looking for complaints of Dovecot: got %q (%v), want none about Sieve", complaints, err)
	}
}

// restore ends what a test has begun.
func restore(t *testing.T, do func() error) {
	t.Helper()
	if err := do(); err != nil {
		t.Error(err)
	}
}

// junkFolder finds a user's folder for junk, by its attribute.
func junkFolder(t *testing.T, r reader) []string {
	t.Helper()
	client, err := imapclient.DialTLS(r.host.IMAPS, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: r.lab.Pool}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Login(r.user.Address, r.user.Password).Wait(); err != nil {
		t.Fatal(err)
	}
	folders, err := client.List("", "*", &imap.ListOptions{ReturnSpecialUse: true}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range folders {
		if slices.Contains(f.Attrs, imap.MailboxAttrJunk) {
			found = append(found, f.Mailbox)
		}
	}
	return found
}

func testNameJunk(t *testing.T, lab *debian.Lab) {
	inside := ways(lab)["inside-branch"]
	if err := lab.JunkAt(debian.SiteB, debian.JunkAll); err != nil {
		t.Fatal(err)
	}
	defer restore(t, func() error { return lab.JunkAt(debian.SiteB, debian.JunkNothing) })
	for _, test := range []struct{ name, onDisk string }{
		{"Spam", "Spam"},
		{"Unerwünscht", "Unerw&APw-nscht"},
		{"Junk", "Junk"},
	} {
		if err := lab.NameJunk(debian.SiteB, test.name); err != nil {
			t.Fatal(err)
		}
		if got := junkFolder(t, inside.at); len(got) != 1 || got[0] != test.name {
			t.Errorf("listing the folders for junk: got %q, want %q alone", got, test.name)
		}
		subject := "for " + test.name
		inside.mail(t, subject)
		awaitStored(t, inside.at.user, test.onDisk, "Subject: "+subject+"\n", 1)
	}
	if err := lab.NameJunk(debian.SiteB, `a "name"`); err == nil {
		t.Error("giving Junk a name with quotes: got no error, want one")
	}
}

func testNothingOfASort(t *testing.T, lab *debian.Lab) {
	for what, err := range map[string]error{
		"the junk folder of a host without a store": lab.NameJunk(debian.Gateway, "Spam"),
		"greylisting for half a second":             lab.Greylist(time.Second / 2),
		"Junk of a host that is not there":          lab.JunkAt("c", debian.JunkAll),
		"replies of a host without a store":         lab.LoseReplies(debian.Gateway, 1),
		"fewer than no replies":                     lab.LoseReplies(debian.SiteA, -1),
		"an encoding that there is not":             lab.AlteringFilter(debian.Alterations{Encoding: "uuencode"}),
		"a prefix of two lines":                     lab.AlteringFilter(debian.Alterations{SubjectPrefix: "a\r\nb"}),
		"no copies":                                 lab.RepeatingFilter(0),
	} {
		if err == nil {
			t.Errorf("asking for %s: got no error, want one", what)
		}
	}
}

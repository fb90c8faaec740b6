package debian_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/debian"
)

func testLoseReplies(t *testing.T, lab *debian.Lab) {
	lost, beside := ways(lab)["hq-to-branch"], ways(lab)["inside-hq"]
	if err := lab.LoseReplies(debian.SiteB, 2); err != nil {
		t.Fatal(err)
	}
	lost.mail(t, t.Name())
	beside.mail(t, t.Name())
	ids := make(map[string]int)
	for _, raw := range awaitStored(t, lost.at.user, "INBOX", "Subject: "+t.Name()+"\n", 3) {
		all := stamps(t, raw)
		if len(all) != 3 {
			t.Fatalf("got stamps %+v, want three", all)
		}
		for _, s := range all {
			ids[s.id]++
		}
	}
	var once, thrice int
	for _, n := range ids {
		switch n {
		case 1:
			once++
		case 3:
			thrice++
		}
	}
	if once != 3 || thrice != 2 || len(ids) != 5 {
		t.Errorf("got ids %v in three copies, want two of both Postfix alike and three of Dovecot", ids)
	}
	// All is well again, and was elsewhere.
	lost.mail(t, t.Name()+" afterwards")
	awaitStored(t, lost.at.user, "INBOX", "Subject: "+t.Name()+" afterwards\n", 1)
	awaitStored(t, beside.at.user, "INBOX", "Subject: "+t.Name()+"\n", 1)
	awaitEmptyQueue(t, lab.B)
	awaitStored(t, lost.at.user, "INBOX", "Subject: "+t.Name()+"\n", 3)
	if err := lab.LoseReplies(debian.SiteB, 1); err != nil {
		t.Fatal(err)
	}
	if err := lab.LoseReplies(debian.SiteB, 0); err != nil {
		t.Fatal(err)
	}
	lost.mail(t, t.Name()+" in the end")
	awaitStored(t, lost.at.user, "INBOX", "Subject: "+t.Name()+" in the end\n", 1)
	awaitEmptyQueue(t, lab.B)
}

func awaitEmptyQueue(t *testing.T, host debian.Host) {
	t.Helper()
	within(t, "the queue of host "+host.Name+" to be empty", func() bool {
		queue, err := exec.Command("postqueue", "-c", filepath.Join(host.Dir, "postfix"), "-j").Output()
		if err != nil {
			t.Fatal(err)
		}
		return len(queue) == 0
	})
}

func testGreylist(t *testing.T, lab *debian.Lab) {
	const delay = 2 * time.Second
	outside, inside, past := ways(lab)["outside-to-hq"], ways(lab)["inside-hq"], ways(lab)["past-gateway-to-hq"]
	defer restore(t, func() error { return lab.Greylist(0) })
	if err := lab.Greylist(delay); err != nil {
		t.Fatal(err)
	}
	known := letter{outside.from, outside.to, t.Name()}
	if got := replyCode(offer(lab.Gateway.SMTP, known)); got != 450 {
		t.Fatalf("sending for the first time: got reply %d, want 450", got)
	}
	first := time.Now()
	inside.mail(t, t.Name()+" inside")
	past.mail(t, t.Name()+" past")
	within(t, "the greylist to let the mail in", func() bool {
		got := replyCode(offer(lab.Gateway.SMTP, known))
		if got != 0 && got != 450 {
			t.Fatalf("sending again: got reply %d, want 450 or none", got)
		}
		return got == 0
	})
	if took := time.Since(first); took < delay-time.Second {
		t.Errorf("the greylist let mail in after %v, want %v", took, delay)
	}
	header := outside.at.await(t, "INBOX", t.Name())
	if field := regexp.MustCompile(`\r\nX-Greylist: delayed ([2-9]|\d\d) seconds by postgrey-\S+ at mx1\.example\.com; `); !field.MatchString(header) {
		t.Errorf("got no X-Greylist field of two seconds or more at mx1.example.com in\n%s", header)
	}
	if got := replyCode(offer(lab.Gateway.SMTP, known)); got != 0 {
		t.Errorf("sending once more: got reply %d, want it known", got)
	}
	other := known
	other.from = "other@provider.example"
	unknown := known
	unknown.to = "nobody@example.com"
	for want, l := range map[int]letter{450: other, 550: unknown} {
		if got := replyCode(offer(lab.Gateway.SMTP, l)); got != want {
			t.Errorf("sending from %s to %s: got reply %d, want %d", l.from, l.to, got, want)
		}
	}
	// Mail that did not come through the gateway was not delayed.
	inside.at.await(t, "INBOX", t.Name()+" inside")
	past.at.await(t, "INBOX", t.Name()+" past")
	if err := lab.Greylist(time.Second); err != nil {
		t.Fatal(err)
	}
	if got := replyCode(offer(lab.Gateway.SMTP, known)); got != 450 {
		t.Errorf("sending to a new greylist: got reply %d, want 450: it knows nobody", got)
	}
	if err := lab.Greylist(0); err != nil {
		t.Fatal(err)
	}
	if got := replyCode(offer(lab.Gateway.SMTP, other)); got != 0 {
		t.Errorf("sending after the end of the greylist: got reply %d, want it taken", got)
	}
}

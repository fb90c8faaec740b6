package debian_test

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/debian"
)

// stamped is what one Received field tells of when it was written.
type stamped struct {
	by    string
	id    string
	ahead time.Duration // of our clock
}

var receivedField = regexp.MustCompile(`(?m)^Received:(?:[^\n]|\n[ \t])*`)

// stamps reads the Received fields of a header, from the first to the last host.
func stamps(t *testing.T, header string) []stamped {
	t.Helper()
	var all []stamped
	for _, field := range receivedField.FindAllString(header, -1) {
		field = strings.Join(strings.Fields(field), " ")
		at, err := mail.ParseDate(field[strings.LastIndex(field, ";")+1:])
		if err != nil {
			t.Fatalf("reading %q: %v", field, err)
		}
		_, rest, _ := strings.Cut(field, " by ")
		_, id, _ := strings.Cut(field, " id ")
		all = append([]stamped{{strings.Fields(rest)[0], strings.Trim(strings.Fields(id)[0], ";"), time.Until(at)}}, all...)
	}
	return all
}

// queueSecond is the second in a long queue id of Postfix: six digits or more to base 52,
// of which there are no vowels.
func queueSecond(t *testing.T, id string) time.Time {
	t.Helper()
	const digits = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
	seconds := int64(0)
	for _, c := range id[:6] {
		digit := strings.IndexRune(digits, c)
		if digit < 0 {
			t.Fatalf("reading queue id %s: got %q, want one of %s", id, c, digits)
		}
		seconds = 52*seconds + int64(digit)
	}
	return time.Unix(seconds, 0)
}

// TestClocks puts clocks wrong and right again.
func TestClocks(t *testing.T) {
	t.Parallel()
	lab := started(t, debian.Options{})
	outside := ways(lab)["outside-to-hq"]
	for i, ahead := range []map[string]time.Duration{
		{debian.Gateway: 90 * time.Second, debian.SiteA: -5*time.Minute - 500*time.Millisecond},
		{debian.Gateway: 0, debian.SiteA: 0},
	} {
		for host, by := range ahead {
			if err := lab.SetClock(host, by); err != nil {
				t.Fatal(err)
			}
		}
		subject := fmt.Sprintf("%s %d", t.Name(), i)
		outside.mail(t, subject)
		all := stamps(t, outside.at.await(t, "INBOX", subject))
		want := []time.Duration{ahead[debian.Gateway], 0, ahead[debian.SiteA], ahead[debian.SiteA]}
		if len(all) != len(want) {
			t.Fatalf("got stamps %+v, want %d", all, len(want))
		}
		for i, s := range all {
			if off := s.ahead - want[i]; off > time.Second || off < -10*time.Second {
				t.Errorf("with clocks %v: got %s ahead by %v, want %v", ahead, s.by, s.ahead, want[i])
			}
			if s.by == lab.Gateway.Hostname {
				if off := time.Until(queueSecond(t, s.id)) - s.ahead; off > 3*time.Second || off < -3*time.Second {
					t.Errorf("with clocks %v: got queue id %s of %v, want the time of the field", ahead, s.id, queueSecond(t, s.id))
				}
			}
		}
	}
	if err := lab.SetClock("c", time.Hour); err == nil {
		t.Error("setting the clock of a host that is not there: got no error, want one")
	}
}

// testTheFilterIsSlow wants the filter to stamp a message before the scan, and the site
// after it.
func testTheFilterIsSlow(t *testing.T, lab *debian.Lab) {
	const scan = 3 * time.Second
	if err := lab.SlowFilter(scan); err != nil {
		t.Fatal(err)
	}
	outside := ways(lab)["outside-to-hq"]
	began := time.Now()
	outside.mail(t, t.Name())
	if took := time.Since(began); took >= scan {
		t.Errorf("sending to the gateway took %v, want an answer before the scan of %v", took, scan)
	}
	all := stamps(t, outside.at.await(t, "INBOX", t.Name()))
	if len(all) != 4 || all[2].ahead-all[1].ahead < scan-time.Second || all[1].ahead-all[0].ahead > 2*time.Second {
		t.Errorf("got stamps %+v, want the site's %v after the filter's", all, scan)
	}
	unknown := letter{lab.OutsideSender, "nobody@example.com", t.Name()}
	if got := replyCode(offer(lab.Gateway.Filter, unknown)); got != 550 {
		t.Errorf("sending to an unknown user at the slow filter: got reply %d, want 550", got)
	}
	if err := lab.StartFilter(); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	if err := offer(lab.Gateway.Filter, letter{lab.OutsideSender, lab.A.Users[0].Address, t.Name()}); err != nil || time.Since(began) >= scan {
		t.Errorf("sending after the end of the slowness: got %v after %v, want it taken at once", err, time.Since(began))
	}
}

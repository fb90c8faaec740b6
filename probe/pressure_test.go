package probe

import (
	"testing"
	"time"
)

// sentBy runs a probe through so many slots with so many messages in flight, and tells
// how many it sent.
func (p *pressure) sentBy(from *time.Time, every time.Duration, slots, inFlight int) (sent int) {
	for range slots {
		*from = from.Add(every)
		if p.admits(*from, every, inFlight) {
			sent++
		}
	}
	return sent
}

func TestBackPressure(t *testing.T) {
	type stretch struct {
		says                  string
		slots, inFlight, want int
	}
	for _, c := range []struct {
		says      string
		every     time.Duration
		stretches []stretch
	}{
		{"a message a second", time.Second, []stretch{
			{"all is well: every slot", 60, 3, 60},
			{"an outage: every slot still", 60, 99, 60},
			{"too many: one a minute", 600, 100, 10},
			{"fewer, but still many: one a minute", 600, 50, 10},
			// A minute after the last one, then 30, 15, 8, 4 and 2 s later.
			{"the queue has drained: gently", 119, 0, 6},
			{"then every slot again", 60, 0, 60},
		}},
		{"a message every five minutes is never slowed down", 5 * time.Minute, []stretch{
			{"too many", 12, 200, 12},
			{"drained", 12, 0, 12},
		}},
	} {
		var p pressure
		slot := time.Unix(1_795_423_260, 0)
		for _, s := range c.stretches {
			if got := p.sentBy(&slot, c.every, s.slots, s.inFlight); got != s.want {
				t.Errorf("%s, %s: got %d of %d slots sent, want %d", c.says, s.says, got, s.slots, s.want)
			}
		}
	}
}

func TestAllowances(t *testing.T) {
	began := time.Unix(1_795_423_260, 0)
	account := Account{Name: "probe@provider", Limits: []Limit{{Messages: 5, In: time.Minute}, {Messages: 7, In: time.Hour}}}
	all := newAllowances(map[string]Sender{"provider": nil, "also-there": nil, "own": nil}, map[string]Account{"provider": account, "also-there": account})
	spare := func(sender string, after time.Duration, tries int) (n int) {
		for range tries {
			if all[sender].spare(began.Add(after)) {
				n++
			}
		}
		return n
	}
	all["provider"].sent(began)
	all["also-there"].sent(began) // the same account
	all["gone"].sent(began)       // a sender that is not configured any more
	for _, c := range []struct {
		says   string
		sender string
		after  time.Duration
		want   int
	}{
		{"what the schedule leaves of five a minute", "provider", time.Second, 3},
		{"none while the minute lasts", "provider", 59 * time.Second, 0},
		{"then what the hour's seven leave", "provider", 61 * time.Second, 2},
		{"none while the hour lasts", "provider", 59 * time.Minute, 0},
		{"and again after it", "provider", 61 * time.Minute, 5},
		{"a sender without limits has one nevertheless", "own", 0, 60},
		{"over and over", "own", 2 * time.Minute, 60},
	} {
		if got := spare(c.sender, c.after, 100); got != c.want {
			t.Errorf("%s: got %d messages, want %d", c.says, got, c.want)
		}
	}
}

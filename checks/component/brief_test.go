package component

import (
	"testing"
	"time"
)

func TestTimesInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 340 * time.Microsecond: "0.3 ms", 9 * time.Millisecond: "9 ms", 12345 * time.Microsecond: "12 ms",
		time.Second: "1 s", 5260 * time.Millisecond: "5.3 s", 9990 * time.Millisecond: "10 s", 29999 * time.Millisecond: "30 s",
	} {
		if got := brief(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		time.Minute: "1 minute", 59 * time.Minute: "59 minutes", 2 * time.Hour: "2 hours", 25 * time.Hour: "1 day", 50 * time.Hour: "2 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

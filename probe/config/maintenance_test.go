package config_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe/config"
)

// What is over deserves a word, by the clock of whoever asks.
func TestMaintenanceThatIsOver(t *testing.T) {
	c := parse(t, "people.yaml", string(read(t, "testdata/good/people.yaml")))
	for _, tt := range []struct{ now, want string }{
		{"2026-10-25T00:31:00Z", `[people.yaml:17:5: maintenance[4]: it was over at 2026-03-29T03:00:00+02:00, and can be removed people.yaml:20:5: maintenance[7]: it was over at 2026-08-08T01:00:00+02:00, and can be removed]`},
		{"2026-03-29T01:00:00Z", `[]`},
		{"2026-10-25T00:31:01Z", `[people.yaml:16:5: maintenance[3]: it was over at 2026-10-25T02:31:00+02:00, and can be removed people.yaml:17:5: maintenance[4]: it was over at 2026-03-29T03:00:00+02:00, and can be removed people.yaml:20:5: maintenance[7]: it was over at 2026-08-08T01:00:00+02:00, and can be removed]`},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint([]config.Problem(c.Over(now))); got != tt.want {
			t.Errorf("at %s: got\n%s\nwant\n%s", tt.now, got, tt.want)
		}
	}
}

// The machine's time zone is taken by its name, and UTC where it has none.
func TestTheMachinesTimeZone(t *testing.T) {
	minimal := string(read(t, "testdata/good/minimal.yaml"))
	for _, tt := range []struct{ tz, want string }{
		{":Asia/Kolkata", "Asia/Kolkata"}, {"CET-1CEST,M3.5.0,M10.5.0/3", "UTC"}, {"", "UTC"}, {"Europe/Berlin", "Europe/Berlin"},
		{"/usr/share/zoneinfo/America/New_York", "America/New_York"}, {"Local", "UTC"}, {"../../etc/passwd", "UTC"},
	} {
		t.Setenv("TZ", tt.tz)
		if got := parse(t, "minimal.yaml", minimal).Status.TimeZone.String(); got != tt.want {
			t.Errorf("TZ=%q: got %s, want %s", tt.tz, got, tt.want)
		}
	}
	os.Unsetenv("TZ") // Setenv puts it back
	if got := parse(t, "minimal.yaml", minimal).Status.TimeZone.String(); got == "" || got == "Local" {
		t.Errorf("without TZ: got %q, want a name", got)
	}
}

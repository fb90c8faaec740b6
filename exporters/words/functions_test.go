package words

import (
	"testing"
	"time"
)

func TestLengthsOfTime(t *testing.T) {
	t.Parallel()
	en, de := load(t, "en"), load(t, "de")
	for _, c := range []struct {
		length                              any
		duration, longest, short, duration2 string // duration2: in German, in the dative
	}{
		{2790.0, "46 minutes", "47 minutes", "47 min", "46 Minuten"},
		{0.25, "0 seconds", "1 second", "250 ms", "0 Sekunden"},
		{59.0, "59 seconds", "59 seconds", "59 s", "59 Sekunden"},
		{time.Minute, "1 minute", "1 minute", "1 min", "1 Minute"},
		{86400 * 2, "2 days", "2 days", "2 d", "2 Tagen"},
		{59.5, "59 seconds", "1 minute", "1 min", "59 Sekunden"},
		{7500.0, "2 hours and 5 minutes", "2 hours and 5 minutes", "2 h 5 min", "2 Stunden und 5 Minuten"},
		{90000.0, "1 day and 1 hour", "1 day and 1 hour", "1 d 1 h", "1 Tag und 1 Stunde"},
		{86399.0, "23 hours and 59 minutes", "1 day", "1 d", "23 Stunden und 59 Minuten"},
		{4.26, "4 seconds", "5 seconds", "4.3 s", "4 Sekunden"},
		{0, "0 seconds", "0 seconds", "0 ms", "0 Sekunden"},
		{-3.0, "0 seconds", "0 seconds", "-3 s", "0 Sekunden"},
	} {
		for name, want := range map[string]string{"duration": c.duration, "longest": c.longest, "duration.short": c.short} {
			if got, err := en.Say(name, c.length); err != nil || got != want {
				t.Errorf("%s of %v: got %q, %v; want %q", name, c.length, got, err, want)
			}
		}
		if got, err := de.Say("time.ago", c.length); err != nil || got != "vor "+c.duration2 {
			t.Errorf("%v: got %q, %v; want vor %s", c.length, got, err, c.duration2)
		}
	}
	if _, err := en.Say("duration", "long"); err == nil {
		t.Error("a length of time of letters: got no error")
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want any }{
		{percent(0.999), 99}, {percent(1), 100}, {percent(0.001), 1}, {percent(0), 0}, {percent(0.455), 46},
		{number(1234567, ","), "1,234,567"}, {number(999, "."), "999"}, {number(-1234, ","), "-1234"}, {number(100000, "."), "100.000"},
		{share(0.99999, "."), "99.99"}, {share(1, ","), "100,00"}, {share(0.1, "."), "10.00"},
		{list(nil, ", ", " and "), ""}, {list([]string{"a", "b", "c"}, ", ", " and "), "a, b and c"}, {list([]string{"a", "b"}, ", ", " and "), "a and b"}, {list([]string{"a"}, ", ", " and "), "a"},
		{capital("über"), "Über"}, {capital(""), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
}

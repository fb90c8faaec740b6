package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// span is an interval in words. A step takes no less than nothing: what lies below is
// shown only where all of it does.
func span(i probe.Interval) string {
	low, high := i.Min, i.Max
	switch {
	case low >= 0:
	case high <= 0:
		if from, to := amount(-low, -low), amount(-high, -low); from != to {
			number, unit := split(to)
			return fmt.Sprintf("−%s to %s%s", first(split(from)), minus(number), unit)
		}
		return "−" + amount(-low, -low)
	default:
		low = 0
	}
	from, to := amount(low, high), amount(high, high)
	if from == to {
		return to
	}
	if _, unit := split(to); unit != "" && strings.HasSuffix(from, unit) {
		return first(split(from)) + "–" + to
	}
	return from + "–" + to
}

func first(number, _ string) string { return number }

func minus(number string) string {
	if number == "0" {
		return number
	}
	return "−" + number
}

// split parts a number from its unit; what has several units stays whole.
func split(amount string) (number, unit string) {
	if i := strings.IndexByte(amount, ' '); i >= 0 {
		return amount[:i], amount[i:]
	}
	return amount, ""
}

// amount is a time in the unit that fits another one.
func amount(d, scale time.Duration) string {
	switch {
	case scale < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case scale < 100*time.Second && d%time.Second == 0 && scale%time.Second == 0:
		return fmt.Sprintf("%d s", d/time.Second)
	case scale < 100*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	}
	if d < time.Minute {
		return lasting(d)
	}
	return compound(d)
}

// lasting is a time in the two units that matter.
func lasting(d time.Duration) string {
	switch {
	case d < 0:
		return "−" + lasting(-d)
	case d < 100*time.Second:
		return amount(d, d)
	}
	return compound(d)
}

func compound(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 2*time.Hour:
		d = d.Round(time.Second)
		return units(d/time.Minute, "m", d%time.Minute/time.Second, "s")
	case d < 2*day:
		d = d.Round(time.Minute)
		return units(d/time.Hour, "h", d%time.Hour/time.Minute, "m")
	}
	return units(d/day, "d", d%day/time.Hour, "h")
}

func units(n time.Duration, unit string, smaller time.Duration, smallerUnit string) string {
	if smaller == 0 {
		return fmt.Sprintf("%d%s", n, unit)
	}
	return fmt.Sprintf("%d%s%d%s", n, unit, smaller, smallerUnit)
}

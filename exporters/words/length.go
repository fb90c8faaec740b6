package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Piece is a part of a length of time: so many of a unit.
type Piece struct {
	N    int
	Unit string // days, hours, minutes or seconds: the name of the phrase that says it
}

// units are those that lengths of time are told in, in seconds.
var units = [...]struct {
	name    string
	seconds int64
}{{"days", 86400}, {"hours", 3600}, {"minutes", 60}, {"seconds", 1}}

// seconds reads a length of time as templates have it.
func seconds(length any) (float64, error) {
	switch l := length.(type) {
	case float64:
		return l, nil
	case int:
		return float64(l), nil
	case time.Duration:
		return l.Seconds(), nil
	}
	return 0, fmt.Errorf("got a length of time of type %T, want seconds", length)
}

// pieces takes a length of time apart, rounded down to what matters: minutes from a
// minute on, and at most two units that are neighbours.
func pieces(length any) ([]Piece, error) { return take(length, math.Floor) }

// piecesUp is pieces, rounded up, for what took "up to" so long.
func piecesUp(length any) ([]Piece, error) { return take(length, math.Ceil) }

func take(length any, round func(float64) float64) ([]Piece, error) {
	s, err := seconds(length)
	if err != nil || !(s >= 0) || s > 1e10 {
		return []Piece{{0, "seconds"}}, err
	}
	unit := resolution(round(s))
	n := int64(round(s/unit)) * int64(unit)
	var all []Piece
	for _, u := range units {
		if k := n / u.seconds; k > 0 {
			all = append(all, Piece{int(k), u.name})
			n %= u.seconds
		}
	}
	if len(all) == 0 {
		all = []Piece{{0, "seconds"}}
	}
	return all, nil
}

// resolution is what a length of time is rounded to, in seconds: two units are told
// at most, and seconds only alone.
func resolution(s float64) float64 {
	switch {
	case s >= 86400:
		return 3600
	case s >= 60:
		return 60
	}
	return 1
}

// shortTime writes a length of time in figures with one unit, or two from hours on. The
// units are those of days, hours, minutes, seconds and milliseconds.
func shortTime(length any, unit [5]string) (string, error) {
	s, err := seconds(length)
	if err != nil {
		return "", err
	}
	sign := ""
	if s < 0 {
		sign, s = "-", -s
	}
	switch {
	case s < 0.9995:
		return fmt.Sprintf("%s%.0f %s", sign, s*1000, unit[4]), nil
	case s < 9.95:
		return fmt.Sprintf("%s%s %s", sign, strings.TrimSuffix(strconv.FormatFloat(s, 'f', 1, 64), ".0"), unit[3]), nil
	case s < 59.5:
		return fmt.Sprintf("%s%.0f %s", sign, s, unit[3]), nil
	}
	return sign + inFigures(int64(math.Round(s/60)), unit), nil
}

// inFigures writes minutes with two units that are neighbours.
func inFigures(minutes int64, unit [5]string) string {
	d, h, m := minutes/1440, minutes/60%24, minutes%60
	parts := make([]string, 0, 2)
	for i, n := range [...]int64{d, h, m} {
		if n > 0 && (d == 0 || i < 2) {
			parts = append(parts, fmt.Sprintf("%d %s", n, unit[i]))
		}
	}
	return strings.Join(parts, " ")
}

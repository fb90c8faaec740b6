package trace

import (
	"strings"
	"time"
)

// timeOfDay is one.
type timeOfDay struct {
	hour, minute, second, nano int
	resolution                 time.Duration
}

// readTimeOfDay reads h:mm, h:mm:ss and h:mm:ss.fff; rest is what is glued to it: a zone,
// AM or PM. Second 60 is a leap second (RFC 5322 section 3.3): the next minute begins.
func readTimeOfDay(w string) (c timeOfDay, rest string, ok bool) {
	if !isDigit(w[0]) {
		return timeOfDay{}, "", false
	}
	c.resolution = time.Minute
	var okh, okm bool
	hour, w := digits(w)
	c.hour, okh = number(hour, 1, 2)
	if !strings.HasPrefix(w, ":") {
		return timeOfDay{}, "", false
	}
	minute, w := digits(w[1:])
	c.minute, okm = number(minute, 1, 2)
	if !okh || !okm || c.hour > 23 || c.minute > 59 {
		return timeOfDay{}, "", false
	}
	if strings.HasPrefix(w, ":") {
		var second string
		second, w = digits(w[1:])
		if c.second, ok = number(second, 1, 2); !ok || c.second > 60 {
			return timeOfDay{}, "", false
		}
		c.resolution = time.Second
		if len(w) > 1 && w[0] == '.' && isDigit(w[1]) {
			w = c.fraction(w[1:])
		}
	}
	w = strings.TrimRight(w, ".")
	return c, w, !strings.HasPrefix(w, ":")
}

// digits takes the digits at the start off.
func digits(s string) (digits, rest string) {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return s[:n], s[n:]
}

// fraction reads parts of a second; beyond the ninth digit they are finer than our times.
func (c *timeOfDay) fraction(w string) (rest string) {
	part, rest := digits(w)
	for i := range min(len(part), 9) {
		c.resolution /= 10
		c.nano += int(part[i]-'0') * int(c.resolution)
	}
	return rest
}

func (c *timeOfDay) source() Source {
	if c.resolution < time.Second {
		return FromFraction
	}
	return FromDate
}

// meridiem takes AM or PM off the words after the time. Who writes them writes the
// month first. False: there is no such hour.
func (c *timeOfDay) meridiem(words []string) (rest []string, american, ok bool) {
	if len(words) == 0 || len(words[0]) != 2 {
		return words, false, true
	}
	pm := strings.EqualFold(words[0], "pm")
	if !pm && !strings.EqualFold(words[0], "am") {
		return words, false, true
	}
	if c.hour < 1 || c.hour > 12 {
		return words, true, false
	}
	c.hour %= 12
	if pm {
		c.hour += 12
	}
	return words[1:], true, true
}

// day is a day of the calendar.
type day struct {
	year  int
	month time.Month
	day   int
}

// dayBefore reads the day that ends words, in the orders that occur: 23 May 2018,
// May 23 2018, 2018 May 23, and in numbers.
func dayBefore(words []string, american bool) (day, bool) {
	if n := len(words); n > 0 && (strings.EqualFold(words[n-1], "at") || words[n-1] == "-") {
		words = words[:n-1]
	}
	n := len(words)
	if n == 0 {
		return day{}, false
	}
	if d, ok := dayInNumbers(words[n-1], american); ok {
		return d, true
	}
	if n < 3 {
		return day{}, false
	}
	for _, order := range [][3]string{
		{words[n-1], words[n-2], words[n-3]},
		{words[n-1], words[n-3], words[n-2]},
		{words[n-3], words[n-2], words[n-1]},
	} {
		if d, ok := dayOf(order[0], order[1], order[2]); ok && isLetter(order[1][0]) {
			return d, true
		}
	}
	return day{}, false
}

// asctimeDay reads C's shape, Wed May 23 08:15:49 2018, which date(1) writes with the
// zone before the year.
func asctimeDay(before, after []string) (day, []string, bool) {
	n := len(before)
	if n < 2 {
		return day{}, nil, false
	}
	for i := range min(len(after), 3) {
		if len(after[i]) != 4 {
			continue
		}
		for _, order := range [][2]string{{before[n-2], before[n-1]}, {before[n-1], before[n-2]}} {
			if d, ok := dayOf(after[i], order[0], order[1]); ok && isLetter(order[0][0]) {
				return d, append(append([]string(nil), after[:i]...), after[i+1:]...), true
			}
		}
	}
	return day{}, nil, false
}

// dayInNumbers reads 2018-05-23, 23-May-2018, 23.05.2018, and 5/23/2018 if it is clear
// which is the month: the other is above 12 or the same, or the writer is American.
func dayInNumbers(w string, american bool) (day, bool) {
	i := strings.IndexAny(w, "-/.")
	if i <= 0 {
		return day{}, false
	}
	a, rest := w[:i], w[i+1:]
	b, c, ok := strings.Cut(rest, w[i:i+1])
	if !ok {
		return day{}, false
	}
	if len(a) == 4 {
		return dayOf(a, b, c)
	}
	if len(c) != 4 && !american && (b == "" || !isLetter(b[0])) {
		return day{}, false // or a version, or an address
	}
	if d, ok := dayOf(c, b, a); ok && (w[i] == '.' || isLetter(b[0])) {
		return d, true
	}
	first, ok1 := dayOf(c, a, b)
	second, ok2 := dayOf(c, b, a)
	switch {
	case ok1 && (american || !ok2 || first == second):
		return first, true
	case ok2 && !ok1:
		return second, true
	}
	return day{}, false
}

// dayOf puts a day together. Years of two and three digits are those of RFC 5322
// section 4.3.
func dayOf(year, month, dayOfMonth string) (day, bool) {
	y, oky := number(strings.TrimPrefix(year, "'"), 2, 4)
	d, okd := number(strings.TrimSuffix(dayOfMonth, "."), 1, 2)
	m, okm := monthOf(month)
	if !oky || !okd || !okm {
		return day{}, false
	}
	switch digits := len(strings.TrimPrefix(year, "'")); {
	case digits == 2 && y < 50:
		y += 2000
	case digits < 4:
		y += 1900
	}
	if y < 1970 || y > lastYear || d < 1 || d > time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return day{}, false
	}
	return day{y, m, d}, true
}

// monthOf reads a month in digits, or by its English name or the first three or more
// letters of it.
func monthOf(w string) (time.Month, bool) {
	w = strings.TrimSuffix(w, ".")
	if n, ok := number(w, 1, 2); ok {
		return time.Month(n), n >= 1 && n <= 12
	}
	for m := time.January; m <= time.December; m++ {
		if name := m.String(); len(w) >= 3 && len(w) <= len(name) && strings.EqualFold(w, name[:len(w)]) {
			return m, true
		}
	}
	return 0, false
}

package trace

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// markFields are the fields that tell of times, and how each is read.
var markFields = []struct {
	name string
	read func(value string) Mark
}{
	{"X-Received", readXReceived},
	{"ARC-Seal", readTags(FromSeal)},
	{"DKIM-Signature", readTags(FromSignature)},
	{"X-Greylist", readGreylist},
	{"X-Greylisting", readGreylist},
	{"X-AuditID", func(v string) Mark { return Mark{Stamp: auditID(v)} }},
	{"X-OriginalArrivalTime", readOriginalArrival},
	{"X-MS-Exchange-CrossTenant-OriginalArrivalTime", readDate},
	{"X-MS-Exchange-Organization-OriginalArrivalTime", readDate},
	{"X-MS-Exchange-Organization-ExpirationStartTime", readDate},
	{"X-MS-Exchange-Transport-EndToEndLatency", readLatency},
	{"Delivery-Date", readDate},
}

// maxMark is how much of a field is read for its time. The fields are shorter, but for
// signatures, which have it near the beginning.
const maxMark = 1 << 10

// markOf reads a field that tells of a time. False: it is none of those, or tells nothing.
func markOf(name, value string) (Mark, bool) {
	for _, f := range markFields {
		if len(f.name) == len(name) && strings.EqualFold(f.name, name) {
			m := f.read(readable(value[:min(len(value), maxMark)]))
			m.Field = f.name
			return m, !m.At.IsZero() || m.Took != 0 || m.Host != ""
		}
	}
	return Mark{}, false
}

func readDate(value string) Mark {
	s := dateIn(split(value))
	return Mark{Stamp: s}
}

// readXReceived reads what Google writes beside Received.
func readXReceived(value string) Mark {
	parts := split(value)
	r := readReceived(parts)
	s := dateIn(parts)
	s.refine(r.ID)
	return Mark{Host: r.By, Stamp: s}
}

// readTags reads the time of a signature, from tag t= of a list of tags (RFC 6376
// section 3.2); d= says whose it is.
func readTags(from Source) func(string) Mark {
	return func(value string) Mark {
		var m Mark
		for tag := range strings.SplitSeq(value, ";") {
			name, text, _ := strings.Cut(tag, "=")
			text = strings.TrimSpace(text)
			switch strings.TrimSpace(name) {
			case "d":
				m.Host = short(text)
			case "t":
				if second, err := strconv.ParseInt(text, 10, 64); err == nil && second > 0 && second < lastSecond {
					m.Stamp = Stamp{At: time.Unix(second, 0).UTC(), ZoneKnown: true, Resolution: time.Second, Source: from}
				}
			}
		}
		if m.At.IsZero() {
			return Mark{}
		}
		return m
	}
}

// readGreylist reads what postgrey, milter-greylist, sqlgrey, gld and their kin write
// when they let a message through that they turned away before: "delayed 300 seconds by
// postgrey at host", "Delayed for 00:05:32 by milter-greylist (host [address])".
func readGreylist(value string) Mark {
	parts := split(value)
	s := dateIn(parts)
	m := Mark{Stamp: s}
	delayed := false
	for i, p := range parts {
		switch {
		case p.kind == semicolon:
			return m
		case p.kind == comment:
			if m.Host == "" && i > 1 && strings.EqualFold(parts[i-2].text, "by") {
				host, _, _ := strings.Cut(p.text, " ")
				m.Host = short(host)
			}
		case strings.EqualFold(p.text, "delayed"):
			delayed = i == 0 || !strings.EqualFold(parts[i-1].text, "not")
		case delayed && m.Took == 0 && isDigit(p.text[0]):
			m.Took = heldFor(p.text, parts[i+1:])
		case i > 0 && strings.EqualFold(parts[i-1].text, "at"):
			m.Host = short(p.text)
		}
	}
	return m
}

// heldFor reads hh:mm:ss, of any number of hours, or seconds in digits, with their unit
// among the words after it or at its end.
func heldFor(text string, after []part) time.Duration {
	if parts := strings.Split(text, ":"); len(parts) == 3 {
		h, ok1 := number(parts[0], 1, 5)
		m, ok2 := number(parts[1], 2, 2)
		s, ok3 := number(parts[2], 2, 2)
		if ok1 && ok2 && ok3 {
			return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
		}
		return 0
	}
	count, unit := digits(text)
	if unit == "" && len(after) > 0 {
		unit = after[0].text
	}
	n, ok := number(count, 1, 8)
	if !ok || unit == "" || unit[0]|0x20 != 's' {
		return 0
	}
	return time.Duration(n) * time.Second
}

// atoi reads a few digits; none are 0.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

var fileTime = regexp.MustCompile(`FILETIME=\[([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8})\]`)

// readOriginalArrival reads what Exchange 2003 and SMTPSVC write. The FILETIME counts
// 100 ns since 1601, its low half stands first. Of the text only the second is taken:
// what looks like a fraction of four digits is milliseconds.
func readOriginalArrival(value string) Mark {
	const toUnix = 11_644_473_600 // seconds from 1601 to 1970
	if halves := fileTime.FindStringSubmatch(value); halves != nil {
		low, _ := hexadecimal(halves[1], 8)
		high, _ := hexadecimal(halves[2], 8)
		if ticks := high<<32 | low; ticks > toUnix*1e7 && ticks < (toUnix+lastSecond)*1e7 {
			return Mark{Stamp: Stamp{At: time.Unix(ticks/1e7-toUnix, ticks%1e7*100).UTC(), ZoneKnown: true, Resolution: 100, Source: FromOriginalArrival}}
		}
	}
	m := readDate(value)
	if m.Source == FromFraction {
		m.At, m.Resolution, m.Source = m.At.Truncate(time.Second), time.Second, FromDate
	}
	return m
}

var latency = regexp.MustCompile(`^\s*(?:(\d{1,4})\.)?(\d{1,4}):(\d\d):(\d\d)(?:\.(\d{1,7}))?\s*$`)

// readLatency reads a TimeSpan of .NET: [d.]hh:mm:ss[.fffffff].
func readLatency(value string) Mark {
	at := latency.FindStringSubmatch(value)
	if at == nil {
		return Mark{}
	}
	ticks := atoi((at[5] + "0000000")[:7])
	return Mark{Took: time.Duration(atoi(at[1])*24+atoi(at[2]))*time.Hour + time.Duration(atoi(at[3]))*time.Minute +
		time.Duration(atoi(at[4]))*time.Second + time.Duration(ticks)*100}
}

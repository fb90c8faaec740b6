package trace

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

// refine takes the finer time that the id holds, if it lies within the second shown.
func (s *Stamp) refine(id string) {
	if s.At.IsZero() || s.Resolution != time.Second {
		return
	}
	for _, fine := range []Stamp{epochInID(id), postfixID(id), dominoID(id, s.At)} {
		if s.holds(fine.At) {
			*s = fine
			return
		}
	}
	if began := dovecotID(id); s.holds(began) {
		*s = Stamp{At: began, ZoneKnown: true, Resolution: s.At.Add(time.Second).Sub(began), Source: FromDovecotID}
	}
}

func (s *Stamp) holds(at time.Time) bool {
	return !at.IsZero() && !at.Before(s.At) && at.Before(s.At.Add(s.Resolution))
}

// epochInID finds milliseconds since 1970 in 13 digits, as Google writes them, or
// microseconds in 16, as Zoho does; or milliseconds in the first 11 hexadecimal digits,
// as ZoneMTA does. It may be none: a longer or shorter run of digits is certainly none.
func epochInID(id string) Stamp {
	for rest := id; rest != ""; {
		start := strings.IndexAny(rest, "0123456789")
		if start < 0 {
			break
		}
		var run string
		run, rest = digits(rest[start:])
		switch n, _ := number(run, 13, 16); len(run) {
		case 13:
			return Stamp{At: time.UnixMilli(int64(n)).UTC(), ZoneKnown: true, Resolution: time.Millisecond, Source: FromEpochID}
		case 16:
			return Stamp{At: time.UnixMicro(int64(n)).UTC(), ZoneKnown: true, Resolution: time.Microsecond, Source: FromEpochID}
		}
	}
	if n, ok := hexadecimal(id, 11); ok {
		return Stamp{At: time.UnixMilli(n).UTC(), ZoneKnown: true, Resolution: time.Millisecond, Source: FromEpochID}
	}
	return Stamp{}
}

// hexadecimal reads the first n characters.
func hexadecimal(s string, n int) (value int64, ok bool) {
	if len(s) < n {
		return 0, false
	}
	for i := range n {
		c := s[i]
		switch {
		case isDigit(c):
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		value = value<<4 | int64(c)
	}
	return value, true
}

// Digits of Postfix's long queue ids (postconf enable_long_queue_ids): what cannot make
// a word. The id is the second in six or more of them, the microsecond in four, a z, and
// the number of the file, in which there is no z.
const (
	postfixDigits = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
	postfixSecond = 6
	postfixMicro  = 4
)

func postfixID(id string) Stamp {
	z := strings.LastIndexByte(id, 'z')
	if z < postfixSecond+postfixMicro || z > postfixSecond+postfixMicro+2 {
		return Stamp{}
	}
	second, ok1 := inPostfixDigits(id[:z-postfixMicro])
	micro, ok2 := inPostfixDigits(id[z-postfixMicro : z])
	_, ok3 := inPostfixDigits(id[z+1:])
	if !ok1 || !ok2 || !ok3 || micro >= 1e6 {
		return Stamp{}
	}
	return Stamp{At: time.Unix(second, micro*1000).UTC(), ZoneKnown: true, Resolution: time.Microsecond, Source: FromPostfixID}
}

func inPostfixDigits(s string) (n int64, ok bool) {
	for i := range len(s) {
		d := strings.IndexByte(postfixDigits, s[i])
		if d < 0 {
			return 0, false
		}
		n = n*int64(len(postfixDigits)) + int64(d)
	}
	return n, true
}

// dominoID is the hundredth of a second in an id such as 2007061413351873-33867 of
// Domino: the local time, of which the offset is taken from what the field shows.
func dominoID(id string, shown time.Time) Stamp {
	stamp, _, found := strings.Cut(id, "-")
	if !found || len(stamp) != len("2006010215040599") {
		return Stamp{}
	}
	local, err := time.Parse("20060102150405", stamp[:14])
	hundredths, ok := number(stamp[14:], 2, 2)
	east := local.Sub(shown)
	if err != nil || !ok || east%(15*time.Minute) != 0 || east < -14*time.Hour || east > 14*time.Hour {
		return Stamp{}
	}
	return Stamp{At: shown.Add(time.Duration(hundredths) * 10 * time.Millisecond), ZoneKnown: true, Resolution: 10 * time.Millisecond, Source: FromDominoID}
}

// dovecotID is when the session began that the id names: base64 of the nanosecond, the
// second, the process and the host, four little-endian bytes each.
func dovecotID(id string) time.Time {
	if len(id) < 22 {
		return time.Time{}
	}
	b, err := base64.RawStdEncoding.DecodeString(id[:22])
	if err != nil {
		return time.Time{}
	}
	nano, second := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	if nano >= 1e9 {
		return time.Time{}
	}
	return time.Unix(int64(second), int64(nano)).UTC()
}

// symantecID is the second in an id such as 93.CC.18832.F1730236, or B5/4A-24865-DB864335
// of Momentum, whose code it is: the last eight digits, of which the two of each byte
// are swapped, and the bytes little-endian.
func symantecID(id string) Stamp {
	if len(id) != len("93.CC.18832.F1730236") || strings.IndexByte("./", id[2]) < 0 || strings.IndexByte(".-", id[5]) < 0 || id[11] != id[5] {
		return Stamp{}
	}
	_, ok1 := hexadecimal(id, 2)
	_, ok2 := hexadecimal(id[3:], 2)
	_, ok3 := number(id[6:11], 5, 5)
	var swapped [8]byte
	for i := range swapped {
		swapped[7-i] = id[12+i]
	}
	return epochSecond(string(swapped[:]), FromSymantecID, ok1 && ok2 && ok3)
}

// auditID is the second in X-AuditID, such as b6c32a45-cdfff70000014990-b7-6320371f2995:
// the first eight hexadecimal digits of its last group.
func auditID(value string) Stamp {
	value = strings.TrimSpace(value)
	last := value[strings.LastIndexByte(value, '-')+1:]
	return epochSecond(last, FromAuditID, len(last) == 12 && strings.Count(value, "-") == 3)
}

// Seconds that can be true of an id: the products are not older, and a longer number is none.
const (
	firstSecond = 1e9     // September 2001
	lastSecond  = 1 << 32 // February 2106
)

func epochSecond(hex string, from Source, wellFormed bool) Stamp {
	n, ok := hexadecimal(hex, 8)
	if !ok || !wellFormed || n < firstSecond || n >= lastSecond {
		return Stamp{}
	}
	return Stamp{At: time.Unix(n, 0).UTC(), ZoneKnown: true, Resolution: time.Second, Source: from}
}

package trace

import (
	"slices"
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// Limits of what is made of a header. A loop ends after a hundred hops (RFC 5321
// section 6.3), so what is beyond is no mail's way.
const (
	maxRead  = 1000 // Received fields that are read; those below are entries without content
	maxMarks = 200
	maxAuth  = 1000
	maxHops  = 100
)

// Read reads a header, up to the first empty line or 1 MiB. It gives as many entries as
// there are Received fields, whatever is in them; those below the first 1000 are empty.
func Read(header []byte) *Trace {
	fields := probe.ParseHeader(header)
	r := reader{Trace: new(Trace), parts: make([]part, 0, 32)}
	r.Entries = make([]Entry, 0, countReceived(fields))
	for _, f := range fields {
		r.field(f)
	}
	for i, m := range r.Marks {
		r.exchangeArrival(m)
		r.audit(m, r.below[i])
		r.greylisted(m, r.below[i])
	}
	return r.Trace
}

func countReceived(fields probe.Header) int {
	n := 0
	for _, f := range fields {
		if strings.EqualFold(f.Name, "Received") {
			n++
		}
	}
	return n
}

// reader is a trace in the making.
type reader struct {
	*Trace
	parts  []part   // of the field that is read
	makers []string // by entry: the program that wrote it
	below  []int    // by mark: the entry that stands below it
}

func (r *reader) field(f probe.Field) {
	switch {
	case strings.EqualFold(f.Name, "Received"):
		r.received(f.Value)
	case strings.EqualFold(f.Name, "Authentication-Results"):
		if len(r.auth) < maxAuth {
			r.auth = append(r.auth, readAuth(readable(f.Value), len(r.Entries)))
		}
	case len(r.Marks) < maxMarks:
		if m, ok := markOf(f.Name, f.Value); ok {
			r.Marks, r.below = append(r.Marks, m), append(r.below, len(r.Entries))
		}
	}
}

func (r *reader) received(value string) {
	if len(r.Entries) >= maxRead {
		r.Entries = append(r.Entries, Entry{})
		return
	}
	r.parts = appendParts(r.parts[:0], readable(value))
	e := readReceived(r.parts)
	e.Stamp = dateIn(r.parts)
	if e.At.IsZero() {
		if s := symantecID(e.ID); !s.At.IsZero() {
			e.Stamp = s
		}
	}
	e.refine(e.ID)
	r.Entries, r.makers = append(r.Entries, e.Entry), append(r.makers, e.maker)
}

// exchangeArrival gives the field that Exchange wrote together with a mark the mark's
// time: the oldest of its fields of that second, because those above keep the mark.
func (r *reader) exchangeArrival(m Mark) {
	var with []string
	switch m.Field {
	case "X-OriginalArrivalTime":
		with = []string{"Microsoft SMTPSVC"}
	case "X-MS-Exchange-CrossTenant-OriginalArrivalTime", "X-MS-Exchange-Organization-OriginalArrivalTime":
		with = []string{"Microsoft SMTP Server", "mapi"}
	}
	for i := len(r.makers) - 1; i >= 0 && with != nil; i-- {
		e := &r.Entries[i]
		if slices.ContainsFunc(with, func(w string) bool { return strings.HasPrefix(e.With, w) }) && e.takeArrival(m) {
			return
		}
	}
}

// takeArrival takes the mark's time, if it is finer and of the same second.
func (e *Entry) takeArrival(m Mark) bool {
	if e.At.IsZero() || !e.holds(m.At) || m.Resolution >= e.Resolution {
		return false
	}
	e.Stamp, e.Source = m.Stamp, FromOriginalArrival
	return true
}

// audit gives the field of Symantec's that has no time the one of X-AuditID, which
// stands above it: else it is that of another.
func (r *reader) audit(m Mark, below int) {
	if m.Field != "X-AuditID" || m.At.IsZero() {
		return
	}
	for i := below; i < len(r.makers); i++ {
		if strings.Contains(r.makers[i], "Symantec") && r.Entries[i].At.IsZero() {
			r.Entries[i].Stamp = m.Stamp
			return
		}
	}
}

// greylisted notes a delay on the field of the host that made it: the nearest below the
// mark, else above. A mark that names no host was put by who wrote the field below it.
func (r *reader) greylisted(m Mark, below int) {
	read := r.Entries[:len(r.makers)]
	if !strings.HasPrefix(m.Field, "X-Greylist") || m.Took == 0 {
		return
	}
	if m.Host == "" {
		if below < len(read) {
			read[below].Greylisted = m.Took
		}
		return
	}
	nearest := slices.IndexFunc(read[min(below, len(read)):], func(e Entry) bool { return isSameHost(e.By, m.Host) })
	if nearest >= 0 {
		read[below+nearest].Greylisted = m.Took
		return
	}
	for i := min(below, len(read)) - 1; i >= 0; i-- {
		if isSameHost(read[i].By, m.Host) {
			read[i].Greylisted = m.Took
			return
		}
	}
}

// isSameHost compares names, of which one may be without its domain.
func isSameHost(a, b string) bool {
	a, b = strings.Trim(a, "."), strings.Trim(b, ".")
	if len(a) < len(b) {
		a, b = b, a
	}
	return b != "" && strings.EqualFold(a[:len(b)], b) && (len(a) == len(b) || a[len(b)] == '.' && !strings.Contains(b, "."))
}

package probe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ID names one test message: 64 bits, made from its slot and a random nonce.
type ID uint64

// String is the id as it stands in a tag: 13 lower-case letters and digits.
func (id ID) String() string {
	return base32Text.EncodeToString(binary.BigEndian.AppendUint64(nil, uint64(id)))
}

// ParseID reads what String writes.
func ParseID(text string) (ID, error) {
	raw, err := base32Text.DecodeString(text)
	if err != nil || len(raw) != 8 {
		return 0, fmt.Errorf("reading message id %q: want 13 characters of a-z and 2-7", text)
	}
	return ID(binary.BigEndian.Uint64(raw)), nil
}

// MarshalText writes the id as String does, so that JSON keeps all 64 bits.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// Tag is what identifies a test message wherever it turns up. Its full form
// stands in a header field and in the body, its short form (which carries the id
// alone) in Message-ID and Subject. Times are whole milliseconds.
type Tag struct {
	ID       ID
	Full     bool // read from a full form; without it only ID and Prober are known
	Prober   string
	Route    string
	Payload  string
	Purpose  Purpose
	Slot     time.Time     // the scheduled moment
	Sent     time.Time     // when the message was composed
	Interval time.Duration // the schedule's interval
}

// NewTag makes the tag of a message to be sent now. Two calls never give the same
// id; (Prober, Route, Payload, Purpose, Slot) tells a doubled run.
func NewTag(prober string, p Probe, purpose Purpose, slot, now time.Time) Tag {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n%s\n%d\n", prober, p.Route.Name, p.Payload.Name(), purpose, slot.UnixMilli())
	h.Write(randomNonce())
	return Tag{
		ID:       ID(binary.BigEndian.Uint64(h.Sum(nil))),
		Full:     true,
		Prober:   prober,
		Route:    p.Route.Name,
		Payload:  p.Payload.Name(),
		Purpose:  purpose,
		Slot:     slot.Truncate(time.Millisecond),
		Sent:     now.Truncate(time.Millisecond),
		Interval: p.Every,
	}
}

const (
	tagVersion = "mp1"
	useFull    = "mailpath tag 1 full"
	useShort   = "mailpath tag 1 short"
	shortMAC   = 10 // bytes: 80 bits
)

// SignFull is the tag's full form: version, key id, id, prober, route, payload,
// purpose, slot, send time, interval (milliseconds) and HMAC-SHA-256, between
// colons. It holds no character that quoted-printable, URL rewriting or white
// space folding would touch.
func (r *Keyring) SignFull(t Tag) string {
	text := strings.Join([]string{
		tagVersion, r.signer().ID(), t.ID.String(), t.Prober, t.Route, t.Payload, string(t.Purpose),
		strconv.FormatInt(t.Slot.UnixMilli(), 10), strconv.FormatInt(t.Sent.UnixMilli(), 10),
		strconv.FormatInt(t.Interval.Milliseconds(), 10),
	}, ":")
	return text + ":" + base32Text.EncodeToString(r.signer().mac(useFull, text))
}

// SignShort is the tag's short form: version, key id, id and an 80-bit MAC over
// these and the prober's name, between dots.
func (r *Keyring) SignShort(id ID) string {
	text := strings.Join([]string{tagVersion, r.signer().ID(), id.String()}, ".")
	return text + "." + r.shortMAC(r.signer(), text)
}

func (r *Keyring) shortMAC(k Key, text string) string {
	return base32Text.EncodeToString(k.mac(useShort, text+"\n"+r.prober)[:shortMAC])
}

var (
	fullPattern  = regexp.MustCompile(`mp1:([a-z2-7]{4}):([a-z2-7]{13})((?::[a-z0-9._@-]{1,63}){4}(?::-?[0-9]{1,19}){3}):([a-z2-7]{52})`)
	shortPattern = regexp.MustCompile(`mp1\.([a-z2-7]{4})\.([a-z2-7]{13})\.([a-z2-7]{16})`)
)

// FindFull finds the first full form in text that one of the keys signed for this
// prober. White space within it is ignored: header fields and bodies get folded.
func (r *Keyring) FindFull(text string) (Tag, bool) {
	text = strings.Join(strings.Fields(text), "")
	for _, m := range fullPattern.FindAllStringSubmatch(text, maxCandidates) {
		signed := m[0][:len(m[0])-len(m[4])-1]
		for _, k := range r.byID(m[1]) {
			want := base32Text.EncodeToString(k.mac(useFull, signed))
			if !hmac.Equal([]byte(want), []byte(m[4])) {
				continue
			}
			if t, ok := tagOf(m[2], strings.Split(m[3], ":")[1:]); ok && t.Prober == r.prober {
				return t, true
			}
		}
	}
	return Tag{}, false
}

// maxCandidates bounds the MACs that are computed for one hostile text.
const maxCandidates = 16

func tagOf(id string, fields []string) (Tag, bool) {
	n, err := ParseID(id)
	if err != nil || len(fields) != 7 {
		return Tag{}, false
	}
	var ms [3]int64
	for i := range ms {
		if ms[i], err = strconv.ParseInt(fields[4+i], 10, 64); err != nil {
			return Tag{}, false
		}
	}
	return Tag{
		ID: n, Full: true, Prober: fields[0], Route: fields[1], Payload: fields[2], Purpose: Purpose(fields[3]),
		Slot: time.UnixMilli(ms[0]), Sent: time.UnixMilli(ms[1]), Interval: time.Duration(ms[2]) * time.Millisecond,
	}, true
}

// FindShort finds the first short form in text that one of the keys signed for
// this prober, whatever the case of its letters.
func (r *Keyring) FindShort(text string) (Tag, bool) {
	for _, m := range shortPattern.FindAllStringSubmatch(strings.ToLower(text), maxCandidates) {
		signed := m[0][:len(m[0])-len(m[3])-1]
		for _, k := range r.byID(m[1]) {
			if !hmac.Equal([]byte(r.shortMAC(k, signed)), []byte(m[3])) {
				continue
			}
			if id, err := ParseID(m[2]); err == nil {
				return Tag{ID: id, Prober: r.prober}, true
			}
		}
	}
	return Tag{}, false
}

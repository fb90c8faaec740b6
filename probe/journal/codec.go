package journal

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/mailpath/mailpath/probe"
)

// An event is stored as a version byte, the number of its kind, its time, and the
// fields of its fact in protocol-buffer wire form. Fields that are zero are left
// out and fields that are unknown are skipped, so that either side may be newer.
// Numbers of kinds and fields never change and are never used twice.
const codecVersion = 1

// kind is the stored number of a fact's kind.
type kind uint64

const (
	kindSending        kind = 1
	kindAttempted      kind = 2
	kindSeen           kind = 3
	kindLooked         kind = 4
	kindBlind          kind = 5
	kindMissedDeadline kind = 6
	kindExpired        kind = 7
	kindOrphaned       kind = 8
	kindSlotsMissed    kind = 9
	kindStarted        kind = 10
	kindClockStepped   kind = 11
	kindTotals         kind = 12
	kindSlotsSkipped   kind = 13
	kindSuspected      kind = 14
	kindFindingChanged kind = 15
	kindRetrying       kind = 16
	kindGaveUp         kind = 17
	kindReported       kind = 18
	kindNote           kind = 19
	kindMaintenance    kind = 20
	kindIncident       kind = 21
)

// errUnknownKind says that an event is of a kind this version does not know.
var errUnknownKind = errors.New("unknown kind of event")

// encodeAll gives the stored forms of events, their numbers left out.
func encodeAll(events []probe.Event) ([][]byte, error) {
	raw := make([][]byte, len(events))
	c := &coder{out: make([]byte, 0, 256*len(events))}
	for i, e := range events {
		start := len(c.out)
		if err := encode(c, e); err != nil {
			return nil, err
		}
		raw[i] = c.out[start:len(c.out):len(c.out)]
	}
	return raw, nil
}

func encode(c *coder, e probe.Event) error {
	switch f := e.Fact.(type) {
	case probe.Sending:
		sending(c.begin(kindSending, e.At), &f)
	case probe.Attempted:
		attempted(c.begin(kindAttempted, e.At), &f)
	case probe.Seen:
		seen(c.begin(kindSeen, e.At), &f)
	case probe.Looked:
		looked(c.begin(kindLooked, e.At), &f)
	case probe.Blind:
		blind(c.begin(kindBlind, e.At), &f)
	case probe.MissedDeadline:
		number(c.begin(kindMissedDeadline, e.At), 1, &f.ID)
	case probe.Expired:
		number(c.begin(kindExpired, e.At), 1, &f.ID)
	case probe.Orphaned:
		number(c.begin(kindOrphaned, e.At), 1, &f.ID)
	case probe.SlotsMissed:
		slotsMissed(c.begin(kindSlotsMissed, e.At), &f)
	case probe.Started:
		started(c.begin(kindStarted, e.At), &f)
	case probe.ClockStepped:
		clockStepped(c.begin(kindClockStepped, e.At), &f)
	case probe.Totals:
		totals(c.begin(kindTotals, e.At), &f)
	case probe.SlotsSkipped:
		slotsSkipped(c.begin(kindSlotsSkipped, e.At), &f)
	case probe.Suspected:
		suspected(c.begin(kindSuspected, e.At), &f)
	case probe.FindingChanged:
		findingChanged(c.begin(kindFindingChanged, e.At), &f)
	case probe.Retrying:
		retrying(c.begin(kindRetrying, e.At), &f)
	case probe.GaveUp:
		number(c.begin(kindGaveUp, e.At), 1, &f.ID)
	case probe.Reported:
		reported(c.begin(kindReported, e.At), &f)
	case probe.Note:
		note(c.begin(kindNote, e.At), &f)
	case probe.Maintenance:
		maintenance(c.begin(kindMaintenance, e.At), &f)
	case probe.IncidentChanged:
		incident(c.begin(kindIncident, e.At), &f)
	default:
		return fmt.Errorf("encoding an event: got a fact of type %T, want one of package probe", e.Fact)
	}
	return nil
}

// begin writes what stands before the fields of a fact.
func (c *coder) begin(k kind, at time.Time) *coder {
	c.out = append(c.out, codecVersion)
	c.out = protowire.AppendVarint(c.out, uint64(k))
	c.out = protowire.AppendVarint(c.out, protowire.EncodeZigZag(at.UnixNano()))
	return c
}

// decode reads what encode wrote, with a coder of newDecoder. For events of a newer
// version it gives errUnknownKind, and an event without a fact.
func (c *coder) decode(raw []byte) (probe.Event, error) {
	var e probe.Event
	if len(raw) == 0 || raw[0] != codecVersion {
		return e, errUnknownKind
	}
	raw = raw[1:]
	k, n := protowire.ConsumeVarint(raw)
	if n < 0 {
		return e, fmt.Errorf("decoding an event's kind: %w", protowire.ParseError(n))
	}
	at, m := protowire.ConsumeVarint(raw[n:])
	if m < 0 {
		return e, fmt.Errorf("decoding an event's time: %w", protowire.ParseError(m))
	}
	if err := c.parse(raw[n+m:]); err != nil {
		return e, err
	}
	e.At = time.Unix(0, protowire.DecodeZigZag(at))
	if e.Fact = read(kind(k), c); e.Fact == nil {
		return e, errUnknownKind
	}
	return e, nil
}

func read(k kind, c *coder) probe.Fact {
	switch k {
	case kindSending:
		return decoded(c, sending)
	case kindAttempted:
		return decoded(c, attempted)
	case kindSeen:
		return decoded(c, seen)
	case kindLooked:
		return decoded(c, looked)
	case kindBlind:
		return decoded(c, blind)
	case kindMissedDeadline:
		return decoded(c, func(c *coder, f *probe.MissedDeadline) { number(c, 1, &f.ID) })
	case kindExpired:
		return decoded(c, func(c *coder, f *probe.Expired) { number(c, 1, &f.ID) })
	case kindOrphaned:
		return decoded(c, func(c *coder, f *probe.Orphaned) { number(c, 1, &f.ID) })
	case kindSlotsMissed:
		return decoded(c, slotsMissed)
	case kindStarted:
		return decoded(c, started)
	case kindClockStepped:
		return decoded(c, clockStepped)
	case kindTotals:
		return decoded(c, totals)
	case kindSlotsSkipped:
		return decoded(c, slotsSkipped)
	case kindSuspected:
		return decoded(c, suspected)
	case kindFindingChanged:
		return decoded(c, findingChanged)
	case kindRetrying:
		return decoded(c, retrying)
	case kindGaveUp:
		return decoded(c, func(c *coder, f *probe.GaveUp) { number(c, 1, &f.ID) })
	case kindReported:
		return decoded(c, reported)
	case kindNote:
		return decoded(c, note)
	case kindMaintenance:
		return decoded(c, maintenance)
	case kindIncident:
		return decoded(c, incident)
	}
	return nil
}

func decoded[F probe.Fact](c *coder, fields func(*coder, *F)) probe.Fact {
	var f F
	fields(c, &f)
	return f
}

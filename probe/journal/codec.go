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
)

// errUnknownKind says that an event is of a kind this version does not know.
var errUnknownKind = errors.New("unknown kind of event")

// encode is the stored form of an event, its number left out.
func encode(e probe.Event) ([]byte, error) {
	k, write, err := kindOf(e.Fact)
	if err != nil {
		return nil, err
	}
	b := []byte{codecVersion}
	b = protowire.AppendVarint(b, uint64(k))
	b = protowire.AppendVarint(b, protowire.EncodeZigZag(e.At.UnixNano()))
	enc := &encoder{b: b}
	write(enc)
	return enc.b, nil
}

func kindOf(fact probe.Fact) (kind, func(coder), error) {
	switch f := fact.(type) {
	case probe.Sending:
		return kindSending, func(c coder) { sending(c, &f) }, nil
	case probe.Attempted:
		return kindAttempted, func(c coder) { attempted(c, &f) }, nil
	case probe.Seen:
		return kindSeen, func(c coder) { seen(c, &f) }, nil
	case probe.Looked:
		return kindLooked, func(c coder) { looked(c, &f) }, nil
	case probe.Blind:
		return kindBlind, func(c coder) { blind(c, &f) }, nil
	case probe.MissedDeadline:
		return kindMissedDeadline, func(c coder) { number(c, 1, &f.ID) }, nil
	case probe.Expired:
		return kindExpired, func(c coder) { number(c, 1, &f.ID) }, nil
	case probe.Orphaned:
		return kindOrphaned, func(c coder) { number(c, 1, &f.ID) }, nil
	case probe.SlotsMissed:
		return kindSlotsMissed, func(c coder) { slotsMissed(c, &f) }, nil
	case probe.Started:
		return kindStarted, func(c coder) { started(c, &f) }, nil
	case probe.ClockStepped:
		return kindClockStepped, func(c coder) { clockStepped(c, &f) }, nil
	case probe.Totals:
		return kindTotals, func(c coder) { totals(c, &f) }, nil
	}
	return 0, nil, fmt.Errorf("encoding an event: got a fact of type %T, want one of package probe", fact)
}

// decode reads what encode wrote. For events of a newer version it gives
// errUnknownKind, and an event without a fact.
func decode(raw []byte) (probe.Event, error) {
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
	dec, err := parseFields(raw[n+m:])
	if err != nil {
		return e, err
	}
	e.At = time.Unix(0, protowire.DecodeZigZag(at))
	if e.Fact = read(kind(k), dec); e.Fact == nil {
		return e, errUnknownKind
	}
	return e, nil
}

func read(k kind, c coder) probe.Fact {
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
		return decoded(c, func(c coder, f *probe.MissedDeadline) { number(c, 1, &f.ID) })
	case kindExpired:
		return decoded(c, func(c coder, f *probe.Expired) { number(c, 1, &f.ID) })
	case kindOrphaned:
		return decoded(c, func(c coder, f *probe.Orphaned) { number(c, 1, &f.ID) })
	case kindSlotsMissed:
		return decoded(c, slotsMissed)
	case kindStarted:
		return decoded(c, started)
	case kindClockStepped:
		return decoded(c, clockStepped)
	case kindTotals:
		return decoded(c, totals)
	}
	return nil
}

func decoded[F probe.Fact](c coder, fields func(coder, *F)) probe.Fact {
	var f F
	fields(c, &f)
	return f
}

// Each function below names the fields of one fact, once for both ways.

func sending(c coder, f *probe.Sending) {
	number(c, 1, &f.ID)
	text(c, 2, &f.Route)
	text(c, 3, &f.Payload)
	text(c, 4, &f.Purpose)
	moment(c, 5, &f.Slot)
	text(c, 6, &f.Sender)
	text(c, 7, &f.Mailbox)
	signed(c, 8, &f.LateAfter)
	signed(c, 9, &f.LostAfter)
	text(c, 10, &f.Expect)
}

func attempted(c coder, f *probe.Attempted) {
	number(c, 1, &f.ID)
	number(c, 2, &f.Result)
	flag(c, 3, &f.Ours)
	moment(c, 4, &f.Began)
	list(c, 5, &f.Phases, func(c coder, p *probe.Phase) {
		text(c, 1, &p.Name)
		signed(c, 2, &p.Took)
	})
	optional(c, 6, &f.Reply, func(c coder, r *probe.Reply) {
		signed(c, 1, &r.Code)
		text(c, 2, &r.Enhanced)
		text(c, 3, &r.Text)
		text(c, 4, &r.QueueID)
	})
	text(c, 7, &f.Problem)
}

func seen(c coder, f *probe.Seen) {
	number(c, 1, &f.ID)
	part(c, 2, &f.Tag, func(c coder, t *probe.Tag) {
		number(c, 1, &t.ID)
		flag(c, 2, &t.Full)
		text(c, 3, &t.Prober)
		text(c, 4, &t.Route)
		text(c, 5, &t.Payload)
		text(c, 6, &t.Purpose)
		moment(c, 7, &t.Slot)
		moment(c, 8, &t.Sent)
		signed(c, 9, &t.Interval)
	})
	text(c, 3, &f.Carrier)
	text(c, 4, &f.Mailbox)
	text(c, 5, &f.Ref.Folder)
	number(c, 6, &f.Ref.UIDValidity)
	number(c, 7, &f.Ref.UID)
	moment(c, 8, &f.Absent)
	moment(c, 9, &f.Present)
	moment(c, 10, &f.Internal)
	number(c, 11, &f.Chain)
	text(c, 12, &f.EmailID)
}

func looked(c coder, f *probe.Looked) {
	text(c, 1, &f.Mailbox)
	moment(c, 2, &f.Began)
	moment(c, 3, &f.Ended)
	signed(c, 4, &f.Looks)
}

func blind(c coder, f *probe.Blind) {
	text(c, 1, &f.Mailbox)
	text(c, 2, &f.Problem)
}

func slotsMissed(c coder, f *probe.SlotsMissed) {
	text(c, 1, &f.Route)
	text(c, 2, &f.Payload)
	signed(c, 3, &f.Slots)
	text(c, 4, &f.Reason)
}

func started(c coder, f *probe.Started) {
	text(c, 1, &f.Boot)
	signed(c, 2, &f.Uptime)
}

func clockStepped(c coder, f *probe.ClockStepped) {
	signed(c, 1, &f.By)
	flag(c, 2, &f.Between)
}

func totals(c coder, f *probe.Totals) {
	moment(c, 1, &f.Day)
	list(c, 2, &f.Routes, func(c coder, r *probe.RouteTotals) {
		text(c, 1, &r.Route)
		signed(c, 2, &r.Sent)
		signed(c, 3, &r.Adopted)
		list(c, 4, &r.Ended, func(c coder, s *probe.StatusTotal) {
			text(c, 1, &s.Status)
			signed(c, 2, &s.Messages)
		})
		signed(c, 5, &r.SLOEvents)
		signed(c, 6, &r.SLOMisses)
		signed(c, 7, &r.Measured)
		signed(c, 8, &r.Sum)
		signed(c, 9, &r.Longest)
	})
}

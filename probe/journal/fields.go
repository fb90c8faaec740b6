package journal

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// coder writes the fields it is shown, or reads them: a fact's fields are named
// once, for both ways.
type coder interface {
	varint(n protowire.Number, v uint64) uint64
	bytes(n protowire.Number, v []byte) []byte
	// parts handles a repeated field: count is how many there are to write, and
	// each is called for every part to write or read.
	parts(n protowire.Number, count int, each func(i int, c coder))
}

type encoder struct{ b []byte }

func (e *encoder) varint(n protowire.Number, v uint64) uint64 {
	if v != 0 {
		e.b = protowire.AppendTag(e.b, n, protowire.VarintType)
		e.b = protowire.AppendVarint(e.b, v)
	}
	return v
}

func (e *encoder) bytes(n protowire.Number, v []byte) []byte {
	if len(v) != 0 {
		e.b = protowire.AppendTag(e.b, n, protowire.BytesType)
		e.b = protowire.AppendBytes(e.b, v)
	}
	return v
}

func (e *encoder) parts(n protowire.Number, count int, each func(int, coder)) {
	for i := range count {
		var part encoder
		each(i, &part)
		e.b = protowire.AppendTag(e.b, n, protowire.BytesType)
		e.b = protowire.AppendBytes(e.b, part.b)
	}
}

// field is one stored field.
type field struct {
	n     protowire.Number
	value uint64
	raw   []byte
}

type decoder struct{ fields []field }

// parseFields reads the fields of a fact; those of unknown wire types are skipped.
func parseFields(raw []byte) (*decoder, error) {
	d := &decoder{fields: make([]field, 0, 12)}
	for len(raw) > 0 {
		n, wire, size := protowire.ConsumeTag(raw)
		if size < 0 {
			return nil, fmt.Errorf("decoding a field's number: %w", protowire.ParseError(size))
		}
		raw = raw[size:]
		f := field{n: n}
		switch wire {
		case protowire.VarintType:
			f.value, size = protowire.ConsumeVarint(raw)
		case protowire.BytesType:
			f.raw, size = protowire.ConsumeBytes(raw)
		default:
			size = protowire.ConsumeFieldValue(n, wire, raw)
		}
		if size < 0 {
			return nil, fmt.Errorf("decoding field %d: %w", n, protowire.ParseError(size))
		}
		raw = raw[size:]
		d.fields = append(d.fields, f)
	}
	return d, nil
}

func (d *decoder) varint(n protowire.Number, _ uint64) uint64 {
	for _, f := range d.fields {
		if f.n == n {
			return f.value
		}
	}
	return 0
}

func (d *decoder) bytes(n protowire.Number, _ []byte) []byte {
	for _, f := range d.fields {
		if f.n == n {
			return f.raw
		}
	}
	return nil
}

// parts passes over a part that cannot be read: the rest of the fact still counts.
func (d *decoder) parts(n protowire.Number, _ int, each func(int, coder)) {
	i := 0
	for _, f := range d.fields {
		if f.n != n {
			continue
		}
		if part, err := parseFields(f.raw); err == nil {
			each(i, part)
			i++
		}
	}
}

// The functions below assign only what differs: a fact that is being written may
// share memory with others, and must not be touched.

func number[T ~uint8 | ~uint32 | ~uint64](c coder, n protowire.Number, v *T) {
	assign(v, T(c.varint(n, uint64(*v))))
}

func signed[T ~int | ~int64](c coder, n protowire.Number, v *T) {
	assign(v, T(protowire.DecodeZigZag(c.varint(n, protowire.EncodeZigZag(int64(*v))))))
}

func flag(c coder, n protowire.Number, v *bool) {
	assign(v, protowire.DecodeBool(c.varint(n, protowire.EncodeBool(*v))))
}

func text[T ~string](c coder, n protowire.Number, v *T) {
	assign(v, T(c.bytes(n, []byte(*v))))
}

// moment stores a time in nanoseconds since 1970; the zero time is left out.
func moment(c coder, n protowire.Number, v *time.Time) {
	var before int64
	if !v.IsZero() {
		before = v.UnixNano()
	}
	after := before
	switch signed(c, n, &after); {
	case after == before:
	case after == 0:
		*v = time.Time{}
	default:
		*v = time.Unix(0, after)
	}
}

func assign[T comparable](v *T, after T) {
	if *v != after {
		*v = after
	}
}

// list is a repeated part.
func list[T any](c coder, n protowire.Number, v *[]T, fields func(coder, *T)) {
	c.parts(n, len(*v), func(i int, c coder) {
		for len(*v) <= i {
			*v = append(*v, *new(T))
		}
		fields(c, &(*v)[i])
	})
}

// part is a part that is always there.
func part[T any](c coder, n protowire.Number, v *T, fields func(coder, *T)) {
	c.parts(n, 1, func(_ int, c coder) { fields(c, v) })
}

// optional is a part that may be missing.
func optional[T any](c coder, n protowire.Number, v **T, fields func(coder, *T)) {
	count := 0
	if *v != nil {
		count = 1
	}
	c.parts(n, count, func(_ int, c coder) {
		if *v == nil {
			*v = new(T)
		}
		fields(c, *v)
	})
}

package journal

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// coder writes the fields it is shown, or reads them: a fact's fields are named
// once, for both ways. It is used again for the next event, so that a replay of
// millions leaves nothing behind but the facts.
type coder struct {
	reading bool
	out     []byte  // what has been written
	fields  []field // what is to be read
	asked   int     // the fields before this one have been asked for
	names   names
	inner   *coder // for parts; nil until the first
}

// field is one stored field.
type field struct {
	n     protowire.Number
	value uint64
	raw   []byte
}

func newDecoder() *coder { return &coder{reading: true, names: make(names)} }

// names gives equal texts one memory: those of a replay are few and come often.
type names map[string]string

// maxNames bounds the memory of names, should they be many after all.
const maxNames = 10_000

func (n names) of(raw []byte) string {
	if known, ok := n[string(raw)]; ok {
		return known
	}
	fresh := string(raw)
	if len(n) < maxNames {
		n[fresh] = fresh
	}
	return fresh
}

// parse takes in the fields of a fact or a part; those of unknown wire types are
// skipped.
func (c *coder) parse(raw []byte) error {
	c.fields, c.asked = c.fields[:0], 0
	for len(raw) > 0 {
		n, wire, size := protowire.ConsumeTag(raw)
		if size < 0 {
			return fmt.Errorf("decoding a field's number: %w", protowire.ParseError(size))
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
			return fmt.Errorf("decoding field %d: %w", n, protowire.ParseError(size))
		}
		raw = raw[size:]
		c.fields = append(c.fields, f)
	}
	return nil
}

// field gives the first field of that number, or one that is zero. Fields are asked
// for in the order in which they were written, mostly.
func (c *coder) field(n protowire.Number) *field {
	if c.asked < len(c.fields) && c.fields[c.asked].n == n {
		c.asked++
		return &c.fields[c.asked-1]
	}
	for i := range c.fields {
		if c.fields[i].n == n {
			c.asked = i + 1
			return &c.fields[i]
		}
	}
	return &field{}
}

// open begins a part, a field that has fields of its own, and gives its coder, to
// be closed before the next. It gives nil if there is nothing to write, or nothing
// that could be read: the rest of the fact still counts.
func (c *coder) open(n protowire.Number, write bool) *coder {
	if !c.reading {
		if !write {
			return nil
		}
		part := c.part()
		part.out = part.out[:0]
		return part
	}
	for _, f := range c.fields {
		if f.n == n && c.part().parse(f.raw) == nil {
			return c.inner
		}
	}
	return nil
}

func (c *coder) close(n protowire.Number, part *coder) {
	if !c.reading {
		c.out = protowire.AppendTag(c.out, n, protowire.BytesType)
		c.out = protowire.AppendBytes(c.out, part.out)
	}
}

func (c *coder) part() *coder {
	if c.inner == nil {
		c.inner = &coder{reading: c.reading, names: c.names}
	}
	return c.inner
}

// varint reads a field, or writes v unless it is zero. A fact that is being written
// may share memory with others: it is not touched.
func (c *coder) varint(n protowire.Number, v uint64) (read uint64) {
	if c.reading {
		return c.field(n).value
	}
	if v != 0 {
		c.out = protowire.AppendTag(c.out, n, protowire.VarintType)
		c.out = protowire.AppendVarint(c.out, v)
	}
	return 0
}

func (c *coder) write(n protowire.Number, v string) {
	if v != "" {
		c.out = protowire.AppendTag(c.out, n, protowire.BytesType)
		c.out = protowire.AppendString(c.out, v)
	}
}

func number[T ~uint8 | ~uint32 | ~uint64](c *coder, n protowire.Number, v *T) {
	if read := c.varint(n, uint64(*v)); c.reading {
		*v = T(read)
	}
}

func signed[T ~int | ~int64](c *coder, n protowire.Number, v *T) {
	if read := c.varint(n, protowire.EncodeZigZag(int64(*v))); c.reading {
		*v = T(protowire.DecodeZigZag(read))
	}
}

func flag(c *coder, n protowire.Number, v *bool) {
	if read := c.varint(n, protowire.EncodeBool(*v)); c.reading {
		*v = protowire.DecodeBool(read)
	}
}

// text is one that is hardly ever the same twice.
func text[T ~string](c *coder, n protowire.Number, v *T) {
	if c.reading {
		*v = T(c.field(n).raw)
		return
	}
	c.write(n, string(*v))
}

// name is a text that comes again and again.
func name[T ~string](c *coder, n protowire.Number, v *T) {
	if c.reading {
		*v = T(c.names.of(c.field(n).raw))
		return
	}
	c.write(n, string(*v))
}

// moment stores a time in nanoseconds since 1970; the zero time is left out.
func moment(c *coder, n protowire.Number, v *time.Time) {
	var nanoseconds int64
	if !c.reading && !v.IsZero() {
		nanoseconds = v.UnixNano()
	}
	if signed(c, n, &nanoseconds); c.reading && nanoseconds != 0 {
		*v = time.Unix(0, nanoseconds)
	}
}

// list is a repeated part.
func list[T any](c *coder, n protowire.Number, v *[]T, fields func(*coder, *T)) {
	if !c.reading {
		for i := range *v {
			part := c.open(n, true)
			fields(part, &(*v)[i])
			c.close(n, part)
		}
		return
	}
	for i, f := range c.fields {
		if f.n != n || c.part().parse(f.raw) != nil {
			continue
		}
		if *v == nil {
			*v = make([]T, 0, count(c.fields[i:], n))
		}
		*v = append(*v, *new(T))
		fields(c.inner, &(*v)[len(*v)-1])
	}
}

func count(fields []field, n protowire.Number) int {
	all := 0
	for _, f := range fields {
		if f.n == n {
			all++
		}
	}
	return all
}

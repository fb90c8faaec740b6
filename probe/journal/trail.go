package journal

import (
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/mailpath/mailpath/probe"
)

// A message has several hops, and most of what there is to say of them is the same for
// every message of a route. So they are stored not hop by hop but one thing of all of
// them at a time: texts with a line break between, which are names, and numbers as
// packed varints. What all have that is ordinary is left out.

// trail is stored beside the time at which the message was there.
func trail(c *coder, t *probe.Trail, present time.Time) {
	if present.IsZero() {
		present = time.Unix(0, 0) // else a difference would be too much for a number
	}
	if c.reading {
		t.Hops = stamped(packed(c.field(1).raw), present)
	} else {
		var stamps packed
		for _, h := range t.Hops {
			stamps = stamps.with(int64(h.At.Sub(present)))
		}
		c.write(1, string(stamps))
	}
	texts(c, 2, t.Hops, "", func(h *probe.Hop) *string { return &h.By })
	texts(c, 3, t.Hops, ordinarySource, func(h *probe.Hop) *string { return &h.Source })
	durations(c, 4, t.Hops, time.Second, func(h *probe.Hop) *time.Duration { return &h.Resolution })
	durations(c, 5, t.Hops, 0, func(h *probe.Hop) *time.Duration { return &h.Greylisted })
	results(c, 6, &t.Auth)
}

// ordinarySource is where most stamps come from.
const ordinarySource = "received"

// stamped makes the hops of these stamps.
func stamped(stamps packed, present time.Time) []probe.Hop {
	n := stamps.count()
	if n == 0 {
		return nil
	}
	hops := make([]probe.Hop, n)
	for i := range hops {
		var ns int64
		ns, stamps = stamps.next()
		hops[i] = probe.Hop{At: present.Add(time.Duration(ns)), Resolution: time.Second, Source: ordinarySource}
	}
	return hops
}

// durations stores what differs from the ordinary; nothing, if nothing does.
func durations(c *coder, field protowire.Number, hops []probe.Hop, ordinary time.Duration, of func(*probe.Hop) *time.Duration) {
	if !c.reading {
		var all packed
		unusual := false
		for i := range hops {
			beyond := *of(&hops[i]) - ordinary
			unusual = unusual || beyond != 0
			all = all.with(int64(beyond))
		}
		if unusual {
			c.write(field, string(all))
		}
		return
	}
	rest := packed(c.field(field).raw)
	for i := 0; i < len(hops) && len(rest) > 0; i++ {
		var beyond int64
		beyond, rest = rest.next()
		*of(&hops[i]) = ordinary + time.Duration(beyond)
	}
}

// texts stores what differs from the ordinary; nothing, if nothing does.
func texts(c *coder, field protowire.Number, hops []probe.Hop, ordinary string, of func(*probe.Hop) *string) {
	if !c.reading {
		var all []string
		unusual := false
		for i := range hops {
			unusual = unusual || *of(&hops[i]) != ordinary
			all = append(all, strings.ReplaceAll(*of(&hops[i]), "\n", " "))
		}
		if unusual {
			c.write(field, strings.Join(all, "\n"))
		}
		return
	}
	rest := c.names.of(c.field(field).raw)
	for i := 0; i < len(hops) && rest != ""; i++ {
		*of(&hops[i]), rest, _ = strings.Cut(rest, "\n")
	}
}

// waits stores times as packed nanoseconds.
func waits(c *coder, field protowire.Number, all *[]time.Duration) {
	if !c.reading {
		var stored packed
		for _, d := range *all {
			stored = stored.with(int64(d))
		}
		c.write(field, string(stored))
		return
	}
	for rest := packed(c.field(field).raw); len(rest) > 0; {
		var ns int64
		ns, rest = rest.next()
		*all = append(*all, time.Duration(ns))
	}
}

// packed are numbers as varints, one after the other.
type packed []byte

func (p packed) with(v int64) packed {
	return protowire.AppendVarint(p, protowire.EncodeZigZag(v))
}

// next is the first number and those after it; of damaged ones there are none.
func (p packed) next() (int64, packed) {
	v, size := protowire.ConsumeVarint(p)
	if size < 0 {
		return 0, nil
	}
	return protowire.DecodeZigZag(v), p[size:]
}

// count is how many numbers there are: each ends with the one byte that has no mark.
func (p packed) count() (n int) {
	for _, b := range p {
		if b < 0x80 {
			n++
		}
	}
	return n
}

// results are stored as in Authentication-Results, such as spf=pass: both are words.
func results(c *coder, field protowire.Number, all *[]probe.AuthResult) {
	if !c.reading {
		var lines []string
		for _, r := range *all {
			lines = append(lines, r.Method+"="+r.Result)
		}
		c.write(field, strings.Join(lines, "\n"))
		return
	}
	rest := c.names.of(c.field(field).raw)
	if rest != "" {
		*all = make([]probe.AuthResult, 0, 1+strings.Count(rest, "\n"))
	}
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		method, result, _ := strings.Cut(line, "=")
		*all = append(*all, probe.AuthResult{Method: method, Result: result})
	}
}

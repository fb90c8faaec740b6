package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe/trace"
)

// wayAt is a way whose hosts, a b c and so on, stamped a message at these times of day.
func wayAt(t *testing.T, clocks ...string) way {
	t.Helper()
	var header strings.Builder
	for i, clock := range slices.Backward(clocks) {
		fmt.Fprintf(&header, "Received: from x by %c.example with SMTP; Mon, 23 Nov 2026 %s +0000\r\n", 'a'+i, clock)
	}
	w := readWay(trace.Read([]byte(header.String())), owners{})
	if len(w.Entries) != len(clocks) {
		t.Fatalf("got %d entries of %v", len(w.Entries), clocks)
	}
	return w
}

// A clock that is wrong makes no host slow.
func TestWrongClocksBlameNobody(t *testing.T) {
	const (
		unknown  = "Which step took longest cannot be told"
		disagree = "clocks of those hosts disagree"
	)
	for _, c := range []struct {
		name   string
		clocks []string
		marked string // hosts whose step is marked
		says   []string
		not    []string
	}{
		{"one in the middle is fast", []string{"08:15:00", "09:15:02", "08:15:10"}, "ab",
			[]string{"clock of b.example seems to be 59m51s–60m3s fast", "The longest stretch: 9–11 s, from a.example to c.example", "From the first stamp to the last: 9–11 s."}, []string{"longest step", disagree}},
		{"one in the middle is slow", []string{"09:15:00", "08:15:02", "09:15:10"}, "ab",
			[]string{"clock of b.example seems to be 59m57s–60m9s slow", "The longest stretch: 9–11 s"}, []string{"longest step"}},
		{"the first is fast", []string{"09:15:00", "08:15:02", "08:15:30"}, "a",
			[]string{"clock of a.example seems to be at least 59m57s fast", "The longest step: 27–29 s, from b.example to c.example", "Without it, from the first stamp to the last: 27–29 s."}, nil},
		{"the last is slow", []string{"08:15:00", "08:15:02", "07:15:30"}, "b",
			[]string{"clock of c.example seems to be at least 59m31s slow", "The longest step: 1–3 s, from a.example to b.example", "Without it, from the first stamp to the last: 1–3 s."}, nil},
		{"others are still believed", []string{"08:15:00", "08:15:01", "09:15:02", "08:15:03", "08:20:00"}, "bc",
			[]string{"clock of c.example seems", "The longest step: 4m56s–4m58s, from d.example to e.example", "first stamp to the last: 4m59s–5m1s"}, nil},
		{"a delay as long as the clock is wrong: it may be either", []string{"08:15:00", "09:15:02", "08:45:00"}, "ab",
			[]string{unknown, disagree}, []string{"seems", "longest step:"}},
		{"two hosts", []string{"09:15:00", "08:15:02"}, "a", []string{unknown, disagree}, []string{"seems"}},
		{"two clocks", []string{"08:15:00", "09:15:02", "08:15:10", "09:15:12", "08:15:20", "08:15:50"}, "abcde",
			[]string{unknown, disagree, "first stamp to the last: 49–51 s"}, []string{"seems"}},
		{"two hosts with the same wrong clock", []string{"08:15:00", "09:15:02", "09:15:04", "08:15:10"}, "abc",
			[]string{unknown, disagree}, []string{"seems"}},
		{"one step beside what is out of order, one not", []string{"08:15:00", "09:15:02", "09:15:04", "09:15:06", "08:15:10"}, "acd",
			[]string{"The longest step: 1–3 s, from b.example", disagree}, []string{"seems"}},
		{"all in order", []string{"08:15:00", "08:15:02", "08:15:10"}, "", []string{"The longest step: 7–9 s, from b.example to c.example"}, []string{"clock of"}},
		{"as good as in order", []string{"08:15:00", "08:15:02.500", "08:15:02", "08:15:04"}, "", []string{"The longest step: 1"}, []string{"clock of", disagree}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := wayAt(t, c.clocks...)
			marked := ""
			for _, l := range w.legs(w.order()) {
				if l.remark == "clocks disagree" {
					marked += l.host[:1]
				}
				if l.remark != "" && l.middle != 0 {
					t.Errorf("got a bar of %v beside %q, want none", l.middle, l.remark)
				}
			}
			var out strings.Builder
			if err := w.print(&out); err != nil {
				t.Fatal(err)
			}
			text := strings.Join(strings.Fields(out.String()), " ")
			if marked != c.marked {
				t.Errorf("got %q marked, want %q\n%s", marked, c.marked, &out)
			}
			for _, words := range c.says {
				if !strings.Contains(text, words) {
					t.Errorf("got no %q in\n%s", words, &out)
				}
			}
			for _, words := range c.not {
				if strings.Contains(text, words) {
					t.Errorf("got %q in\n%s", words, &out)
				}
			}
		})
	}
}

// Whatever the stamps, no step is named that is longer than the whole way, and none that
// shares a stamp with one that goes backwards, unless the odd one out explains that.
func TestNoImpossibleStepIsNamed(t *testing.T) {
	named := 0
	for seed := range 5000 {
		var clocks []string
		for i, n := 0, 2+seed%5; i < n; i++ {
			minutes := (seed*7919 + i*i*104729 + i*seed*31) % 180
			clocks = append(clocks, time.Date(2026, 11, 23, 8, minutes, i, 0, time.UTC).Format("15:04:05"))
		}
		w := wayAt(t, clocks...)
		o := w.order()
		longest, found := o.longest(w)
		if !found {
			continue
		}
		named++
		if longest.took.Min > o.all.Max || backwards(longest.took) {
			t.Fatalf("%v: got %v named, want none longer than %v", clocks, longest.took, o.all)
		}
		for _, s := range o.steps {
			if beside := s.from == longest.to || s.to == longest.from; backwards(s.took) && beside && s.from != o.odd && s.to != o.odd {
				t.Fatalf("%v: got %v named, beside one that goes backwards", clocks, longest)
			}
		}
	}
	if named < 500 {
		t.Errorf("in %d of 5000 a step is named, want 500 at least", named)
	}
}

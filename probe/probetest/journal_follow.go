package probetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

func followsOldAndNew(t *testing.T, j probe.Journal) {
	mustAppend(t, j, note(1))
	var writer sync.WaitGroup
	defer writer.Wait()
	next := 1
	err := j.Follow(t.Context(), 0, func(e probe.Event) error {
		if got := int(e.Fact.(probe.Expired).ID); got != next {
			return fmt.Errorf("got event %d, want %d", got, next)
		}
		if next++; next > 50 {
			return errStop
		}
		n := next
		writer.Go(func() { _ = j.Append(context.WithoutCancel(t.Context()), note(n)) })
		return nil
	})
	if !errors.Is(err, errStop) {
		t.Error(err)
	}
}

func followsFrom(t *testing.T, j probe.Journal) {
	for n := range 101 {
		mustAppend(t, j, note(n))
	}
	all := read(t, j, 0, 101)
	for _, i := range []int{57, 0, 100, 1} {
		got := read(t, j, all[i].Seq, 101-i)
		if got[0].Seq != all[i].Seq {
			t.Errorf("from %d: got first %d", all[i].Seq, got[0].Seq)
		}
	}
}

func followsFuture(t *testing.T, j probe.Journal) {
	mustAppend(t, j, note(1))
	from := j.State().Last + 3
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var writer sync.WaitGroup
	defer writer.Wait()
	writer.Go(func() {
		for n := range 5 {
			_ = j.Append(ctx, note(10+n))
		}
	})
	err := j.Follow(ctx, from, func(e probe.Event) error {
		if e.Seq < from {
			t.Errorf("from %d: got event %d", from, e.Seq)
		}
		return errStop
	})
	if !errors.Is(err, errStop) {
		t.Error(err)
	}
}

func followerAppends(t *testing.T, j probe.Journal) {
	mustAppend(t, j, note(1))
	err := j.Follow(t.Context(), 0, func(e probe.Event) error {
		n := int(e.Fact.(probe.Expired).ID)
		if n == 10 {
			return errStop
		}
		return j.Append(t.Context(), note(n+1))
	})
	if !errors.Is(err, errStop) {
		t.Errorf("got %v, want that each event led to the next", err)
	}
}

func followerErrs(t *testing.T, j probe.Journal) {
	mustAppend(t, j, note(1), note(2))
	calls := 0
	err := j.Follow(t.Context(), 0, func(probe.Event) error { calls++; return errStop })
	if !errors.Is(err, errStop) || calls != 1 {
		t.Errorf("got %v after %d calls, want its own error after 1", err, calls)
	}
}

func followerEnds(t *testing.T, j probe.Journal) {
	ctx, cancel := context.WithCancel(t.Context())
	mustAppend(t, j, note(1))
	err := j.Follow(ctx, 0, func(probe.Event) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func fallsBehind(t *testing.T, j probe.Journal) {
	const batches, each = 30, 1000
	mustAppend(t, j, note(0))
	next := 0
	err := j.Follow(t.Context(), 0, func(e probe.Event) error {
		if got := int(e.Fact.(probe.Expired).ID); got != next {
			return fmt.Errorf("got event %d, want %d", got, next)
		}
		for b := 0; next == 0 && b < batches; b++ {
			mustAppend(t, j, notes(1+b*each, each)...)
		}
		if next++; next > batches*each {
			return errStop
		}
		return nil
	})
	if !errors.Is(err, errStop) {
		t.Error(err)
	}
}

func neverAhead(t *testing.T, j probe.Journal) {
	var writer sync.WaitGroup
	defer writer.Wait()
	writer.Go(func() {
		for n := range 100 {
			if err := j.Append(t.Context(), notes(n*5, 5)...); err != nil {
				t.Errorf("appending: %v", err)
			}
		}
	})
	err := j.Follow(t.Context(), 0, func(e probe.Event) error {
		if last := j.State().Last; e.Seq > last {
			return fmt.Errorf("got event %d when the newest was %d", e.Seq, last)
		}
		if e.Fact.(probe.Expired).ID == 499 {
			return errStop
		}
		return nil
	})
	if !errors.Is(err, errStop) {
		t.Error(err)
	}
}

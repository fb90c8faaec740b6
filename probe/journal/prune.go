package journal

import (
	"context"
	"fmt"

	"github.com/mailpath/mailpath/probe"
)

// pruned is how many events a part of Prune takes: few, since appends wait for it.
const pruned = 250

// Prune implements probe.Journal. Each part is one job of the loop, so that appends
// wait for one part at most. If the disk cannot be written, nothing more is removed
// and the error says so. Events that are not on the disk yet stay.
func (j *File) Prune(ctx context.Context, before probe.Seq, keep func(probe.Event) bool) (removed int, err error) {
	r := reader{j: j, batch: pruned, decoder: newDecoder()}
	defer r.end()
	for from := probe.Seq(0); ; {
		if err := ctx.Err(); err != nil {
			return removed, fmt.Errorf("pruning the journal: %w", err)
		}
		events, next, err := r.read(from, before)
		if err != nil {
			return removed, fmt.Errorf("pruning the journal: %w", err)
		}
		var gone []probe.Seq
		for _, e := range events {
			if !keep(e) {
				gone = append(gone, e.Seq)
			}
		}
		if len(gone) > 0 {
			if err := j.do(ctx, &job{gone: gone, done: make(chan error, 1)}); err != nil {
				return removed, fmt.Errorf("pruning the journal: %d events are gone, no more: %w", removed, err)
			}
		}
		if removed += len(gone); next == before {
			return removed, nil
		}
		from = next
	}
}

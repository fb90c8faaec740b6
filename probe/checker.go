package probe

import (
	"context"
	"time"
)

// Checker asks one question of a component without sending mail.
type Checker interface {
	// Question is a finding without an answer: what is asked of what.
	Question() Finding
	// Check asks once and never retries. It ends within 40 s whatever the other side
	// does, promptly when the context ends, and is safe for concurrent use. Whatever
	// goes wrong is in the finding.
	Check(ctx context.Context) Checked
}

// Checked is what one asking gave.
type Checked struct {
	Finding  Finding
	Took     time.Duration
	NotAfter time.Time // the certificate that was shown is good until then; zero: none was shown
}

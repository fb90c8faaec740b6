package imapwatch_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/lab/world/worldtest"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
	"github.com/mailpath/mailpath/probe/probetest"
)

// BenchmarkLook is one look that finds nothing, over loopback and TLS: NOOP and one
// STATUS. It counts the work and the allocations of the server as well.
func BenchmarkLook(b *testing.B) {
	w := worldtest.New(b, world.Loopback(), probe.ImplicitTLS)
	_, username, password := w.Account("hq")
	watcher := imapwatch.New(imapwatch.Config{
		Endpoint: w.Endpoint(w.IMAP("hq"), username, password),
		Mailbox:  "hq", Folders: []string{"INBOX", "Junk"}, Window: time.Hour,
		Matcher: probe.NewMatcher(probetest.Keyring(), nil, nil),
	})
	enough := errors.New("the benchmark has seen enough")
	b.ReportAllocs()
	looks := 0
	err := watcher.Watch(context.Background(), always{}, func(probe.Look) error {
		if looks++; looks == 1 {
			b.ResetTimer()
		}
		if looks > b.N {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		b.Fatal(err)
	}
}

// always is a pace of looks without a pause.
type always struct{}

func (always) Next() time.Time          { return time.Unix(0, 0) }
func (always) Changed() <-chan struct{} { return nil }

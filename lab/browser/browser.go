package browser

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

const (
	program = "/usr/bin/chromium"

	// startWithin bounds how long Chromium may take to start, and closeWithin to end by
	// itself before it is killed.
	startWithin = 60 * time.Second
	closeWithin = 10 * time.Second
	// actWithin bounds everything that is done to a page.
	actWithin = 30 * time.Second
)

// Browser is a Chromium that runs. Its pages may be used at the same time, each by one
// goroutine.
type Browser struct {
	ctx  context.Context // chromedp keeps the process in it
	stop func()
	axe  string

	closing sync.Once
	closed  error
}

// Start starts a Chromium. It ends with Close, with the context, or with this process,
// whichever comes first. What it prints goes to log.
func Start(ctx context.Context, log io.Writer) (*Browser, error) {
	axe, err := axeSource()
	if err != nil {
		return nil, fmt.Errorf("starting Chromium: %w", err)
	}
	allocator, stop := chromedp.NewExecAllocator(ctx, options(log)...)
	b := &Browser{axe: axe}
	b.ctx, _ = chromedp.NewContext(allocator)
	b.stop = stop
	late := time.AfterFunc(startWithin, stop)
	defer late.Stop()
	if err := chromedp.Do(b.ctx); err != nil {
		stop()
		return nil, fmt.Errorf("starting Chromium: %w: it prints to the log", err)
	}
	return b, nil
}

// options are the flags of a Chromium: no window, a profile of its own that is removed
// afterwards, and no network but loopback. Root has to do without the sandbox.
func options(log io.Writer) []chromedp.ExecAllocatorOption {
	return append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.CombinedOutput(log),
		chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("no-pings", true),
		// Colours as they are written and letters without coloured edges, so that pictures
		// of two machines are alike.
		chromedp.Flag("disable-lcd-text", true),
		chromedp.Flag("lang", "en-GB"),
	)
}

// Close ends Chromium with all its pages. It may be called again.
func (b *Browser) Close() error {
	b.closing.Do(func() {
		defer b.stop()
		ctx, cancel := context.WithTimeout(b.ctx, closeWithin)
		defer cancel()
		if err := chromedp.Cancel(ctx); err != nil {
			b.closed = fmt.Errorf("ending Chromium: %w", err)
		}
	})
	return b.closed
}

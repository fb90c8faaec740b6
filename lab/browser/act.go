package browser

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// lookEvery is how often a page that is waited for is looked at.
const lookEvery = 20 * time.Millisecond

// Eval gives the value of an expression of JavaScript in a page, also in one whose own
// scripts do not run.
func Eval[T any](p *Page, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, actWithin)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		return value, fmt.Errorf("evaluating %.80q: %w", expression, err)
	}
	return value, nil
}

// Text is what a reader sees of the main part of the page, or of all of it if it has none.
func (p *Page) Text() (string, error) {
	return Eval[string](p, `(document.querySelector("main") ?? document.body).innerText`)
}

// Title is the title of the page.
func (p *Page) Title() (string, error) { return Eval[string](p, `document.title`) }

// Overflow is by how many CSS pixels the page is wider than the view: 0 if nobody has to
// scroll sideways.
func (p *Page) Overflow() (int, error) {
	wide, err := Eval[float64](p, `Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)`)
	return max(0, int(math.Ceil(wide))-p.view.Width), err
}

// Wait waits until an expression of JavaScript is true. The error tells what the page says
// instead.
func (p *Page) Wait(within time.Duration, expression string) error {
	ctx, cancel := context.WithTimeout(p.ctx, within)
	defer cancel()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && holds {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			text, _ := p.Text()
			return fmt.Errorf("waiting %v for %s: %w; the page says %q", within, expression, errors.Join(ctx.Err(), err), text)
		}
	}
}

// WaitForText waits until the main part of the page contains a text.
func (p *Page) WaitForText(within time.Duration, text string) error {
	return p.Wait(within, fmt.Sprintf(`(document.querySelector("main") ?? document.body).innerText.includes(%q)`, text))
}

// Type writes text into the first field that a CSS selector finds, in the place of what is
// there.
func (p *Page) Type(selector, text string) error {
	if err := p.do(chromedp.Focus(chromedp.CSS(selector))); err != nil {
		return fmt.Errorf("writing into %s: %w", selector, err)
	}
	if _, err := Eval[bool](p, `document.activeElement.select(), true`); err != nil {
		return fmt.Errorf("writing into %s: %w", selector, err)
	}
	insert := command(input.InsertText, input.InsertTextParams{Text: text}) // keys have no control characters
	if err := p.do(insert); err != nil {
		return fmt.Errorf("writing into %s: %w", selector, err)
	}
	return nil
}

// Click clicks on the first element that a CSS selector finds.
func (p *Page) Click(selector string) error {
	if err := p.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)); err != nil {
		return fmt.Errorf("clicking on %s: %w", selector, err)
	}
	return nil
}

// Press presses a key, such as "\t" or "\r", wherever the focus is.
func (p *Page) Press(key string) error {
	if err := p.do(chromedp.KeyEvent(key)); err != nil {
		return fmt.Errorf("pressing %q: %w", key, err)
	}
	return nil
}

// Screenshot is a PNG of the whole page, also of what a reader scrolls to.
func (p *Page) Screenshot() ([]byte, error) {
	ctx, cancel := context.WithTimeout(p.ctx, actWithin)
	defer cancel()
	picture, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		got, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: new(true)})
		return got.Data, err
	})
	if err != nil {
		return nil, fmt.Errorf("taking a picture: %w", err)
	}
	return picture, nil
}

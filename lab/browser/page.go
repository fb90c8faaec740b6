package browser

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// View is how somebody looks at a page. The zero value is no view; begin with Phone,
// Desktop or Wall.
type View struct {
	Name          string // of the device
	Width, Height int    // in CSS pixels
	Touch         bool   // it is held in a hand
	Dark          bool   // the reader likes dark pages
	Still         bool   // the reader likes nothing to move
	Print         bool   // as it is printed
	NoScript      bool   // without JavaScript
}

// Phone is a telephone held upright.
func Phone() View { return View{Name: "phone", Width: 390, Height: 844, Touch: true} }

// Desktop is a laptop.
func Desktop() View { return View{Name: "desktop", Width: 1366, Height: 768} }

// Wall is a display on a wall.
func Wall() View { return View{Name: "wall", Width: 1920, Height: 1080} }

// String names a view, fit for a file name.
func (v View) String() string {
	words := []string{v.Name}
	for _, w := range []struct {
		is   bool
		word string
	}{{v.Dark, "dark"}, {v.Still, "still"}, {v.Print, "print"}, {v.NoScript, "noscript"}} {
		if w.is {
			words = append(words, w.word)
		}
	}
	return strings.Join(words, "-")
}

// Page is one tab.
type Page struct {
	Record // what it asked for, and what went wrong

	browser *Browser
	ctx     context.Context // chromedp keeps the tab in it
	close   func()
	view    View
}

// Open opens a tab for a view, and a page in it once it has loaded.
func (b *Browser) Open(url string, v View) (*Page, error) {
	p := &Page{browser: b}
	p.ctx, p.close = chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	late := time.AfterFunc(actWithin, p.close)
	defer late.Stop()
	err := chromedp.Do(p.ctx)
	if err == nil {
		err = p.Look(v)
	}
	if err == nil {
		err = p.Go(url)
	}
	if err != nil {
		p.close()
		return nil, fmt.Errorf("opening %s: %w", url, err)
	}
	return p, nil
}

// Close closes the tab.
func (p *Page) Close() { p.close() }

// View is how the page is looked at now.
func (p *Page) View() View { return p.view }

// do does something to a page, in bounded time.
func (p *Page) do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(p.ctx, actWithin)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// command is an action that gives Chromium one command.
func command[P any](c cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// script lets scripts run from now on, or not.
func script(run bool) chromedp.Action[chromedp.Void] {
	return command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
}

// Look changes how the page is looked at, without loading it again: whether scripts run
// matters from the next load on.
func (p *Page) Look(v View) error {
	media := "screen"
	if v.Print {
		media = "print"
	}
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}, {Name: "prefers-reduced-motion", Value: "no-preference"}}
	if v.Dark {
		features[0].Value = "dark"
	}
	if v.Still {
		features[1].Value = "reduce"
	}
	err := p.do(
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: int64(v.Width), Height: int64(v.Height), ScreenWidth: int64(v.Width), ScreenHeight: int64(v.Height), DeviceScaleFactor: 1, Mobile: v.Touch,
		}),
		command(emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: v.Touch}),
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media, Features: features}),
		script(!v.NoScript))
	if err != nil {
		return fmt.Errorf("looking at a page as with %v: %w", v, err)
	}
	p.view = v
	return nil
}

// Go opens another page in the tab, once it has loaded.
func (p *Page) Go(url string) error {
	if err := p.do(chromedp.Navigate(url)); err != nil {
		return fmt.Errorf("loading %s: %w", url, err)
	}
	return nil
}

// Reload loads the page again, as the reader's button does.
func (p *Page) Reload() error {
	if err := p.do(chromedp.Reload()); err != nil {
		return fmt.Errorf("loading the page again: %w", err)
	}
	return nil
}

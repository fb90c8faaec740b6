package main

import (
	"context"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// The story's pace. The whole of it takes less than two minutes.
const (
	calmFor   = 12 * time.Second // and until every route is known to be ok
	brokenFor = 30 * time.Second
	drainFor  = 40 * time.Second // at most, until nothing is held and all is well again
	afterFor  = 4 * time.Second
	idleFor   = 10 * time.Second // at most, for a moment with nothing in flight
)

// fault is one thing that was done to the mail world.
type fault struct {
	Time      time.Time `json:"time"`
	Component string    `json:"component"`
	What      string    `json:"what"`
}

const brokenComponent = "gateway-in"

// tell does the story to the mail world.
func (d *demo) tell(ctx context.Context) error {
	allWell := func() bool {
		return d.board.all(func(r *row) bool { return r.health == probe.HealthOK })
	}
	d.screen.say("all is well: one message every %v along each of six routes", demoEvery)
	d.pause(ctx, calmFor)
	d.waitFor(ctx, drainFor, allWell)

	if err := d.world.Break(brokenComponent, world.CrashLoop{}); err != nil {
		return err
	}
	d.noteFault("crash loop", "the gateway's inbound filter crash-loops on a malformed piece of spam; the gateway goes on answering 250 and holds the mail")
	d.pause(ctx, brokenFor)

	d.screen.say("held at the gateway: %d messages; mail from outside has stopped, all other mail flows", d.world.Held()[brokenComponent])
	if err := d.world.Repair(brokenComponent); err != nil {
		return err
	}
	d.noteFault("repaired", "the filter is repaired; the held mail drains")
	d.waitFor(ctx, drainFor, func() bool { return d.world.Held()[brokenComponent] == 0 && allWell() })
	d.pause(ctx, afterFor)
	d.waitFor(ctx, idleFor, func() bool { return d.engine.InFlight() == 0 })
	return nil
}

func (d *demo) noteFault(what, words string) {
	d.faults = append(d.faults, fault{Time: d.clock.Now(), Component: brokenComponent, What: what})
	d.screen.say("%s", words)
}

// tick is how often the screen is drawn and conditions are asked.
const tick = 100 * time.Millisecond

// pause lets time pass; once a second the metrics are scraped and held to the law
// of conservation.
func (d *demo) pause(ctx context.Context, duration time.Duration) {
	d.waitFor(ctx, duration, func() bool { return false })
}

// waitFor waits until a condition holds, but no longer than limit.
func (d *demo) waitFor(ctx context.Context, limit time.Duration, condition func() bool) {
	began := d.clock.Now()
	for d.clock.Since(began) < limit && !condition() {
		if d.clock.SleepUntil(ctx, d.clock.Now().Add(tick)) != nil {
			return
		}
		d.scrapes.everySecond(ctx, d.clock)
		d.screen.draw(d.board, d.clock.Since(d.started))
	}
}

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// The story's pace. All of it together takes less than two minutes, whatever happens.
const (
	calmFor   = 12 * time.Second // then, until every route is known to be ok
	calmLimit = 20 * time.Second // at most
	brokenFor = 30 * time.Second

	verdictLimit = 15 * time.Second // at most, until the component is named
	drainLimit   = 30 * time.Second // at most, until nothing is held and all is well again
	afterFor     = 4 * time.Second
	idleLimit    = 10 * time.Second // at most, for a moment with nothing in flight
)

// fault is one thing that was done to the mail world.
type fault struct {
	Time      time.Time `json:"time"`
	Component string    `json:"component"`
	What      string    `json:"what"`
}

// What breaks in the story, and the one route that must notice.
const (
	brokenComponent = "gateway-in"
	brokenRoute     = "outside-to-hq"
)

// tell does the story to the mail world and says what is seen of it. What does not
// go as it should is a problem of the report. An error means that it was cut short.
func (d *demo) tell(ctx context.Context) error {
	d.screen.say("one message every %v along each of six routes", demoEvery)
	d.pause(ctx, calmFor)
	if d.expect(ctx, calmLimit, "every route is ok", d.allWell) && d.expect(ctx, 0, "nothing is blamed", d.nobodyBlamed) {
		d.screen.say("all is well on every route")
	}
	if err := d.damage(ctx); err != nil {
		return err
	}
	if err := d.repair(ctx); err != nil {
		return err
	}
	d.pause(ctx, afterFor)
	d.expect(ctx, idleLimit, "nothing is in flight", func() bool { return d.engine.InFlight() == 0 })
	return ctx.Err()
}

func (d *demo) nobodyBlamed() bool {
	verdicts, _ := d.board.told()
	return len(verdicts) == 0
}

// rightlyBlamed tells whether the last verdict is what broke, and that alone.
func (d *demo) rightlyBlamed() bool {
	verdicts, _ := d.board.told()
	if len(verdicts) == 0 {
		return false
	}
	all := verdicts[len(verdicts)-1].Diagnoses
	return len(all) > 0 && slices.Equal(all[0].Components, []string{brokenComponent}) && (len(all) == 1 || all[1].Confidence < worthSaying)
}

func (d *demo) recovered() bool {
	_, recoveries := d.board.told()
	return len(recoveries) > 0
}

// rightlyTraced tells whether the hops of late mail say where it has waited.
func (d *demo) rightlyTraced() bool {
	_, recoveries := d.board.told()
	return slices.Equal(recoveries[len(recoveries)-1].WaitedAt, []string{brokenComponent})
}

func (d *demo) allWell() bool {
	return d.board.all(func(_ string, r *row) bool { return r.health == probe.HealthOK })
}

// damage breaks the gateway's filter and lets it be broken for a while.
func (d *demo) damage(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.world.Break(brokenComponent, world.CrashLoop{}); err != nil {
		return err
	}
	d.noteFault("crash loop", "the gateway's inbound filter crash-loops on a malformed piece of spam; the gateway goes on answering 250 and holds the mail")
	broken := d.clock.Now()
	d.expect(ctx, verdictLimit, "the gateway's inbound filter is blamed, and nothing else", d.rightlyBlamed)
	d.pause(ctx, brokenFor-d.clock.Since(broken))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.screen.say("the gateway holds %d messages", d.world.Held()[brokenComponent])
	onlyOutside := func() bool {
		return d.board.all(func(route string, r *row) bool { return (r.health == probe.HealthBroken) == (route == brokenRoute) })
	}
	if d.expect(ctx, 0, "only mail from outside has stopped", onlyOutside) {
		d.screen.say("mail from outside has stopped; all other mail flows")
	}
	return nil
}

// repair mends the filter and waits until the held mail has drained.
func (d *demo) repair(ctx context.Context) error {
	if err := d.world.Repair(brokenComponent); err != nil {
		return err
	}
	d.noteFault("repaired", "the filter is repaired; the held mail drains")
	drained := func() bool { return d.world.Held()[brokenComponent] == 0 && d.allWell() && d.recovered() }
	if d.expect(ctx, drainLimit, "the held mail has drained and every route is ok", drained) {
		d.screen.say("the held mail has drained; all is well again")
		d.expect(ctx, 0, "late mail has waited at the gateway's inbound filter, and nowhere else", d.rightlyTraced)
	}
	return ctx.Err()
}

// expect waits for something that should come to pass, and notes it if it does not.
func (d *demo) expect(ctx context.Context, limit time.Duration, what string, condition func() bool) bool {
	d.waitFor(ctx, limit, condition)
	holds := condition()
	if !holds && ctx.Err() == nil {
		d.problems = append(d.problems, fmt.Sprintf("after %v it does not hold that %s", limit, what))
	}
	return holds
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

package main

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"

	"github.com/mailpath/mailpath/checks/diagnosis"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/trace"
)

// healthLog is an exporter that logs how routes are, which component is to blame, and
// whose clock is wrong.
type healthLog struct {
	log   *slog.Logger
	since probe.Seq
}

// Export implements probe.Exporter.
func (h healthLog) Export(c probe.Change) {
	if seq, _ := c.Cause(); seq <= h.since {
		return
	}
	switch c := c.(type) {
	case probe.HealthChanged:
		h.log.Log(context.Background(), levelOf(c.To), "route is "+string(c.To), "route", c.Route, "before", c.From, "reason", c.Reason)
	case diagnosis.Diagnosed:
		for i, d := range c.Diagnoses {
			if i == 0 || d.Confidence >= worthSaying {
				h.log.Error(d.Sentence, "confidence", share(d.Confidence), "because", strings.Join(d.Reasons, "; "))
			}
		}
	case diagnosis.Recovered:
		h.log.Info(c.Sentence, "was_broken", strings.Join(c.Components, ", "))
	case probe.IncidentTold:
		h.incident(c)
	case trace.ClockChanged:
		level := slog.LevelInfo
		if c.Off() {
			level = slog.LevelWarn
		}
		h.log.Log(context.Background(), level, ofClock(c))
	}
}

// incident logs a step of an incident. Progress is no line: the figures are in the journal.
func (h healthLog) incident(c probe.IncidentTold) {
	if c.Step == probe.IncidentProgressed {
		return
	}
	level := slog.LevelWarn
	if !c.Open() {
		level = slog.LevelInfo
	}
	h.log.Log(context.Background(), level, "incident: "+string(c.Step), "incident", c.ID, "state", c.State, "routes", strings.Join(c.Broken, ", "),
		"late", c.Figures.Late, "overdue", c.Figures.Overdue, "lost", c.Figures.Lost)
}

func levelOf(h probe.Health) slog.Level {
	if h == probe.HealthOK {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// worthSaying is the confidence from which on a suspect behind the first is told, too.
const worthSaying = 0.5

// share is a probability in percent; never more certain than it is.
func share(p float64) string { return fmt.Sprintf("%.0f%%", min(math.Floor(p*100), 99)) }

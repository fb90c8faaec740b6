package main

import (
	"fmt"
	_ "time/tzdata" // a machine, or a container, may know no time zones

	"github.com/mailpath/mailpath/probe/calendar"
	"github.com/mailpath/mailpath/probe/config"
)

// buildCalendar makes the calendar of the maintenance that is planned.
func buildCalendar(cfg *config.Config) (*calendar.Calendar, error) {
	windows := make([]calendar.Window, len(cfg.Maintenance))
	for i, m := range cfg.Maintenance {
		windows[i] = calendar.Window{Title: m.Title, Routes: m.Routes, Cron: m.Cron, For: m.For, Zone: cfg.Status.TimeZone}
		if m.Cron == "" {
			windows[i].From, windows[i].Until = m.From, m.From.Add(m.For)
		}
	}
	c, err := calendar.New(windows)
	if err != nil {
		return nil, fmt.Errorf("building the calendar: %w", err)
	}
	return c, nil
}

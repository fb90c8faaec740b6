package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// DayTotal is what a route came to on one day (UTC).
type DayTotal struct {
	Day       string         `json:"day"`
	Route     string         `json:"route"`
	Sent      int            `json:"sent"`
	Adopted   int            `json:"adopted,omitempty"`
	Ended     map[string]int `json:"ended"` // by status
	SLOEvents int            `json:"slo_events"`
	SLOMisses int            `json:"slo_misses"`
	Mean      float64        `json:"mean_seconds,omitempty"` // of the arrivals that were measured
	Longest   float64        `json:"longest_seconds,omitempty"`
}

// WriteTotals writes what each route came to on each day, one line of JSON each,
// oldest first: as the journal has it, or, for the days in current, as it is now.
func WriteTotals(ctx context.Context, w io.Writer, j probe.Journal, current []probe.Totals) error {
	days := make(map[time.Time]probe.Totals)
	err := follow(ctx, j, func(e probe.Event) error {
		if f, ok := e.Fact.(probe.Totals); ok {
			days[f.Day.UTC()] = f // the last of a day stands
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	for _, t := range current {
		days[t.Day.UTC()] = t
	}
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	for _, day := range slices.SortedFunc(maps.Keys(days), time.Time.Compare) {
		for _, r := range days[day].Routes {
			if err := encoder.Encode(dayTotalOf(day, r)); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

func dayTotalOf(day time.Time, r probe.RouteTotals) DayTotal {
	t := DayTotal{
		Day: day.Format(time.DateOnly), Route: r.Route, Sent: r.Sent, Adopted: r.Adopted, Ended: make(map[string]int),
		SLOEvents: r.SLOEvents, SLOMisses: r.SLOMisses, Longest: r.Longest.Seconds(),
	}
	for _, s := range r.Ended {
		t.Ended[string(s.Status)] = s.Messages
	}
	if r.Measured > 0 {
		t.Mean = (r.Sum / time.Duration(r.Measured)).Seconds()
	}
	return t
}

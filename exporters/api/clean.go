package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Sweeper finds the test messages of ours in a mailbox that were sent before a time,
// and deletes them if told to.
type Sweeper interface {
	Sweep(ctx context.Context, before time.Time, remove bool) ([]probe.Observation, error)
}

// Mailbox is one that can be cleaned. Messages younger than LostAfter are left alone:
// somebody may be waiting for them.
type Mailbox struct {
	Name      string
	Sweeper   Sweeper
	LostAfter time.Duration
	// OldestUnseen is when the oldest message was sent that is still waited for there;
	// nil, or the zero time: none is. What is younger is left alone however old.
	OldestUnseen func() time.Time
}

// CleanOrder says which mailboxes are cleaned, all if none is named, and whether
// messages are deleted or only counted.
type CleanOrder struct {
	Mailboxes []string `json:"mailboxes"`
	Remove    bool     `json:"remove"`
}

// Pick gives the mailboxes that are meant.
func (o CleanOrder) Pick(all []Mailbox) ([]Mailbox, error) {
	if len(o.Mailboxes) == 0 {
		return all, nil
	}
	var picked []Mailbox
	for _, name := range o.Mailboxes {
		i := slices.IndexFunc(all, func(m Mailbox) bool { return m.Name == name })
		if i < 0 {
			var names []string
			for _, m := range all {
				names = append(names, m.Name)
			}
			return nil, fmt.Errorf("got mailbox %q, want one of %v", name, names)
		}
		picked = append(picked, all[i])
	}
	return picked, nil
}

// Cleaned is what cleaning a mailbox came to.
type Cleaned struct {
	Mailbox  string         `json:"mailbox"`
	Before   time.Time      `json:"before"`
	Messages map[string]int `json:"messages"` // by folder
	Removed  bool           `json:"removed"`
	Problem  string         `json:"problem,omitempty"`
}

// Clean cleans the mailbox.
func (m Mailbox) Clean(ctx context.Context, now time.Time, remove bool) Cleaned {
	before := now.Add(-m.LostAfter)
	if m.OldestUnseen != nil {
		if oldest := m.OldestUnseen(); !oldest.IsZero() && oldest.Before(before) {
			before = oldest.Add(-time.Second) // a tag's times are whole milliseconds, INTERNALDATE's whole seconds
		}
	}
	c := Cleaned{Mailbox: m.Name, Before: before.UTC().Truncate(time.Second), Messages: make(map[string]int)}
	found, err := m.Sweeper.Sweep(ctx, before, remove)
	for _, o := range found {
		c.Messages[o.Ref.Folder]++
	}
	if err != nil {
		c.Problem = err.Error()
	}
	c.Removed = remove && err == nil
	return c
}

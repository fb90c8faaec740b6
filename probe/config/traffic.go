package config

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Traffic is what the schedule asks of one account in a day, beside what its provider
// allows.
type Traffic struct {
	Sender   string   `json:"sender,omitempty"`  // either this, several joined by commas,
	Mailbox  string   `json:"mailbox,omitempty"` // or this is given
	Messages float64  `json:"messages_per_day"`
	Provider string   `json:"provider,omitempty"` // empty: limits are not known
	Limits   []string `json:"limits,omitempty"`   // in words
	Over     string   `json:"over,omitempty"`     // which limit the schedule exceeds, in words
}

// Traffic adds up the schedule for each account that sends, and each mailbox. Senders
// that log in at the same server as the same user are one account.
func (c *Config) Traffic() []Traffic {
	bySender, byMailbox := c.rates()
	var all []Traffic
	at := make(map[string]int) // of accounts, in all
	sum := make(map[string]float64)
	for _, s := range c.Senders {
		account := accountOf(s)
		i, known := at[account]
		if !known {
			i, all = len(all), append(all, Traffic{})
			at[account] = i
		}
		sum[account] += bySender[s.Name]
		p, known := providerOf(s.SMTP.Server, s.From)
		names := strings.TrimPrefix(all[i].Sender+", "+s.Name, ", ")
		all[i] = p.traffic(Traffic{Sender: names}, sum[account], p.sends, known)
	}
	for _, m := range c.Mailboxes {
		if byMailbox[m.Name] == 0 { // for what comes back, or is kept back
			continue
		}
		p, known := providerOf(m.IMAP.Server, m.Address)
		all = append(all, p.traffic(Traffic{Mailbox: m.Name}, byMailbox[m.Name], p.receives, known))
	}
	return all
}

// rates is how many messages a second the schedule has each sender send, and each
// mailbox get.
func (c *Config) rates() (bySender, byMailbox map[string]float64) {
	routes := make(map[string]Route, len(c.Routes))
	for _, r := range c.Routes {
		routes[r.Name] = r
	}
	bySender, byMailbox = make(map[string]float64), make(map[string]float64)
	for _, p := range c.Probes {
		if r, known := routes[p.Route]; known {
			bySender[r.Sender] += 1 / p.Every.Seconds()
			byMailbox[r.Mailbox] += 1 / p.Every.Seconds()
		}
	}
	return bySender, byMailbox
}

// Account is what a sender is to its server, with the limits that its provider is known
// to have. Senders that log in there as the same user are one.
func (s Sender) Account() probe.Account {
	p, _ := providerOf(s.SMTP.Server, s.From)
	return probe.Account{Name: accountOf(s), Limits: p.sends}
}

func accountOf(s Sender) string {
	if s.SMTP.Auth != nil {
		return s.SMTP.Server + " " + s.SMTP.Auth.Username
	}
	return s.SMTP.Server + " " + s.From
}

// traffic holds a rate against limits.
func (p provider) traffic(t Traffic, rate float64, limits []probe.Limit, known bool) Traffic {
	t.Messages = math.Round(rate*day.Seconds()*10) / 10
	if !known {
		return t
	}
	t.Provider = p.title
	for _, l := range limits {
		words := fmt.Sprintf("%d %s", l.Messages, perTime(l.In))
		t.Limits = append(t.Limits, words)
		if got := rate * l.In.Seconds(); got > float64(l.Messages) && t.Over == "" {
			t.Over = fmt.Sprintf("%.4g messages %s, where %s allows %s", got, perTime(l.In), p.title, words)
		}
	}
	return t
}

func perTime(d time.Duration) string {
	switch d {
	case time.Minute:
		return "a minute"
	case time.Hour:
		return "an hour"
	case day:
		return "a day"
	}
	return "in " + d.String()
}

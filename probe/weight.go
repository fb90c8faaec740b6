package probe

// SLO is what a change counts for in a route's service-level objective.
type SLO uint8

// What a change counts for.
const (
	NoSLO SLO = iota
	Good
	Miss
)

// Sign is what a change says about a route's health.
type Sign uint8

// The signs.
const (
	NoSign   Sign = iota
	Arrival       // the route carries mail
	Absence       // a message did not come through
	Deferral      // a 4xx reply: slow, and from the third in a row an absence
)

// Weight is how much a change counts.
type Weight struct {
	SLO  SLO
	Sign Sign
}

// Weigh is the one place that says what counts for what. A miss counts once, when
// its deadline is missed, and never because of the probe's own trouble. Only
// scheduled messages count for the objective, and of these not those that were on their
// way during maintenance; confirmations say as much of health.
func Weigh(c Change) Weight {
	switch c := c.(type) {
	case DeadlineMissed:
		switch {
		case c.Certain:
			return byPurpose(c.Message, Weight{Miss, Absence})
		case c.Deferred:
			return byPurpose(c.Message, Weight{Miss, Deferral})
		case c.Cut: // nobody promised anything, so the objective has no miss; but a server did not do its work
			return byPurpose(c.Message, Weight{Sign: Absence})
		}
	case Settled:
		if !c.Outcome.Adopted && !c.Outcome.Orphaned {
			return byPurpose(c.Message, weighOutcome(c.Message.Expect, c.Outcome))
		}
	}
	return Weight{}
}

func byPurpose(m Sending, w Weight) Weight {
	switch {
	case m.Purpose == Scheduled && !m.Maintenance:
		return w
	case m.Purpose == Scheduled, m.Purpose == Confirm:
		return Weight{Sign: w.Sign}
	}
	return Weight{}
}

// weighOutcome says what the end of a message adds to what was counted at its deadline.
func weighOutcome(e Expectation, o Outcome) Weight {
	w := weighEnd(e, o)
	if o.Counted {
		w.SLO = NoSLO
	}
	return w
}

func weighEnd(e Expectation, o Outcome) Weight {
	switch o.Status {
	case Delivered:
		if e.Judge(o) == Met {
			return Weight{Good, Arrival}
		}
		return Weight{Miss, Arrival}
	case Late:
		if !o.Missed {
			return Weight{}
		}
		return Weight{Miss, NoSign}
	case Lost, Bounced:
		if o.Counted {
			return Weight{}
		}
		return Weight{Miss, Absence}
	case Rejected:
		return Weight{Miss, Absence}
	case Deferred:
		if o.Counted {
			return Weight{}
		}
		return Weight{Miss, Deferral}
	case Unsent:
		if o.Attempt == nil || o.Attempt.Ours {
			return Weight{}
		}
		return Weight{Miss, Absence}
	}
	return Weight{}
}

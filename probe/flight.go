package probe

import "time"

// flight is one message in flight.
type flight struct {
	Sending
	at       time.Time  // of the Sending event
	first    time.Time  // the first attempt began then; zero until that has ended
	attempt  *Attempted // nil while one is under way
	tries    int        // attempts that have ended
	again    time.Time  // it is tried again then; zero: it is not
	orphaned bool       // nobody can tell what became of it
	seen     *Seen      // seen before the attempt's end was known
	report   *Report    // it failed, by a report that came before the attempt's end was known
	missed   bool
	counted  bool // the miss counted for the objective
	copies   copies
	reports  reports
}

// ended takes in the end of an attempt.
func (fl *flight) ended(f Attempted) {
	fl.attempt = &f
	fl.tries++
	if fl.first.IsZero() {
		fl.first = f.Began
	}
}

// end is the end of a message whose attempt has ended, if it has one by now.
func (fl *flight) end() (o Outcome, ended bool) {
	a := fl.attempt
	switch {
	case fl.seen != nil:
		return arrival(fl), true
	case a.Result == Refused && !fl.again.IsZero():
		return Outcome{}, false
	case a.Result == Refused && a.Reply != nil && a.Reply.Temporary():
		return Outcome{Status: Deferred}, true
	case a.Result == Refused:
		return Outcome{Status: Rejected}, true
	case a.Result == NotSent:
		return Outcome{Status: Unsent}, true
	case fl.report != nil:
		return Outcome{Status: Bounced, Report: fl.report}, true
	}
	return Outcome{}, false
}

// began is when a message's latency began.
func (fl *flight) began() time.Time {
	if !fl.first.IsZero() {
		return fl.first
	}
	return fl.at
}

// tried is when its last attempt began.
func (fl *flight) tried() time.Time {
	if fl.attempt != nil {
		return fl.attempt.Began
	}
	return fl.began()
}

// nextDeadline is the next moment after which a look decides about the message;
// zero while its attempt goes on.
func (fl *flight) nextDeadline() time.Time {
	switch {
	case fl.seen != nil, fl.attempt == nil && !fl.orphaned:
		return time.Time{}
	case fl.missed:
		return fl.began().Add(fl.LostAfter)
	}
	return fl.began().Add(fl.LateAfter)
}

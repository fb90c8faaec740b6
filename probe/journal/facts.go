package journal

import "github.com/mailpath/mailpath/probe"

// Each function below names the fields of one fact, once for both ways. A name is
// a text that comes again and again.

func sending(c *coder, f *probe.Sending) {
	number(c, 1, &f.ID)
	name(c, 2, &f.Route)
	name(c, 3, &f.Payload)
	name(c, 4, &f.Purpose)
	moment(c, 5, &f.Slot)
	name(c, 6, &f.Sender)
	name(c, 7, &f.Mailbox)
	signed(c, 8, &f.LateAfter)
	signed(c, 9, &f.LostAfter)
	name(c, 10, &f.Expect)
	waits(c, 11, &f.Retry)
	flag(c, 12, &f.Maintenance)
}

func retrying(c *coder, f *probe.Retrying) {
	number(c, 1, &f.ID)
	signed(c, 2, &f.Try)
}

func reported(c *coder, f *probe.Reported) {
	number(c, 1, &f.ID)
	name(c, 2, &f.Mailbox)
	name(c, 3, &f.Ref.Folder)
	number(c, 4, &f.Ref.UIDValidity)
	number(c, 5, &f.Ref.UID)
	number(c, 6, &f.Sum)
	name(c, 7, &f.Report.Kind)
	name(c, 8, &f.Report.Status)
	text(c, 9, &f.Report.Diagnostic)
	name(c, 10, &f.Report.Recipient)
	name(c, 11, &f.Report.Reporting)
	name(c, 12, &f.Report.Remote)
}

func attempted(c *coder, f *probe.Attempted) {
	number(c, 1, &f.ID)
	number(c, 2, &f.Result)
	flag(c, 3, &f.Ours)
	moment(c, 4, &f.Began)
	list(c, 5, &f.Phases, phase)
	if r := c.open(6, f.Reply != nil); r != nil {
		if c.reading {
			f.Reply = new(probe.Reply)
		}
		signed(r, 1, &f.Reply.Code)
		name(r, 2, &f.Reply.Enhanced)
		text(r, 3, &f.Reply.Text)
		text(r, 4, &f.Reply.QueueID)
		c.close(6, r)
	}
	text(c, 7, &f.Problem)
}

func phase(c *coder, p *probe.Phase) {
	name(c, 1, &p.Name)
	signed(c, 2, &p.Took)
}

func seen(c *coder, f *probe.Seen) {
	number(c, 1, &f.ID)
	if t := c.open(2, true); t != nil {
		tag(t, &f.Tag)
		c.close(2, t)
	}
	name(c, 3, &f.Carrier)
	name(c, 4, &f.Mailbox)
	name(c, 5, &f.Ref.Folder)
	number(c, 6, &f.Ref.UIDValidity)
	number(c, 7, &f.Ref.UID)
	moment(c, 8, &f.Absent)
	moment(c, 9, &f.Present)
	moment(c, 10, &f.Internal)
	number(c, 11, &f.Chain)
	text(c, 12, &f.EmailID)
	if t := c.open(13, len(f.Trail.Hops)+len(f.Trail.Auth) > 0); t != nil {
		trail(t, &f.Trail, f.Present)
		c.close(13, t)
	}
	name(c, 14, &f.Place)
	list(c, 15, &f.Altered, alteration)
}

func alteration(c *coder, a *probe.Alteration) {
	name(c, 1, &a.Kind)
	name(c, 2, &a.Text)
	flag(c, 3, &a.Meant)
}

func tag(c *coder, t *probe.Tag) {
	number(c, 1, &t.ID)
	flag(c, 2, &t.Full)
	name(c, 3, &t.Prober)
	name(c, 4, &t.Route)
	name(c, 5, &t.Payload)
	name(c, 6, &t.Purpose)
	moment(c, 7, &t.Slot)
	moment(c, 8, &t.Sent)
	signed(c, 9, &t.Interval)
}

func looked(c *coder, f *probe.Looked) {
	name(c, 1, &f.Mailbox)
	moment(c, 2, &f.Began)
	moment(c, 3, &f.Ended)
	signed(c, 4, &f.Looks)
}

func blind(c *coder, f *probe.Blind) {
	name(c, 1, &f.Mailbox)
	text(c, 2, &f.Problem)
}

func slotsMissed(c *coder, f *probe.SlotsMissed) {
	name(c, 1, &f.Route)
	name(c, 2, &f.Payload)
	signed(c, 3, &f.Slots)
	text(c, 4, &f.Reason)
}

func slotsSkipped(c *coder, f *probe.SlotsSkipped) {
	name(c, 1, &f.Route)
	name(c, 2, &f.Payload)
	signed(c, 3, &f.Slots)
	name(c, 4, &f.Reason)
}

func suspected(c *coder, f *probe.Suspected) {
	name(c, 1, &f.Route)
	text(c, 2, &f.Reason)
	list(c, 3, &f.Confirm, func(c *coder, s *probe.Confirmation) {
		name(c, 1, &s.Route)
		signed(c, 2, &s.Messages)
		signed(c, 3, &s.Within)
	})
}

func findingChanged(c *coder, f *probe.FindingChanged) {
	name(c, 1, &f.Check)
	name(c, 2, &f.Target)
	name(c, 3, &f.Component)
	name(c, 4, &f.State)
	text(c, 5, &f.Reason)
	text(c, 6, &f.Advice)
}

func started(c *coder, f *probe.Started) {
	text(c, 1, &f.Boot)
	signed(c, 2, &f.Uptime)
}

func clockStepped(c *coder, f *probe.ClockStepped) {
	signed(c, 1, &f.By)
	flag(c, 2, &f.Between)
}

func totals(c *coder, f *probe.Totals) {
	moment(c, 1, &f.Day)
	list(c, 2, &f.Routes, routeTotals)
}

func routeTotals(c *coder, r *probe.RouteTotals) {
	name(c, 1, &r.Route)
	signed(c, 2, &r.Sent)
	signed(c, 3, &r.Adopted)
	list(c, 4, &r.Ended, func(c *coder, s *probe.StatusTotal) {
		name(c, 1, &s.Status)
		signed(c, 2, &s.Messages)
	})
	signed(c, 5, &r.SLOEvents)
	signed(c, 6, &r.SLOMisses)
	signed(c, 7, &r.Measured)
	signed(c, 8, &r.Sum)
	signed(c, 9, &r.Longest)
}

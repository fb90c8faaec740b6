package journal

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/mailpath/mailpath/probe"
)

// The fields of what people are told; see facts.go.

func note(c *coder, f *probe.Note) {
	name(c, 1, &f.Incident)
	text(c, 2, &f.Text)
	name(c, 3, &f.By)
	moment(c, 4, &f.Next)
}

func maintenance(c *coder, f *probe.Maintenance) {
	text(c, 1, &f.ID)
	moment(c, 2, &f.From)
	moment(c, 3, &f.Until)
	list(c, 4, &f.Routes, item)
	text(c, 5, &f.Text)
	name(c, 6, &f.By)
}

func incident(c *coder, f *probe.IncidentChanged) {
	name(c, 1, &f.ID)
	name(c, 2, &f.Step)
	name(c, 3, &f.State)
	moment(c, 4, &f.Began)
	moment(c, 5, &f.Opened)
	moment(c, 6, &f.Repaired)
	moment(c, 7, &f.Drained)
	moment(c, 8, &f.Ended)
	list(c, 9, &f.Routes, item)
	list(c, 10, &f.Broken, item)
	list(c, 11, &f.Components, item)
	share(c, 12, &f.Confidence)
	text(c, 13, &f.Sentence)
	list(c, 14, &f.Reasons, item)
	if p := c.open(15, f.Figures != probe.Figures{}); p != nil {
		figures(p, &f.Figures)
		c.close(15, p)
	}
	moment(c, 16, &f.Next)
	name(c, 17, &f.Into)
}

func figures(c *coder, f *probe.Figures) {
	signed(c, 1, &f.Messages)
	signed(c, 2, &f.Missed)
	signed(c, 3, &f.Overdue)
	signed(c, 4, &f.Held)
	signed(c, 5, &f.Late)
	signed(c, 6, &f.Refused)
	signed(c, 7, &f.Lost)
	signed(c, 8, &f.Bounced)
	signed(c, 9, &f.Longest)
}

// item is one text of a list.
func item(c *coder, v *string) { name(c, 1, v) }

// share stores a number from 0 to 1 in millionths.
func share(c *coder, n protowire.Number, v *float64) {
	millionths := int64(math.Round(*v * 1e6))
	if signed(c, n, &millionths); c.reading {
		*v = float64(millionths) / 1e6
	}
}

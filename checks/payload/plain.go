package payload

import (
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// Plain is the payload that should always arrive: a few sentences that tell
// whoever opens the message what it is, and that nothing is wanted of them.
//
// The text is put together from sentences, because filters take mails that are
// all alike for a template, and those for bulk. It holds no address of a web page
// and no word of an absence notice, a bounce or an advertisement; and no colon but
// in the time, so that no line looks like the head of a forwarded mail.
func Plain() probe.Payload { return plain{} }

type plain struct{}

// Name implements probe.Payload.
func (plain) Name() string { return "plain" }

// Text implements probe.Payload. The tag's id, which is random, chooses the
// sentences: there are 32,768 ways, and the time differs besides.
func (plain) Text(tag probe.Tag) string {
	names := strings.NewReplacer(
		"PROBER", tag.Prober,
		"ROUTE", tag.Route,
		"TIME", tag.Sent.UTC().Format("15:04:05")+" UTC",
	)
	choice := uint64(tag.ID)
	var chosen []string
	for _, group := range sentences() {
		chosen = append(chosen, group[choice%uint64(len(group))])
		choice /= uint64(len(group))
	}
	what, who, purpose, nothing, end := chosen[0], chosen[1], chosen[2], chosen[3], chosen[4]
	return fill(names.Replace(what+" "+who+" "+purpose)) + "\n" + fill(names.Replace(nothing+" "+end))
}

// sentences are what a text is made of, one of each group: what this is, who sends
// it, what for, that nothing need be done, and an end.
func sentences() [5][8]string {
	return [5][8]string{
		{
			"This is a test message.",
			"You are looking at a test message.",
			"Hello, this is a small test of the mail system.",
			"This short mail is a test and nothing else.",
			"What you are reading is a test mail.",
			"Good day. This mail is one of many small tests.",
			"This note travels through the mail system as a test.",
			"Here is one of the regular test mails.",
		},
		{
			"It was sent at TIME by the mail monitor PROBER along the route ROUTE.",
			"The mail monitor PROBER sent it at TIME to check the route ROUTE.",
			"A program called PROBER, which watches the mail, wrote it at TIME for the route ROUTE.",
			"It left at TIME, was written by the monitor PROBER, and follows the route ROUTE.",
			"The monitor named PROBER let it go at TIME on the route named ROUTE.",
			"At TIME the mail monitor PROBER put it on its way along ROUTE.",
			"Its sender is the mail monitor PROBER, its route is ROUTE, and it set out at TIME.",
			"On the route ROUTE the monitor PROBER sends such mails all day, this one at TIME.",
		},
		{
			"Mails like this one show whether mail arrives, and how long it takes.",
			"The time until it arrives tells how well the mail system is doing.",
			"If it is not there soon enough, the people who run the mail system will know.",
			"It measures how long a mail is under way.",
			"As long as such mails arrive quickly, everything is in order.",
			"Its only task is to arrive, so that the way it took is known to work.",
			"With its help a trouble with the mail is noticed before anybody has to call.",
			"How long it took is written down and compared with what is usual.",
		},
		{
			"Nobody needs to answer it or do anything about it.",
			"There is nothing to do, and nobody waits for an answer.",
			"Please do not answer; nothing is wanted of you.",
			"You need not answer it, and you need not keep it.",
			"No answer is needed, and nothing else either.",
			"It wants no answer, and it asks nothing of anybody.",
			"Nobody reads answers to it, and there is nothing you should do.",
			"You may leave it where it is; an answer is not needed.",
		},
		{
			"The program that sent it will also find it and take note of it.",
			"The line of letters below is how the monitor knows it again.",
			"Below stands a mark by which the monitor tells it apart.",
			"The letters at the end are its name, so to speak.",
			"If you wonder about it, ask the people who look after your mail.",
			"Those who run your mail system know about it.",
			"The letters below mean something to the monitor only.",
			"Should it be in your way, the people who run the mail can tell you more.",
		},
	}
}

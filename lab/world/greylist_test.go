package world_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/lab/world"
)

func TestGreylist(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		fault := world.Greylist{Delay: 5 * time.Minute}
		must(t, w.Break("antispam", fault))
		r, _ := route(t, w, "past-av-to-hq")
		try := func(what string, e envelope, accepted bool) {
			t.Helper()
			err := sendRaw(t, w, r.Name, e, message(r, 1))
			var reply *smtp.SMTPError
			refused := errors.As(err, &reply) && reply.Code == 451 && reply.EnhancedCode == (smtp.EnhancedCode{4, 7, 1}) && strings.Contains(reply.Message, "reylisted")
			if accepted && err != nil || !accepted && !refused {
				t.Errorf("%s: got %v, want it accepted: %t, else 451 4.7.1", what, err, accepted)
			}
		}
		usual, other, to := envelope{}, envelope{from: "boss@provider.example"}, envelope{to: "mailpath-b@branch.example.com"}
		try("first", usual, false)
		time.Sleep(5*time.Minute - time.Nanosecond)
		try("too early", usual, false)
		try("another sender", other, false)
		try("another recipient", to, false)
		time.Sleep(time.Nanosecond)
		try("in time", usual, true)
		try("another sender, too early", other, false)
		time.Sleep(48*time.Hour + 5*time.Minute)
		try("known for good", usual, true)
		try("another sender, too late", other, false)
		time.Sleep(48 * time.Hour)
		try("another sender, at the window's end", other, true)
		must(t, w.Repair("antispam"))
		try("after the repair", to, true)
		must(t, w.Break("antispam", fault))
		try("forgotten", usual, false)
		for _, f := range []world.Greylist{{Delay: -1}, {Delay: time.Hour, Window: time.Minute}, {Delay: 50 * time.Hour}} {
			if w.Break("antispam", f) == nil {
				t.Errorf("breaking with %+v: got no error, want one", f)
			}
		}
	})
}

func TestGreylistBetweenStages(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("gateway-in", world.Greylist{Delay: time.Minute}))
		must(t, send(t, w, "outside-to-hq", 1))
		time.Sleep(time.Minute + 4*stageDelay - 1)
		wantArrivals(t, w, "hq", "INBOX")
		wantCount(t, "held", w.Held(), "", 0)
		time.Sleep(time.Nanosecond)
		wantArrivals(t, w, "hq", "INBOX", "1")
		must(t, send(t, w, "outside-to-hq", 2))
		time.Sleep(4 * stageDelay)
		wantArrivals(t, w, "hq", "INBOX", "1", "2")
	})
}

package world_test

import (
	"encoding/base64"
	"errors"
	"io"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// aWhile is longer than any way through a world without faults.
const aWhile = time.Second

func TestDelay(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("antispam", world.Delay{By: 7 * time.Minute}))
		must(t, send(t, w, "past-av-to-hq", 1))
		time.Sleep(7*time.Minute + 2*stageDelay - 1)
		wantArrivals(t, w, "hq", "INBOX")
		time.Sleep(time.Nanosecond)
		wantArrivals(t, w, "hq", "INBOX", "1")
	})
}

func TestHoldDrainsInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("gateway-in", world.Hold{}))
		for n := range 3 {
			must(t, send(t, w, "outside-to-hq", n))
			time.Sleep(aWhile)
		}
		must(t, send(t, w, "past-av-to-hq", 9))
		time.Sleep(aWhile)
		wantArrivals(t, w, "hq", "INBOX", "9")
		wantCount(t, "held", w.Held(), "gateway-in", 3)

		must(t, w.Repair("gateway-in"))
		time.Sleep(2*stageDelay - 1)
		wantArrivals(t, w, "hq", "INBOX", "9")
		for _, want := range [][]string{{"9", "0"}, {"9", "0", "1"}, {"9", "0", "1", "2"}} {
			time.Sleep(time.Nanosecond)
			wantArrivals(t, w, "hq", "INBOX", want...)
			time.Sleep(50*time.Millisecond - 1)
		}
		wantCount(t, "held", w.Held(), "", 0)
	})
}

func TestNewMailWaitsBehindHeldMail(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("store-hq", world.Hold{}))
		for n := range 5 {
			must(t, send(t, w, "inside-hq", n))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(aWhile)
		must(t, w.Repair("store-hq"))
		must(t, send(t, w, "inside-hq", 5))
		time.Sleep(60 * time.Millisecond)
		must(t, w.Break("store-hq", world.Hold{})) // in the middle of the draining
		time.Sleep(aWhile)
		wantArrivals(t, w, "hq", "INBOX", "0", "1")
		wantCount(t, "held", w.Held(), "store-hq", 4)
		must(t, w.Repair("store-hq"))
		time.Sleep(aWhile)
		wantArrivals(t, w, "hq", "INBOX", "0", "1", "2", "3", "4", "5")
	})
}

func TestCrashLoop(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("gateway-in", world.CrashLoop{}))
		for n := range 10 {
			must(t, send(t, w, "outside-to-hq", n))
			time.Sleep(time.Minute)
		}
		wantArrivals(t, w, "hq", "INBOX")
		wantCount(t, "held", w.Held(), "gateway-in", 10)
		must(t, w.Break("gateway-in", world.CrashLoop{Through: 0.5}))
		for n := range 40 {
			must(t, send(t, w, "outside-to-hq", 100+n))
			time.Sleep(time.Second)
		}
		through := len(arrivals(t, w, "hq", "INBOX"))
		if through < 10 || through > 30 {
			t.Errorf("messages through a crash loop of one half: got %d, want 10 to 30 of 40", through)
		}
		wantCount(t, "held", w.Held(), "gateway-in", 50-through)
		must(t, w.Repair("gateway-in"))
		time.Sleep(time.Minute)
		if got := arrivals(t, w, "hq", "INBOX"); len(got) != 50 || got[through] != "0" {
			t.Errorf("messages after the repair: got %v, want 50, the held ones from number 0 on last", got)
		}
	})
}

func TestDrop(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("link-branch", world.Drop{}))
		must(t, send(t, w, "hq-to-branch", 1))
		time.Sleep(aWhile)
		must(t, w.Repair("link-branch"))
		must(t, send(t, w, "hq-to-branch", 2))
		time.Sleep(aWhile)
		wantArrivals(t, w, "branch", "INBOX", "2")
		wantCount(t, "dropped", w.Dropped(), "link-branch", 1)
	})
}

func TestDuplicate(t *testing.T) {
	for _, component := range []string{"store-hq", "gateway-in", "internet", "antispam"} {
		t.Run(component, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world.World) {
				must(t, w.Break(component, world.Duplicate{}))
				must(t, send(t, w, "outside-to-hq", 1))
				time.Sleep(aWhile)
				wantArrivals(t, w, "hq", "INBOX", "1", "1")
				raw, _ := w.Messages("hq", "INBOX")
				one, two := probe.ParseHeader(raw[0]).All("Received"), probe.ParseHeader(raw[1]).All("Received")
				if slices.Equal(one, two) {
					t.Errorf("Received fields of the copies: got %q twice, want them different", one)
				}
			})
		})
	}
}

func TestJunk(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("antispam", world.Junk{}))
		must(t, send(t, w, "outside-to-hq", 1))
		time.Sleep(aWhile)
		wantArrivals(t, w, "hq", "INBOX")
		wantArrivals(t, w, "hq", "Junk", "1")
	})
}

func TestAlter(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("antispam", world.Alter{StripX: true, MarkSubject: true, NewMessageID: true, ReencodeBody: true}))
		must(t, send(t, w, "outside-to-hq", 1))
		time.Sleep(aWhile)
		raw, _ := w.Messages("hq", "INBOX")
		if len(raw) != 1 {
			t.Fatalf("messages: got %d, want 1", len(raw))
		}
		h := probe.ParseHeader(raw[0])
		if h.Has("X-Mailpath-Tag") || h.Has("X-AuditID") {
			t.Errorf("header: got %v, want no X- field of earlier stages", h)
		}
		if got, _ := h.Get("Subject"); got != "[SPAM] Test 1" {
			t.Errorf("Subject: got %q, want %q", got, "[SPAM] Test 1")
		}
		if got, _ := h.Get("Message-ID"); !strings.HasSuffix(got, "@antispam.example.com>") {
			t.Errorf("Message-ID: got %q, want one of antispam.example.com", got)
		}
		if got, _ := h.Get("Content-Transfer-Encoding"); got != "base64" {
			t.Errorf("Content-Transfer-Encoding: got %q, want base64", got)
		}
		_, body, _ := strings.Cut(string(raw[0]), "\r\n\r\n")
		decoded, err := base64.StdEncoding.DecodeString(body)
		if want := "Good morning, this is number 1.\r\n"; err != nil || string(decoded) != want {
			t.Errorf("body: got %q, %v; want %q", decoded, err, want)
		}
	})
}

func TestRefuseAtEntry(t *testing.T) {
	for _, after := range []bool{true, false} {
		inBubble(t, func(t *testing.T, w *world.World) {
			must(t, w.Break("antispam", world.Refuse{Code: 451, Enhanced: [3]int{4, 7, 1}, Text: "Greylisted", AfterData: after}))
			var reply *smtp.SMTPError
			err := send(t, w, "past-av-to-hq", 1)
			if !errors.As(err, &reply) || reply.Code != 451 || reply.EnhancedCode != (smtp.EnhancedCode{4, 7, 1}) || reply.Message != "Greylisted" {
				t.Errorf("reply (after data: %t): got %v, want 451 4.7.1 Greylisted", after, err)
			}
			time.Sleep(aWhile)
			wantArrivals(t, w, "hq", "INBOX")
		})
	}
}

func TestRefuseBetweenStages(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("antispam", world.Refuse{Code: 450}))
		must(t, send(t, w, "outside-to-hq", 1))
		time.Sleep(time.Minute)
		wantArrivals(t, w, "hq", "INBOX")
		wantCount(t, "held", w.Held(), "gateway-in", 1)
		must(t, w.Repair("antispam"))
		time.Sleep(5*time.Second + 2*stageDelay)
		wantArrivals(t, w, "hq", "INBOX", "1")
		wantCount(t, "held", w.Held(), "", 0)

		must(t, w.Break("antispam", world.Refuse{Code: 550}))
		must(t, send(t, w, "outside-to-hq", 2))
		time.Sleep(time.Minute)
		wantArrivals(t, w, "hq", "INBOX", "1")
		wantCount(t, "dropped", w.Dropped(), "antispam", 1)
	})
}

func TestCutAtEntry(t *testing.T) {
	for _, taken := range []bool{false, true} {
		inBubble(t, func(t *testing.T, w *world.World) {
			must(t, w.Break("internet", world.Cut{Taken: taken}))
			if err := send(t, w, "outside-to-hq", 1); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("sending (taken: %t): got %v, want the connection to end", taken, err)
			}
			time.Sleep(aWhile)
			if got := len(arrivals(t, w, "hq", "INBOX")) == 1; got != taken {
				t.Errorf("message arrived: got %t, want %t", got, taken)
			}
		})
	}
}

func TestCutBetweenStages(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("store-hq", world.Cut{Taken: true}))
		must(t, send(t, w, "past-av-to-hq", 1))
		time.Sleep(time.Minute)
		wantArrivals(t, w, "hq", "INBOX", "1")
		must(t, w.Repair("store-hq"))
		time.Sleep(time.Minute)
		wantArrivals(t, w, "hq", "INBOX", "1", "1")
	})
}

func TestCloseWithMailOnItsWay(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.Break("antispam", world.Delay{By: time.Hour}))
		must(t, w.Break("store-branch", world.Refuse{Code: 400}))
		must(t, send(t, w, "outside-to-hq", 1))
		must(t, send(t, w, "hq-to-branch", 2))
		_, err := w.Dial(t.Context(), "tcp", w.SMTP("internet")) // and with an open connection
		must(t, err)
		imapLogin(t, w, "hq", nil)
		synctest.Wait()
	})
}

func TestWrongUse(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		for _, err := range []error{
			w.Break("antispam", world.Refuse{Code: 250}), w.Break("antispam", world.CrashLoop{Through: 2}), w.Break("antispam", nil),
			w.Break("antispam", world.Delay{By: -1}), w.Break("nowhere", world.Hold{}), w.Repair("nowhere"),
			w.Blind("hq", "sleepy"), w.Blind("nowhere", world.Hanging), w.Unblind("nowhere"), w.Deliver("hq", "Attic", nil),
		} {
			if err == nil {
				t.Error("wrong use of a world: got no error, want one")
			}
		}
		if _, err := world.New(world.Config{ImplicitTLS: true}); err == nil {
			t.Error("implicit TLS without a configuration: got no error, want one")
		}
	})
}

func TestSetClock(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world.World) {
		must(t, w.SetClock("antispam", -90*time.Second))
		must(t, w.SetClock("store-hq", time.Hour))
		must(t, w.Break("antispam", world.Hold{}))
		must(t, w.Repair("antispam")) // mends no clock
		sent := time.Now()
		must(t, send(t, w, "past-av-to-hq", 1))
		time.Sleep(aWhile)
		all, err := w.Messages("hq", "INBOX")
		must(t, err)
		var got []string
		for _, value := range probe.ParseHeader(all[0]).All("Received") {
			at, err := mail.ParseDate(value[strings.LastIndex(value, ";")+1:])
			must(t, err)
			got = append(got, at.Sub(sent).String())
		}
		want := []string{"1h0m0s", "1h0m0s", "-1m30s", "-1m30s", "-1m30s"} // in whole seconds
		if !slices.Equal(got, want) {
			t.Errorf("Received fields after the message was sent: got %v, want %v", got, want)
		}
		if err := w.SetClock("nowhere", time.Second); err == nil {
			t.Error("setting the clock of a component that is not there: got no error, want one")
		}
	})
}

package imapwatch_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
	"github.com/mailpath/mailpath/probe/probetest"
)

// scripted is an IMAP server of one folder that answers as it is told to: real
// servers answer in ways that the world's server cannot.
type scripted struct {
	mu       sync.Mutex
	validity int
	messages []string // headers; the UID is the place, from 1
	noNext   bool     // it does not tell UIDNEXT
	uidLast  bool     // FETCH puts the UID behind the header
	drip     time.Duration
	silent   *regexp.Regexp // commands that get no answer
	commands []string
}

func (s *scripted) add(header string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, header)
}

func (s *scripted) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.commands, "\n")
}

func (s *scripted) serve(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, "* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n")
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		tag, command, _ := strings.Cut(lines.Text(), " ")
		s.mu.Lock()
		s.commands = append(s.commands, command)
		silent := s.silent
		s.mu.Unlock()
		if silent != nil && silent.MatchString(command) {
			continue
		}
		if command == "IDLE" {
			fmt.Fprint(conn, "+ idling\r\n")
			lines.Scan() // DONE
		} else {
			s.answer(conn, command)
		}
		fmt.Fprintf(conn, "%s OK done\r\n", tag)
	}
}

var fetched = regexp.MustCompile(`^(UID )?FETCH (\d+)(?::(\d+|\*))? \((.*)\)`)

func (s *scripted) answer(conn net.Conn, command string) {
	s.mu.Lock()
	messages, validity := s.messages, s.validity
	s.mu.Unlock()
	switch {
	case strings.HasPrefix(command, "LOGIN"):
		fmt.Fprint(conn, "* CAPABILITY IMAP4rev1 IDLE\r\n")
	case strings.HasPrefix(command, "CAPABILITY"):
		fmt.Fprint(conn, "* CAPABILITY IMAP4rev1 IDLE\r\n")
	case strings.HasPrefix(command, "EXAMINE"), command == "NOOP":
		fmt.Fprintf(conn, "* %d EXISTS\r\n", len(messages))
		if command != "NOOP" {
			fmt.Fprintf(conn, "* OK [UIDVALIDITY %d] ok\r\n", validity)
			if !s.noNext {
				fmt.Fprintf(conn, "* OK [UIDNEXT %d] ok\r\n", len(messages)+1)
			}
		}
	case strings.HasPrefix(command, "UID SEARCH"):
		fmt.Fprint(conn, "* SEARCH")
		for i := range messages {
			fmt.Fprintf(conn, " %d", i+1)
		}
		fmt.Fprint(conn, "\r\n")
	default:
		s.fetch(conn, fetched.FindStringSubmatch(command), messages)
	}
}

func (s *scripted) fetch(conn net.Conn, m []string, messages []string) {
	if m == nil {
		return
	}
	var from, to int
	fmt.Sscan(m[2], &from)
	if to = from; m[3] == "*" {
		to = max(len(messages), from)
		from = min(from, len(messages)) // n:* gives the last message at least
	} else if m[3] != "" {
		fmt.Sscan(m[3], &to)
	}
	for i := max(from, 1); i <= min(to, len(messages)); i++ {
		header := messages[i-1]
		switch {
		case !strings.Contains(m[4], "HEADER"):
			fmt.Fprintf(conn, "* %d FETCH (UID %d)\r\n", i, i)
		case s.uidLast:
			fmt.Fprintf(conn, "* %d FETCH (BODY[HEADER]<0> {%d}\r\n%s UID %d)\r\n", i, len(header), header, i)
		default:
			time.Sleep(s.drip)
			fmt.Fprintf(conn, "* %d FETCH (UID %d BODY[HEADER]<0> {%d}\r\n%s)\r\n", i, i, len(header), header)
		}
	}
}

// watchScripted watches a scripted server in a bubble until the test function ends.
func watchScripted(t *testing.T, s *scripted, every time.Duration, test func(t *testing.T, clock probe.Clock, looks chan probe.Look, blind chan error)) {
	synctest.Test(t, func(t *testing.T) {
		network := world.Pipes()
		l, err := network.Listen("imap.test")
		if err != nil {
			t.Fatal(err)
		}
		clock := probe.NewClock()
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				running.Go(func() { s.serve(conn) })
			}
		})
		w := imapwatch.New(imapwatch.Config{
			Endpoint: probe.Endpoint{
				Server: l.Addr().String(), TLS: probe.NoTLS, Clock: clock, Dial: network.Dial,
				Username: "u", Password: func() (string, error) { return "p", nil },
			},
			Mailbox: "hq", Folders: []string{"INBOX"}, Window: time.Hour,
			Matcher: probe.NewMatcher(probetest.Keyring(), []string{"a@example.org"}),
		})
		looks, blind := make(chan probe.Look, 10_000), make(chan error, 100)
		running.Go(func() {
			for ctx.Err() == nil {
				p := &steady{clock: clock, every: every}
				blind <- w.Watch(ctx, p, func(l probe.Look) error { p.last = l.Began; looks <- l; return nil })
			}
		})
		test(t, clock, looks, blind)
		cancel()
		l.Close()
		running.Wait()
	})
}

// steady is a pace of one look every so often; zero: rest.
type steady struct {
	clock probe.Clock
	every time.Duration
	last  time.Time
}

func (p *steady) Changed() <-chan struct{} { return nil }

func (p *steady) Next() time.Time {
	if p.every == 0 {
		return time.Time{}
	}
	return p.last.Add(p.every)
}

func headerOf(clock probe.Clock) (header string, id probe.ID) {
	m := probetest.Message(clock, "a@example.org", "b@example.com")
	header, _, _ = strings.Cut(string(m.Raw), "\r\n\r\n")
	return header + "\r\n\r\n", m.Tag.ID
}

func await(t *testing.T, looks chan probe.Look, id probe.ID) {
	t.Helper()
	limit := time.After(10 * time.Minute)
	for {
		select {
		case l := <-looks:
			for _, o := range l.Found {
				if o.Tag.ID == id {
					return
				}
			}
		case <-limit:
			t.Fatalf("message %v was never found", id)
		}
	}
}

func TestServersThatAnswerOtherwise(t *testing.T) {
	for name, s := range map[string]*scripted{
		"as usual":                              {validity: 1},
		"UIDNEXT is not told":                   {validity: 1, noNext: true},
		"the UID stands behind the header":      {validity: 1, uidLast: true},
		"neither UIDNEXT, nor the UID in front": {validity: 1, noNext: true, uidLast: true},
	} {
		t.Run(name, func(t *testing.T) {
			watchScripted(t, s, time.Second, func(t *testing.T, clock probe.Clock, looks chan probe.Look, _ chan error) {
				s.add("From: boss@example.com\r\n\r\n")
				<-looks
				for range 3 {
					header, id := headerOf(clock)
					s.add(header)
					await(t, looks, id)
				}
			})
		})
	}
}

func TestAFolderMadeAnewIsReadAnew(t *testing.T) {
	s := &scripted{validity: 1}
	watchScripted(t, s, time.Second, func(t *testing.T, clock probe.Clock, looks chan probe.Look, blind chan error) {
		for range 5 {
			header, id := headerOf(clock)
			s.add(header)
			await(t, looks, id)
		}
		header, id := headerOf(clock)
		s.mu.Lock()
		s.validity, s.messages = 2, []string{header}
		s.silent = regexp.MustCompile(`^NOOP`) // so that it reconnects
		s.mu.Unlock()
		<-blind
		s.mu.Lock()
		s.silent = nil
		s.mu.Unlock()
		await(t, looks, id)
	})
}

// The library waits for ever; the watcher must not.
func TestSilenceAfterEachCommandIsBlindness(t *testing.T) {
	for _, command := range []string{"LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH 1.*HEADER", "NOOP", "IDLE", "FETCH 1 "} {
		t.Run(command, func(t *testing.T) {
			s := &scripted{validity: 1, messages: []string{"From: boss@example.com\r\n\r\n"}, silent: regexp.MustCompile("^" + command)}
			every := time.Second
			if command == "IDLE" {
				every = 0
			}
			watchScripted(t, s, every, func(t *testing.T, clock probe.Clock, _ chan probe.Look, blind chan error) {
				began := clock.Now()
				err := <-blind
				if took := clock.Since(began); took < 15*time.Second || took > 20*time.Second || err == nil || !strings.Contains(err.Error(), "no answer within 15s") {
					t.Errorf("got %v after %v, want that no answer came within 15 s\n%s", err, took, s.heard())
				}
			})
		})
	}
}

// A backlog takes its time: as long as something comes, somebody is there.
func TestALongBacklogIsReadInTheEnd(t *testing.T) {
	s := &scripted{validity: 1, drip: 100 * time.Millisecond}
	for range 1000 {
		s.add("From: boss@example.com\r\n\r\n")
	}
	watchScripted(t, s, time.Second, func(t *testing.T, clock probe.Clock, looks chan probe.Look, blind chan error) {
		began := clock.Now()
		select {
		case <-looks:
		case err := <-blind:
			t.Fatalf("blind after %v: %v", clock.Since(began), err)
		}
	})
}

// At rest nobody asks for looks, but the connection must be known to live.
func TestRestIsInterruptedEveryFewMinutes(t *testing.T) {
	s := &scripted{validity: 1}
	watchScripted(t, s, 0, func(t *testing.T, clock probe.Clock, looks chan probe.Look, _ chan error) {
		first := <-looks
		for range 5 {
			next := <-looks
			if gap := next.Began.Sub(first.Began); gap != 4*time.Minute {
				t.Errorf("got a look %v after the last one, want 4m0s", gap)
			}
			first = next
		}
	})
}

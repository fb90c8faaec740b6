package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// liars stand in the place of a component's SMTP server: while they are not honest,
// every connection to it is answered by one of them.
type liars struct {
	honest atomic.Bool
	served atomic.Int32 // connections
	open   atomic.Int32 // those that they have not let go of
}

// lies puts liars in the place of the server that takes mail from outside. It comes
// before begin.
func (s *stage) lies(answer func(net.Conn)) *liars {
	l := new(liars)
	dial := s.dial
	s.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != s.world.SMTP("internet") || l.honest.Load() {
			return dial(ctx, network, address)
		}
		near, far := net.Pipe()
		l.served.Add(1)
		l.open.Add(1)
		go func() {
			defer l.open.Add(-1)
			defer far.Close()
			answer(far)
		}()
		return near, nil
	}
	return l
}

// silent never says a word.
func silent(conn net.Conn) { io.Copy(io.Discard, conn) }

// trickling takes in one byte each second.
func trickling(conn net.Conn) {
	say(conn, "220 mx.example.com ready")
	for one := make([]byte, 1); ; time.Sleep(time.Second) {
		if _, err := conn.Read(one); err != nil {
			return
		}
	}
}

// endless greets, and greets, and greets.
func endless(conn net.Conn) {
	for say(conn, "220-mx.example.com is ready") {
	}
}

func say(conn net.Conn, words string) bool {
	_, err := io.WriteString(conn, words+"\r\n")
	return err == nil
}

// talker is an SMTP server that knows its words, and has others in their place.
type talker struct {
	instead map[string]string // by the command; "." is the end of a message; "deaf": it neither reads nor answers
	took    func(raw []byte)  // is given each message before its end is answered; nil: nobody wants it

	mu        sync.Mutex
	envelopes []string // every MAIL and RCPT heard
}

// answer holds a dialogue.
func (l *talker) answer(conn net.Conn) {
	good := map[string]string{
		"EHLO": "250-mx.example.com\r\n250 AUTH PLAIN", "AUTH": "235 welcome", "MAIL": "250 ok", "RCPT": "250 ok",
		"DATA": "354 go ahead", ".": "250 2.0.0 Ok: queued as LIE1", "QUIT": "221 bye",
	}
	lines := bufio.NewScanner(conn)
	for said := say(conn, "220 mx.example.com ready"); said && lines.Scan(); {
		verb, _, _ := strings.Cut(lines.Text(), " ")
		said = l.say(conn, verb, good[verb])
		switch verb {
		case "MAIL", "RCPT":
			l.note(lines.Text())
		case "DATA":
			said = said && l.take(lines) && l.say(conn, ".", good["."])
		}
	}
}

func (l *talker) say(conn net.Conn, verb, good string) bool {
	switch words, lie := l.instead[verb]; {
	case !lie:
		return say(conn, good)
	case words == "deaf":
		say(conn, "354 go ahead")
		conn.Write([]byte{0}) // nobody listens: this waits for the end
		return false
	default:
		return say(conn, words)
	}
}

func (l *talker) note(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.envelopes = append(l.envelopes, line)
}

// different gives the envelopes heard, each once.
func (l *talker) different() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(l.envelopes)))
}

// take reads a message to its end (RFC 5321 section 4.5.2).
func (l *talker) take(lines *bufio.Scanner) bool {
	var raw bytes.Buffer
	for lines.Scan() {
		if lines.Text() == "." {
			if l.took != nil {
				l.took(raw.Bytes())
			}
			return true
		}
		raw.WriteString(strings.TrimPrefix(lines.Text(), ".") + "\r\n")
	}
	return false
}

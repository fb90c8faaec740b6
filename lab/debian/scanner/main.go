// Command scanner is an SMTP proxy filter, as an antivirus scanner is that stands
// between a gateway and a mail store: it hands each message on before it answers for
// it, so that it never holds one itself. It looks for nothing; it is there to fail.
//
// With -delay it takes the whole message and scans it for so long before it begins to
// hand it on; it answers afterwards, so it holds nothing that it has answered for either.
// With -alter it changes each message, and with -copies above 1 it hands each on more
// than once.
// With -pass below 1 it has a scan engine that cannot bear some messages: it kills
// itself, without an answer, each time one of them is given to it.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/emersion/go-smtp"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	s := scanner{}
	flags := flag.NewFlagSet("scanner", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "", "take mail at this `ADDRESS`")
	flags.StringVar(&s.next, "next", "", "hand mail on to the SMTP server at this `ADDRESS`")
	flags.StringVar(&s.source, "source", "", "connect to it from this `IP` address")
	flags.StringVar(&s.name, "name", "", "this `HOST` in greetings and Received fields")
	flags.Float64Var(&s.pass, "pass", 1, "the `SHARE` of messages that do not kill it, 0 to 1")
	flags.DurationVar(&s.delay, "delay", 0, "scan each message for that `LONG`")
	flags.Var(&s.alterations, "alter", "what to do to each message, as `JSON`")
	flags.IntVar(&s.copies, "copies", 1, "hand each message on that `OFTEN`")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if err := s.serve(*listen); err != nil {
		fmt.Fprintln(stderr, "scanner:", err)
		return 1
	}
	return 0
}

// scanner is what all sessions share.
type scanner struct {
	next, source, name string
	pass               float64
	delay              time.Duration
	alterations        alterations
	copies             int
}

func (s scanner) serve(address string) error {
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		return fmt.Errorf("taking mail: %w", err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		one := session{scanner: s, client: c}
		if s.delay > 0 || s.copies > 1 || s.alterations != (alterations{}) {
			return &holding{session: one}, nil
		}
		return &one, nil
	}))
	server.Domain = s.name
	server.EnableSMTPUTF8 = true // as Postfix does on both sides
	return server.Serve(listener)
}

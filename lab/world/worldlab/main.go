// Command worldlab runs a mail world with a crowd of mailboxes on loopback, writes a
// mailpath configuration for it, and goes on until it is stopped: for measuring what
// mailpath needs for many routes, on a machine that both share.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

// options are what the flags say.
type options struct {
	config    string
	mailboxes int
	routes    int // to each mailbox
	every     time.Duration
	silent    bool
}

func main() {
	var o options
	flag.StringVar(&o.config, "config", "world.yaml", "write the configuration to this `FILE`")
	flag.IntVar(&o.mailboxes, "mailboxes", 100, "so many mailboxes, each with an IMAP server over TLS")
	flag.IntVar(&o.routes, "routes", 10, "so many routes to each mailbox")
	flag.DurationVar(&o.every, "every", time.Minute, "one message along each route in this `TIME`")
	flag.BoolVar(&o.silent, "silent", false, "one route more, whose SMTP server takes connections and never says a word")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "worldlab:", err)
		os.Exit(1)
	}
}

// run keeps a world until the context ends; what is printed says that it is there.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	if _, err := os.Lstat(o.config); err == nil {
		return fmt.Errorf("writing the configuration: %s is there already: move it away, or give -config another path", o.config)
	}
	dir, err := os.MkdirTemp("", "worldlab-")
	if err != nil {
		return fmt.Errorf("making a directory for keys and passwords: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	clock := probe.NewClock()
	encryption, err := certified(clock, filepath.Join(dir, "ca.pem"))
	if err != nil {
		return err
	}
	w, err := world.New(world.Config{Clock: clock, TLS: encryption, ImplicitTLS: true, PlainSMTP: true, Crowd: o.mailboxes, Keep: keep})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	silent, err := world.Loopback().Listen("silent.example") // the kernel takes connections, and nobody reads
	if err != nil {
		return fmt.Errorf("listening for the silent route: %w", err)
	}
	defer silent.Close()
	v := view{Sender: w.CrowdSender(), Routes: w.CrowdRoutes(o.routes), Every: o.every}
	if o.silent {
		v.Silent = silent.Addr().String()
	}
	if err := v.write(w, dir, o.config); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(o.config)) }()
	fmt.Fprintf(out, `The world runs until Ctrl-C. In another terminal:

    go run ./cmd/mailpath run --config %s --journal %s/mailpath.db

The configuration and the journal go with the world.
`, o.config, dir)
	<-ctx.Done()
	return nil
}

// keep is enough for some minutes at ten messages a minute into each mailbox, before
// the first are pruned.
const keep = 50

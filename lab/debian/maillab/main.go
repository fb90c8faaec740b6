// Command maillab starts the lab of real mail servers, writes a configuration for
// it, and keeps it running until it is stopped, so that anyone can play.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/mailpath/mailpath/lab/debian"
	"github.com/mailpath/mailpath/probe"
)

func main() {
	path := flag.String("config", "lab.yaml", "write the configuration to this `FILE`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *path)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "maillab:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("writing the configuration: %s is there already: move it away, or give -config another path", path)
	}
	if err := debian.Install(ctx, os.Stderr); err != nil {
		return err
	}
	lab, err := debian.Start(ctx, debian.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lab.Stop(), os.Remove(path)) }()
	if err := writeConfig(lab, path); err != nil {
		return err
	}
	fmt.Printf(`The lab runs in %s until Ctrl-C. In another terminal:

    go run ./cmd/mailpath once --config %[2]s
    go run ./cmd/mailpath trace outside-to-hq --config %[2]s
    go run ./cmd/mailpath run --config %[2]s --journal %[1]s/mailpath.db

and then break something, see what mailpath says, and mend it again:

    sudo postfix -c %[1]s/b/postfix stop
    sudo postfix -c %[1]s/b/postfix start

The logs are in %[1]s/{gateway,a,b}. All of it, %[2]s included, goes with the lab.
`, lab.Dir, path)
	<-ctx.Done()
	return nil
}

// writeConfig writes the configuration, and the key that it names into the lab's
// directory.
func writeConfig(lab *debian.Lab, path string) error {
	key, err := probe.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	keyFile := filepath.Join(lab.Dir, "tag.key")
	if err := os.WriteFile(keyFile, []byte(key.Reveal()+"\n"), 0o600); err != nil {
		return fmt.Errorf("writing the tag key: %w", err)
	}
	text, err := lab.Config(keyFile)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}

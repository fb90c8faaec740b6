package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe/config"
)

func TestWorldComesWithAConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.yaml")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, options{config: path, mailboxes: 3, routes: 2, every: 5 * time.Second, silent: true}, in)
		in.Close()
	}()
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(said, "until Ctrl-C") {
		t.Fatalf("got %q and %v, want to be told that the world runs", said, err)
	}
	go io.Copy(io.Discard, out)
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Mailboxes) != 3 || len(cfg.Routes) != 7 || len(cfg.Probes) != 7 || cfg.Probes[0].Every != 5*time.Second {
		t.Errorf("got %d mailboxes, %d routes and probes %+v; want 3, and two routes to each and the silent one, all probed", len(cfg.Mailboxes), len(cfg.Routes), cfg.Probes)
	}
	if password, err := cfg.Mailboxes[2].IMAP.Auth.Password.Value(); err != nil || password == "" {
		t.Errorf("reading the password of %s: %v", cfg.Mailboxes[2].Name, err)
	}
	if err := run(t.Context(), options{config: path}, io.Discard); err == nil {
		t.Error("a second world wrote over the configuration of the first")
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the configuration is still there: %v", err)
	}
}

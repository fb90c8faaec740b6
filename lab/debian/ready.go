package debian

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// retryReady is short against a start, long against a refused connection.
	retryReady = 20 * time.Millisecond
	// greetingTimeout bounds one try, so that a mute server is asked again.
	greetingTimeout = 3 * time.Second
	// tailBytes of each log stand in a start's error.
	tailBytes = 2000
)

// port is an address and how the server that listens there greets.
type port struct {
	address  string
	greeting string
	tls      bool
}

var errEnded = errors.New("the server ended")

// wait returns when the server greets; before ctx or the server has ended.
func (p port) wait(ctx context.Context, pool *x509.CertPool, ended <-chan struct{}) error {
	for {
		err := p.greet(ctx, pool)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("waiting for %s: %w", p.address, errEnded)
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; last: %w", p.address, context.Cause(ctx), err)
		case <-time.After(retryReady):
		}
	}
}

// greet connects once and reads one line.
func (p port) greet(ctx context.Context, pool *x509.CertPool) error {
	ctx, cancel := context.WithTimeout(ctx, greetingTimeout)
	defer cancel()
	dial := (&net.Dialer{}).DialContext
	if p.tls {
		dial = (&tls.Dialer{Config: &tls.Config{RootCAs: pool}}).DialContext
	}
	connection, err := dial(ctx, "tcp4", p.address)
	if err != nil {
		return err
	}
	defer connection.Close()
	deadline, _ := ctx.Deadline()
	if err := connection.SetDeadline(deadline); err != nil {
		return err
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		return fmt.Errorf("reading a greeting: %w", err)
	}
	if !strings.HasPrefix(line, p.greeting) {
		return fmt.Errorf("reading a greeting: got %q, want %q first", line, p.greeting)
	}
	return nil
}

// tails is the end of every log of the lab, for an error.
func (l *Lab) tails() string {
	var text strings.Builder
	for _, host := range []string{Gateway, SiteA, SiteB, Exim} {
		for _, pattern := range []string{"*.log", "*.console", "root/log/*log"} {
			files, _ := filepath.Glob(filepath.Join(l.Dir, host, pattern)) // the pattern is well formed
			for _, file := range files {
				content, err := os.ReadFile(file)
				if err != nil || len(content) == 0 {
					continue
				}
				content = content[max(0, len(content)-tailBytes):]
				fmt.Fprintf(&text, "\n--- end of %s\n%s", file, content)
			}
		}
	}
	return text.String()
}

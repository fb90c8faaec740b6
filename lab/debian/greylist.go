package debian

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	greylistKind = "postgrey"
	// answerTimeout bounds one question to a policy server of this machine.
	answerTimeout = 3 * time.Second
)

// addGreylist lists the gateway's greylist, which no start of a lab starts.
func (l *Lab) addGreylist() {
	g := &l.Gateway
	l.servers[g.Name+"/"+greylistKind] = &server{
		title:   "the greylist of host " + g.Name,
		console: filepath.Join(g.Dir, "postgrey.console"),
	}
}

func (h *Host) greylistDir() string { return filepath.Join(h.Dir, "postgrey") }

func (h *Host) greylistSocket() string { return filepath.Join(h.greylistDir(), "socket") }

// Greylist lets the gateway refuse (450) what comes from a sender to a recipient from a
// network for the first time, and again until that long ago: whole seconds. It knows
// nobody in the beginning, and no client is trusted for having come back often. What
// then gets through has a field "X-Greylist: delayed N seconds by postgrey-…". 0 ends
// it. The gateway's Postfix is started anew.
//
// postgrey counts whole seconds of the time of day, so that the real delay may be a
// second less.
func (l *Lab) Greylist(delay time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if delay < 0 || delay%time.Second != 0 {
		return fmt.Errorf("greylisting for %v: want whole seconds, or 0", delay)
	}
	if err := l.setGreylist(delay); err != nil {
		return fmt.Errorf("greylisting for %v: %w", delay, err)
	}
	return nil
}

func (l *Lab) setGreylist(delay time.Duration) error {
	postfix, greylist := l.servers[Gateway+"/postfix"], l.servers[Gateway+"/"+greylistKind]
	// Postfix first: it asks the greylist.
	if err := errors.Join(postfix.stop(), greylist.stop()); err != nil {
		return err
	}
	l.greys = 0
	var err error
	if delay > 0 {
		greylist.command = l.greylistCommand(delay)
		if err = l.startGreylist(greylist); err == nil {
			l.greys = delay
		}
	}
	return errors.Join(err, l.writeFiles(&l.Gateway), startAgain(postfix))
}

// policy is the socket that the Postfix of a host asks; empty: it asks nobody.
func (l *Lab) policy(h *Host) string {
	if h.site() || l.greys == 0 {
		return ""
	}
	return h.greylistSocket()
}

// greylistCommand has no list of known clients and recipients, such as the machine's own.
// postgrey changes to the user that its package brings.
func (l *Lab) greylistCommand(delay time.Duration) []string {
	return []string{
		"/usr/sbin/postgrey", "--unix=" + l.Gateway.greylistSocket(), "--dbdir=" + l.Gateway.greylistDir(),
		"--delay=" + strconv.Itoa(int(delay/time.Second)), "--hostname=" + l.Gateway.Hostname,
		"--auto-whitelist-clients=0", "--whitelist-clients=/dev/null", "--whitelist-recipients=/dev/null",
	}
}

// startGreylist returns when an empty greylist answers.
func (l *Lab) startGreylist(s *server) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	dir := l.Gateway.greylistDir()
	if err := removeDir(dir); err != nil {
		return err
	}
	// The socket's door is open; postgrey itself closes what it keeps there.
	if printed, err := asRoot(ctx, "install", "-d", "-m", "0755", "-o", "postgrey", "-g", "postgrey", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("making %s: %w: install printed %q", dir, err, printed)
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	for {
		err := asked(l.Gateway.greylistSocket())
		if err == nil {
			return nil
		}
		select {
		case <-s.running.done:
			return errors.Join(fmt.Errorf("starting %s: %w; last: %w; see %s", s.title, errEnded, err, s.console), s.stop())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("starting %s: %w; last: %w; see %s", s.title, ctx.Err(), err, s.console), s.stop())
		case <-time.After(retryReady):
		}
	}
}

// question is one of a client (RFC 5737) that never comes; see Postfix's
// SMTPD_POLICY_README for the protocol.
const question = "request=smtpd_access_policy\nclient_address=192.0.2.1\nclient_name=unknown\nsender=\nrecipient=nobody@example.com\n\n"

// asked is nil when a policy server answers.
func asked(socket string) error {
	connection, err := net.DialTimeout("unix", socket, answerTimeout)
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return err
	}
	if _, err := connection.Write([]byte(question)); err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	answer, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if !strings.HasPrefix(answer, "action=") {
		return fmt.Errorf("reading the answer: got %q, want action=", answer)
	}
	return nil
}

package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// fakeClocks is where Debian's libfaketime is, by architecture.
const fakeClocks = "/usr/lib/*/faketime/libfaketime.so.1"

// SetClock makes the clock of a host show that much more than this machine's, or less:
// the Received fields of its Postfix and Dovecot, its queue ids and logs, and what IMAP
// tells of times. Its servers are started anew. The filter's clock is not the gateway's.
func (l *Lab) SetClock(host string, ahead time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.setClock(host, ahead); err != nil {
		return fmt.Errorf("setting the clock of host %q: %w", host, err)
	}
	return nil
}

func (l *Lab) setClock(host string, ahead time.Duration) error {
	h, err := l.host(host)
	if err != nil {
		return err
	}
	environment, err := fakeClock(ahead)
	if err != nil {
		return err
	}
	servers := []*server{l.servers[host+"/postfix"]}
	if h.site() {
		servers = append(servers, l.servers[host+"/dovecot"])
	}
	for _, s := range servers { // Postfix first: it asks Dovecot
		if err := s.stop(); err != nil {
			return err
		}
		s.environment = environment
	}
	l.clocks[host] = environment
	if err := l.writeFiles(h); err != nil {
		return err
	}
	err = forgetClocks()
	slices.Reverse(servers)
	for _, s := range servers {
		err = errors.Join(err, startAgain(s))
	}
	return err
}

// fakeClock is the environment of programs whose clock is off; nothing for one that is
// right. Only the time of day is moved: timers go on by the monotonic clock.
func fakeClock(ahead time.Duration) ([]string, error) {
	if ahead == 0 {
		return nil, nil
	}
	found, err := filepath.Glob(fakeClocks)
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("finding libfaketime: got no %s (%v): Install brings it", fakeClocks, err) //nolint:errorlint // nil is told, too
	}
	return []string{
		"LD_PRELOAD=" + found[0],
		fmt.Sprintf("FAKETIME=%+fs", ahead.Seconds()),
		"FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1", // new and old name
	}, nil
}

// sharedMemory is where libfaketime leaves a few bytes for each process that does not
// end by exit, with its id in the name.
const sharedMemory = "/dev/shm/*faketime_s[he]m_*"

// forgetClocks removes what processes with a wrong clock have left behind that are gone.
func forgetClocks() error {
	files, err := filepath.Glob(sharedMemory)
	left := slices.DeleteFunc(files, func(file string) bool {
		return isThere(filepath.Join("/proc", file[strings.LastIndexByte(file, '_')+1:]))
	})
	if err != nil || len(left) == 0 {
		return err
	}
	if err := asRoot(context.Background(), "rm", append([]string{"-f", "--"}, left...)...).Run(); err != nil {
		return fmt.Errorf("removing what libfaketime left: %w", err)
	}
	return nil
}

func isThere(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

package debian

import (
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

//go:embed templates/restart.sh
var restartScript string

// scannerSource is only looked at to tell one scanner from another.
//
//go:embed scanner/*.go
var scannerSource embed.FS

const (
	scannerPackage = "github.com/mailpath/mailpath/lab/debian/scanner"
	filterHostname = "scan1.example.com"

	// Kinds of servers of the gateway: the filter as it should be, and the one that
	// dies and is started again, takes its time or does more, on the same port.
	filterKind = "filter"
	faultyKind = "faulty filter"
)

// buildScanner puts the filter's program into the lab's directory. It is built in the
// user's cache, where go build finds that nothing changed, since to link it anew takes
// a second of work for every lab.
func (l *Lab) buildScanner(ctx context.Context) error {
	program, err := builtScanner(ctx)
	if err == nil {
		// No process that is forked meanwhile may have the file open for writing: as
		// long as one does, nobody can run it (ETXTBSY).
		syscall.ForkLock.RLock()
		err = os.WriteFile(l.scanner(), program, 0o755)
		syscall.ForkLock.RUnlock()
	}
	if err != nil {
		return fmt.Errorf("building the filter: %w", err)
	}
	return nil
}

func (l *Lab) scanner() string { return filepath.Join(l.Dir, "scanner") }

// builtScanner is the program itself, so that a later build cannot change what runs.
func builtScanner(ctx context.Context) ([]byte, error) {
	dir, err := scannerCache()
	if err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer lock.Close() // and with it the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("waiting for another build: %w", err)
	}
	path := filepath.Join(dir, "scanner")
	output, err := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", path, scannerPackage).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: want go, and a directory of this module to run it in; go build printed %q", err, output)
	}
	return os.ReadFile(path)
}

// scannerCache is a directory of this scanner's source, so that two checkouts do not
// take turns in building over one another.
func scannerCache() (string, error) {
	files, err := scannerSource.ReadDir("scanner")
	if err != nil {
		return "", err
	}
	digest := sha256.New()
	for _, f := range files {
		text, err := scannerSource.ReadFile("scanner/" + f.Name())
		if err != nil {
			return "", err
		}
		digest.Write(text)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "mailpath-lab", fmt.Sprintf("%x", digest.Sum(nil)[:8]))
	return dir, os.MkdirAll(dir, 0o700)
}

// addFilter lists the filter among the servers of the gateway.
func (l *Lab) addFilter() {
	h := &l.Gateway
	for kind, title := range map[string]string{filterKind: "the filter", faultyKind: "the filter with a fault"} {
		l.servers[h.Name+"/"+kind] = &server{
			title:   title,
			console: filepath.Join(h.Dir, "filter.console"),
			command: l.filterCommand(),
			ports:   []port{{h.Filter, "220 ", false}},
		}
	}
}

func (l *Lab) filterCommand(more ...string) []string {
	return append([]string{
		l.scanner(), "-listen", l.Gateway.Filter, "-next", l.A.SMTP, "-source", l.Gateway.IP, "-name", filterHostname,
	}, more...)
}

// StopFilter kills the filter and waits until it is gone: connections to it are
// refused, and the gateway takes mail for site A and keeps it.
func (l *Lab) StopFilter() error { return l.stoppedFilter(nil) }

// StartFilter starts the filter again, or ends its crash loop, its slowness, or what else
// it does; it does one of these at a time.
func (l *Lab) StartFilter() error {
	return l.stoppedFilter(func(filter, _ *server) error { return startAgain(filter) })
}

// CrashLoopFilter lets the filter die, by SIGKILL, of the messages it is given, before
// it answers, and start again a moment later, over and over until StartFilter or
// StopFilter. The gateway accepts and keeps mail meanwhile. Of all messages the share
// pass (0 to 1) does no harm and gets through, unless another one kills the filter
// under it; it is chosen by content, so one that kills does so at each try.
func (l *Lab) CrashLoopFilter(pass float64) error {
	return l.stoppedFilter(func(_, faulty *server) error {
		faulty.command = slices.Concat(
			[]string{"sh", "-c", restartScript, "restart.sh"},
			l.filterCommand("-pass", strconv.FormatFloat(pass, 'g', -1, 64)),
		)
		return startAgain(faulty)
	})
}

// SlowFilter lets the filter scan each message for that long before it hands it on, until
// StartFilter or StopFilter. The gateway accepts mail meanwhile, and waits for the filter
// with each message.
func (l *Lab) SlowFilter(scan time.Duration) error { return l.otherFilter("-delay", scan.String()) }

// stoppedFilter stops the filter, whichever it is, and goes on with one of the two.
func (l *Lab) stoppedFilter(then func(filter, faulty *server) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	filter, faulty := l.servers[Gateway+"/"+filterKind], l.servers[Gateway+"/"+faultyKind]
	err := errors.Join(filter.stop(), faulty.stop())
	if err == nil && then != nil {
		err = then(filter, faulty)
	}
	return err
}

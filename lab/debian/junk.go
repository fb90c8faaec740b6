package debian

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Which mail JunkAt files into Junk: tests of Sieve (RFC 5228 section 5).
const (
	JunkNothing = ""
	JunkAll     = "true"
	// JunkOutside is mail whose envelope sender is of OutsideSender's domain.
	JunkOutside = `envelope :domain "from" "provider.example"`
	// JunkMarked is mail that a filter has marked; see Alterations.
	JunkMarked = `header :contains "X-Spam-Flag" "YES"`
)

// JunkAt lets the store of a site file mail into its junk folder, by a Sieve script of
// its own, from the next delivery on, until JunkNothing. test says which: one of the
// constants above or any other test of Sieve. One that Sieve does not understand is an
// error and changes nothing. What Deliver puts into the INBOX is filed too.
func (l *Lab) JunkAt(host, test string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	h, err := l.site(host)
	if err == nil {
		err = l.junkAt(h, test)
	}
	if err != nil {
		return fmt.Errorf("filing mail of host %q into Junk: %w", host, err)
	}
	return nil
}

// NameJunk gives the junk folder of a site another name, in UTF-8, by which clients know
// it from then on only if they look for the attribute \Junk (RFC 6154): IMAP itself says
// it in modified UTF-7. "Junk" is the name in the beginning. The site's Dovecot is started
// anew. A folder of the former name stays, as one of many.
func (l *Lab) NameJunk(host, folder string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	h, err := l.site(host)
	if err == nil {
		err = l.nameJunk(h, folder)
	}
	if err != nil {
		return fmt.Errorf("naming the junk folder of host %q %q: %w", host, folder, err)
	}
	return nil
}

// junk is what a site's store does with unwanted mail.
type junk struct{ folder, test string }

// site finds a host that stores mail.
func (l *Lab) site(name string) (*Host, error) {
	h, err := l.host(name)
	if err == nil && !h.site() {
		err = fmt.Errorf("finding a store: host %q has none", name)
	}
	return h, err
}

func (l *Lab) nameJunk(h *Host, folder string) error {
	if folder == "" || strings.ContainsAny(folder, "\"\\./\r\n") {
		return errors.New(`want a name without quotes, dots and slashes`)
	}
	dovecot := l.servers[h.Name+"/dovecot"]
	if err := dovecot.stop(); err != nil {
		return err
	}
	j := l.junk[h.Name]
	j.folder = folder
	l.junk[h.Name] = j
	return errors.Join(l.writeFiles(h), l.junkAt(h, j.test), startAgain(dovecot))
}

// junkAt replaces the script, if there is one. Each has a file name of its own, since
// Dovecot compiles a script when it is newer than what it has compiled before, and file
// times are too coarse to tell.
func (l *Lab) junkAt(h *Host, test string) error {
	j := l.junk[h.Name]
	former, err := filepath.Glob(filepath.Join(h.sieveDir(), "*"))
	if err != nil {
		return err
	}
	if test != JunkNothing {
		script := "require [\"fileinto\", \"envelope\", \"body\", \"regex\"];\nif " + test + " { fileinto " + strconv.Quote(j.folder) + "; }\n"
		if err := h.addScript("junk-"+rand.Text()+".sieve", script); err != nil {
			return fmt.Errorf("trying the test %q: %w", test, err)
		}
	}
	for _, file := range former {
		err = errors.Join(err, os.Remove(file))
	}
	j.test = test
	l.junk[h.Name] = j
	return err
}

// sieveDir holds the scripts that Dovecot runs for each delivery, and what it has
// compiled.
func (h *Host) sieveDir() string { return filepath.Join(h.Dir, "sieve") }

// addScript puts a script where Dovecot runs it, when it can be compiled.
func (h *Host) addScript(name, text string) error {
	trial := filepath.Join(h.Dir, "trial.sieve")
	if err := os.WriteFile(trial, []byte(text), 0o644); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), deliverTimeout)
	defer cancel()
	// It writes no binary, but a listing of one.
	printed, err := asRoot(ctx, "/usr/bin/sievec", "-c", h.dovecotFile(), "-d", trial, "-").CombinedOutput()
	if err != nil {
		return fmt.Errorf("compiling: %w: sievec printed %q", err, printed)
	}
	return os.Rename(trial, filepath.Join(h.sieveDir(), name))
}

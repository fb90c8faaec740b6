package debian

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"
)

//go:embed templates/*.tmpl
var templates embed.FS

// view is what the templates of a host see.
type view struct {
	Host
	Site             bool
	Peer             *Host  // where mail for others goes: the gateway's site, a site's other site
	IMAP, IMAPS      string // of Dovecot itself, behind the wires
	TLSFile          string
	MailUID, MailGID string
	Clock            []string // the environment that puts clocks wrong; empty: they are right
	Junk             string   // the folder for unwanted mail
	Sieve            string   // a directory of scripts
	Policy           string   // a policy server's socket; empty: there is none
	Extra            Extra
}

// render fills a template in templates/.
func render(name string, data any) ([]byte, error) {
	functions := template.FuncMap{
		"bracket": bracketed,
		// YAML reads what JSON and Go quote.
		"quote": strconv.Quote,
		"join":  strings.Join,
		"host": func(address string) string {
			host, _, _ := net.SplitHostPort(address)
			return host
		},
		"port": func(address string) string {
			_, port, _ := net.SplitHostPort(address)
			return port
		},
	}
	parsed, err := template.New(name).Funcs(functions).ParseFS(templates, "templates/"+name)
	if err != nil {
		return nil, fmt.Errorf("parsing template %s: %w", name, err)
	}
	var text bytes.Buffer
	if err := parsed.Execute(&text, data); err != nil {
		return nil, fmt.Errorf("rendering template %s: %w", name, err)
	}
	return text.Bytes(), nil
}

// prepare writes the files of a host and makes its directories with their owners.
func (l *Lab) prepare(ctx context.Context, h *Host) error {
	if err := l.writeFiles(h); err != nil {
		return err
	}
	// As root, so that they are root's: else Postfix complains in its log.
	if err := asRoot(ctx, "mkdir", "-p", filepath.Join(h.Dir, "queue")).Run(); err != nil {
		return fmt.Errorf("making the queue of host %s: %w", h.Name, err)
	}
	// Knows the directories in a queue, their modes and owners.
	checked, err := asRoot(ctx, "/usr/sbin/postfix", "-c", h.postfixDir(), "check").CombinedOutput()
	if err != nil {
		return fmt.Errorf("making the queue of host %s: %w: postfix check printed %q", h.Name, err, checked)
	}
	if !h.site() {
		return nil
	}
	return errors.Join(makeStore(filepath.Join(h.Dir, "mail")), makeStore(h.sieveDir()))
}

func (l *Lab) writeFiles(h *Host) error {
	v := view{Host: *h, Site: h.site(), Peer: l.peer(h), TLSFile: h.tlsFile(), Clock: l.clocks[h.Name], Extra: l.wholeExtra(h.Name)}
	v.IMAP, v.IMAPS = h.dovecotIMAP, h.dovecotIMAPS
	v.Junk, v.Sieve, v.Policy = l.junk[h.Name].folder, h.sieveDir(), l.policy(h)
	var err error
	if v.MailUID, v.MailGID, err = mailOwner(); err != nil {
		return err
	}
	files := []string{filepath.Join(h.postfixDir(), "main.cf"), filepath.Join(h.postfixDir(), "master.cf")}
	if h.site() {
		files = append(files, h.dovecotFile())
	}
	for _, file := range files {
		name := filepath.Base(file)
		text, err := render(name+".tmpl", v)
		if err != nil {
			return err
		}
		if err := writeCold(file, text); err != nil {
			return fmt.Errorf("writing %s of host %s: %w", name, h.Name, err)
		}
	}
	return h.writePasswords()
}

// writeCold writes a file that looks a minute old: every Postfix program waits
// until its main.cf has not changed for a second, which adds up to two seconds
// for a start.
func writeCold(file string, text []byte) error {
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return err
	}
	earlier := time.Now().Add(-time.Minute)
	return os.Chtimes(file, earlier, earlier)
}

// peer is the host that mail which is not for h's own users goes to.
func (l *Lab) peer(h *Host) *Host {
	if h == &l.A {
		return &l.B
	}
	return &l.A
}

func (h *Host) writePasswords() error {
	if !h.site() {
		return nil
	}
	var text []byte
	for _, u := range h.Users {
		text = fmt.Appendf(text, "%s:{PLAIN}%s\n", u.Address, u.Password)
	}
	if err := os.WriteFile(filepath.Join(h.Dir, "passwd"), text, 0o600); err != nil {
		return fmt.Errorf("writing the passwords of host %s: %w", h.Name, err)
	}
	return nil
}

// mailOwner is who owns the Maildirs: the caller, so that tests can look into
// them, or Debian's mail user when the caller is root, since Dovecot refuses to
// deliver as root.
func mailOwner() (uid, gid string, err error) {
	if uid := os.Getuid(); uid != 0 {
		return strconv.Itoa(uid), strconv.Itoa(os.Getgid()), nil
	}
	mail, err := user.Lookup("mail")
	if err != nil {
		return "", "", fmt.Errorf("finding the owner of the mailboxes: %w", err)
	}
	return mail.Uid, mail.Gid, nil
}

// makeStore makes a directory that Dovecot writes to when it delivers, such as that of all
// Maildirs of a host; it makes the rest.
func makeStore(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the mail store: %w", err)
	}
	uid, gid, err := mailOwner()
	if err != nil {
		return err
	}
	u, _ := strconv.Atoi(uid)
	g, _ := strconv.Atoi(gid)
	if err := os.Chown(dir, u, g); err != nil {
		return fmt.Errorf("giving the mail store to its user: %w", err)
	}
	return nil
}

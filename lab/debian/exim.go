package debian

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Exim is the name of the optional host with an Exim, for WarnAfter and GiveUpAfter.
const Exim = "exim"

//go:embed templates/exim-fetch.sh
var eximFetchScript string

//go:embed templates/exim-root.sh
var eximRootScript string

// eximTimes are what WarnAfter and GiveUpAfter set, as Exim writes times; empty: as it
// does by itself.
type eximTimes struct{ warn, giveUp string }

// InstallExim downloads what an Exim of a Lab needs, with apt-get, into the user's
// cache, since Debian's package conflicts with that of Postfix and cannot be installed
// beside it. What apt-get prints goes to log. When it is there already it returns at
// once; calls of several processes wait for one another.
func InstallExim(ctx context.Context, log io.Writer) error {
	tree, err := eximTree()
	if err != nil {
		return fmt.Errorf("downloading Exim: %w", err)
	}
	if isThere(tree) {
		return nil
	}
	fetch := func() error {
		command := exec.CommandContext(ctx, "sh", "-c", eximFetchScript, "exim-fetch.sh", filepath.Dir(tree))
		command.Stdout, command.Stderr = log, log
		return command.Run()
	}
	err = fetch()
	if err != nil {
		// A machine whose lists of packages are old, or that has none, asks in vain.
		update := asRoot(ctx, "apt-get", "-o", "DPkg::Lock::Timeout=300", "-q", "update")
		update.Stdout, update.Stderr = log, log
		if err = update.Run(); err == nil {
			err = fetch()
		}
	}
	if err != nil {
		return fmt.Errorf("downloading Exim: %w: see what apt-get printed", err)
	}
	return nil
}

// eximTree is where InstallExim leaves what it has made, in one piece.
func eximTree() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "mailpath-lab")
	return filepath.Join(dir, "exim"), os.MkdirAll(dir, 0o700)
}

// layOutExim gives the Exim its address and a port.
func (l *Lab) layOutExim() error {
	if !l.options.Exim {
		return nil
	}
	l.Exim = Host{Name: Exim, Hostname: "relay.example.com", IP: cmp.Or(l.options.EximIP, "127.0.0.14"), Dir: filepath.Join(l.Dir, Exim)}
	held, err := net.Listen("tcp4", net.JoinHostPort(l.Exim.IP, "0"))
	if err != nil {
		return fmt.Errorf("finding a free port of %s for host %s: %w", l.Exim.IP, Exim, err)
	}
	defer held.Close()
	l.Exim.SMTP = held.Addr().String()
	l.servers[Exim+"/exim"] = &server{
		title:   "Exim",
		console: filepath.Join(l.Exim.Dir, "exim.console"),
		// In the foreground; it looks through its queue every second.
		command: []string{"chroot", l.eximRoot(), "/usr/sbin/exim4", "-bdf", "-q1s"},
		ports:   []port{{l.Exim.SMTP, "220 ", false}},
	}
	return nil
}

func (l *Lab) eximRoot() string { return filepath.Join(l.Exim.Dir, "root") }

// startExim prepares and starts the Exim, if there is to be one.
func (l *Lab) startExim(ctx context.Context) error {
	if !l.options.Exim {
		return nil
	}
	tree, err := eximTree()
	if err == nil && !isThere(tree) {
		err = fmt.Errorf("got no %s: see InstallExim", tree)
	}
	if err != nil {
		return fmt.Errorf("preparing Exim: %w", err)
	}
	uid, gid, err := mailOwner()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(l.Exim.Dir, 0o755); err != nil {
		return fmt.Errorf("preparing Exim: %w", err)
	}
	made, err := asRoot(ctx, "sh", "-c", eximRootScript, "exim-root.sh", tree, l.eximRoot(), uid, gid).CombinedOutput()
	if err != nil {
		return fmt.Errorf("preparing Exim: %w: making its root printed %q", err, made)
	}
	if err := l.writeExim(); err != nil {
		return err
	}
	return l.servers[Exim+"/exim"].start(ctx)
}

// writeExim writes Exim's configuration, which has to be root's.
func (l *Lab) writeExim() error {
	text, err := render("exim.conf.tmpl", struct {
		Host         *Host
		Sites        []*Host
		Warn, GiveUp string
	}{&l.Exim, []*Host{&l.A, &l.B}, l.exim.warn, l.exim.giveUp})
	if err != nil {
		return err
	}
	file := filepath.Join(l.Exim.Dir, "exim.conf")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return fmt.Errorf("writing Exim's configuration: %w", err)
	}
	to := filepath.Join(l.eximRoot(), "etc", "exim4", "exim4.conf")
	if output, err := asRoot(context.Background(), "install", "-m", "644", "-o", "root", "-g", "root", file, to).CombinedOutput(); err != nil {
		return fmt.Errorf("writing Exim's configuration: %w: install printed %q", err, output)
	}
	return nil
}

// setEximTime is setTime of the Exim.
func (l *Lab) setEximTime(name string, d time.Duration) error {
	text := ""
	if d > 0 {
		text = fmt.Sprintf("%ds", d/time.Second)
	}
	return l.control(Exim, "exim", func(s *server) error {
		if name == warnSetting {
			l.exim.warn = text
		} else {
			l.exim.giveUp = text
		}
		if err := l.writeExim(); err != nil {
			return err
		}
		return again(s)
	})
}

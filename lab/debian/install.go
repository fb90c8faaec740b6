package debian

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

//go:embed templates/install.sh
var installScript string

// packages are what a lab needs; sasl is not among them, since Postfix asks
// Dovecot over a socket.
func packages() []string {
	return []string{"postfix", "dovecot-core", "dovecot-imapd", "dovecot-lmtpd", "dovecot-sieve", "libfaketime", "postgrey"}
}

// Install makes sure that the packages a Lab runs are there, with apt-get and
// through sudo when the caller is not root. It starts no service and leaves none
// enabled that was not there before. What apt-get prints goes to log. When all
// is installed it returns within milliseconds; calls of several processes wait
// for one another.
func Install(ctx context.Context, log io.Writer) error {
	missing, err := missingPackages(ctx)
	if err != nil {
		return err
	}
	if len(missing) == 0 {
		return nil
	}
	command := asRoot(ctx, "sh", append([]string{"-c", installScript, "install.sh"}, packages()...)...)
	command.Stdout, command.Stderr = log, log
	if err := command.Run(); err != nil {
		return fmt.Errorf("installing %s: %w: see what apt-get printed; a conflicting mail server has to be removed by hand", strings.Join(missing, " "), err)
	}
	missing, err = missingPackages(ctx)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("installing packages: got no %s afterwards: see what apt-get printed", strings.Join(missing, " "))
	}
	return err
}

// missingPackages asks dpkg, not the file system: a package that another process
// is just unpacking has its files, but no users yet.
func missingPackages(ctx context.Context) ([]string, error) {
	command := exec.CommandContext(ctx, "dpkg-query", append([]string{"-W", "-f=${db:Status-Abbrev}${Package}\n"}, packages()...)...)
	listed, err := command.Output()
	var exited *exec.ExitError // dpkg-query exits 1 when it does not know a package
	if err != nil && !errors.As(err, &exited) {
		return nil, fmt.Errorf("asking dpkg for packages: %w: the lab runs on Debian and its relatives only", err)
	}
	var missing []string
	for _, name := range packages() {
		if !bytes.Contains(listed, []byte("ii "+name+"\n")) {
			missing = append(missing, name)
		}
	}
	return missing, ctx.Err()
}

// asRoot is a command run as root: directly when the caller is root, else
// through sudo, which must not ask for a password.
func asRoot(ctx context.Context, name string, args ...string) *exec.Cmd {
	if os.Geteuid() == 0 {
		return exec.CommandContext(ctx, name, args...)
	}
	return exec.CommandContext(ctx, "sudo", append([]string{"-n", "--", name}, args...)...)
}

package browser

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

//go:embed install.sh
var installScript string

// packages are what a Browser needs. Without the fonts, Chromium draws boxes.
func packages() []string { return []string{"chromium", "fonts-dejavu-core"} }

// Install makes sure that Chromium and axe-core are there: with apt-get, through sudo when
// the caller is not root, and with npm, whose package is installed only if there is none.
// What these print goes to log. When all is there it returns within milliseconds; calls of
// several processes wait for one another.
func Install(ctx context.Context, log io.Writer) error {
	if err := installPackages(ctx, log, packages()...); err != nil {
		return err
	}
	if _, err := axeSource(); err == nil {
		return nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		if err := installPackages(ctx, log, "npm"); err != nil {
			return err
		}
	}
	return fetchAxe(ctx, log)
}

func installPackages(ctx context.Context, log io.Writer, names ...string) error {
	missing, err := missingPackages(ctx, names)
	if err != nil || len(missing) == 0 {
		return err
	}
	command := asRoot(ctx, "sh", append([]string{"-c", installScript, "install.sh"}, missing...)...)
	command.Stdout, command.Stderr = log, log
	if err := command.Run(); err != nil {
		return fmt.Errorf("installing %s: %w: see what apt-get printed", strings.Join(missing, " "), err)
	}
	missing, err = missingPackages(ctx, names)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("installing packages: got no %s afterwards: see what apt-get printed", strings.Join(missing, " "))
	}
	return err
}

// missingPackages asks dpkg, not the file system: a package that another process is just
// unpacking has only some of its files.
func missingPackages(ctx context.Context, names []string) ([]string, error) {
	command := exec.CommandContext(ctx, "dpkg-query", append([]string{"-W", "-f=${db:Status-Abbrev}${Package}\n"}, names...)...)
	listed, err := command.Output()
	var exited *exec.ExitError // dpkg-query exits 1 when it does not know a package
	if err != nil && !errors.As(err, &exited) {
		return nil, fmt.Errorf("asking dpkg for packages: %w: the browser is that of Debian and its relatives", err)
	}
	var missing []string
	for _, name := range names {
		if !bytes.Contains(listed, []byte("ii "+name+"\n")) {
			missing = append(missing, name)
		}
	}
	return missing, ctx.Err()
}

// asRoot is a command run as root: directly when the caller is root, else through sudo,
// which must not ask for a password.
func asRoot(ctx context.Context, name string, args ...string) *exec.Cmd {
	if os.Geteuid() == 0 {
		return exec.CommandContext(ctx, name, args...)
	}
	return exec.CommandContext(ctx, "sudo", append([]string{"-n", "--", name}, args...)...)
}

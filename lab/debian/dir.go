package debian

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// removeDir goes through root: files of the servers belong to their users.
func removeDir(dir string) error {
	if err := asRoot(context.Background(), "rm", "-rf", "--", dir).Run(); err != nil {
		return fmt.Errorf("removing %s: %w", dir, err)
	}
	return nil
}

// makeDir finds or makes the lab's directory and sees that others can reach it.
func (l *Lab) makeDir() error {
	if l.Dir = l.options.Dir; l.Dir == "" {
		dir, err := os.MkdirTemp("", "mailpath-lab-")
		if err != nil {
			return fmt.Errorf("making the lab's directory: %w", err)
		}
		l.Dir, l.ownDir = dir, true
		if err := os.Chmod(dir, 0o755); err != nil {
			return fmt.Errorf("opening the lab's directory: %w", err)
		}
	}
	dir, err := filepath.Abs(l.Dir)
	if err != nil {
		return fmt.Errorf("finding the lab's directory: %w", err)
	}
	l.Dir = dir
	return reachable(dir)
}

// maxDir leaves room for the names of sockets within the 107 bytes of a path
// (unix(7)).
const maxDir = 70

// reachable says whether any user can enter a directory: Postfix and Dovecot run
// under users of their own.
func reachable(dir string) error {
	if len(dir) > maxDir {
		return fmt.Errorf("checking directory %s: %d bytes long, want at most %d: sockets below it would not fit", dir, len(dir), maxDir)
	}
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return fmt.Errorf("checking directory %s: %w", dir, err)
		}
		if !info.IsDir() || info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("checking directory %s: %s has mode %v, want a directory that others may enter: chmod o+x, or leave Dir empty", dir, at, info.Mode())
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

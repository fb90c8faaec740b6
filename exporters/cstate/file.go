package cstate

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// marker is the line of the front matter by which a file of ours is known.
func marker(id string) string { return "mailpath: " + quoted(id) }

// fileOf is the name of an incident's file. IDs are made by mailpath; what else an ID
// might hold leads nowhere else.
func fileOf(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, id[:min(len(id), 100)]) + ".md"
}

// ours gives what stands in the file of an incident; nil: there is none. A file without the
// marker is somebody else's, and an error.
func ours(path, id string) ([]byte, error) {
	old, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the page of an incident: %w", err)
	}
	rest, front := bytes.CutPrefix(old, []byte("---"))
	head, _, _ := bytes.Cut(rest, []byte("\n---"))
	for line := range bytes.Lines(head) {
		if front && string(bytes.TrimSpace(line)) == marker(id) {
			return old, nil
		}
	}
	return nil, fmt.Errorf("writing the page of an incident: %s is there and has no line %q: it is not ours, move it away", path, marker(id))
}

// put writes the file of an incident, unless that is what stands there. A reader, or a loss of
// power, finds the old one or the new one, whole.
func put(dir, id string, text []byte) error {
	path := filepath.Join(dir, fileOf(id))
	old, err := ours(path, id)
	if err != nil || bytes.Equal(old, text) {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the directory for incidents: %w", err)
	}
	// Hugo has no eyes for files that begin with a dot.
	temp, err := os.CreateTemp(dir, ".mailpath-*.tmp")
	if err != nil {
		return fmt.Errorf("writing the page of an incident: %w", err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Chmod(0o644), temp.Sync(), temp.Close()); err != nil {
		return fmt.Errorf("writing the page of an incident: %w", err)
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return fmt.Errorf("writing the page of an incident: %w", err)
	}
	return syncDir(dir)
}

// remove removes the file of an incident, if there is one and it is ours.
func remove(dir, id string) error {
	path := filepath.Join(dir, fileOf(id))
	old, err := ours(path, id)
	if err != nil || old == nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("removing the page of an incident: %w", err)
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("syncing the directory for incidents: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("syncing the directory for incidents: %w", err)
	}
	return nil
}

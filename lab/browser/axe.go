package browser

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// The package that is asked for, and the SHA-512 of it as npm writes it in lock files.
const (
	axePackage = "axe-core@4.14.1"
	axeFile    = "axe-core-4.14.1.tgz"
	axeSum     = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
	axeScript  = "package/axe.min.js" // in it
)

// axePath is where the package is kept, as it came.
func axePath() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "mailpath-lab")
	return filepath.Join(dir, axeFile), os.MkdirAll(dir, 0o700)
}

// fetchAxe downloads the package. It is moved to its place in one piece, so that calls of
// several processes do not meet.
func fetchAxe(ctx context.Context, log io.Writer) error {
	path, err := axePath()
	if err != nil {
		return fmt.Errorf("downloading %s: %w", axePackage, err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), "axe-")
	if err != nil {
		return fmt.Errorf("downloading %s: %w", axePackage, err)
	}
	defer os.RemoveAll(dir)
	command := exec.CommandContext(ctx, "npm", "pack", "--ignore-scripts", "--no-update-notifier", "--pack-destination", dir, axePackage)
	command.Dir = dir
	command.Stdout, command.Stderr = log, log
	if err := command.Run(); err != nil {
		return fmt.Errorf("downloading %s: %w: see what npm printed", axePackage, err)
	}
	got := filepath.Join(dir, axeFile)
	if _, err := readAxe(got); err != nil {
		return fmt.Errorf("downloading %s: %w", axePackage, err)
	}
	if err := os.Rename(got, path); err != nil {
		return fmt.Errorf("downloading %s: %w", axePackage, err)
	}
	return nil
}

// axeSource is the script, from the package that Install has left.
func axeSource() (string, error) {
	path, err := axePath()
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", axePackage, err)
	}
	source, err := readAxe(path)
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w: call Install before", err)
	}
	return source, err
}

// readAxe reads the script from the package, if that is the one that is meant.
func readAxe(path string) (string, error) {
	packed, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", axePackage, err)
	}
	sum := sha512.Sum512(packed)
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != axeSum {
		return "", fmt.Errorf("reading %s: got a file with the SHA-512 %s, want %s", path, got, axeSum)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if err != nil {
			return "", fmt.Errorf("looking for %s in %s: %w", axeScript, path, err)
		}
		if header.Name == axeScript {
			source, err := io.ReadAll(files)
			return string(source), err
		}
	}
}

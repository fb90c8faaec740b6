package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// Secret says where a secret stands: in a file or in an environment variable. It
// never holds the secret, so nothing that prints a Secret or a Config can tell it. What
// stands in the configuration itself, where that is allowed, is none.
type Secret struct {
	file, env, plain string // all but one of them are empty
}

// SecretInFile is a secret that stands in a file.
func SecretInFile(path string) Secret { return Secret{file: path} }

// SecretInEnv is a secret that stands in an environment variable.
func SecretInEnv(name string) Secret { return Secret{env: name} }

// Plainly is what is no secret, where one is wanted.
func Plainly(value string) Secret { return Secret{plain: value} }

// Value reads the secret, anew at each call: a rotated one just works. One newline
// at its end is cut off, since most editors leave one. An empty secret is an error.
func (s Secret) Value() (string, error) {
	value, err := s.read()
	if err != nil {
		return "", fmt.Errorf("reading a secret from %s: %w", s, err)
	}
	value = strings.TrimSuffix(strings.TrimSuffix(value, "\n"), "\r")
	if value == "" {
		return "", fmt.Errorf("reading a secret from %s: got nothing, want the secret on one line", s)
	}
	return value, nil
}

func (s Secret) read() (string, error) {
	if s.plain != "" {
		return s.plain, nil
	}
	if s.env == "" {
		data, err := os.ReadFile(s.file)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return "", fmt.Errorf("%w; create the file, or mount it", err)
		case errors.Is(err, os.ErrPermission):
			return "", fmt.Errorf("%w; let user id %d read it", err, os.Getuid())
		}
		return string(data), err
	}
	value, set := os.LookupEnv(s.env)
	if !set {
		return "", errors.New("it is not set; set it for the process")
	}
	return value, nil
}

// String says where the secret stands.
func (s Secret) String() string {
	switch {
	case s.env != "":
		return "environment variable " + s.env
	case s.plain != "":
		return "the configuration"
	}
	return "file " + s.file
}

// GoString says where the secret stands.
func (s Secret) GoString() string { return s.String() }

// LogValue says where the secret stands.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText says where the secret stands, to JSON, YAML and all the others.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

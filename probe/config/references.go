package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.yaml.in/yaml/v4"

	"github.com/mailpath/mailpath/probe"
)

// reference is something outside the configuration that it names.
type reference struct {
	node  *yaml.Node
	where string
	read  func() error
}

// refersTo notes what a key names, for LoadAndRead.
func (f *fields) refersTo(key string, read func() error) {
	if n := f.values[key]; n != nil {
		f.references = append(f.references, reference{n, f.path(key), read})
	}
}

// LoadAndRead is Load, and reads once all that the configuration refers to: keys,
// passwords, certificates. What cannot be read is a problem like all others; of the keys
// that sign messages the caller tells it.
func LoadAndRead(path string, signing func(DKIM) error) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	r := newReader(path)
	r.signing = signing
	c, _ := r.parse(data)
	for _, ref := range r.references {
		if err := ref.read(); err != nil {
			r.wrong(ref.node, ref.where, "%v", err)
		}
	}
	if len(r.problems) > 0 {
		return nil, r.problems.sorted()
	}
	return c, nil
}

// readable tells why a secret cannot be used, without telling the secret.
func (s Secret) readable() error {
	_, err := s.Value()
	return err
}

// aTagKey tells why a secret is no tag key.
func (s Secret) aTagKey() error {
	text, err := s.Value()
	if err != nil {
		return err
	}
	_, err = probe.ParseKey(text)
	return err
}

// certificates tells why a file has no certificates to trust.
func certificates(path string) error {
	pem, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; want a file of PEM certificates", err)
	case err != nil:
		return err
	case !x509.NewCertPool().AppendCertsFromPEM(pem):
		return fmt.Errorf("got %d bytes without a certificate in %s, want PEM", len(pem), path)
	}
	return nil
}

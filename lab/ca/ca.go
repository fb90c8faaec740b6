// Package ca is a certificate authority made on the spot, for mail servers of a
// lab and for tests that need TLS.
//
// New makes a root that lives in memory only; Issue signs a server certificate
// with it. What trusts the root takes Pool (Go) or PEM (a file for others); what
// serves takes the tls.Certificate, or CertificatePEM and KeyPEM as files. No
// function reads a clock: the time comes in as a parameter, so that certificates
// are valid in bubbles of testing/synctest, whose clock begins in the year 2000.
package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"time"
)

const (
	// before allows for a peer whose clock is behind, and for tests that step it back.
	before = 24 * time.Hour
	// after outlives every test that lets fake hours and days go by.
	after = 10 * 365 * 24 * time.Hour
)

// Authority is a root certificate with its key. It is safe for concurrent use.
type Authority struct {
	root *x509.Certificate
	key  *ecdsa.PrivateKey
}

// New makes an authority valid from a day before now until ten years after.
func New(now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the authority's key: %w", err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "mailpath lab authority"},
		NotBefore:             now.Add(-before),
		NotAfter:              now.Add(after),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	// A nil serial number asks for a random one.
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("signing the authority's certificate: %w", err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parsing the authority's certificate: %w", err)
	}
	return &Authority{root: root, key: key}, nil
}

// PEM is the root certificate in the form that ca_file settings read.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
}

// Pool holds the root certificate alone; every call returns a pool of its own.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// Issue signs a server certificate for DNS names and IP addresses, at least one,
// valid as long as the authority.
func (a *Authority) Issue(names ...string) (tls.Certificate, error) {
	return a.IssueBetween(a.root.NotBefore, a.root.NotAfter, names...)
}

// IssueBetween signs like Issue, valid between two times: for certificates that
// have expired, will expire soon or are not valid yet.
func (a *Authority) IssueBetween(from, until time.Time, names ...string) (tls.Certificate, error) {
	if len(names) == 0 {
		return tls.Certificate{}, errors.New("issuing a certificate: got no names, want at least one: pass the host name or IP address that clients connect to")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a key for %q: %w", names, err)
	}
	der, err := x509.CreateCertificate(rand.Reader, server(from, until, names), a.root, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("signing a certificate for %q: %w", names, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("parsing the certificate for %q: %w", names, err)
	}
	return tls.Certificate{Certificate: [][]byte{der, a.root.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// server is the template of a server certificate. The names stand in the
// subjectAltName extension, where clients look (RFC 6125 section 6.4.4).
func server(from, until time.Time, names []string) *x509.Certificate {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: names[0]},
		NotBefore:   from,
		NotAfter:    until,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, // of clients that prove who they are, too
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return template
}

// CertificatePEM is the chain of a certificate, leaf first, for a server's file.
func CertificatePEM(certificate tls.Certificate) []byte {
	var text []byte
	for _, der := range certificate.Certificate {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return text
}

// KeyPEM is the private key of a certificate in PKCS #8, for a server's file.
func KeyPEM(certificate tls.Certificate) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("encoding a private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

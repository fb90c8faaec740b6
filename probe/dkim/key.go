package dkim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Sizes of RSA keys, in bits (RFC 8301 section 3.2).
const (
	leastBits = 1024 // with fewer a signature counts for nothing
	goodBits  = 2048 // signers should have at least so many
	mostBits  = 4096 // verifiers need not be able to check more
)

// privateKey is a key to sign with.
type privateKey struct {
	signer  crypto.Signer
	kind    string // as k= names it
	public  string // as p= has it
	warning string
}

var errWanted = errors.New("want a private key in PEM, RSA of 1024 bits or more or Ed25519; `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048` makes one")

// parseKey reads the first private key in a text. Its errors tell nothing of the key.
func parseKey(text string) (privateKey, error) {
	var got []string
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if key, err := parseBlock(block); err != nil || key.signer != nil {
			return key, err
		}
		got = append(got, fmt.Sprintf("%q", block.Type))
	}
	if len(got) == 0 {
		return privateKey{}, fmt.Errorf("got %d bytes without PEM, %w", len(text), errWanted)
	}
	return privateKey{}, fmt.Errorf("got %s, %w", strings.Join(got, ", "), errWanted)
}

// parseBlock reads a block of PEM. One that is no private key, such as a certificate, gives
// neither key nor error.
func parseBlock(block *pem.Block) (privateKey, error) {
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		if block.Headers["DEK-Info"] != "" {
			return privateKey{}, fmt.Errorf("got an encrypted key, %w", errWanted)
		}
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		return privateKey{}, fmt.Errorf("got an encrypted key, %w", errWanted)
	default:
		return privateKey{}, nil
	}
	if err != nil {
		return privateKey{}, fmt.Errorf("got a damaged %q (%w), %w", block.Type, err, errWanted)
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return rsaKey(key)
	case ed25519.PrivateKey:
		return privateKey{signer: key, kind: "ed25519", public: base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))}, nil
	}
	return privateKey{}, fmt.Errorf("got a key of type %T, %w", key, errWanted)
}

func rsaKey(key *rsa.PrivateKey) (privateKey, error) {
	bits := key.N.BitLen()
	if bits < leastBits {
		return privateKey{}, fmt.Errorf("got an RSA key of %d bits, %w", bits, errWanted)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return privateKey{}, fmt.Errorf("writing the public key: %w", err)
	}
	k := privateKey{signer: key, kind: "rsa", public: base64.StdEncoding.EncodeToString(public)}
	switch {
	case bits < goodBits:
		k.warning = fmt.Sprintf("has %d bits, want %d or more: some receivers count such a signature for nothing", bits, goodBits)
	case bits > mostBits:
		k.warning = fmt.Sprintf("has %d bits, want %d or fewer: receivers need not be able to check more", bits, mostBits)
	}
	return k, nil
}

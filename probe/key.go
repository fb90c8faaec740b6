package probe

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// base32Text writes bytes as lower-case letters and digits: it survives
// everything that mail systems do to a Message-ID or a Subject.
var base32Text = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// keyBytes is the size of a key: that of the hash it is used with (RFC 2104 section 3).
const keyBytes = sha256.Size

// keyPrefix begins the text form of a key, so that a wrong file is noticed.
const keyPrefix = "mailpath-key-1:"

// Key signs tags. It never prints: String, GoString and LogValue give its id only.
type Key struct {
	id     string
	secret [keyBytes]byte
}

// NewKey makes a key from the random source, usually crypto/rand.Reader.
func NewKey(random io.Reader) (Key, error) {
	var secret [keyBytes]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return Key{}, fmt.Errorf("making a tag key: %w", err)
	}
	return keyOf(secret), nil
}

// ParseKey reads a key's text form, white space around it allowed.
func ParseKey(text string) (Key, error) {
	encoded, found := strings.CutPrefix(strings.TrimSpace(text), keyPrefix)
	if !found {
		return Key{}, fmt.Errorf("reading a tag key: got %d bytes that do not begin with %q; `mailpath config key` makes a key", len(text), keyPrefix)
	}
	raw, err := base32Text.DecodeString(encoded)
	if err != nil || len(raw) != keyBytes {
		return Key{}, fmt.Errorf("reading a tag key: got %d characters after %q, want %d of base32; `mailpath config key` makes a key",
			len(encoded), keyPrefix, base32Text.EncodedLen(keyBytes))
	}
	return keyOf([keyBytes]byte(raw)), nil
}

func keyOf(secret [keyBytes]byte) Key {
	sum := sha256.Sum256(append([]byte("mailpath key id\n"), secret[:]...))
	return Key{id: base32Text.EncodeToString(sum[:5])[:keyIDLength], secret: secret}
}

const keyIDLength = 4

// Reveal is the key's text form, the one thing that prints it.
func (k Key) Reveal() string { return keyPrefix + base32Text.EncodeToString(k.secret[:]) }

// ID tells keys apart; it says nothing about the key.
func (k Key) ID() string { return k.id }

// String gives the id only.
func (k Key) String() string { return "key " + k.id }

// GoString gives the id only.
func (k Key) GoString() string { return k.String() }

// LogValue gives the id only.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// mac is the HMAC-SHA-256 (RFC 2104) of text for one use of the key.
func (k Key) mac(use, text string) []byte {
	h := hmac.New(sha256.New, k.secret[:])
	io.WriteString(h, use+"\n"+text)
	return h.Sum(nil)
}

// Keyring holds the keys of a prober: the first signs, all verify.
type Keyring struct {
	prober string
	keys   []Key
}

// NewKeyring gives a prober its keys. At least one is needed.
func NewKeyring(prober string, keys ...Key) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("making a key ring for prober %q: got no key, want at least one", prober)
	}
	return &Keyring{prober: prober, keys: keys}, nil
}

// Prober is whose key ring it is.
func (r *Keyring) Prober() string { return r.prober }

// signer is the key that signs.
func (r *Keyring) signer() Key { return r.keys[0] }

// byID gives the keys with an id: one, save for a collision.
func (r *Keyring) byID(id string) []Key {
	var found []Key
	for _, k := range r.keys {
		if k.id == id {
			found = append(found, k)
		}
	}
	return found
}

// randomNonce is 16 bytes nobody can guess; crypto/rand.Read never fails.
func randomNonce() []byte {
	nonce := make([]byte, 16)
	rand.Read(nonce)
	return nonce
}

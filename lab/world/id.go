package world

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// The digits that ids are written in: Postfix leaves out the vowels so that ids
// spell no words, Exim and amavis take all letters.
const (
	postfixDigits = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
	eximDigits    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// inDigits writes n in a system of digits, with leading zeros up to width.
func inDigits(n uint64, digits string, base uint64, width int) string {
	var text []byte
	for n > 0 || len(text) < width {
		text = append([]byte{digits[n%base]}, text...)
		n /= base
	}
	return string(text)
}

// postfixID is a long queue id: seconds, microseconds, the letter z and the inode
// of the queue file, which is written without z.
func postfixID(s stamp) string {
	const all = uint64(len(postfixDigits))
	return inDigits(uint64(s.at.Unix()), postfixDigits, all, 6) +
		inDigits(uint64(s.at.Nanosecond()/1000), postfixDigits, all, 4) + "z" +
		inDigits(1<<20+s.random.Uint64N(1<<24), postfixDigits, all-1, 1)
}

// eximID is a message id of Exim 4.97 and newer: seconds, process id, fraction.
func eximID(s stamp) string {
	const base = uint64(len(eximDigits))
	return inDigits(uint64(s.at.Unix()), eximDigits, base, 6) + "-" +
		inDigits(1000+s.random.Uint64N(1<<22), eximDigits, base, 11) + "-" +
		inDigits(s.random.Uint64N(base*base*base*base), eximDigits, base, 4)
}

// amavisID is the id of one scan.
func amavisID(s stamp) string {
	const base = uint64(len(eximDigits))
	var id strings.Builder
	for range 12 {
		id.WriteByte(eximDigits[s.random.Uint64N(base)])
	}
	return id.String()
}

// dovecotID is a delivery's session id: binary, as base64 without padding.
func dovecotID(s stamp) string {
	raw := binary.LittleEndian.AppendUint64(nil, uint64(s.at.Unix()))
	raw = binary.LittleEndian.AppendUint64(raw, s.random.Uint64())
	return base64.RawStdEncoding.EncodeToString(raw)
}

// swappedHex is how a Symantec Messaging Gateway writes the second into its ids:
// little-endian bytes in hex, the two digits of each exchanged.
func swappedHex(second uint32) string {
	var text strings.Builder
	for _, b := range binary.LittleEndian.AppendUint32(nil, second) {
		fmt.Fprintf(&text, "%02X", b<<4|b>>4)
	}
	return text.String()
}

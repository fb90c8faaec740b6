// Package probetest holds one conformance suite for each interface of package
// probe. The same suite is run against every implementation, in the process and
// against real servers: whoever adds one adds a fixture and a line.
package probetest

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Arena runs one test: in a bubble of simulated time, or in the open.
type Arena func(t *testing.T, test func(t *testing.T))

// Bubble is an arena of simulated time (package testing/synctest).
func Bubble(t *testing.T, test func(t *testing.T)) { t.Helper(); synctest.Test(t, test) }

// Open is an arena of real time, for real servers.
func Open(t *testing.T, test func(t *testing.T)) { t.Helper(); test(t) }

// errStop ends a watch or a follower from inside.
var errStop = errors.New("the test has seen enough")

// patience bounds every wait of a suite.
const patience = 30 * time.Second

// Keyring is a key ring of prober "conformance" with a fixed key.
func Keyring() *probe.Keyring {
	key, err := probe.NewKey(bytes.NewReader(bytes.Repeat([]byte{42}, 32)))
	if err != nil {
		panic(err)
	}
	ring, err := probe.NewKeyring("conformance", key)
	if err != nil {
		panic(err)
	}
	return ring
}

// prose is the payload of the suites' messages.
type prose struct{}

func (prose) Name() string          { return "plain" }
func (prose) Text(probe.Tag) string { return "This message checks that mail arrives.\n" }

// Message composes a new message of ours.
func Message(clock probe.Clock, from, to string) *probe.Message {
	p := probe.Probe{
		Route:   probe.Route{Name: "conformance", From: from, To: to},
		Payload: prose{}, Every: time.Minute, LateAfter: time.Minute, LostAfter: time.Hour, Expect: probe.ExpectDelivered,
	}
	return probe.Compose(p, Keyring(), probe.NewTag("conformance", p, probe.Manual, clock.Now(), clock.Now()))
}

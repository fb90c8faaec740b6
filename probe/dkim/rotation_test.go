package dkim_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/dkim"
)

// A key that is put in place of another is used from the next message on.
func TestRotation(t *testing.T) {
	t.Parallel()
	file := write(t, pkcs8(t, edKey(t)))
	s := signer(t, file)
	before := record(t, s)
	if err := verify(sign(t, s, compose(t)), 1, before); err != nil {
		t.Fatal(err)
	}
	must(t, os.WriteFile(string(file), []byte(pkcs8(t, edKey(t))), 0o600))
	m := sign(t, s, compose(t))
	if err := verify(m, 1, before); err == nil {
		t.Error("signed with the old key, want the new one")
	}
	if err := verify(m, 1, record(t, s)); err != nil {
		t.Error(err)
	}
	must(t, os.WriteFile(string(file), nil, 0o600))
	if _, err := s.Sign(compose(t)); !errors.Is(err, probe.ErrOurs) || !strings.Contains(err.Error(), string(file)) {
		t.Errorf("an empty file: got %v, want an error of ours that names it", err)
	}
	must(t, os.Remove(string(file)))
	if _, err := s.Sign(compose(t)); !errors.Is(err, probe.ErrOurs) || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), string(file)) {
		t.Errorf("no file: got %v, want an error of ours that names it", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	keys := []string{pkcs8(t, edKey(t)), pkcs8(t, edKey(t))}
	file := write(t, keys[0])
	records := []dkim.Record{record(t, signer(t, file)), record(t, signer(t, write(t, keys[1])))}
	s, raw := signer(t, file), compose(t)
	before := bytes.Clone(raw)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				m, err := s.Sign(raw)
				valid := func(r dkim.Record) bool { return verify(string(m), 1, r) == nil }
				if err != nil || !slices.ContainsFunc(records, valid) {
					t.Errorf("got %v and %q, want it valid by one of the keys", err, m[:min(len(m), 500)])
				}
			}
		})
	}
	for i := range 20 {
		next := filepath.Join(t.TempDir(), "next")
		must(t, os.WriteFile(next, []byte(keys[i%2]), 0o600))
		must(t, os.Rename(next, string(file)))
	}
	all.Wait()
	if !bytes.Equal(raw, before) {
		t.Error("the message that was given has changed")
	}
}

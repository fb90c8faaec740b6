package config_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
)

func TestDefaults(t *testing.T) {
	got := parse(t, "/etc/minimal.yaml", string(read(t, "testdata/good/minimal.yaml")))
	got.Notes, got.Warnings = nil, nil
	want := &config.Config{
		Prober: "p1",
		Senders: []config.Sender{{Name: "out", From: "probe@example.org",
			SMTP: config.SMTP{Server: "smtp.example.org:587", TLS: probe.StartTLS, EHLO: "example.org"}}},
		Mailboxes: []config.Mailbox{{Name: "hq", Address: "probe@example.com", Folders: []string{"INBOX", `\Junk`}, Clean: true,
			IMAP: config.IMAP{Server: "imap.example.com:993", TLS: probe.ImplicitTLS,
				Auth: &config.Auth{Username: "probe", Password: config.SecretInEnv("HQ_PASSWORD")}}}},
		Routes: []config.Route{{Name: "in", Direction: probe.Inbound, Sender: "out", Mailbox: "hq"}},
		Probes: []config.Probe{{Route: "in", Payload: "plain", Every: time.Minute,
			LateAfter: time.Minute, LostAfter: 4 * time.Hour, Expect: probe.ExpectDelivered}},
		Status: config.Status{Language: "en", TimeZone: time.UTC, UpdateEvery: 20 * time.Minute},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// Each server of a list has a sender, and each such sender a route, of its own.
func TestServersBecomeSenders(t *testing.T) {
	c := parse(t, "servers.yaml", string(read(t, "testdata/good/servers.yaml")))
	var senders []string
	for _, s := range c.Senders {
		senders = append(senders, s.Name)
	}
	want := []string{
		"labels@mx1", "labels@mx2",
		"hosts@mx.one.example", "hosts@mx.two.example", "hosts@other",
		"ports@mx-25", "ports@mx-26",
		"addresses@192.0.2.1", "addresses@2001-db8--1", "addresses@1", "addresses@127.0.0.1-26", "addresses@127.0.0.1-27",
		"single",
	}
	if !reflect.DeepEqual(senders, want) {
		t.Errorf("got senders\n%q\nwant\n%q", senders, want)
	}
	var routes []string
	for _, p := range c.Probes {
		routes = append(routes, p.Route)
	}
	if want := []string{"by-label@mx1", "by-label@mx2", "by-one", "by-port@mx-26"}; !reflect.DeepEqual(routes, want) {
		t.Errorf("got probes on %q, want %q", routes, want)
	}
}

package main

import (
	"crypto/tls"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/mailpath/mailpath/lab/debian"
)

// idler is the bare client that others would write: it waits in IDLE (RFC 2177),
// and fetches what it is told of.
type idler struct {
	t       testing.TB
	client  *imapclient.Client
	pushes  chan push
	stop    chan struct{}
	ended   sync.WaitGroup
	known   uint32 // messages in the mailbox
	noticed []sighting
	err     error // why it ended before its time
}

// push is an EXISTS, and when it came.
type push struct {
	messages uint32
	at       time.Time
}

func startIdler(t testing.TB, host debian.Host, roots *tls.Config) *idler {
	t.Helper()
	c := &idler{t: t, pushes: make(chan push, 1000), stop: make(chan struct{})}
	var err error
	c.client, err = imapclient.DialTLS(host.IMAPS, &imapclient.Options{TLSConfig: roots, UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil {
				c.pushes <- push{*data.NumMessages, time.Now()}
			}
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.client.Login(host.Users[0].Address, host.Users[0].Password).Wait(); err != nil {
		t.Fatal(err)
	}
	selected, err := c.client.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		t.Fatal(err)
	}
	c.known = selected.NumMessages
	c.ended.Go(func() { c.err = c.run() })
	t.Cleanup(func() { c.client.Close() })
	return c
}

// run waits and fetches in turn.
func (c *idler) run() error {
	for {
		idle, err := c.client.Idle()
		if err != nil {
			return err
		}
		var told push
		stopping := false
		select {
		case told = <-c.pushes:
		case <-c.stop:
			stopping = true
		}
		if err := errors.Join(idle.Close(), idle.Wait()); err != nil || stopping {
			return err
		}
		if told.messages > c.known {
			if err := c.fetch(told); err != nil {
				return err
			}
		}
	}
}

// fetch reads the headers of the messages that a push told of; they were noticed
// when it came.
func (c *idler) fetch(p push) error {
	header := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, Peek: true}
	fresh := imap.SeqSet{{Start: c.known + 1, Stop: p.messages}}
	found, err := c.client.Fetch(fresh, &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{header}}).Collect()
	if err != nil {
		return err
	}
	for _, m := range found {
		c.noticed = append(c.noticed, sighting{p.at, m.FindBodySection(header)})
	}
	c.known = p.messages
	return nil
}

// end gives what was noticed, and ends the client.
func (c *idler) end() []sighting {
	close(c.stop)
	c.ended.Wait()
	if c.err != nil {
		c.t.Errorf("the client in IDLE: %v", c.err)
	}
	return c.noticed
}

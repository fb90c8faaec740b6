package main

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/mailpath/mailpath/lab/ca"
	"github.com/mailpath/mailpath/lab/world"
	"github.com/mailpath/mailpath/probe"
)

//go:embed mailpath.yaml.tmpl
var configTemplate string

// view is what the template of the configuration sees.
type view struct {
	TagKey, CAFile string
	SMTP           string
	Sender         world.Sender
	Silent         string // the address of a server that says nothing; empty: none
	Mailboxes      []mailbox
	Routes         []probe.Route
	Every          time.Duration
}

// mailbox is one of the crowd.
type mailbox struct{ Name, Address, Username, PasswordFile, IMAP string }

// write writes the configuration, and what it names into a directory.
func (v view) write(w *world.World, dir, path string) error {
	v.TagKey, v.CAFile, v.SMTP = filepath.Join(dir, "tag.key"), filepath.Join(dir, "ca.pem"), w.SMTP(v.Sender.Entry)
	key, err := probe.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	if err := os.WriteFile(v.TagKey, []byte(key.Reveal()+"\n"), 0o600); err != nil {
		return fmt.Errorf("writing the tag key: %w", err)
	}
	for _, name := range w.Crowd() {
		m := mailbox{Name: name, PasswordFile: filepath.Join(dir, name+".password"), IMAP: w.IMAP(name)}
		var password string
		m.Address, m.Username, password = w.Account(name)
		if err := os.WriteFile(m.PasswordFile, []byte(password+"\n"), 0o600); err != nil {
			return fmt.Errorf("writing the password of mailbox %s: %w", name, err)
		}
		v.Mailboxes = append(v.Mailboxes, m)
	}
	text, err := v.render(w)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}

func (v view) render(w *world.World) ([]byte, error) {
	functions := template.FuncMap{"quote": strconv.Quote, "join": strings.Join, "hosts": w.Hosts} // YAML reads what Go quotes
	parsed, err := template.New("mailpath.yaml").Funcs(functions).Parse(configTemplate)
	if err != nil {
		return nil, fmt.Errorf("parsing the template of the configuration: %w", err)
	}
	var text bytes.Buffer
	if err := parsed.Execute(&text, v); err != nil {
		return nil, fmt.Errorf("rendering the configuration: %w", err)
	}
	return text.Bytes(), nil
}

// certified gives servers on 127.0.0.1 one certificate for all, and writes the
// authority behind it to a file.
func certified(clock probe.Clock, file string) (*tls.Config, error) {
	authority, err := ca.New(clock.Now())
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, authority.PEM(), 0o644); err != nil {
		return nil, fmt.Errorf("writing the authority's certificate: %w", err)
	}
	certificate, err := authority.Issue("127.0.0.1")
	return &tls.Config{Certificates: []tls.Certificate{certificate}}, err
}

package main

import (
	"strings"

	"github.com/mailpath/mailpath/probe/config"
)

// record is a TXT record that has to be in the DNS.
type record struct {
	Sender string `json:"sender"` // several with the same key joined by commas
	Name   string `json:"name"`
	Value  string `json:"value"`
	zone   string // as it stands in a zone file
}

// checkSigning tells why a key cannot sign messages.
func checkSigning(d config.DKIM) error {
	signer, err := buildSigner(d)
	if err != nil {
		return err
	}
	return signer.Check()
}

// recordsOf gives the records of the keys that sign messages, each once, and what is wrong
// with keys that work all the same.
func recordsOf(cfg *config.Config) (records []record, weak []finding, err error) {
	at := make(map[string]int) // of names, in records
	for _, s := range cfg.Senders {
		if s.DKIM == nil {
			continue
		}
		signer, err := buildSigner(*s.DKIM)
		if err != nil {
			return nil, nil, err
		}
		r, err := signer.Record()
		if err != nil {
			return nil, nil, err
		}
		if i, known := at[r.Name]; known {
			if records[i].Value != r.Value {
				weak = append(weak, finding{File: s.DKIM.KeyFile, Line: 1, Column: 1, Severity: "warning",
					Message: "senders " + records[i].Sender + " and " + s.Name + " have two keys for the record " + r.Name + ", which has room for one: give one of them another selector"})
			}
			records[i].Sender = strings.Join([]string{records[i].Sender, s.Name}, ", ")
			continue
		}
		at[r.Name] = len(records)
		records = append(records, record{Sender: s.Name, Name: r.Name, Value: r.Value, zone: r.Zone()})
		if warning, err := signer.Warning(); err == nil && warning != "" {
			weak = append(weak, finding{File: s.DKIM.KeyFile, Line: 1, Column: 1, Severity: "warning", Message: warning})
		}
	}
	return records, weak, nil
}

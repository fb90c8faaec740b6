package report_test

import (
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/report"
)

func TestMayReport(t *testing.T) {
	for header, want := range map[string]bool{
		"From: a@b.example\nSubject: Hello\nReturn-Path: <a@b.example>":                                            false,
		"From: a@b.example\nContent-Type: Multipart/Report; boundary=x":                                            true,
		"From: a@b.example\nSubject: Fwd: failure notice\nReferences: <x@y>":                                       false,
		"From: MAILER-DAEMON\nSubject: something":                                                                  true,
		"From: =?utf-8?Q?Mail_Delivery_Subsystem?= <x@y.example>":                                                  true,
		"From: <>\nSubject: something":                                                                             true,
		"From: a@b.example\nReturn-Path: < >\nSubject: something":                                                  true,
		"From: a@b.example\nReturn-Path: <>\nAuto-Submitted: auto-generated\nMessage-ID: <x@y>":                    true,
		"From: a@b.example\nAuto-Submitted: auto-replied; owner-email=x":                                           true,
		"From: a@b.example\nAuto-Submitted: auto-generated":                                                        false,
		"From: a@b.example\nAuto-Submitted: auto-generated\nIn-Reply-To: <x@y>":                                    true,
		"From: a@b.example\nAuto-Submitted: no\nSubject: lunch":                                                    false,
		"From: a@b.example\nPrecedence: auto_reply":                                                                true,
		"From: a@b.example\nPrecedence: bulk\nSubject: news":                                                       false,
		"From: a@b.example\nX-Autoreply: yes":                                                                      true,
		"From: a@b.example\nX-Failed-Recipients: c@d.example":                                                      true,
		"From: postmaster@b.example\nSubject: something":                                                           true,
		"From: postmaster@b.example\nSubject: Re: your question":                                                   false,
		"From: a@b.example\nSubject: [EXT] AW: Abwesenheit":                                                        false,
		"From: a@b.example\nSubject: Abwesenheitsnotiz: x":                                                         true,
		"From: a@b.example\nSubject: =?utf-8?B?7Ie07Iug?= out of office":                                           true,
		"From: MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@b.example\nSubject: x":                            true,
		"From: a@b.example\nSubject: x\nContent-Type: message/delivery-status":                                     true,
		"From: a@b.example\nReturn-Path: <>\nAuto-Submitted: auto-generated\nX-Mailpath-Tag: x\nSubject: x":        false,
		"From: MAILER-DAEMON@b.example\nReturn-Path: <>\nAuto-Submitted: auto-generated\nX-Mailpath-Tag: x":        true,
		"Subject: Undeliverable: x\nReturn-Path: <>\nFrom: a@b.example\nAuto-Submitted: auto-generated":            true,
		"Subject: Re: Undeliverable: x\nReturn-Path: <a@b.example>\nFrom: a@b.example\nIn-Reply-To: <report@mx>\n": false,
	} {
		if got := (report.Reader{}).MayReport(probe.ParseHeader([]byte(header))); got != want {
			t.Errorf("%s: got %v, want %v", strings.ReplaceAll(header, "\n", " | "), got, want)
		}
	}
}

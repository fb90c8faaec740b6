package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/mailpath/mailpath/lab/debian"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"github.com/mailpath/mailpath/probe/journal"
)

// fateRoutes are further routes of a lab: to a user who does not exist, and over Exim.
const fateRoutes = `  hq-to-nobody:       {direction: site-to-site, sender: hq, mailbox: nobody, path: [store-hq, link, store-branch]}
  exim-to-branch:     {direction: inbound, sender: exim, mailbox: branch, path: [store-branch]}
  exim-to-nobody:     {direction: inbound, sender: exim, mailbox: nobody, path: [store-branch]}
`

// fateConfig is the configuration of a lab, its routes with what is given, and with Exim
// and a mailbox that does not exist, if there is an Exim.
func (s *site) fateConfig(changes ...string) string {
	s.t.Helper()
	text := s.text
	if s.Exim.SMTP != "" {
		branch := s.B.Users[0]
		password := filepath.Join(s.Dir, branch.Mailbox+".password")
		nobody := fmt.Sprintf("  nobody: {address: nobody@%s, imap: {server: %q, tls: implicit, ca_file: %q, auth: {username: %q, password_file: %q}}}\n",
			s.B.Domain, s.B.IMAPS, s.CAFile, branch.Address, password)
		exim := fmt.Sprintf("  exim: {smtp: {server: %q, tls: none}, from: %s}\n", s.Exim.SMTP, s.A.Users[0].Address)
		text = strings.NewReplacer("mailboxes:\n", exim+"mailboxes:\n"+nobody, "routes:\n", "routes:\n"+fateRoutes).Replace(text)
	}
	s.text = text
	return s.config("4s", "20s", changes...)
}

// follow runs the engine along one route until a condition holds, and stops it.
func (s *site) follow(path, route string, until func(*stage) bool) *stage {
	s.t.Helper()
	cfg, err := config.Load(path)
	s.must(err)
	keys, err := configuredKeys(cfg)
	s.must(err)
	told := &stage{t: s.t.(*testing.T), clock: probe.NewClock()}
	parts, err := build(cfg, keys, told.clock)
	s.must(err)
	parts.checks = nil
	parts.probes = slices.DeleteFunc(parts.probes, func(p probe.Probe) bool { return p.Route.Name != route })
	log := slog.New(slog.NewTextHandler(s.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	engine := probe.NewEngine(engineConfig(parts, keys, journal.NewMemory(told.clock), told.clock, log, told))
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for range ticker.C {
		if until(told) || ctx.Err() != nil {
			break
		}
	}
	if ctx.Err() != nil {
		s.t.Errorf("%s: waited for a minute in vain; got outcomes %+v and reports %+v", route, told.own(route), told.reports(route))
	}
	cancel()
	s.must(<-ended)
	told.conserved(engine)
	return told
}

// own gives the outcomes of what was sent meanwhile: what an earlier run has left in the
// mailbox is adopted.
func (s *stage) own(route string) []probe.Outcome {
	return slices.DeleteFunc(s.outcomes(route), func(o probe.Outcome) bool { return o.Adopted })
}

// settled is the condition that a message sent meanwhile has ended.
func settled(route string) func(*stage) bool {
	return func(s *stage) bool { return len(s.own(route)) > 0 }
}

// Mail that real servers give up is bounced, and the bounce says who gave it up and why.
func TestBouncesOverRealServers(t *testing.T) {
	t.Parallel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(debian.InstallExim(t.Context(), t.Output()))
	s := newSiteWith(t, debian.Options{Exim: true})
	path := s.fateConfig()
	for _, c := range []struct {
		name       string
		begin, end func() error
		route      string
		status     []string
		reporting  string
		says       string // stands in the diagnostic
	}{
		{"a full mailbox", func() error { return s.FillMailbox("branch") }, func() error { return s.EmptyMailbox("branch") },
			"hq-to-branch", []string{"5.2.2"}, s.B.Hostname, "full"},
		{"a full mailbox, behind Exim", func() error { return s.FillMailboxVisibly("branch") }, func() error { return s.EmptyMailbox("branch") },
			"exim-to-branch", []string{"5.2.2"}, s.Exim.Hostname, "full"},
		{"an unknown user", nil, nil, "hq-to-nobody", []string{"5.1.1"}, s.A.Hostname, "nobody@"},
		{"an unknown user, behind Exim", nil, nil, "exim-to-nobody", []string{"5.1.1"}, s.Exim.Hostname, "nobody@"},
		{"content, after it was taken", func() error { return s.RejectContent(debian.SiteB) }, func() error { return s.AcceptContent(debian.SiteB) },
			"hq-to-branch", []string{"5.7.1"}, s.B.Hostname, ""},
		{"content, refused to Exim", func() error { return s.RefuseContent(debian.SiteB) }, func() error { return s.AcceptContent(debian.SiteB) },
			"exim-to-branch", []string{"5.7.1"}, s.Exim.Hostname, ""},
		{"a queue's lifetime", func() error { return joined(s.GiveUpAfter(debian.SiteA, 2*time.Second), s.CutLink()) },
			func() error { return joined(s.GiveUpAfter(debian.SiteA, 0), s.RestoreLink()) },
			"hq-to-branch", []string{"4.4.1", "4.4.7"}, s.A.Hostname, ""},
		{"a queue's lifetime, in Exim", func() error { return joined(s.GiveUpAfter(debian.Exim, 2*time.Second), s.StopPostfix(debian.SiteB)) },
			func() error { return s.StartPostfix(debian.SiteB) },
			"exim-to-branch", []string{"4.4.7", "5.4.7", "5.0.0"}, s.Exim.Hostname, ""},
	} {
		if c.begin != nil {
			must(c.begin())
		}
		told := s.follow(path, c.route, settled(c.route))
		if c.end != nil {
			must(c.end())
		}
		all := told.own(c.route)
		if len(all) == 0 || all[0].Status != probe.Bounced || all[0].Report == nil {
			t.Errorf("%s: got %+v, want a bounced message", c.name, all)
			continue
		}
		r := *all[0].Report
		t.Logf("%s: %+v", c.name, r)
		if r.Kind != probe.ReportFailed || !slices.Contains(c.status, r.Status) || r.Reporting != c.reporting || !strings.Contains(strings.ToLower(r.Diagnostic), c.says) {
			t.Errorf("%s: got %+v, want a failure with status %q, told by %s", c.name, r, c.status, c.reporting)
		}
	}
}

func joined(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// What becomes of mail that real servers do deliver.
func TestFatesOverRealServers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signed()
	s.junked()
	s.altered()
	s.twice()
	s.greylisted()
}

func (s *site) junked() {
	s.t.Helper()
	s.must(s.NameJunk(debian.SiteA, "Unerwünscht"))
	s.must(s.JunkAt(debian.SiteA, debian.JunkOutside))
	path := s.fateConfig("folders: [INBOX, Junk]", `folders: [INBOX, \Junk]`)
	told := s.follow(path, inbound, settled(inbound))
	s.must(s.JunkAt(debian.SiteA, debian.JunkNothing))
	s.must(s.NameJunk(debian.SiteA, "Junk"))
	for _, o := range told.own(inbound) {
		if o.Status != probe.Delivered || o.Place != probe.Junk || o.Folder != "Unerwünscht" {
			s.t.Errorf("Sieve files it as junk: got %s in %s, folder %q, want delivered in junk, folder Unerwünscht", o.Status, o.Place, o.Folder)
		}
	}
}

func (s *site) altered() {
	s.t.Helper()
	s.must(s.AlteringFilter(debian.Alterations{
		SubjectPrefix: "[EXT]", Banner: "CAUTION: this message came from outside.", Footer: "Checked by the filter.",
		StripFields: "X-Mailpath-", Encoding: "base64", NewMessageID: true,
	}))
	path := s.fateConfig("path: [gateway, filter, store-hq]", `path: [gateway, filter, store-hq], alters: [{kind: subject-prefix, text: "[EXT]"}, banner]`)
	told := s.follow(path, inbound, settled(inbound))
	s.must(s.StartFilter())
	o := told.own(inbound)[0]
	got := make(map[probe.AlterationKind]bool)
	for _, a := range o.Altered {
		got[a.Kind] = a.Meant
	}
	s.t.Logf("altered: %+v", o.Altered)
	want := map[probe.AlterationKind]bool{probe.SubjectPrefix: true, probe.Banner: true, probe.Footer: false, probe.FieldRemoved: false, probe.NewMessageID: false, probe.Reencoded: false}
	for kind, meant := range want {
		if m, there := got[kind]; !there || m != meant {
			s.t.Errorf("got alterations %+v, want %s, meant: %v", o.Altered, kind, meant)
		}
	}
	if o.Status != probe.Delivered || o.Carrier != probe.InSubject || len(got) != len(want) {
		s.t.Errorf("got %s by its %s with alterations %+v, want delivered by its subject", o.Status, o.Carrier, o.Altered)
	}
}

func (s *site) twice() {
	s.t.Helper()
	s.must(s.LoseReplies(debian.SiteA, 1))
	told := s.follow(s.fateConfig(), "inside-hq", func(told *stage) bool {
		return count(told, func(probe.Duplicated) bool { return true }) > 0
	})
	s.must(s.LoseReplies(debian.SiteA, 0))
	if o := told.own("inside-hq"); len(o) == 0 || o[0].Status != probe.Delivered {
		s.t.Errorf("got %+v, want it delivered, and then once more", o)
	}
}

func (s *site) greylisted() {
	s.t.Helper()
	s.must(s.Greylist(3 * time.Second))
	path := s.fateConfig("path: [gateway, filter, store-hq]", `path: [gateway, filter, store-hq], retry: [1s, 5s, 5s]`)
	// The next message may come first: the server knows us by then.
	deferred := func(told *stage) int {
		return slices.IndexFunc(told.own(inbound), func(o probe.Outcome) bool { return o.Tries > 1 })
	}
	told := s.follow(path, inbound, func(told *stage) bool { return deferred(told) >= 0 })
	s.must(s.Greylist(0))
	o := told.own(inbound)[deferred(told)]
	if o.Status != probe.Delivered || o.Deferred < time.Second || o.Latency.Min < o.Deferred {
		s.t.Errorf("postgrey turned it away: got %s after %d tries, deferred for %v, latency %+v, want delivered at a later try", o.Status, o.Tries, o.Deferred, o.Latency)
	}
	s.t.Logf("greylisted: %d tries, deferred for %v", o.Tries, o.Deferred)
}

// What a sender signs, real servers carry in a form that verifies.
func (s *site) signed() {
	s.t.Helper()
	signingKey(s.t.(*testing.T), s.dir, "dkim.pem", 'k')
	path := s.fateConfig(fmt.Sprintf("from: %q}", s.OutsideSender), fmt.Sprintf("from: %q, dkim: {selector: m1, key_file: dkim.pem}}", s.OutsideSender))
	told := s.follow(path, inbound, settled(inbound))
	if o := told.own(inbound)[0]; o.Status != probe.Delivered || len(o.Altered) > 0 {
		s.t.Errorf("got %s, altered %+v, want delivered as it was sent", o.Status, o.Altered)
	}
	_, r := check(s.t.(*testing.T), path)
	lookup := func(name string) ([]string, error) {
		if len(r.Records) == 1 && name == r.Records[0].Name {
			return []string{r.Records[0].Value}, nil
		}
		return nil, fmt.Errorf("no record of %s, want %+v", name, r.Records)
	}
	verified := 0
	for _, raw := range s.delivered() {
		if !bytes.Contains(raw, []byte("DKIM-Signature:")) {
			continue
		}
		all, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: lookup})
		if err != nil || len(all) != 1 || all[0].Err != nil || all[0].Domain != "provider.example" {
			s.t.Errorf("got signatures %+v and %v, want one that verifies", all, err)
		}
		verified++
	}
	if verified == 0 {
		s.t.Error("got no signed message, want one in the mailbox")
	}
}

// delivered is what lies in the mailbox at headquarters.
func (s *site) delivered() [][]byte {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.A.Users[0].Maildir, "*", "*"))
	s.must(err)
	var all [][]byte
	for _, f := range files {
		if raw, err := os.ReadFile(f); err == nil && strings.Contains(f, "/new/") || err == nil && strings.Contains(f, "/cur/") {
			all = append(all, bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")))
		}
	}
	return all
}

package probe_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

// carriers are the places of a tag, strongest first.
var carriers = [...]probe.Carrier{probe.InHeader, probe.InMessageID, probe.InSubject, probe.InBody}

// tagsOf are the texts of a message's tag, as it stands in each carrier.
func tagsOf(ring *probe.Keyring, tag probe.Tag) map[probe.Carrier]string {
	full, short := ring.SignFull(tag), ring.SignShort(tag.ID)
	return map[probe.Carrier]string{probe.InHeader: full, probe.InMessageID: short, probe.InSubject: short, probe.InBody: full}
}

// carry writes a tag, or what became of it, into one carrier; without one it is removed.
func (m mailOf) carry(c probe.Carrier, tag string) mailOf {
	switch c {
	case probe.InHeader:
		if tag == "" {
			return m.without(probe.TagField)
		}
		return m.with(probe.TagField, tag)
	case probe.InMessageID:
		if tag == "" {
			return m.without("Message-ID")
		}
		return m.with("Message-ID", "<"+tag+"@provider.example>")
	case probe.InSubject:
		return m.with("Subject", strings.TrimSuffix("Mail delivery check of 08:41:00 ("+tag+")", " ()"))
	}
	prose, _, _ := strings.Cut(m.body, "mp1:")
	m.body = prose
	for rest := tag; rest != ""; {
		n := min(len(rest), 60)
		m.body, rest = m.body+rest[:n]+"\r\n", rest[n:]
	}
	return m
}

// flip changes one character, from a letter or digit to another.
func flip(s string, at int) string {
	other := "a"
	if s[at] == 'a' {
		other = "7"
	}
	return s[:at] + other + s[at+1:]
}

// forms are what becomes of a body under way.
var forms = map[string]func(string) string{
	"as sent":          func(b string) string { return b },
	"base64":           inBase64,
	"quoted-printable": quotedPrintable,
	"HTML":             func(b string) string { return "<p>" + strings.ReplaceAll(b, "\r\n", "<br>\r\n") + "</p>" },
	"HTML of Word": func(b string) string {
		return quotedPrintable("<div class=\"WordSection1\"><p class=\"MsoNormal\">" + strings.ReplaceAll(b, "\r\n", "<o:p></o:p></p>\r\n<p class=\"MsoNormal\">") + "</p></div>")
	},
	"with a banner": func(b string) string { return "CAUTION: from outside\r\n----\r\n" + b + "--\r\nConfidential\r\n" },
	"HTML with a banner, in base64": func(b string) string {
		return inBase64("<table><tr><td>Caution: from outside</td></tr></table><pre>" + b + "</pre>")
	},
	"in alternatives": func(b string) string {
		return "--b\r\nContent-Type: text/plain\r\n\r\n" + b + "\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + inBase64("<p>"+b+"</p>") + "--b--\r\n"
	},
}

// Each carrier, and each combination of them, may be removed, damaged or forged: the
// strongest that is left is believed, and none if none is left.
func TestEveryCombinationOfCarriers(t *testing.T) {
	t.Parallel()
	ring := keyring(t, "hq-1", 1)
	matcher := probe.NewMatcher(ring, []string{"mailpath@provider.example"}, nil)
	treatments := map[string]func(own, otherKey, otherProber string) string{
		"removed":               func(_, _, _ string) string { return "" },
		"a character flipped":   func(own, _, _ string) string { return flip(own, len(own)/2) },
		"the MAC wrong":         func(own, _, _ string) string { return flip(own, len(own)-1) },
		"cut off":               func(own, _, _ string) string { return own[:len(own)-1] },
		"another prober's key":  func(_, key, _ string) string { return key },
		"another prober's name": func(_, _, prober string) string { return prober },
	}
	for form, convert := range forms {
		for name, treat := range treatments {
			for changed := range 1 << len(carriers) {
				m, tag := compose(t, ring)
				own, otherKey, otherProber := tagsOf(ring, tag), tagsOf(keyring(t, "hq-1", 9), tag), tagsOf(keyring(t, "hq-2", 1), newTag("hq-2", "outside-to-hq"))
				var want probe.Carrier
				for i, c := range carriers {
					if changed>>i&1 == 1 {
						m = m.carry(c, treat(own[c], otherKey[c], otherProber[c]))
					} else if want == "" {
						want = c
					}
				}
				m.body = convert(m.body)
				got, carrier := match(t, matcher, m)
				if carrier != want || want != "" && got.ID != tag.ID {
					t.Errorf("%04b of the carriers (from the right: header, Message-ID, Subject, body) %s, body %s: got %q, want %q in\n%s\n%s", changed, name, form, carrier, want, m.header, m.body)
				}
			}
		}
	}
}

func match(t testing.TB, matcher *probe.Matcher, m mailOf) (probe.Tag, probe.Carrier) {
	t.Helper()
	got, carrier, err := matcher.Match([]byte(m.header+"\r\n"), func() ([]byte, error) { return []byte(m.body), nil })
	if err != nil {
		t.Fatal(err)
	}
	return got, carrier
}

// Whichever character of all four tags is another, none is believed.
func TestEveryFlippedCharacter(t *testing.T) {
	t.Parallel()
	ring := keyring(t, "hq-1", 1)
	matcher := probe.NewMatcher(ring, []string{"mailpath@provider.example"}, nil)
	sent, tag := compose(t, ring)
	own := tagsOf(ring, tag)
	for at := range own[probe.InHeader] {
		m := sent
		for _, c := range carriers {
			m = m.carry(c, flip(own[c], at%len(own[c])))
		}
		if _, carrier := match(t, matcher, m); carrier != "" {
			t.Errorf("character %d of each: got %q, want nothing in\n%s\n%s", at, carrier, m.header, m.body)
		}
	}
}

// What comes again as it is, is an arrival: whose mailbox it is in, and how often, others
// decide.
func TestCopiesThatArrive(t *testing.T) {
	t.Parallel()
	ring := keyring(t, "hq-1", 1)
	matcher := probe.NewMatcher(ring, []string{"mailpath@provider.example"}, nil)
	resent := func(m mailOf) mailOf {
		return m.with("Resent-From", "<owner@example.com>").with("Resent-To", "<phone@example.com>").
			with("Resent-Date", "Mon, 23 Nov 2026 09:00:00 +0000").with("Resent-Message-ID", "<r1@example.com>")
	}
	for name, c := range map[string]struct {
		change func(mailOf) mailOf
		want   probe.Carrier
	}{
		"redirected by Sieve": {func(m mailOf) mailOf {
			return m.with("X-Sieve-Redirected-From", "owner@example.com").with("Return-Path", "<SRS0=x=provider.example=mailpath@example.com>")
		}, probe.InHeader},
		"resent by hand":                      {resent, probe.InHeader},
		"resent, its header field dropped":    {func(m mailOf) mailOf { return resent(m).without(probe.TagField) }, probe.InMessageID},
		"resent, only its Subject left":       {func(m mailOf) mailOf { return resent(m).without(probe.TagField, "Message-ID") }, probe.InSubject},
		"released by amavis":                  {func(m mailOf) mailOf { return resent(m).with("Return-Path", "<>").with("X-Amavis-Hold", "x") }, probe.InHeader},
		"released, with another author":       {func(m mailOf) mailOf { return m.with("From", "<quarantine@gw.example>") }, probe.InHeader},
		"released, its Message-ID new":        {func(m mailOf) mailOf { return m.with("Return-Path", "<>").with("Message-ID", "<1@gw>") }, probe.InHeader},
		"released, its header field dropped":  {func(m mailOf) mailOf { return m.with("Return-Path", "<>").without(probe.TagField) }, probe.InMessageID},
		"released, its Return-Path not there": {func(m mailOf) mailOf { return m.without("Return-Path") }, probe.InHeader},
		"by a list, its author the list": {func(m mailOf) mailOf {
			return m.with("From", `"Check via L" <l@lists.example>`).with("Precedence", "list")
		}, probe.InHeader},
		"with its Date in another zone": {func(m mailOf) mailOf {
			return m.without(probe.TagField, "Message-ID").with("Date", "Mon, 23 Nov 2026 09:41:00 +0100")
		}, probe.InSubject},
		"with its Date in a zone with a name": {func(m mailOf) mailOf {
			return m.without(probe.TagField, "Message-ID").with("Date", "Mon, 23 Nov 2026 00:41:00 PST")
		}, probe.InSubject},
		"without a Date":                       {func(m mailOf) mailOf { return m.without(probe.TagField, "Message-ID", "Date") }, probe.InSubject},
		"with a later Date, its header all in": {func(m mailOf) mailOf { return m.with("Date", "Mon, 23 Nov 2026 09:41:01 +0000") }, probe.InHeader},
	} {
		sent, tag := compose(t, ring)
		m := c.change(sent)
		got, carrier := match(t, matcher, m)
		if carrier != c.want || got.ID != tag.ID {
			t.Errorf("%s: got %v by %q, want %v by %q in\n%s", name, got.ID, carrier, tag.ID, c.want, m.header)
		}
	}
}

// dates are those that somebody else's mail about ours may have.
func dates(m mailOf) map[string]mailOf {
	return map[string]mailOf{
		"its own Date":      m.with("Date", "Mon, 23 Nov 2026 08:53:20 +0000"),
		"no Date":           m.without("Date"),
		"the Date of ours":  m.with("Date", "Mon, 23 Nov 2026 08:41:00 +0000"),
		"a Date of no sort": m.with("Date", "just now"),
	}
}

// neverArrives holds that a message about ours is none of ours, whatever Date it bears, or,
// if it shows by no other sign what it is, if it bears its own.
func neverArrives(t *testing.T, matcher *probe.Matcher, name string, m mailOf, byDateAlone bool) {
	t.Helper()
	for form, convert := range map[string]func(string) string{"as it is": forms["as sent"], "base64": inBase64, "quoted-printable": quotedPrintable} {
		if form != "as it is" && strings.Contains(m.header, "multipart/") {
			continue // RFC 2045 section 6.4: only its parts are encoded
		}
		for date, m := range dates(m) {
			m.body = convert(m.body)
			_, carrier := match(t, matcher, m)
			if carrier != "" && (!byDateAlone || date == "its own Date") {
				t.Errorf("%s, with %s, body %s: got %q, want nothing in\n%s\n%s", name, date, form, carrier, m.header, m.body)
			}
		}
	}
}

// shownHead is the head of a message as a mail program shows it above what it quotes.
func shownHead(m mailOf, from, date, to, subject string) string {
	return fmt.Sprintf("%s Mail delivery check <mailpath@provider.example>\r\n%s Montag, 23. November 2026 09:41\r\n%s mailpath-in@example.com\r\n%s %s\r\n\r\n", from, date, to, subject, m.subject())
}

func BenchmarkMatchWeakly(b *testing.B) {
	ring := keyring(b, "hq-1", 1)
	matcher := probe.NewMatcher(ring, []string{"mailpath@provider.example"}, nil)
	m, _ := compose(b, ring)
	m = m.without(probe.TagField, "Message-ID", "Subject")
	for name, body := range map[string]string{
		"plain": m.body, "64 KiB of prose": strings.Repeat("This is a line of prose as people write it.\r\n", 1400),
		"64 KiB of marks": strings.Repeat("From: x\r\n\r\n- - ", 4000), "64 KiB of angles": strings.Repeat("<", 64<<10), "64 KiB in one line": strings.Repeat("From wrote - ", 5000),
	} {
		m.body = body + "mp1:"
		b.Run(name, func(b *testing.B) {
			for range b.N {
				match(b, matcher, m)
			}
		})
	}
}

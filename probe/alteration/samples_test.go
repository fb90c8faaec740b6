package alteration_test

import (
	"strings"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

// What products are known to make of a message, put together as they do it.
func TestSamples(t *testing.T) {
	for name, c := range map[string]struct {
		alter func(mail) mail
		want  []string
	}{
		"a warning of Exchange, in a page of Word": {exchangeWarning, []string{
			"banner: You don't often get email from mailpath@provider.example. Learn why this is important CAUTION: This",
			"footer: This e-mail and any attachments are confidential – please notify the sender.",
			"format: text/html",
		}},
		"a disclaimer of Exchange, in plain text": {func(m mail) mail {
			return m.as(`text/plain; charset="iso-8859-1"`, "quoted-printable", quotedPrintable(m.body+"\r\n________________________________\r\nAcme GmbH, K")+"=F6ln\r\n")
		}, []string{"footer: ________________________________ Acme GmbH, Köln", "encoding: quoted-printable, iso-8859-1"}},
		"marked as external by Exchange": {func(m mail) mail {
			m.body = "[You don't often get email from mailpath@provider.example. Learn why at https://aka.ms/LearnAboutSenderIdentification ]\r\n\r\n" + m.body
			return m.with("Subject", "[EXTERN] "+m.value("Subject")).with("Date", "Mon, 23 Nov 2026 08:41:07 +0000").
				with("Content-Transfer-Encoding", "quoted-printable").with("Content-Type", `text/plain; charset="us-ascii"`).quoted()
		}, []string{
			"subject-prefix: [EXTERN]",
			"banner: [You don't often get email from mailpath@provider.example. Learn why at https://aka.ms/LearnAboutSe",
			"encoding: quoted-printable, us-ascii",
		}},
		"a list of Mailman, plain": {func(m mail) mail {
			m.body += "_______________________________________________\r\nProbe mailing list -- probe@lists.example\r\nTo unsubscribe send an email to probe-leave@lists.example\r\n"
			return m.with("Subject", "[Probe] "+m.value("Subject")).with("From", "Mail delivery check via Probe <probe@lists.example>").
				with("To", "probe@lists.example").on("List-Id: Probe <probe.lists.example>", "Errors-To: probe-bounces@lists.example", "Precedence: list")
		}, []string{
			"subject-prefix: [Probe]", "field-changed: From", "field-changed: To",
			"footer: _______________________________________________ Probe mailing list -- probe@lists.example To unsubs",
		}},
		"a list of Mailman, its footer a part": {func(m mail) mail {
			return m.as(`multipart/mixed; boundary="=_b"`, "7bit", part("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit", m.body)+
				part("Content-Type: text/plain; charset=\"us-ascii\"\r\nContent-Disposition: inline", "____\r\nProbe mailing list")+end)
		}, []string{"footer: ____ Probe mailing list", "format: multipart/mixed"}},
		"amavis": {func(m mail) mail {
			return m.on("X-Spam-Flag: YES", "X-Quarantine-ID: <abc>").subject("***SPAM*** ", "")
		},
			[]string{"subject-prefix: ***SPAM***"}},
		"a report of SpamAssassin": {func(m mail) mail {
			original := strings.Join(m.fields, "") + "\r\n" + m.body
			m = m.without("Auto-Submitted").without("X-Auto-Response-Suppress").without(probe.TagField)
			return m.as(`multipart/mixed; boundary="=_b"`, "8bit", "This is a multi-part message in MIME format.\r\n\r\n"+
				part("Content-Type: text/plain; charset=iso-8859-1\r\nContent-Disposition: inline", "Spam detection software, running on the system \"mx\",\r\nhas identified")+
				part("Content-Type: message/rfc822; x-spam-type=original\r\nContent-Disposition: inline", original)+end)
		}, []string{
			"field-removed: Auto-Submitted", "field-removed: X-Auto-Response-Suppress", "field-removed: X-Mailpath-Tag",
			`banner: Spam detection software, running on the system "mx", has identified`, "format: multipart/mixed",
		}},
		"Notes": {func(m mail) mail {
			return m.with("From", "\"Mail delivery check\" <mailpath@provider.example>").with("To", "mailpath-in@example.com").
				with("Date", "Mon, 23 Nov 2026 09:41:07 +0100").on("X-MIMETrack: Itemize by SMTP Server on hub/Acme(Release 9.0.1)").
				as(`text/plain; charset="US-ASCII"`, "base64", inBase64(strings.ReplaceAll(m.body, " ", "\xc2\xa0 ")))
		}, []string{"encoding: base64, us-ascii"}},
		"a digital signature put on": {func(m mail) mail {
			return m.as(`multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="=_b"`, "7bit",
				part("Content-Type: text/plain; charset=utf-8", m.body)+part("Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64", "AAAA")+end)
		}, []string{"format: multipart/signed"}},
		"a scanner's footer, beside its own format": {func(m mail) mail {
			return m.as(`multipart/alternative; boundary="=_b"`, "7bit", part("Content-Type: text/plain; charset=utf-8", m.body+"\r\n-- \r\nThis email has been checked for viruses.\r\nwww.scan.example\r\n")+
				part("Content-Type: text/html", page("", m.body, "<hr>checked"))+end)
		}, []string{"footer: -- This email has been checked for viruses. www.scan.example", "format: multipart/alternative"}},
	} {
		t.Run(name, func(t *testing.T) {
			sent := plain(t)
			check(t, sent, c.alter(asDelivered(mailOf(sent))), c.want...)
		})
	}
}

func (m mail) quoted() mail {
	m.body = quotedPrintable(m.body)
	return m
}

// exchangeWarning is a text as Exchange turns it to HTML for a disclaimer and a warning.
func exchangeWarning(m mail) mail {
	var text strings.Builder
	for line := range strings.Lines(m.body) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			line = "&nbsp;"
		}
		text.WriteString("<p class=3D\"MsoNormal\" style=3D\"margin:0cm\"><span lang=3D\"EN-GB\">" + strings.ReplaceAll(line, ",", ",=\r\n ") + "<o:p></o:p></span></p>\r\n")
	}
	body := `<html xmlns:o=3D"urn:schemas-microsoft-com:office:office">
<head><meta http-equiv=3D"Content-Type" content=3D"text/html; charset=3Diso-8859-1">
<style><!--
 @font-face {font-family:"Cambria Math";} p > span {color: red}
--></style><!--[if gte mso 9]><xml><o:shapedefaults v:ext=3D"edit" /></xml><![endif]--></head>
<body lang=3D"EN-GB"><!-- BaNnErBlUrFlE-BoDy-start -->
<table border=3D"0"><tbody><tr><td>You don't often get email from mailpath@provider.example.
<a href=3D"https://aka.ms/LearnAboutSenderIdentification">Learn why this is important</a></td></tr></tbody></table>
<div><p><strong>CAUTION:</strong> This mail is from outside.</p></div><div class=3D"WordSection1">
`
	body = strings.ReplaceAll(body, "\n", "\r\n") + text.String() + "</div><p>This e-mail and any attachments are confidential &ndash; please notify the sender.</p>\r\n</body></html>\r\n"
	return m.as(`text/html; charset="iso-8859-1"`, "quoted-printable", body)
}

// Gateways that rewrite links know our text by heart, but for its links.
func TestSamplesOfLinks(t *testing.T) {
	const text = "This message checks links.\nThe first is https://status.example.com/mail?id=7 and\nthe second www.example.com here.\n"
	for name, c := range map[string]struct {
		first, second string
		want          []string
	}{
		"Microsoft": {"https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fstatus.example.com%2Fmail%3Fid%3D7&data=05%7C02%7C&reserved=0",
			"www.example.com", []string{"links: nam02.safelinks.protection.outlook.com"}},
		"Proofpoint, the old way": {"https://urldefense.proofpoint.com/v2/url?u=https-3A__status.example.com_mail-3Fid-3D7&d=DwMF&c=x",
			"https://urldefense.proofpoint.com/v2/url?u=http-3A__www.example.com&d=DwMF&c=x", []string{"links: urldefense.proofpoint.com"}},
		"Proofpoint": {"https://urldefense.com/v3/__https://status.example.com/mail?id=7__;!!AbC!xyz$", "https://urldefense.com/v3/__http://www.example.com__;!!AbC!xyz$",
			[]string{"links: urldefense.com"}},
		"Mimecast": {"https://protect-eu.mimecast.com/s/aBcDeFgH?domain=status.example.com", "https://protect-eu.mimecast.com/s/h?domain=example.com",
			[]string{"links: protect-eu.mimecast.com"}},
		"Barracuda": {"https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fstatus.example.com%2fmail%3fid%3d7&c=E,1,x", "www.example.com",
			[]string{"links: linkprotect.cudasvc.com"}},
		"somebody else": {"https://gate.example:8443/click?u=https://status.example.com/mail%3Fid=7", "www.example.com", []string{"links: gate.example:8443"}},
	} {
		t.Run(name, func(t *testing.T) {
			sent := compose(t, prose(text))
			m := mailOf(sent)
			m.body = strings.NewReplacer("https://status.example.com/mail?id=7", c.first, "www.example.com", c.second).Replace(m.body)
			check(t, sent, m, c.want...)
			check(t, sent, m.as("text/plain; charset=utf-8", "quoted-printable", quotedPrintable(m.body)), append(c.want, "encoding: quoted-printable")...)
			check(t, sent, m.around("[External]\r\n", ""), append([]string{"banner: [External]"}, c.want...)...)
		})
	}
}

package component

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What is left of a certificate: below the first it has failed, below the second it
// will soon. Renewal by machine happens a month before the end.
const (
	tooShort = 3 * 24 * time.Hour
	short    = 21 * 24 * time.Hour
)

// lifetime judges a good certificate by when it ends.
func lifetime(now, until time.Time) judgement {
	left := until.Sub(now)
	const advice = "Renew the certificate and see why that did not happen by itself; then reload the server."
	words := fmt.Sprintf("the certificate is good for %s more, until %s", span(left), day(until))
	switch {
	case left < tooShort:
		return failed(advice, "%s; want more than 3 days", words)
	case left < short:
		return warning(advice, "%s; want more than 21 days", words)
	}
	return ok("%s", words)
}

// badCertificate tells what is wrong with a certificate, and what to do. It is not
// true of an error that is about something else.
func badCertificate(err error, host string, now time.Time) (reason, advice string, bad bool) {
	refused := new(tls.CertificateVerificationError)
	if !errors.As(err, &refused) || len(refused.UnverifiedCertificates) == 0 {
		return "", "", false
	}
	shown := refused.UnverifiedCertificates[0]
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		reason, advice = ended(invalid.Cert, now)
		return reason, advice, true
	case errors.As(err, &name):
		return fmt.Sprintf("the certificate is for %s, want it for %s", names(shown), host),
			"Name the server as its certificate does, or give it a certificate for this name.", true
	case errors.As(err, &authority):
		return fmt.Sprintf("the certificate of %s is signed by %q, which is not trusted here, want an authority that is", names(shown), shown.Issuer.String()),
			"If the authority is a private one, name its file in ca_file of a sender or mailbox at this server; else see whether the server sends its whole chain.", true
	}
	return fmt.Sprintf("the certificate is not good: %v", refused.Err), "Give the server another certificate.", true
}

func ended(c *x509.Certificate, now time.Time) (reason, advice string) {
	if now.Before(c.NotBefore) {
		return fmt.Sprintf("the certificate is not good before %s, want one that is good now", day(c.NotBefore)),
			"See whether the clocks of both machines are right; else give the server another certificate."
	}
	return fmt.Sprintf("the certificate of %s expired on %s, %s ago, want one that is good now", names(c), day(c.NotAfter), span(now.Sub(c.NotAfter))),
		"Renew the certificate now and reload the server; clients that verify it have stopped."
}

// names lists what a certificate is for, as far as that fits into a line.
func names(c *x509.Certificate) string {
	all := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return fmt.Sprintf("%q", c.Subject.String())
	}
	more := ""
	if len(all) > 3 {
		more = fmt.Sprintf(" and %d others", len(all)-3)
		all = all[:3]
	}
	return strings.Join(all, ", ") + more
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// span is a long time in its largest unit.
func span(d time.Duration) string {
	size, unit := time.Minute, "minute"
	switch {
	case d >= 24*time.Hour:
		size, unit = 24*time.Hour, "day"
	case d >= time.Hour:
		size, unit = time.Hour, "hour"
	}
	if n := int(d / size); n != 1 {
		return fmt.Sprintf("%d %ss", n, unit)
	}
	return "1 " + unit
}

package probe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

// GoodUntil is when a server's certificate stops being good, as a handshake showed it:
// when the first certificate of its chain ends, and of several chains the one that
// lasts longest. Where no chain was trusted, it is the end of the server's own
// certificate. It is zero when the server showed none. The error is the handshake's.
func GoodUntil(state tls.ConnectionState, err error) time.Time {
	if refused := new(tls.CertificateVerificationError); errors.As(err, &refused) {
		state.PeerCertificates, state.VerifiedChains = refused.UnverifiedCertificates, nil
	}
	if len(state.PeerCertificates) == 0 {
		return time.Time{}
	}
	var latest time.Time
	for _, chain := range state.VerifiedChains {
		if end := firstEnd(chain); end.After(latest) {
			latest = end
		}
	}
	if latest.IsZero() {
		return state.PeerCertificates[0].NotAfter
	}
	return latest
}

func firstEnd(chain []*x509.Certificate) time.Time {
	first := chain[0].NotAfter
	for _, c := range chain {
		if c.NotAfter.Before(first) {
			first = c.NotAfter
		}
	}
	return first
}

// VerifyCertificate does what a handshake does to the certificate that a server has
// shown, for one that was told not to mind. It sets the state's chains.
func VerifyCertificate(config *tls.Config, state *tls.ConnectionState) (err error) {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server showed no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	state.VerifiedChains, err = state.PeerCertificates[0].Verify(x509.VerifyOptions{
		DNSName: config.ServerName, Roots: config.RootCAs, CurrentTime: config.Time(), Intermediates: between,
	})
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
}

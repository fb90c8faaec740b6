package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mailpath/mailpath/probe"
)

// Client speaks to receivers over HTTP. What it answers and what its errors say holds neither
// an address nor a token: whoever knows these may post. It is safe for concurrent use.
type Client struct {
	clock probe.Clock
	http  *http.Client
}

// Request is one request.
type Request struct {
	Method string
	URL    func() (string, error) // read at each request, for secrets rotate
	Path   string                 // under the URL; empty: the URL as it is
	Query  url.Values
	Token  func() (string, error) // a bearer's (RFC 6750 section 2.1); nil: none
	Header map[string]string
	Type   string // of the body
	Body   []byte
	Limit  int64 // bytes of the answer that are read; 0: 4096
}

const (
	usualLimit   = 4096
	someRedirect = 3
	saidLimit    = 200 // characters of a receiver's answer that an error repeats
)

// NewClient makes a client. transport replaces the network, for tests; nil is the network
// and the proxies that the environment names.
func NewClient(clock probe.Clock, transport http.RoundTripper) *Client {
	if transport == nil {
		transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConns: 2, IdleConnTimeout: 30 * time.Second,
			TLSHandshakeTimeout: attemptTime, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
		}
	}
	return &Client{clock, &http.Client{Transport: transport, CheckRedirect: stayThere}}
}

// stayThere follows a redirect on the same host, with the same scheme, that keeps the method
// (RFC 9110 sections 15.4.8 and 15.4.9). Any other answer is taken as it is: the body and the
// token are for nobody else, and a POST that became a GET would tell nothing.
func stayThere(to *http.Request, via []*http.Request) error {
	from := via[0]
	same := to.URL.Host == from.URL.Host && to.URL.Scheme == from.URL.Scheme
	if !same || to.Method != from.Method || len(via) > someRedirect {
		return http.ErrUseLastResponse
	}
	return nil
}

// Do makes a request and gives the body of an answer of the 200s, as far as its limit goes. Its
// error is a *Failure.
func (c *Client) Do(ctx context.Context, r Request) ([]byte, error) {
	req, secrets, err := r.build(ctx)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &Failure{Again: true, Problem: "telling a receiver: " + secrets.hide(inWords(ctx, err))}
	}
	defer resp.Body.Close()
	limit := r.Limit
	if limit == 0 {
		limit = usualLimit
	}
	// A body that breaks off does not take back the answer.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, limit))
	if resp.StatusCode/100 == 2 {
		return body, nil
	}
	problem := fmt.Sprintf("telling a receiver: got status %d, want one of the 200s", resp.StatusCode)
	// What is taken out of it could stand in the middle of a secret.
	if said := Plain(secrets.hide(Plain(string(body), usualLimit)), saidLimit); said != "" {
		problem += fmt.Sprintf("; it says %q", said)
	}
	return nil, &Failure{Again: passing(resp.StatusCode, r.Token != nil), After: c.after(resp), Status: resp.StatusCode, Problem: problem}
}

// passing tells whether a status may be another one later. A token is read at each request: one
// that is refused may be in the middle of being replaced.
func passing(status int, token bool) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == http.StatusUnauthorized && token
}

// after reads Retry-After (RFC 9110 section 10.2.3).
func (c *Client) after(resp *http.Response) time.Duration {
	value := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, c.clock.Until(at))
	}
	return 0
}

// inWords is the error of a request without what net/http puts around it: the address.
func inWords(ctx context.Context, err error) string {
	switch ctx.Err() {
	case nil:
	case context.DeadlineExceeded:
		return "no answer in time"
	default:
		return "the process ends"
	}
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	return err.Error()
}

// build reads the secrets and makes the request.
func (r Request) build(ctx context.Context) (*http.Request, secrets, error) {
	address, err := r.URL()
	if err != nil {
		return nil, nil, &Failure{Again: true, Problem: fmt.Sprintf("reading the address of a receiver: %v", err)}
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, nil, &Failure{Again: true, Problem: "reading the address of a receiver: got something else, want a URL with http or https"}
	}
	hidden := secretsOf(u)
	if r.Path != "" {
		u = u.JoinPath(r.Path)
	}
	if r.Query != nil {
		u.RawQuery = r.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, nil, &Failure{Problem: "making a request to a receiver: " + hidden.hide(inWords(ctx, err))}
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	req.Header.Set("User-Agent", "mailpath")
	if r.Type != "" {
		req.Header.Set("Content-Type", r.Type)
	}
	if r.Token == nil {
		return req, hidden, nil
	}
	token, err := r.Token()
	if err != nil {
		return nil, nil, &Failure{Again: true, Problem: fmt.Sprintf("reading the token for a receiver: %v", err)}
	}
	token = strings.TrimSpace(token)
	req.Header.Set("Authorization", "Bearer "+token)
	return req, append(secrets{token}, hidden...), nil
}

// secrets are texts that must not be told.
type secrets []string

// longEnough is from how many characters on a part of an address is hidden by itself:
// names of hosts and tokens are; "api" is not.
const longEnough = 4

// secretsOf is an address and its parts: with most chat systems a part of the path is what
// lets one post.
func secretsOf(u *url.URL) secrets {
	s := secrets{u.String(), u.Redacted(), u.Host, u.Hostname(), u.RequestURI(), u.Path, u.RawQuery}
	s = append(s, strings.Split(u.EscapedPath(), "/")...)
	s = append(s, strings.Split(u.Path, "/")...)
	for _, values := range u.Query() {
		s = append(s, values...)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		s = append(s, u.User.String(), u.User.Username(), password)
	}
	return s
}

// hide puts dots in the place of what must not be told: of the longest first, for one may be a
// part of another.
func (s secrets) hide(text string) string {
	longestFirst := slices.SortedFunc(slices.Values(s), func(a, b string) int { return len(b) - len(a) })
	for _, secret := range longestFirst {
		if len(secret) >= longEnough {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}

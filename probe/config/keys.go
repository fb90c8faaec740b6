package config

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/mailpath/mailpath/probe"
)

// key is one key of a mapping: what the reader knows of it and the reference says.
type key struct {
	name     string
	kind     string
	required bool
	fallback string // the value of a missing key, as YAML
	follows  string // what a missing key's value follows from, when it is no constant
	meaning  string
	refused  string // what to write instead, for a key that people try
}

// fallbackNode is the fallback, parsed. The tables hold constants: that each of
// them parses is tested by any configuration that does without them.
func (k key) fallbackNode() *yaml.Node {
	var document yaml.Node
	if err := yaml.Load([]byte(k.fallback), &document); err != nil {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	}
	return document.Content[0]
}

func keyNames(keys []key) []string {
	var names []string
	for _, k := range keys {
		if k.refused == "" {
			names = append(names, k.name)
		}
	}
	return names
}

// The words that this version knows.
var (
	payloads   = []string{"plain"}
	checkKinds = []string{"smtp", "imap", "tcp", "tls", "prometheus"}
)

const wholeNames = "its name: at most 63 lower-case letters, digits, `-`, `_` and `.`"

var topKeys = []key{
	{name: "prober", kind: "name", required: true, meaning: "the name of this mailpath among others; it stands in every test message and labels every metric"},
	{name: "site", kind: "name", meaning: "where it runs; a label on every metric"},
	{name: "tag_keys", kind: "list of tag keys", meaning: "the keys that sign test messages: the first signs, all verify; without any, a key is made when mailpath runs"},
	{name: "components", kind: "mapping of components", meaning: "what mail passes through that can fail; each key is " + wholeNames + "; `other` is no name for a component"},
	{name: "senders", kind: "mapping of senders", required: true, meaning: "who hands test messages over; each key is " + wholeNames},
	{name: "mailboxes", kind: "mapping of mailboxes", required: true, meaning: "where test messages arrive; each key is " + wholeNames},
	{name: "routes", kind: "mapping of routes", required: true, meaning: "the ways for mail; each key is " + wholeNames + "; `all` is no name for a route"},
	{name: "probes", kind: "list of probes", fallback: "[{routes: all, payload: plain, every: 1m}]", meaning: "what is sent, and how often; one route and payload may stand in one probe only"},
	{name: "status", kind: "mapping", fallback: "{}", meaning: "what people are told, and how"},
	{name: "maintenance", kind: "list of maintenance", meaning: "when routes may fail on purpose: nobody is paged, and the objective does not count"},
	{name: "webhooks", kind: "mapping of webhooks", meaning: "programs that are told of incidents; each key is " + wholeNames},
	{name: "grafana", kind: "mapping", meaning: "where incidents are marked as annotations; without it, nowhere"},
}

var tagKeyKeys = []key{
	{name: "file", kind: "path", meaning: "a file that holds a key made by `mailpath config key`; a relative path starts at the configuration's directory"},
	{name: "env", kind: "variable", meaning: "an environment variable that holds it; one of `file` and `env` is given"},
}

var componentKeys = []key{
	{name: "title", kind: "text", follows: "the name", meaning: "what people call it"},
	{name: "received_by", kind: "list of patterns", meaning: "which hosts it is, such as `mx*.example.com`, as they name themselves in Received fields: so the time that each component takes is told from the others'; of a route whose sender hands mail to one of them, this is the component that takes it from us"},
	{name: "check", kind: "check, or list of checks", meaning: "questions asked of it without sending mail; each once"},
}

var checkKeys = []key{
	{name: "smtp", kind: "host:port", meaning: "an SMTP server: does it greet, encrypt and answer? It is asked over TLS as the first sender at the same server says, with its `ca_file` and `ehlo`; without such a sender by port: 465 implicit, 587 starttls, others starttls when offered, where a certificate that does not verify is a warning, with the `ehlo` of the first sender"},
	{name: "imap", kind: "host:port", meaning: "an IMAP server: does it greet, and let the user of the first mailbox at the same server log in, over TLS as that mailbox says? Without such a mailbox nobody logs in, and it is greeted by port: 143 in the clear, others implicit"},
	{name: "tcp", kind: "host:port", meaning: "any server: does it take connections?"},
	{name: "tls", kind: "host:port", meaning: "any server with a certificate: is it trusted, for this host, and good for 21 more days (warning) and 3 (failed)? It is asked by port: 25, 587 and 143 starttls, others implicit; the `ca_file` is that of the first sender or mailbox at the same server"},
	{name: "prometheus", kind: "mapping", meaning: "what Prometheus knows of it; one of `" + strings.Join(checkKinds, "`, `") + "` is given"},
}

var queryKeys = []key{
	{name: "url", kind: "URL", required: true, meaning: "Prometheus, such as `http://prometheus.example.com:9090`"},
	{name: "query", kind: "PromQL", required: true, meaning: "what to ask: an instant vector or a number; without any series the answer is unknown"},
	{name: "above", kind: "number", meaning: "any series above it is bad"},
	{name: "below", kind: "number", meaning: "any series below it is bad; one of `above` and `below` is given"},
	{name: "means", kind: "text", required: true, meaning: "what is the matter then, such as `mail queues up at the gateway`"},
}

var senderKeys = []key{
	{name: "from", kind: "address", required: true, meaning: "the address that sends: envelope sender and From field"},
	{name: "smtp", kind: "mapping", required: true, meaning: "the server that takes its messages"},
	{name: "dkim", kind: "mapping", meaning: "the key that signs its messages (DKIM), where the server does not sign them itself; without one, as servers that let mail in see it, mail from outside is more likely to be taken for spam"},
}

var dkimKeys = []key{
	{name: "domain", kind: "domain", follows: "the domain of `from`", meaning: "the domain that vouches for the messages; for DMARC it is the domain of `from`, or one above it"},
	{name: "selector", kind: "text", required: true, meaning: "which of the domain's keys it is: its record is `SELECTOR._domainkey.DOMAIN`, which `mailpath config check` prints"},
	{name: "key_file", kind: "path", required: true, meaning: "a file with the private key in PEM, RSA of 2048 bits or Ed25519, read again when it has changed; a relative path starts at the configuration's directory"},
}

var smtpKeys = []key{
	{name: "server", kind: "host:port, or list of them", required: true, meaning: "the server; several become several senders, `NAME@HOST`, and so do the sender's routes"},
	{name: "tls", kind: "none, starttls or implicit", follows: "by port: 465 and 993 implicit, 587 and 143 starttls, others none", meaning: "how the connection is encrypted; never less than this"},
	{name: "ca_file", kind: "path", follows: "the system's certificates", meaning: "PEM certificates to trust instead of the system's"},
	{name: "ehlo", kind: "host", follows: "the domain of `from`", meaning: "the name to greet with"},
	{name: "auth", kind: "mapping", meaning: "how to log in; without it, not at all"},
}

var mailboxKeys = []key{
	{name: "address", kind: "address", required: true, meaning: "the address whose mail arrives there"},
	{name: "imap", kind: "mapping", required: true, meaning: "the server that holds it"},
	{name: "folders", kind: "list of folders", fallback: `[INBOX, '\Junk']`, meaning: "the folders to look into; those beside INBOX tell mail that went astray; `\\Junk` is the folder that the server marks as the one for spam, whatever it is called, or else one that is called so, and may be missing"},
	{name: "clean", kind: "true or false", fallback: "true", meaning: "delete test messages once they were seen, settled and journaled: only this prober's own, by their UIDs; reports about them, such as bounces, are other people's mail and stay: give a sender's mailbox a retention rule; false leaves them lying, for a retention rule or a legal hold"},
	{name: "quarantine", kind: "true or false", fallback: "false", meaning: "a filter puts mail there that it keeps back, whatever mailbox it was for: a test message that is found there has arrived, in quarantine, and the expectation judges it; no route leads there"},
	{name: "authserv_id", kind: "list of patterns", meaning: "the servers whose Authentication-Results (SPF, DKIM, DMARC, ARC) are believed in mail found there, by the authserv-id that they begin it with (RFC 8601), such as `mx*.example.com`; where a server writes none, as Exchange does, the host of the Received field below it counts; without any, none is believed: a sender can write such a field, too, and the servers named here must remove those that come in with their own names"},
}

var imapKeys = []key{
	{name: "server", kind: "host:port", required: true, meaning: "the server"},
	{name: "tls", kind: "none, starttls or implicit", follows: "by port: 465 and 993 implicit, 587 and 143 starttls, others implicit", meaning: "how the connection is encrypted; never less than this"},
	{name: "ca_file", kind: "path", follows: "the system's certificates", meaning: "PEM certificates to trust instead of the system's"},
	{name: "auth", kind: "mapping", required: true, meaning: "how to log in"},
}

const fromFiles = "password_file or password_env: passwords stand in files or the environment"

var authKeys = []key{
	{name: "username", kind: "text", required: true, meaning: "the account's name"},
	{name: "password_file", kind: "path", meaning: "a file that holds its password, read again whenever it is used; a relative path starts at the configuration's directory"},
	{name: "password_env", kind: "variable", meaning: "an environment variable that holds it; one of `password_file` and `password_env` is given"},
	{name: "password", refused: fromFiles},
}

var routeKeys = []key{
	{name: "direction", kind: "inbound, internal, site-to-site, outbound or mobile", required: true, meaning: "which way it runs, seen from the company"},
	{name: "sender", kind: "name of a sender", required: true, meaning: "where its mail starts"},
	{name: "mailbox", kind: "name of a mailbox", required: true, meaning: "where its mail should arrive"},
	{name: "path", kind: "list of components", meaning: "the components between them in the order in which mail passes them; needed to say where a break is"},
	{name: "alters", kind: "list of alterations", meaning: "what the path is meant to change in messages, such as `[banner]` for mail from outside: it is counted and marked as meant, and everything else as not"},
	{name: "retry", kind: "list of durations", meaning: "a queue for servers that turn strangers away at first (greylisting): how long to wait before each further try of a message that was refused with a 4xx reply, such as `[15s, 1m, 5m, 15m]`; it is the same message from the same address, its latency runs from the first try, and the journal carries it over a restart; without it such a message ends as deferred"},
}

var alterKeys = []key{
	{name: "kind", kind: "word", required: true, meaning: "what kind of change it is, one of `" + strings.Join(alterations(), "`, `") + "`"},
	{name: "text", kind: "text", meaning: "what stands in it, without regard to case, such as `[EXTERNAL]`; without it, whatever it is"},
}

// alterations are the kinds that there are.
func alterations() []string {
	var kinds []string
	for _, k := range probe.AlterationKinds {
		kinds = append(kinds, string(k))
	}
	return kinds
}

var probeKeys = []key{
	{name: "routes", kind: "all, or list of routes", fallback: "all", meaning: "where to send; a route whose sender has several servers means one for each"},
	{name: "payload", kind: strings.Join(payloads, ", "), fallback: "plain", meaning: "what the messages carry"},
	{name: "every", kind: "duration", fallback: "1m", meaning: "how often a message is sent on each route; at least 1s"},
	{name: "late_after", kind: "duration", fallback: "60s", meaning: "a message that takes longer is late"},
	{name: "lost_after", kind: "duration", fallback: "4h", meaning: "a message not seen by then is lost; longer than `late_after`, and longer than any outage that should end as late"},
	{name: "expect", kind: "delivered", fallback: "delivered", meaning: "what should become of them"},
}

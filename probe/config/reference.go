package config

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed example.yaml
var example string

// Example is a commented configuration to start from.
func Example() string { return example }

// chapter is one kind of mapping in the reference.
type chapter struct {
	title   string // the way of keys to it
	intro   string
	keys    []key
	example string // a part of a configuration, from the top
}

func chapters() []chapter {
	return []chapter{
		{"The file", "One YAML document. Unknown keys are errors, and all problems are told at once. Aliases may stand for whole values; merge keys (`<<`) are not read.", topKeys, topExample},
		{"tag_keys[]", "Where a key stands that signs test messages.", tagKeyKeys, tagKeysExample},
		{"components.NAME", "Something mail passes through that can fail.", componentKeys, componentsExample},
		{"components.NAME.check", "A question asked without sending mail.", checkKeys, checkExample},
		{"components.NAME.check.prometheus", "A query of Prometheus. Trouble with Prometheus itself says nothing of the component: the answer is then unknown.", queryKeys, queryExample},
		{"senders.NAME", "Who hands test messages over.", senderKeys, sendersExample},
		{"senders.NAME.smtp", "The server that takes messages. A login without TLS is refused, save on this machine.", smtpKeys, smtpExample},
		{"senders.NAME.dkim", "How messages are signed (RFC 6376): relaxed/relaxed, with From, To, Subject, Date and Message-ID protected against additions.", dkimKeys, dkimExample},
		{"mailboxes.NAME", "Where test messages arrive.", mailboxKeys, mailboxesExample},
		{"mailboxes.NAME.imap", "The server that holds a mailbox. A login without TLS is refused, save on this machine.", imapKeys, imapExample},
		{"auth", "A login, in `smtp` and in `imap`.", authKeys, authExample},
		{"routes.NAME", "One way for mail.", routeKeys, routesExample},
		{"routes.NAME.alters[]", "A change that the path is meant to make; a word stands for its kind alone. docs/alterations.md tells what is found.", alterKeys, altersExample},
		{"probes[]", "What is sent on which routes, how often, and what is expected. Durations have a unit: `500ms`, `30s`, `4h`, `1h30m`.", probeKeys, probesExample},
		{"status", "What people are told of, and how: on the status page, in feeds and by webhooks.", statusKeys, statusExample},
		{"maintenance[]", "A time in which routes may fail on purpose, once or again and again. Messages go on being sent, and health and outcomes are told as ever; but nobody is paged, and those on their way meanwhile count for no objective. Maintenance that is not planned is announced: `mailpath announce --maintenance`.", maintenanceKeys, maintenanceExample},
		{"webhooks.NAME", "A program that is told of incidents, by a POST request. None of what people are told travels by mail: mail about mail that is broken does not arrive.", webhookKeys, webhooksExample},
		{"grafana", "Where incidents are marked in dashboards, as annotations.", grafanaKeys, grafanaExample},
	}
}

const topExample = `prober: hq-1
site: hq
`

const tagKeysExample = `tag_keys:
  - {file: /etc/mailpath/tag.key}
  - {env: OLD_TAG_KEY}
`

const componentsExample = `components:
  gateway-in:
    title: the gateway's inbound filter
    received_by: ["mx*.example.com"]
`

const checkExample = `components:
  gateway-in:
    check: {smtp: "mx1.example.com:25"}
  store-hq:
    check:
      - {imap: "imap.hq.example.com:993"}
      - {tls: "imap.hq.example.com:993"}
      - {tcp: "imap.hq.example.com:4190"}
`

const queryExample = `components:
  gateway-in:
    check:
      prometheus:
        url: http://prometheus.example.com:9090
        query: sum(postfix_showq_message_age_seconds_count{queue="deferred"})
        above: 100
        means: mail queues up at the gateway
`

const sendersExample = `senders:
  outside:
    from: mailpath@provider.example
    smtp: {server: "smtp.provider.example:587"}
`

const smtpExample = `senders:
  outside:
    from: mailpath@provider.example
    smtp:
      server: ["mx1.example.com:25", "mx2.example.com:25"]
      tls: starttls
      ca_file: ca.pem
      ehlo: probe.provider.example
`

const dkimExample = `senders:
  outside:
    from: mailpath@probe.example.net
    smtp: {server: "mx1.example.com:25"}
    dkim: {selector: mailpath, key_file: /etc/mailpath/dkim.pem}
`

const mailboxesExample = `mailboxes:
  hq:
    address: mailpath-in@example.com
    imap: {server: "imap.hq.example.com:993", auth: {username: mailpath, password_env: HQ_PASSWORD}}
    folders: [INBOX, Junk]
    clean: false
    authserv_id: [mx1.example.com]
  quarantine:
    address: quarantine@example.com
    imap: {server: "imap.hq.example.com:993", auth: {username: quarantine, password_env: QUARANTINE_PASSWORD}}
    quarantine: true
`

const imapExample = `mailboxes:
  hq:
    address: mailpath-in@example.com
    imap:
      server: "imap.hq.example.com:143"
      tls: starttls
      ca_file: /etc/mailpath/ca.pem
      auth: {username: mailpath, password_env: HQ_PASSWORD}
`

const authExample = `senders:
  hq:
    from: mailpath-in@example.com
    smtp:
      server: "smtp.hq.example.com:465"
      auth:
        username: mailpath-in
        password_file: /etc/mailpath/hq.password
`

const routesExample = `routes:
  hq-to-branch:
    direction: site-to-site
    sender: hq
    mailbox: branch
    path: [store-hq, link-branch, store-branch]
    retry: [15s, 1m, 5m, 15m]
`

const altersExample = `routes:
  outside-to-hq:
    direction: inbound
    sender: outside
    mailbox: hq
    path: [gateway-in, antispam, store-hq]
    alters:
      - {kind: subject-prefix, text: "[EXTERNAL]"}
      - banner
`

const probesExample = `probes:
  - {routes: all, every: 1m}
`

const statusExample = `status:
  company: Example Ltd
  contact: the service desk, extension 100
  language: en
  time_zone: Europe/Berlin
  url: https://mail-status.example.com
  update_every: 15m
`

const maintenanceExample = `maintenance:
  - {title: the gateway is patched, routes: [outside-to-hq, hq-to-outside], cron: "30 22 * * tue", for: 2h}
  - {title: the mailboxes move, from: 2036-12-01T22:00, until: 2036-12-02T02:00}
`

const webhooksExample = `webhooks:
  noc-chat:
    url_file: /etc/mailpath/chat.url
    format: mattermost
  intranet:
    url: http://localhost:8080/mail
    audience: staff
    token_env: INTRANET_TOKEN
    steps: [opened, resolved, note]
`

const grafanaExample = `grafana:
  url: https://grafana.example.com
  token_file: /etc/mailpath/grafana.token
  tags: [mailpath, mail]
`

// Reference is the manual of every key, in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\nWritten by `go test ./probe/config -update` from the tables that mailpath reads configurations with.\n" +
		"`mailpath config example` prints a whole one to start from.\n")
	for _, c := range chapters() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n### Fields\n\n| key | type | default | meaning |\n|---|---|---|---|\n", c.title, c.intro)
		for _, k := range c.keys {
			if k.refused == "" {
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.name, k.kind, k.standard(), k.meaning)
			}
		}
		fmt.Fprintf(&b, "\n### Example\n\n```yaml\n%s```\n", c.example)
	}
	return b.String()
}

// standard is what the reference says of a missing key.
func (k key) standard() string {
	switch {
	case k.required:
		return "required"
	case k.fallback != "":
		return "`" + k.fallback + "`"
	case k.follows != "":
		return k.follows
	}
	return "none"
}

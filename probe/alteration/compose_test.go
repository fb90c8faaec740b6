package alteration_test

import (
	"bytes"
	"encoding/base64"
	"mime"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/checks/payload"
	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/alteration"
)

// prose is a payload whose text a test chooses.
type prose string

func (prose) Name() string            { return "plain" }
func (p prose) Text(probe.Tag) string { return string(p) }

// compose makes a message as it is sent.
func compose(t testing.TB, p probe.Payload) *probe.Message {
	t.Helper()
	key, err := probe.NewKey(bytes.NewReader(bytes.Repeat([]byte{1}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := probe.NewKeyring("hq-1", key)
	if err != nil {
		t.Fatal(err)
	}
	sent := time.Date(2026, 11, 23, 8, 41, 7, 0, time.UTC)
	tag := probe.Tag{
		ID: 0b001_011_100_010_101, Full: true, Prober: "hq-1", Route: "outside-to-hq", Payload: "plain",
		Purpose: probe.Scheduled, Slot: sent, Sent: sent, Interval: 30 * time.Second,
	}
	return probe.Compose(probe.Probe{
		Route:   probe.Route{Name: "outside-to-hq", From: "mailpath@provider.example", To: "mailpath-in@example.com"},
		Payload: p, Every: 30 * time.Second,
	}, ring, tag)
}

func plain(t testing.TB) *probe.Message { return compose(t, payload.Plain()) }

// mail is a message under way: fields with their line ends, and the text below them.
type mail struct {
	fields []string
	body   string
}

func mailOf(sent *probe.Message) mail {
	header, body, _ := strings.Cut(string(sent.Raw), "\r\n\r\n")
	var m mail
	for line := range strings.Lines(header + "\r\n") {
		if line[0] == ' ' {
			m.fields[len(m.fields)-1] += line
		} else {
			m.fields = append(m.fields, line)
		}
	}
	m.body = body
	return m
}

// found is the message as a watcher finds it.
func (m mail) found() probe.Observation {
	body := []byte(m.body)
	return probe.Observation{Header: []byte(strings.Join(m.fields, "") + "\r\n"), Body: body[:min(len(body), probe.MaxBody)]}
}

// on puts fields on top, as every server does.
func (m mail) on(fields ...string) mail {
	var all []string
	for _, f := range fields {
		all = append(all, f+"\r\n")
	}
	m.fields = append(all, m.fields...)
	return m
}

func (m mail) without(name string) mail {
	var kept []string
	for _, f := range m.fields {
		if !strings.EqualFold(strings.TrimSpace(f[:strings.IndexByte(f, ':')]), name) {
			kept = append(kept, f)
		}
	}
	m.fields = kept
	return m
}

// with puts a field in place of that of its name.
func (m mail) with(name, value string) mail {
	m = m.without(name)
	m.fields = append(m.fields[:len(m.fields):len(m.fields)], name+": "+value+"\r\n")
	return m
}

func (m mail) value(name string) string {
	v, _ := probe.ParseHeader([]byte(strings.Join(m.fields, ""))).Get(name)
	return v
}

// subject puts something around the Subject.
func (m mail) subject(before, after string) mail {
	return m.with("Subject", before+m.value("Subject")+after)
}

// around puts text above and below.
func (m mail) around(above, below string) mail {
	m.body = above + m.body + below
	return m
}

// as gives the text another form.
func (m mail) as(contentType, encoding, body string) mail {
	m = m.with("Content-Type", contentType).with("Content-Transfer-Encoding", encoding)
	m.body = body
	return m
}

func quotedPrintable(s string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

func inBase64(s string) string {
	encoded := base64.StdEncoding.EncodeToString([]byte(s))
	var b strings.Builder
	for len(encoded) > 76 {
		b.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	return b.String() + encoded + "\r\n"
}

func word(charset, s string) string { return mime.QEncoding.Encode(charset, s) }

// page is a text as HTML, as gateways turn it.
func page(above, text, below string) string {
	return "<html><head><title>Mail delivery check</title><style>p {color: red}</style></head>\r\n<body>\r\n" + above +
		"<p class=\"x\">" + strings.ReplaceAll(text, "\r\n", "<br>\r\n") + "</p>" + below + "</body></html>\r\n"
}

// part is a part of a multipart text whose boundary is "=_b".
func part(header, body string) string { return "--=_b\r\n" + header + "\r\n\r\n" + body + "\r\n" }

const end = "--=_b--\r\n"

// show writes what was found, one line each.
func show(all []probe.Alteration) string {
	var b strings.Builder
	for _, a := range all {
		b.WriteString(string(a.Kind) + ": " + a.Text + "\n")
	}
	return b.String()
}

// check compares what Find gives with what is wanted, one line each.
func check(t *testing.T, sent *probe.Message, m mail, want ...string) {
	t.Helper()
	var all string
	for _, w := range want {
		all += w + "\n"
	}
	got := alteration.Find(sent, m.found())
	if show(got) != all {
		t.Errorf("got\n%swant\n%sin\n%s\n%s", show(got), all, strings.Join(m.fields, ""), m.body[:min(len(m.body), 4000)])
	}
	if len(want) == 0 && got != nil {
		t.Errorf("got a list of no alterations, want nil")
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHopsGolden holds what is said of messages to testdata/hops: NN-name.eml, with
// NN-name.yaml a configuration if there is one, gives NN-name.txt and NN-name.json.
func TestHopsGolden(t *testing.T) {
	messages, err := filepath.Glob("testdata/hops/*.eml")
	if err != nil || len(messages) < 4 {
		t.Fatalf("got %d messages (%v)", len(messages), err)
	}
	for _, message := range messages {
		name := strings.TrimSuffix(message, ".eml")
		args := []string{"hops", message}
		if _, err := os.Stat(name + ".yaml"); err == nil {
			args = append(args, "-c", name+".yaml")
		}
		for format, suffix := range map[string]string{"text": ".txt", "json": ".json"} {
			status, got, stderr := command(t, append(args, "-o", format)...)
			if status != exitOK || stderr != "" {
				t.Errorf("%s: got status %d and %q, want %d", message, status, stderr, exitOK)
			}
			if *update {
				if err := os.WriteFile(name+suffix, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name + suffix)
			if err != nil || got != string(want) {
				t.Errorf("%s: got (%v)\n%s\nwant\n%s", name+suffix, err, got, want)
			}
			for line := range strings.Lines(got) {
				if line = strings.TrimSuffix(line, "\n"); format == "text" && (cells(line) > mostWidth || printable(line) != line) {
					t.Errorf("%s: got a line of %d columns, want at most %d and all of it printable: %q", message, cells(line), mostWidth, line)
				}
			}
		}
	}
}

func TestHopsStatusAndWords(t *testing.T) {
	dir := t.TempDir()
	config := "testdata/hops/01-slow-filter.yaml"
	for name, c := range map[string]struct {
		args   []string
		stdin  string
		status int
		words  string // part of what is printed
	}{
		"a file that is not there":    {[]string{filepath.Join(dir, "x.eml")}, "", exitUsage, "x.eml: no such file"},
		"a directory":                 {[]string{dir}, "", exitUsage, "is a directory"},
		"two files":                   {[]string{"a", "b"}, "", exitUsage, "at most 1"},
		"nothing":                     {nil, "", exitOK, "There is no Received field"},
		"nothing, as JSON":            {[]string{"-o", "json"}, "", exitOK, "[]\n"},
		"an output nobody knows":      {[]string{"-o", "xml"}, "", exitUsage, "want text or json"},
		"a route without its map":     {[]string{"--route", "outside-to-hq"}, "", exitUsage, "want --config too"},
		"a route nobody knows":        {[]string{"--route", "inside", "-c", config}, "", exitUsage, "want one of outside-to-hq"},
		"a configuration not there":   {[]string{"-c", dir + "/x.yaml"}, "", exitUsage, "no such file"},
		"standard input, by its name": {[]string{"-"}, "Received: by mx1.example.com; Mon, 23 Nov 2026 09:15:03 +0100\n\n", exitOK, "08:15:03  mx1.example.com"},
		"a byte order mark, empty lines and CRLF": {nil, "\ufeff\r\n\r\nReceived: from a by mx1.example.com with SMTP;\r\n Mon, 23 Nov 2026 09:15:03 +0100\r\n\r\n",
			exitOK, "08:15:03  mx1.example.com"},
		"on a route, its components": {[]string{"-c", config, "--route", "outside-to-hq"}, "Received: from a by mx2.example.com with SMTP; Mon, 23 Nov 2026 09:15:03 +0100\n",
			exitOK, "mx2.example.com (gateway-in)"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, log bytes.Buffer
			root := newRoot(&out, &log)
			root.SetIn(strings.NewReader(c.stdin))
			status := carryOut(context.Background(), root, append([]string{"hops"}, c.args...), &log)
			if status != c.status || !strings.Contains(out.String()+log.String(), c.words) {
				t.Errorf("got status %d and\n%s%s\nwant %d and %q", status, &out, &log, c.status, c.words)
			}
		})
	}
}

// What is read of an endless input is bounded.
func TestHopsReadsABoundedPart(t *testing.T) {
	var out bytes.Buffer
	in := &endlessly{text: "Received: from a by b.example.com with SMTP; Mon, 23 Nov 2026 09:15:03 +0100\n"}
	root := newRoot(&out, &out)
	root.SetIn(in)
	if status := carryOut(t.Context(), root, []string{"hops", "-o", "json"}, &out); status != exitOK {
		t.Fatalf("got status %d\n%.1000s", status, &out)
	}
	var all []json.RawMessage
	if err := json.Unmarshal(out.Bytes(), &all); err != nil || len(all) == 0 || in.read > 2<<20 {
		t.Errorf("got %d entries (%v) of %d bytes, want some, of 1 MiB or so", len(all), err, in.read)
	}
}

// endlessly says the same for ever.
type endlessly struct {
	text string
	read int
}

func (e *endlessly) Read(p []byte) (int, error) {
	e.read += len(p)
	for n := 0; n < len(p); {
		n += copy(p[n:], e.text)
	}
	return len(p), nil
}

package config_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
	"go.yaml.in/yaml/v4"
)

func TestReferenceIsCurrent(t *testing.T) {
	golden(t, "../../docs/config.md", config.Reference())
}

// Every example of the reference is a part of a configuration that works.
func TestReferenceExamples(t *testing.T) {
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(config.Reference(), -1)
	if len(examples) < 18 {
		t.Fatalf("got %d examples, want one in each section", len(examples))
	}
	for _, example := range examples {
		whole, part := tree(t, config.Example()), tree(t, example[1])
		overlay(whole, part)
		text, err := yaml.Dump(whole)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Parse("example.yaml", text); err != nil {
			t.Errorf("%s\n%v", example[1], err)
		}
	}
}

func tree(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := yaml.Load([]byte(text), &m); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return m
}

// overlay puts the entries of a part into a whole; names it knows are replaced.
func overlay(whole, part map[string]any) {
	for key, value := range part {
		section, ok := value.(map[string]any)
		if !ok {
			whole[key] = value
			continue
		}
		known, ok := whole[key].(map[string]any)
		if !ok {
			whole[key] = value
			continue
		}
		for name, entry := range section {
			known[name] = entry
		}
	}
}

func TestExample(t *testing.T) {
	c := parse(t, "/etc/mailpath/mailpath.yaml", config.Example())
	if len(c.Components) != 7 || len(c.Senders) != 4 || len(c.Mailboxes) != 3 || len(c.Routes) != 6 || len(c.Probes) != 6 {
		t.Errorf("got %d components, %d senders, %d mailboxes, %d routes and %d probes, want 7, 4, 3, 6 and 6",
			len(c.Components), len(c.Senders), len(c.Mailboxes), len(c.Routes), len(c.Probes))
	}
	for _, note := range c.Notes {
		if !strings.HasSuffix(note.Message, "accepted, and not used by this version") {
			t.Errorf("got note %v, want none in an example", note)
		}
	}
	want := config.Probe{Route: "hq-to-branch", Payload: "plain", Every: 30 * time.Second,
		LateAfter: time.Minute, LostAfter: 4 * time.Hour, Expect: probe.ExpectDelivered}
	if got := c.Probes[4]; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := c.Status.TimeZone.String(); got != "Europe/Berlin" || len(c.Maintenance) != 0 {
		t.Errorf("got time zone %s and %d maintenances, want Europe/Berlin and none", got, len(c.Maintenance))
	}
	roundTrip(t, c)
}

// What the example has commented out works, too.
func TestExampleUncommented(t *testing.T) {
	text := strings.NewReplacer("# maintenance:", "maintenance:", "#   - {", "  - {").Replace(config.Example())
	if c := parse(t, "example.yaml", text); len(c.Maintenance) != 2 {
		t.Errorf("got %d maintenances, want 2", len(c.Maintenance))
	}
}

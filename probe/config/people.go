package config

import "time"

// Status is what people are told, and how.
type Status struct {
	Company     string // for titles; empty: none
	Contact     string // whom to ask, in words, such as "the service desk, extension 100"
	Language    string // of the words, such as "en"
	Words       string // a directory whose files replace built-in words, absolute; empty: none
	TimeZone    *time.Location
	URL         string        // under which people find the page; empty: not known
	UpdateEvery time.Duration // how soon people are promised the first update on an incident
	Cstate      string        // a directory for Markdown of incidents, absolute; empty: none is written
}

// Maintenance is a stretch of time, or one that comes again, in which routes may fail.
type Maintenance struct {
	Title  string
	Routes []string      // by name; empty: all
	From   time.Time     // of one that comes once, in the site's time zone
	Cron   string        // of one that comes again, five fields (crontab(5)), in the site's time zone; empty: once
	For    time.Duration // how long it takes
}

// Webhook is a program that is told of incidents.
type Webhook struct {
	Name     string
	URL      Secret // whoever knows it may post, as with most chat systems
	Format   string // generic, slack, mattermost, teams or template
	Template string // a file with the body, absolute; only with that format
	Audience string // staff, management or noc: whose words are used
	Token    *Secret
	Steps    []string // that are told; empty: all but progress
}

// Grafana is where incidents are marked as annotations.
type Grafana struct {
	URL       string
	Token     Secret
	Dashboard string // a UID; empty: all dashboards
	Tags      []string
}

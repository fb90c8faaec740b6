package config

import (
	"strings"

	"github.com/mailpath/mailpath/probe"
)

// The words that this version knows about telling people.
var (
	languages = []string{"en", "de"} // that are built in
	formats   = []string{"generic", "slack", "mattermost", "teams", ownFormat}
	audiences = []string{"staff", "management", "noc"}
)

// ownFormat is that of a webhook with a template.
const ownFormat = "template"

// steps are what a webhook may be told: the steps of incidents, and what else is told.
func steps() []string {
	var all []string
	for _, s := range []probe.IncidentStep{
		probe.IncidentOpened, probe.IncidentJudged, probe.IncidentWidened, probe.IncidentNarrowed, probe.IncidentProgressed, probe.IncidentRepaired,
		probe.IncidentRelapsed, probe.IncidentDrained, probe.IncidentResolved, probe.IncidentMerged, probe.IncidentMaintained,
	} {
		all = append(all, string(s))
	}
	return append(all, "note", "maintenance")
}

var statusKeys = []key{
	{name: "company", kind: "text", meaning: "the company's name, for titles"},
	{name: "contact", kind: "text", meaning: "whom to ask, such as `the service desk, extension 100`"},
	{name: "language", kind: strings.Join(languages, ", ") + ", or one of the words", fallback: "en", meaning: "the language of the words; others than the built-in ones stand in `words`"},
	{name: "words", kind: "path", meaning: "a directory with a directory for each language, such as `words/fr`: its files replace the built-in words of the same name; a relative path starts at the configuration's directory"},
	{name: "time_zone", kind: "time zone", follows: "the machine's, if it has a name; else UTC", meaning: "the site's, as the IANA database names it, such as `Europe/Berlin`: in it people are told times, and maintenance is planned"},
	{name: "url", kind: "URL", meaning: "under which people find the status page, such as `https://mail-status.example.com`, for links to it"},
	{name: "update_every", kind: "duration", fallback: "20m", meaning: "how soon people are promised the first update on an incident; at least 5m"},
	{name: "cstate", kind: "path", meaning: "a directory into which incidents are written as Markdown for a static status page (cState); without it, none are"},
}

var maintenanceKeys = []key{
	{name: "title", kind: "text", required: true, meaning: "what is done, for people"},
	{name: "routes", kind: "all, or list of routes", fallback: "all", meaning: "which may fail meanwhile; a route whose sender has several servers means one for each"},
	{name: "from", kind: "time", meaning: "when it begins, if it comes once: `2026-12-01T22:00` by the clocks of the site (`status.time_zone`), or with an offset, `2026-12-01T22:00:00+01:00`"},
	{name: "cron", kind: "crontab(5)", meaning: "when it begins, if it comes again: minute, hour, day of month, month and day of week by the clocks of the site, such as `30 22 * * tue`, or a word such as `@weekly`; one of `from` and `cron` is given. A beginning that the clocks skip when they are put forward is as they are; one that they show twice when they are put back is the first of them; with `*` as the hour there is one in every hour that passes"},
	{name: "for", kind: "duration", meaning: "how long it takes, such as `2h`; at least 1m"},
	{name: "until", kind: "time", meaning: "when it ends, if it comes once; one of `for` and `until` is given"},
}

var webhookKeys = []key{
	{name: "url_file", kind: "path", meaning: "a file that holds the URL, read again whenever it is used: whoever knows it may post, as with most chat systems; a relative path starts at the configuration's directory"},
	{name: "url_env", kind: "variable", meaning: "an environment variable that holds it"},
	{name: "url", kind: "URL", meaning: "the URL itself, for a receiver on this machine or one whose URL is no secret; one of `url_file`, `url_env` and `url` is given"},
	{name: "format", kind: strings.Join(formats, ", "), fallback: formats[0], meaning: "how it is told: JSON of mailpath's own, as a chat system wants it, or as a template says"},
	{name: "template", kind: "path", meaning: "a file with the template of the body, with `format: template` only; a relative path starts at the configuration's directory"},
	{name: "audience", kind: strings.Join(audiences, ", "), fallback: "noc", meaning: "whose words are used"},
	{name: "token_file", kind: "path", meaning: "a file that holds a bearer token, read again whenever it is used; a relative path starts at the configuration's directory"},
	{name: "token_env", kind: "variable", meaning: "an environment variable that holds it; at most one of `token_file` and `token_env` is given"},
	{name: "token", refused: "token_file or token_env: tokens stand in files or the environment"},
	{name: "steps", kind: "list of steps", follows: "all but `" + string(probe.IncidentProgressed) + "`", meaning: "what it is told, of `" + strings.Join(steps(), "`, `") + "`"},
}

var grafanaKeys = []key{
	{name: "url", kind: "URL", required: true, meaning: "Grafana, such as `https://grafana.example.com`"},
	{name: "token_file", kind: "path", meaning: "a file that holds the token of a service account that may write annotations, read again whenever it is used; a relative path starts at the configuration's directory"},
	{name: "token_env", kind: "variable", meaning: "an environment variable that holds it; one of `token_file` and `token_env` is given"},
	{name: "token", refused: "token_file or token_env: tokens stand in files or the environment"},
	{name: "dashboard", kind: "text", follows: "all dashboards", meaning: "the UID of the dashboard to mark"},
	{name: "tags", kind: "list of texts", fallback: "[mailpath]", meaning: "by which dashboards find the annotations"},
}

// Package incident turns routes that break, and verdicts on what broke, into incidents:
// stretches of time that people are told about, with a timeline and figures.
//
// A Monitor is given every change, behind health and diagnosis, and says which facts are
// to be journaled: probe.IncidentChanged. What the journal has stands: what people are told
// is what was recorded, and after a restart the same incident goes on. A Book collects
// what was told, and is what pages, metrics and messages are made of.
package incident

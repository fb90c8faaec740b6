package trace_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mailpath/mailpath/probe/trace"
)

func entry(value string) trace.Entry {
	entries := trace.Read([]byte("Received: " + value + "\n")).Entries
	if len(entries) != 1 {
		panic(fmt.Sprintf("got %d entries of one field", len(entries)))
	}
	return entries[0]
}

// Dates as they occur, after what may stand before them.
func TestDates(t *testing.T) {
	const none = "none"
	for date, want := range map[string]string{
		// RFC 5322 and its obsolete forms
		"; Mon, 23 Nov 2026 08:41:02 +0100":                 "2026-11-23T07:41:02Z 1s",
		"; Thu,  9 Jul 2004 08:41:02 -0000":                 "2004-07-09T08:41:02Z 1s",
		"; 9 Jul 2004 08:41:02 GMT":                         "2004-07-09T08:41:02Z 1s",
		"; Mon, 22 Apr 96 18:17:09 PDT":                     "1996-04-23T01:17:09Z 1s",
		"; Mon, 22 Apr 49 18:17:09 UT":                      "2049-04-22T18:17:09Z 1s",
		"; Mon, 22 Apr 126 18:17:09 UT":                     "2026-04-22T18:17:09Z 1s",
		"; Mon, 23 Nov 2026 08:41 +0100":                    "2026-11-23T07:41:00Z 1m0s",
		"; Sat, 31 Dec 2016 23:59:60 +0000":                 "2017-01-01T00:00:00Z 1s",
		"; Thu,23 Nov 2026 08:41:02+0100":                   "2026-11-23T07:41:02Z 1s",
		"; Mon (a), 23 (b) Nov 2026 (c) 08:41:02 (d) +0100": "2026-11-23T07:41:02Z 1s",
		"; Mon, 23 November 2026 8:41:02 EST":               "2026-11-23T13:41:02Z 1s",
		"; Mon, 23 NOV 2026 08:41:02 Z":                     "2026-11-23T08:41:02Z 1s",
		"; Thu, 29 Feb 2024 08:41:02 +0000":                 "2024-02-29T08:41:02Z 1s",
		// what stands around them
		"; (version=TLSv1 cipher=x; y) Mon, 23 Nov 2026 08:41:02 +0100":       "2026-11-23T07:41:02Z 1s",
		"; no; use; Mon, 23 Nov 2026 08:41:02 +0100 (MEST) (envelope-from a)": "2026-11-23T07:41:02Z 1s",
		"; Mon, 23 Nov 2026 08:41:02 +0100;":                                  "2026-11-23T07:41:02Z 1s",
		"; Mon, 23 Nov 2026 08:41:02 +0100 for <a@example.com>":               "2026-11-23T07:41:02Z 1s",
		" Mon, 23 Nov 2026 08:41:02 -0500 (CDT)":                              "2026-11-23T13:41:02Z 1s",
		" Mon, 23 Nov 2026 08:41:02 -0500 in the text":                        none,
		"; Mon, 23 Nov 2026 08:41:02 +0100 (=":                                "2026-11-23T07:41:02Z 1s",
		"; Mon, 23 Nov 2026 12: 41: 02 +0100":                                 "2026-11-23T11:41:02Z 1s",
		"; Mon, 23 Nov 2026 12 :41:02 +0100":                                  "2026-11-23T11:41:02Z 1s",
		"; Mon,= 23 Nov 2026 08:41:02 =2B0100":                                "2026-11-23T07:41:02Z 1s",
		"; Mon, 23 Nov 2026 08:41:02 &#43;0100":                               "2026-11-23T07:41:02Z 1s",
		"; \u6708, 23 Nov 2026 08:41:02 +0100":                                "2026-11-23T07:41:02Z 1s",
		"; Mi\xe9, 23 Nov 2026 08:41:02 +0100":                                "2026-11-23T07:41:02Z 1s",
		"; Mon, 23 Nov 2026 08:41:02 \u22120500":                              "2026-11-23T13:41:02Z 1s",
		// fractions
		"; Mon, 23 Nov 2026 08:41:02.5 +0100":                           "2026-11-23T07:41:02.5Z 100ms",
		"; Mon, 23 Nov 2026 08:41:02.0000000019 +0100":                  "2026-11-23T07:41:02.000000001Z 1ns",
		" 2026-11-23 08:41:02.928333532 +0000 UTC m=+6810983.819096959": "2026-11-23T08:41:02.928333532Z 1ns",
		" 2026-11-23 08:41:02.55 +0100 CET m=-0.5":                      "2026-11-23T07:41:02.55Z 10ms",
		// other orders
		"; Mon Nov 23 08:41:02 2026 +0100":   "2026-11-23T07:41:02Z 1s",
		"; Mon Nov 23 08:41:02 EST 2026":     "2026-11-23T13:41:02Z 1s",
		"; Mon Nov  9 08:41:02 MET DST 2026": "2026-11-09T06:41:02Z 1s",
		"; Nov 23, 2026 08:41:02 AM PST":     "2026-11-23T16:41:02Z 1s",
		"; 2026 Nov 23 08:41:02 +0100":       "2026-11-23T07:41:02Z 1s",
		"; 23-Nov-2026 08:41:02.00 +0100":    "2026-11-23T07:41:02Z 10ms",
		"; 2026-11-23T08:41:02+01:00":        "2026-11-23T07:41:02Z 1s",
		"; 2026-11-23T08:41:02.123Z":         "2026-11-23T08:41:02.123Z 1ms",
		"; 11/12/2026 12:41:02 AM -0500":     "2026-11-12T05:41:02Z 1s",
		"; 11/12/2026 12:41:02PM -0500":      "2026-11-12T17:41:02Z 1s",
		"; 23/11/2026 08:41:02 +0100":        "2026-11-23T07:41:02Z 1s",
		"; 23.11.2026 08:41:02 +0100":        "2026-11-23T07:41:02Z 1s",
		"; 11/12/2026 08:41:02 +0100":        none, // November or December
		"; 11/12/2026 13:41:02 PM +0100":     none,
		// zones
		"; 23 Nov 2026 08:41:02 +530":            "2026-11-23T03:11:02Z 1s",
		"; 23 Nov 2026 08:41:02 +05:30":          "2026-11-23T03:11:02Z 1s",
		"; 23 Nov 2026 08:41:02 -5":              "2026-11-23T13:41:02Z 1s",
		"; 23 Nov 2026 08:41:02 GMT+0200":        "2026-11-23T06:41:02Z 1s",
		"; 23 Nov 2026 08:41:02 UTC+2":           "2026-11-23T06:41:02Z 1s",
		"; 23 Nov 2026 08:41:02 GMT -0500":       "2026-11-23T13:41:02Z 1s",
		"; 23 Nov 2026 08:41:02 IST +0530":       "2026-11-23T03:11:02Z 1s",
		"; 23 Nov 2026 08:41:02 +0530 (IST)":     "2026-11-23T03:11:02Z 1s",
		"; 23 Nov 2026 08:41:02 +0100 (PST)":     "2026-11-23T07:41:02Z 1s",
		"; 23 Nov 2026 08:41:02 (PST)":           "2026-11-23T16:41:02Z 1s",
		"; 23 Nov 2026 08:41:02 CEST":            "2026-11-23T06:41:02Z 1s",
		"; 23 Nov 2026 08:41:02 MET DST":         "2026-11-23T06:41:02Z 1s",
		"; 23 Nov 2026 08:41:02 cst":             "2026-11-23T14:41:02Z 1s",
		"; 23 Nov 2026 08:41:02 +2359":           "2026-11-22T08:42:02Z 1s",
		"; 23 Nov 2026 08:41:02 IST":             none,
		"; 23 Nov 2026 08:41:02 BST":             none,
		"; 23 Nov 2026 08:41:02 Local":           none,
		"; 23 Nov 2026 08:41:02 A":               none,
		"; 23 Nov 2026 08:41:02 EST5EDT":         none,
		"; 23 Nov 2026 08:41:02 (Mountain View)": none,
		"; 23 Nov 2026 08:41:02 +0175":           none,
		"; 23 Nov 2026 08:41:02 +2400":           none,
		"; 23 Nov 2026 08:41:02":                 none,
		"; 23 Nov 2026 08:41:02 +0100CET":        "2026-11-23T07:41:02Z 1s",
		"; 23 Nov 2026 08:41:02 - 0500":          "2026-11-23T13:41:02Z 1s",
		"; 23 Nov 2026 08:41:02 - 05":            none,
		"; 23 Nov 2026 08:41:02 +":               none,
		"; Mon 23-Nov-26 08:41:02 GMT":           "2026-11-23T08:41:02Z 1s",
		// none that can be
		"; Mon, 31 Feb 2026 08:41:02 +0000": none,
		"; Thu, 29 Feb 2026 08:41:02 +0000": none,
		"; Mon, 0 Nov 2026 08:41:02 +0000":  none,
		"; Mon, 23 Xyz 2026 08:41:02 +0000": none,
		"; Mon, 23 Nov 2026 24:00:00 +0000": none,
		"; Mon, 23 Nov 2026 08:60:00 +0000": none,
		"; Mon, 23 Nov 2026 08:41:61 +0000": none,
		"; Mon, 23 Nov 1969 08:41:02 +0000": none,
		"; Thu, 1 Jan 1970 00:41:02 +0100":  none,
		"; Thu, 31 Dec 2200 23:41:02 -0100": none,
		"; Wed, 31 Dec 2200 23:41:02 +0000": "2200-12-31T23:41:02Z 1s",
		"; Mon, 23 Nov 9999 08:41:02 +0000": none,
		"; 23 11 2026 08:41:02 +0000":       none,
		"; 10.1.19 12:30:11 +0000":          none,
		"; Mon, 23 Nov 2026 +0000":          none,
		"; 2026-11-23T":                     none,
		"":                                  none,
	} {
		e := entry("from a by b" + date)
		got := none
		if !e.At.IsZero() {
			got = e.At.Format(time.RFC3339Nano) + " " + e.Resolution.String()
		}
		if got != want || e.ZoneKnown != (want != none) || (e.Source == "") != (want == none) {
			t.Errorf("%q: got %s, zone known %v, source %q; want %s", date, got, e.ZoneKnown, e.Source, want)
		}
		if e.By != "b" || e.From != "a" {
			t.Errorf("%q: got by %q and from %q, want b and a", date, e.By, e.From)
		}
	}
}

// A finer time is taken from an id if it lies within the second that the field shows.
func TestSources(t *testing.T) {
	for _, test := range []struct{ id, date, want string }{
		{"4BlXcr04ftz4JVG", "Mon, 7 Sep 2020 15:43:40 +0000", "2020-09-07T15:43:40.01263Z 1µs postfix-id"},
		{"4BlXcr04ftz4JVG", "Mon, 7 Sep 2020 17:43:40 +0200", "2020-09-07T15:43:40.01263Z 1µs postfix-id"},
		{"4BlXcr04ftz4JVG", "Mon, 7 Sep 2020 15:43:41 +0000", "2020-09-07T15:43:41Z 1s received"},
		{"4BlXcr04ftz4JVG", "Mon, 7 Sep 2020 15:43 +0000", "2020-09-07T15:43:00Z 1m0s received"},
		{"4BlXcr04ftz4JVG", "Mon, 7 Sep 2020 15:43:40.3 +0000", "2020-09-07T15:43:40.3Z 100ms fraction"},
		{"f12mr1139775ybe.360.1286981078364", "Wed, 13 Oct 2010 07:44:38 -0700", "2010-10-13T14:44:38.364Z 1ms epoch-id"},
		{"f12mr1139775ybe.360.12869810783641", "Wed, 13 Oct 2010 07:44:38 -0700", "2010-10-13T14:44:38Z 1s received"},
		{"1418381367218712.0482915907297", "Fri, 12 Dec 2014 02:49:27 -0800", "2014-12-12T10:49:27.218712Z 1µs epoch-id"},
		{"185f247f1cb000bca9.001", "Fri, 27 Jan 2023 08:11:19 +0000", "2023-01-27T08:11:19.371Z 1ms epoch-id"},
		{"SwCqDV2y4liSbgAAe2J7nQ", "Mon, 03 Apr 2017 20:36:45 +0000", "2017-04-03T20:36:45.229245003Z 770.754997ms dovecot-id"},
		{"eJ0VAluy4lhERAAA4bp2Ug", "Mon, 03 Apr 2017 20:36:45 +0000", "2017-04-03T20:36:45Z 1s received"},
		{"2007061413352069-42153", "Thu, 14 Jun 2007 13:35:20 -0700", "2007-06-14T20:35:20.69Z 10ms domino-id"},
		{"2007061413352069-42153", "Thu, 14 Jun 2007 13:35:21 -0700", "2007-06-14T20:35:21Z 1s received"},
		{"93.CC.18832.F1730236", "Tue, 13 Sep 2022 07:54:08 +0000", "2022-09-13T07:54:08Z 1s received"},
		{"93.CC.18832.F1730236", "Tue, 13 Sep 2022 16:54:07 KSTX", "2022-09-13T07:54:07Z 1s symantec-id"},
		{"B5/4A-24865-DB864335", "", "2014-03-27T18:06:53Z 1s symantec-id"},
		{"93.CC.18832.00000000", "", "none"},
		{"4BlXcr04ftz4JVG", "", "none"},
	} {
		e := entry("from a by b with ESMTP id " + test.id + "; " + test.date)
		got := "none"
		if !e.At.IsZero() {
			got = fmt.Sprintf("%s %v %s", e.At.Format(time.RFC3339Nano), e.Resolution, e.Source)
		}
		if got != test.want || e.ID != test.id {
			t.Errorf("id %s; %s: got %s, id %s, want %s", test.id, test.date, got, e.ID, test.want)
		}
	}
}

// The names of zones that mean one thing are read, with a sign that is right.
func TestZones(t *testing.T) {
	for name, hours := range map[string]float64{"JST": 9, "HST": -10, "NZDT": 13, "ACST": 9.5, "NPT": 5.75, "EET": 2, "WEST": 1, "MST": -7} {
		e := entry("by b; 23 Nov 2026 08:41:02 " + name)
		east := time.Date(2026, 11, 23, 8, 41, 2, 0, time.UTC).Sub(e.At).Hours()
		if east != hours || !strings.HasSuffix(e.At.String(), "UTC") {
			t.Errorf("%s: got %v hours east, want %v", name, east, hours)
		}
	}
}

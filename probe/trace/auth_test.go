package trace_test

import (
	"fmt"
	"testing"

	"github.com/mailpath/mailpath/probe/trace"
)

func TestAuthentication(t *testing.T) {
	const hop = "Received: from a by b.example; 23 Nov 2026 07:41:02 +0000\n"
	for header, want := range map[string]string{
		"": "[]",
		"Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=x; dkim=fail; dmarc=none; arc=neutral\n":                                    "[{spf pass} {dkim fail} {dmarc none} {arc neutral}]",
		"authentication-results:MX.example.com 1; DMARC=Pass; spf/1 = SoftFail (x; spf=pass)\n":                                                     "[{spf softfail} {dmarc pass}]",
		"Authentication-Results: mx.example.com; dkim=fail reason=\"bad; dkim=pass\" header.d=a; dkim=temperror; dkim=pass header.d=b; dkim=none\n": "[{dkim pass}]",
		"Authentication-Results: mx.example.com; dkim=none; dkim=policy; dkim=permerror\n":                                                          "[{dkim policy}]",
		"Authentication-Results: mx.example.com; spf=hardfail; dkim=bestguesspass; dmarc=; auth=pass; x-spf=pass\n":                                 "[{spf other} {dkim other}]",
		"Authentication-Results: mx.example.com; none\n":                                                                                            "[]",
		"Authentication-Results: mx.example.com (spf=pass); (unclosed dkim=pass\n":                                                                  "[{dkim pass}]",
		"Authentication-Results: mx.example.com; spf=fail smtp.mailfrom=\"spf=pass\"; foo spf=pass\n":                                               "[{spf pass}]",
		"Authentication-Results: i=1; mx.example.com; spf=pass\n":                                                                                   "[{spf pass}]",
		"Authentication-Results: mx.example.com  from=x; domainkeys=neutral (no sig); from=x; dkim=pass (ok)\n":                                     "[{dkim pass}]",
		"Authentication-Results: \"mx.example.com\"; spf=pass\n":                                                                                    "[{spf pass}]",
		// whose word counts
		"Authentication-Results: evil.example; spf=pass\n":                                                   "[]",
		"Authentication-Results: mx.example.com.evil.example; spf=pass\n":                                    "[]",
		"Authentication-Results: evil.example; mx.example.com; spf=pass\n":                                   "[]",
		"ARC-Authentication-Results: i=1; mx.example.com; spf=pass\n":                                        "[]",
		"Authentication-Results-Original: mx.example.com; spf=pass\n":                                        "[]",
		"X-Authentication-Results: mx.example.com; spf=pass\n":                                               "[]",
		"Authentication-Results: evil.example; spf=pass\nAuthentication-Results: mx.example.com; spf=fail\n": "[{spf fail}]",
		"Authentication-Results: mx.example.com; spf=fail\nAuthentication-Results: mx2.example.com; dkim=pass\n" + hop + "Authentication-Results: mx.example.com; spf=pass; dmarc=pass\n": "[{spf fail} {dkim pass}]",
		hop + "Authentication-Results: mx.example.com; dmarc=pass\n" + hop + hop + "Authentication-Results: mx.example.com; spf=pass\n":                                                   "[{dmarc pass}]",
		// Exchange names itself only in the field below
		"Received: from a by out.example.net; x\nAuthentication-Results: spf=pass (x) smtp.helo=y; dkim=none\nReceived: from a by mx3.example.com; x\n": "[{spf pass} {dkim none}]",
		"Authentication-Results: spf=pass; mx.example.com; dkim=none\nReceived: from a by evil.example; x\n":                                            "[]",
		"Authentication-Results: spf=pass\n": "[]",
	} {
		if got := fmt.Sprint(trace.Read([]byte(header)).Authentication([]string{"[", "MX*.Example.COM"})); got != want {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
	if got := trace.Read([]byte("Authentication-Results: a; spf=pass\n")).Authentication(nil); len(got) != 0 {
		t.Errorf("got %v, want nothing when nobody is trusted", got)
	}
}

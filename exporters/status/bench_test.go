package status

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mailpath/mailpath/probe"
)

// BenchmarkOverview makes the page of four directions and 90 days.
func BenchmarkOverview(b *testing.B) {
	s := disrupted(probe.Identified)
	p := newPage(b, &testBoard{s: s}, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, body := p.pages.render(http.StatusOK, "overview.html", p.viewOverview(s)); len(body) < 10_000 {
			b.Fatal("got no page")
		}
	}
}

// BenchmarkViewer answers a viewer while nothing changes.
func BenchmarkViewer(b *testing.B) {
	p := newPage(b, &testBoard{s: disrupted(probe.Identified)}, nil)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		if p.ServeHTTP(w, r); w.Code != http.StatusOK {
			b.Fatalf("got %d", w.Code)
		}
	}
}

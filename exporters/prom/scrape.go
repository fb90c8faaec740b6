package prom

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	// atOnce is how many scrapes work at the same time: a pair of Prometheus. Further ones
	// wait, with no memory taken, until one is done or they are given up.
	atOnce = 2
	// readBy is how long a reader may take, lest one that hangs keeps the others waiting.
	readBy = time.Minute
)

// Handler serves the metrics, in the text format, OpenMetrics or protobuf, as the
// scraper asks. Native histograms go out over protobuf only. Families are encoded one
// by one: promhttp holds them all in memory, half a gigabyte for ten thousand routes.
func (e *Exporter) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case e.desks <- struct{}{}:
			defer func() { <-e.desks }()
		case <-r.Context().Done():
			return
		}
		few, err := e.maker.registry.Gather()
		if err != nil {
			http.Error(w, "gathering metrics: "+err.Error(), http.StatusInternalServerError)
			return
		}
		control := http.NewResponseController(w)
		control.SetWriteDeadline(e.clock.Now().Add(readBy)) // a recorder in a test has none
		defer control.SetWriteDeadline(time.Time{})
		e.scrape(w, r, few)
	})
}

// scrape writes all families. An error of writing means that nobody reads any more.
func (e *Exporter) scrape(w http.ResponseWriter, r *http.Request, few []*dto.MetricFamily) {
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	w.Header().Set("Content-Type", string(format))
	w.Header().Set("Vary", "Accept, Accept-Encoding")
	var body io.Writer = w
	if acceptsGzip(r.Header) {
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		defer zip.Close()
		body = zip
	}
	// Escaping names would take a copy of each family, and ours need none.
	bare, encoder := expfmt.NewEncoder(body, format.WithEscapingScheme(model.NoEscaping)), expfmt.NewEncoder(body, format)
	p := new(page)
	for _, s := range e.sections() {
		if p.write(s, bare.Encode) != nil {
			return
		}
	}
	for _, family := range few {
		if encoder.Encode(family) != nil {
			return
		}
	}
	if end, ok := encoder.(expfmt.Closer); ok { // the last line of OpenMetrics
		end.Close()
	}
}

// acceptsGzip tells whether the answer may be compressed (RFC 9110 section 12.5.3).
func acceptsGzip(h http.Header) bool {
	for offer := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		coding, weight, _ := strings.Cut(strings.ReplaceAll(offer, " ", ""), ";")
		if strings.EqualFold(coding, "gzip") {
			return strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != "" || weight == ""
		}
	}
	return false
}

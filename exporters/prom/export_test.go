package prom

// Balance reads the ledger as a scrape does, and nothing else, so that a test can
// read it often enough to meet a change half done.
func (e *Exporter) Balance() (sent, adopted, outcomes, inFlight float64) {
	total := make(map[string]float64)
	for _, t := range e.ledger.read() {
		for _, n := range t.rows {
			total[t.desc.String()] += n
		}
	}
	of := func(t *tally) float64 { return total[t.desc.String()] }
	return of(e.ledger.sent), of(e.ledger.adopted), of(e.ledger.outcomes), of(e.ledger.inFlight)
}

package prom

// Balance reads the ledger as a scrape does, and nothing else, so that a test can
// read it often enough to meet a change half done.
func (e *Exporter) Balance() (sent, adopted, outcomes, inFlight float64) {
	b := e.ledger.read()
	for _, a := range b.accounts {
		adopted += float64(a.adopted)
		inFlight += float64(a.inFlight)
	}
	for _, d := range b.loads {
		for purpose := range d.sent {
			sent += float64(d.sent[purpose])
			for _, n := range d.outcomes[purpose] {
				outcomes += float64(n)
			}
		}
	}
	return sent, adopted, outcomes, inFlight
}

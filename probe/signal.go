package probe

import "sync"

// Signal wakes everybody who waits for something to change. Whoever waits takes
// the channel first and looks at the state after that, so that no change is
// missed. Its zero value is ready; it is safe for concurrent use.
type Signal struct {
	mu   sync.Mutex
	told chan struct{}
}

// Told gives a channel that is closed at the next Tell.
func (s *Signal) Told() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told == nil {
		s.told = make(chan struct{})
	}
	return s.told
}

// Tell wakes all who wait.
func (s *Signal) Tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told != nil {
		close(s.told)
		s.told = nil
	}
}

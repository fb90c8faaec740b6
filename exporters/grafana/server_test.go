package grafana_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// note is an annotation as the API takes and gives it.
type note struct {
	ID           int64    `json:"id"`
	DashboardUID string   `json:"dashboardUID"`
	Time         int64    `json:"time"`
	TimeEnd      int64    `json:"timeEnd"`
	Tags         []string `json:"tags"`
	Text         string   `json:"text"`
}

// server behaves as Grafana's HTTP API for annotations does.
type server struct {
	mu    sync.Mutex
	token string
	notes []note // in the order in which they were made
	last  int64
	seen  []string          // "METHOD status" of each request
	fail  map[string]int    // by method: what it is answered with instead
	loses map[string]bool   // by method: it is done, and its answer does not come
	raw   map[string]string // by method: what its answer says instead
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, answer := s.answer(r)
	s.seen = append(s.seen, fmt.Sprint(r.Method, " ", status))
	if s.loses[r.Method] {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if text, other := s.raw[r.Method]; other {
		fmt.Fprint(w, text)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *server) answer(r *http.Request) (int, any) {
	says := func(text string) map[string]string { return map[string]string{"message": text} }
	switch {
	case r.Header.Get("Authorization") != "Bearer "+s.token:
		return 401, says("Invalid API key: " + r.Header.Get("Authorization"))
	case s.fail[r.Method] != 0:
		return s.fail[r.Method], says("Failed to do it")
	case r.Method == http.MethodGet && r.URL.Path == "/grafana/api/annotations":
		return 200, s.find(r)
	case r.Method == http.MethodPost && r.URL.Path == "/grafana/api/annotations":
		var n note
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil || n.Text == "" {
			return 400, says("Failed to save annotation: text field should not be empty")
		}
		s.last++
		n.ID = s.last
		s.notes = append(s.notes, n)
		return 200, map[string]any{"message": "Annotation added", "id": n.ID}
	case r.Method == http.MethodPatch:
		return s.patch(r)
	}
	return 404, says("Not found")
}

// find gives the newest first, those that have all tags.
func (s *server) find(r *http.Request) []note {
	found := []note{}
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	for _, n := range slices.Backward(s.notes) {
		has := func(tag string) bool { return slices.Contains(n.Tags, tag) }
		if len(found) < limit && !slices.ContainsFunc(r.URL.Query()["tags"], func(tag string) bool { return !has(tag) }) {
			found = append(found, n)
		}
	}
	return found
}

func (s *server) patch(r *http.Request) (int, any) {
	id, _ := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, "/grafana/api/annotations/"), 10, 64)
	i := slices.IndexFunc(s.notes, func(n note) bool { return n.ID == id })
	if i < 0 {
		return 404, map[string]string{"message": "Annotation not found"}
	}
	n := s.notes[i]
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		return 400, map[string]string{"message": "bad request data"}
	}
	n.ID = id
	s.notes[i] = n
	return 200, map[string]string{"message": "Annotation patched"}
}

// change lets a test do something to the server.
func (s *server) change(f func(*server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *server) all() []note {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notes)
}

// checkSeen holds which requests have come since the last time it was called.
func (s *server) checkSeen(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.seen, want) {
		t.Errorf("got requests %q, want %q", s.seen, want)
	}
	s.seen = nil
}

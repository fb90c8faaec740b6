package health_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestProperties holds random stories against what the test promises, written down
// without it: by counting letters.
func TestProperties(t *testing.T) {
	const letters = "++++++---rduldvwxo?ecmnq"
	random := rand.New(rand.NewPCG(1, 2))
	seen := make(map[byte]int)
	for range 3000 {
		var story strings.Builder
		for range 1 + random.IntN(80) {
			story.WriteByte(letters[random.IntN(len(letters))])
		}
		shown, _ := tell(t, story.String())
		checkProperties(t, story.String(), shown)
		for i := range shown {
			seen[shown[i]]++
		}
	}
	for _, state := range "ksbx." {
		if seen[byte(state)] < 1000 {
			t.Errorf("state %q was shown %d times, want all states to occur", state, seen[byte(state)])
		}
	}
}

// The letters that are arrivals, and that are absences whatever comes before.
const (
	arrivals = "+vcq"
	absences = "-rumn"
)

func checkProperties(t *testing.T, story, shown string) {
	t.Helper()
	blind := false
	for i := range shown {
		switch story[i] {
		case 'x':
			blind = true
		case 'o':
			blind = false
		}
		past := story[:i+1]
		unable := strings.Count(past[strings.LastIndexAny(past, arrivals+absences+"d")+1:], "w") >= 3
		switch {
		case (shown[i] == 'x') != blind:
			t.Fatalf("story %q shows %q at %d, want blind exactly while the mailbox is", story, shown, i)
		case blind:
		case unable && shown[i] != '.':
			t.Fatalf("story %q shows %q, want unknown at %d: the probe cannot send", story, shown, i)
		case unable:
		case shown[i] == 'b' && count(past, absences+"d") < 3:
			t.Fatalf("story %q shows %q: broken at %d without three absences", story, shown, i)
		case shown[i] == 'k' && count(past, arrivals) < 5:
			t.Fatalf("story %q shows %q: ok at %d without five arrivals", story, shown, i)
		case shown[i] == 's' && !strings.Contains(past, "d"):
			t.Fatalf("story %q shows %q: slow at %d without a deferral", story, shown, i)
		case shown[i] != 'b' && row(past, absences, arrivals) >= 8: // at most so many decide, whatever the habit
			t.Fatalf("story %q shows %q: not broken at %d after eight absences in a row", story, shown, i)
		case shown[i] != 'k' && row(past, arrivals, absences+"d") >= 6:
			t.Fatalf("story %q shows %q: not ok at %d after six arrivals in a row", story, shown, i)
		}
	}
}

// count counts the letters of a story that are among some.
func count(story, letters string) int {
	n := 0
	for _, letter := range story {
		if strings.ContainsRune(letters, letter) {
			n++
		}
	}
	return n
}

// row counts the letters of a kind behind the last breaker.
func row(story, letters, breakers string) int {
	return count(story[strings.LastIndexAny(story, breakers)+1:], letters)
}

// The test decides where Wald's formulas say.
func TestTheTestsNumbers(t *testing.T) {
	miss, arrival := math.Log(0.5/0.01), math.Log(0.5/0.99)
	broken, ok := math.Log(0.95/1e-5), math.Log(0.05/(1-1e-5))
	for _, tt := range []struct {
		story string
		score float64
		limit float64
		to    byte
	}{
		{"+++++---", 3 * miss, broken, 'b'},
		{"+++++-+-+--", 4*miss + 2*arrival, broken, 'b'},
		{"---+++++", -5 * arrival, -ok, 'k'},
	} {
		shown, _ := tell(t, tt.story)
		if tt.score < tt.limit || shown[len(shown)-1] != tt.to {
			t.Errorf("story %q shows %q; its score is %.2f, want %c from %.2f on", tt.story, shown, tt.score, tt.to, tt.limit)
		}
	}
}

package health_test

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestProperties holds random stories against what the rule promises, written
// down without the rule: by counting letters.
func TestProperties(t *testing.T) {
	const letters = "++++---rduldvwxo?ecm"
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var story strings.Builder
		for range 1 + random.IntN(60) {
			story.WriteByte(letters[random.IntN(len(letters))])
		}
		shown, _ := tell(t, story.String())
		checkProperties(t, story.String(), shown)
	}
}

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
		unable := strings.Count(past[strings.LastIndexAny(past, "+v-rud")+1:], "w") >= 3
		switch {
		case (shown[i] == 'x') != blind:
			t.Fatalf("story %q shows %q at %d, want blind exactly while the mailbox is", story, shown, i)
		case blind:
		case unable && shown[i] != '.':
			t.Fatalf("story %q shows %q, want unknown at %d: the probe cannot send", story, shown, i)
		case unable:
		case shown[i] == 'b' && longestRow(past, "-ru", "d", "+v") < 3:
			t.Fatalf("story %q shows %q: broken at %d without three absences in a row", story, shown, i)
		case shown[i] == 'k' && longestRow(past, "+v", "", "-rud") < 3:
			t.Fatalf("story %q shows %q: ok at %d without three arrivals in a row", story, shown, i)
		case shown[i] == 's' && !strings.Contains(past, "d"):
			t.Fatalf("story %q shows %q: slow at %d without a deferral", story, shown, i)
		case shown[i] != 'b' && row(past, "-ru", "d", "+v") >= 3:
			t.Fatalf("story %q shows %q: not broken at %d after three absences in a row", story, shown, i)
		case shown[i] != 'k' && row(past, "+v", "", "-rud") >= 3:
			t.Fatalf("story %q shows %q: not ok at %d after three arrivals in a row", story, shown, i)
		}
	}
}

// row is the length of the row at the end of a story: how many letters of member
// stand behind the last breaker. Of the letters in late, those beyond the second
// count too.
func row(story, member, late, breakers string) int {
	tail := story[strings.LastIndexAny(story, breakers)+1:]
	members, extra := 0, -2
	for _, letter := range tail {
		if strings.ContainsRune(member, letter) {
			members++
		}
		if strings.ContainsRune(late, letter) {
			extra++
		}
	}
	return members + max(0, extra)
}

// longestRow is the longest row that the story ever had.
func longestRow(story, member, late, breakers string) int {
	longest := 0
	for i := range story {
		longest = max(longest, row(story[:i+1], member, late, breakers))
	}
	return longest
}

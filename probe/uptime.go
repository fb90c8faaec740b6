package probe

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// MachineUptime tells how long the machine runs, and a name for this boot of it; an
// empty name where the machine does not say (it does on Linux). Unlike the wall
// clock nobody can set it.
func MachineUptime() (boot string, up time.Duration) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", 0
	}
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return "", 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return "", 0
	}
	return strings.TrimSpace(string(id)), time.Duration(seconds * float64(time.Second))
}

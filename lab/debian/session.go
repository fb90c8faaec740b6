package debian

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// sessionProcesses lists the processes of a session, without zombies: those wait
// for whoever adopted them, and hold nothing.
func sessionProcesses(session int) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var found []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // ended in between
		}
		// proc(5): pid (name) state ppid pgrp session …; the name may hold anything.
		name := strings.LastIndexByte(string(text), ')')
		fields := strings.Fields(string(text[name+1:]))
		if len(fields) < 4 || fields[0] == "Z" || fields[3] != strconv.Itoa(session) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, fmt.Errorf("listing processes: %w", err)
		}
		found = append(found, pid)
	}
	return found, nil
}

package main

import (
	"bytes"
	endian "encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// truth is when messages came into Maildirs, as the kernel tells it (inotify(7)).
type truth struct {
	t        testing.TB
	fd       int
	maildirs []string
	watches  []int
	reading  sync.WaitGroup
	came     map[string]time.Time // by file name
}

// watchMaildirs watches Maildirs, which must be there, until end.
func watchMaildirs(t testing.TB, maildirs ...string) *truth {
	t.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	w := &truth{t: t, fd: fd, maildirs: maildirs, came: make(map[string]time.Time)}
	for _, m := range maildirs {
		watch, err := syscall.InotifyAddWatch(fd, filepath.Join(m, "new"), syscall.IN_MOVED_TO|syscall.IN_CREATE)
		if err != nil {
			t.Fatalf("watching %s: %v", m, err)
		}
		w.watches = append(w.watches, watch)
	}
	w.reading.Go(w.read)
	return w
}

// read notes events until all watches have ended. Nothing may come between the
// kernel and the time stamp: it has a thread of its own, before all others if that
// is allowed, that waits in the kernel itself.
func (w *truth) read() {
	runtime.LockOSThread() // never unlocked: the thread's priority goes with it
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, -20)
	buffer := make([]byte, 64<<10)
	for open := len(w.watches); open > 0; {
		n, err := syscall.Read(w.fd, buffer)
		at := time.Now()
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			w.t.Errorf("reading inotify events: %v", err)
			return
		}
		for events := buffer[:n]; len(events) > 0; {
			mask, length := endian.NativeEndian.Uint32(events[4:]), endian.NativeEndian.Uint32(events[12:])
			if mask&syscall.IN_IGNORED != 0 {
				open--
			}
			if name := string(bytes.TrimRight(events[16:16+length], "\x00")); name != "" {
				w.came[name] = at
			}
			events = events[16+length:]
		}
	}
}

// end stops watching. It gives the texts of the messages that came, and when.
func (w *truth) end() []sighting {
	w.t.Helper()
	for _, watch := range w.watches {
		if _, err := syscall.InotifyRmWatch(w.fd, uint32(watch)); err != nil {
			w.t.Fatal(err)
		}
	}
	w.reading.Wait()
	syscall.Close(w.fd)
	var all []sighting
	for _, m := range w.maildirs {
		files, err := filepath.Glob(filepath.Join(m, "[nc][eu][wr]", "*"))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, f := range files {
			name, _, _ := strings.Cut(filepath.Base(f), ":") // flags are added when it moves to cur
			if at, ok := w.came[name]; ok {
				text, err := os.ReadFile(f)
				if err != nil {
					w.t.Fatal(err)
				}
				all = append(all, sighting{at, text})
			}
		}
	}
	return all
}

// sighting is a message, and when somebody knew of it.
type sighting struct {
	at   time.Time
	text []byte
}

// timeOf finds a message by its id.
func timeOf(id string, all []sighting) (time.Time, bool) {
	for _, s := range all {
		if bytes.Contains(s.text, []byte(id)) {
			return s.at, true
		}
	}
	return time.Time{}, false
}

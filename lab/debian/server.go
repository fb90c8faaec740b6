package debian

import (
	"bufio"
	"context"
	"crypto/x509"
	_ "embed"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

//go:embed templates/keeper.sh
var keeperScript string

// stopTimeout is longer than the keeper waits before it kills.
const stopTimeout = 20 * time.Second

// server is one daemon of the lab, running or not.
type server struct {
	title   string
	command []string
	console string // a file for what it prints
	// environment is added to what the command is given; fixed while it runs.
	environment []string
	ports       []port
	pool        *x509.CertPool
	ways        []*wire // to it, which refuse connections while it is stopped

	mu      sync.Mutex
	running *process
}

// process is a server's run: the keeper, and the session it made for the server.
type process struct {
	keeper  *exec.Cmd
	stdin   io.Closer
	session int
	done    chan struct{} // closed when the keeper has ended
	err     error         // its end; read after done
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// start runs the server and waits for its greetings; a running server stays.
func (s *server) start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil && !s.running.ended() {
		return nil
	}
	p, err := keep(s.console, s.whole())
	if err != nil {
		return fmt.Errorf("starting %s: %w", s.title, err)
	}
	s.running = p
	for _, port := range s.ports {
		if err := port.wait(ctx, s.pool, p.done); err != nil {
			return fmt.Errorf("starting %s: %w", s.title, err)
		}
	}
	for _, way := range s.ways {
		if err := way.mend(serverDown); err != nil {
			return fmt.Errorf("starting %s: %w", s.title, err)
		}
	}
	return nil
}

// whole is the command with its environment.
func (s *server) whole() []string {
	if len(s.environment) == 0 {
		return s.command
	}
	return slices.Concat([]string{"env"}, s.environment, s.command)
}

// keep starts a command under a keeper.
func keep(console string, command []string) (*process, error) {
	// Not bound to a context: the keeper has to outlive what it keeps.
	keeper := asRoot(context.Background(), "sh", append([]string{"-c", keeperScript, "keeper.sh", console}, command...)...)
	// In a session of its own an interrupt at the terminal does not reach it.
	keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := keeper.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := keeper.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := keeper.Start(); err != nil {
		return nil, fmt.Errorf("starting the keeper: %w", err)
	}
	line, readErr := bufio.NewReader(stdout).ReadString('\n')
	p := &process{keeper: keeper, stdin: stdin, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.err = keeper.Wait()
	}()
	p.session, err = strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		stdin.Close()
		<-p.done
		return nil, fmt.Errorf("reading the keeper's first line: got %q (%v), want a process id; it ended with %v: without root, sudo has to work without a password", line, readErr, p.err) //nolint:errorlint // nil is told, too
	}
	return p, nil
}

// stop ends the server and waits until its session is empty; a stopped server stays so.
func (s *server) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		for _, way := range s.ways {
			way.cut(serverDown)
		}
	}()
	p := s.running
	if p == nil {
		return nil
	}
	p.stdin.Close()
	timeout := time.After(stopTimeout)
	select {
	case <-p.done:
	case <-timeout:
		return fmt.Errorf("stopping %s: its keeper (process %d) is still there after %v: look at session %d", s.title, p.keeper.Process.Pid, stopTimeout, p.session)
	}
	for {
		left, err := sessionProcesses(p.session)
		if err != nil {
			return fmt.Errorf("stopping %s: %w", s.title, err)
		}
		if len(left) == 0 {
			s.running = nil
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-timeout:
			return fmt.Errorf("stopping %s: got processes %v left of its session, want none", s.title, left)
		}
	}
}

package imapwatch_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/imapwatch"
)

// scripted is an IMAP server that answers as it is told to: real servers answer in
// ways that the world's server cannot. All its folders hold the same messages.
type scripted struct {
	mode      probe.TLSMode
	tls       *tls.Config
	clear     bool // it speaks in the clear, whatever is expected
	caFile    string
	folders   []string // that are watched; INBOX if none is given
	from      string   // of a message of ours without a tag
	greeting  string   // instead of the usual one
	mute      bool     // no greeting
	caps      string   // beside IMAP4rev1 and IDLE
	noNext    bool     // it does not tell UIDNEXT
	noStar    bool     // n:* gives nothing where n is not reached
	uidLast   bool     // FETCH puts the UID behind the header
	text      string   // the body of each message; none: none is given
	lists     []string // what LIST tells, behind the word
	configure func(*imapwatch.Config)
	drip      time.Duration
	trickle   time.Duration // between two bytes

	mu       sync.Mutex
	validity int
	messages []string       // headers; the UID is the place, from 1; none: it was removed
	silent   *regexp.Regexp // commands that get no answer
	says     []saying
	commands []string
	idling   net.Conn
}

// saying is what the server says on a command, %T standing for the command's tag.
type saying struct {
	on      string // a regular expression
	text    string
	instead bool // of the usual answer
	cut     bool // and then it hangs up
	after   time.Duration
	endless bool
	once    bool // and nothing of the script again
}

func (s *scripted) add(header string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, header)
}

// change makes it another server while it runs.
func (s *scripted) change(how func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how()
}

func (s *scripted) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.commands, "\n")
}

// count tells how often a command was heard.
func (s *scripted) count(command string) int {
	return len(regexp.MustCompile(`(?m)^`+command).FindAllString(s.heard(), -1))
}

// push says something to the client that idles, if one does.
func (s *scripted) push(text string) {
	s.mu.Lock()
	conn := s.idling
	s.mu.Unlock()
	if conn != nil {
		fmt.Fprint(conn, text)
	}
}

func (s *scripted) serve(conn net.Conn) {
	defer func() { conn.Close() }()
	if s.trickle > 0 {
		conn = trickling{conn, s.trickle}
	}
	if s.mode == probe.ImplicitTLS && !s.clear {
		conn = tls.Server(conn, s.tls)
	}
	if s.clear { // a pipe has no room for what the client says meanwhile
		go io.Copy(io.Discard, conn)
	}
	greeting := s.greeting
	if greeting == "" {
		greeting = "* OK [CAPABILITY IMAP4rev1 IDLE " + s.caps + "] ready\r\n"
	}
	if !s.mute {
		fmt.Fprint(conn, greeting)
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		tag, command, _ := strings.Cut(lines.Text(), " ")
		s.mu.Lock()
		s.commands = append(s.commands, command)
		silent := s.silent != nil && s.silent.MatchString(command)
		s.mu.Unlock()
		switch instead, cut := s.saying(conn, tag, command); {
		case cut:
			return
		case instead || silent:
		case command == "IDLE":
			if s.idle(conn, lines); s.silent == nil || !s.silent.MatchString("DONE") {
				fmt.Fprintf(conn, "%s OK done\r\n", tag)
			}
		case command == "STARTTLS":
			fmt.Fprintf(conn, "%s OK go\r\n", tag)
			conn = tls.Server(conn, s.tls)
			lines = bufio.NewScanner(conn)
		default:
			s.answer(conn, command)
			fmt.Fprintf(conn, "%s OK done\r\n", tag)
		}
	}
}

// saying says what the script wants on a command.
func (s *scripted) saying(conn net.Conn, tag, command string) (instead, cut bool) {
	s.mu.Lock()
	says := s.says
	s.mu.Unlock()
	for _, y := range says {
		if !regexp.MustCompile(y.on).MatchString(command) {
			continue
		}
		time.Sleep(y.after)
		text := strings.ReplaceAll(y.text, "%T", tag)
		for {
			if _, err := fmt.Fprint(conn, text); err != nil || !y.endless {
				break
			}
			time.Sleep(s.drip)
		}
		if y.once {
			s.change(func() { s.says = nil })
		}
		instead, cut = instead || y.instead, cut || y.cut
	}
	return instead, cut
}

func (s *scripted) idle(conn net.Conn, lines *bufio.Scanner) {
	fmt.Fprint(conn, "+ idling\r\n")
	s.change(func() { s.idling = conn })
	lines.Scan() // DONE
	s.change(func() { s.idling = nil })
}

var fetching = regexp.MustCompile(`^(UID )?FETCH (\d+)(?::(\d+|\*))? \((.*)\)`)

func (s *scripted) answer(conn net.Conn, command string) {
	s.mu.Lock()
	messages, validity, lists := s.messages, s.validity, s.lists
	s.mu.Unlock()
	switch {
	case strings.HasPrefix(command, "LOGIN"), strings.HasPrefix(command, "CAPABILITY"):
		fmt.Fprint(conn, "* CAPABILITY IMAP4rev1 IDLE "+s.caps+"\r\n")
	case strings.HasPrefix(command, "EXAMINE"), strings.HasPrefix(command, "SELECT"), command == "NOOP":
		fmt.Fprintf(conn, "* %d EXISTS\r\n", len(messages))
		if command != "NOOP" {
			fmt.Fprintf(conn, "* OK [UIDVALIDITY %d] ok\r\n", validity)
			if !s.noNext {
				fmt.Fprintf(conn, "* OK [UIDNEXT %d] ok\r\n", len(messages)+1)
			}
		}
	case strings.HasPrefix(command, "STATUS"):
		fmt.Fprintf(conn, "* STATUS %q (MESSAGES %d UIDNEXT %d UIDVALIDITY %d)\r\n",
			strings.Trim(strings.Fields(command)[1], `"`), len(messages), len(messages)+1, validity)
	case strings.HasPrefix(command, "LIST"):
		for _, l := range lists {
			fmt.Fprintf(conn, "* LIST %s\r\n", l)
		}
	case strings.HasPrefix(command, "UID SEARCH"):
		fmt.Fprint(conn, "* SEARCH")
		for i := range messages {
			fmt.Fprintf(conn, " %d", i+1)
		}
		fmt.Fprint(conn, "\r\n")
	default:
		s.fetch(conn, fetching.FindStringSubmatch(command), messages)
	}
}

func (s *scripted) fetch(conn net.Conn, m []string, messages []string) {
	if m == nil {
		return
	}
	var from, to int
	fmt.Sscan(m[2], &from)
	if to = from; m[3] == "*" && s.noStar {
		to = len(messages)
	} else if m[3] == "*" {
		to = max(len(messages), from)
		from = min(from, len(messages)) // n:* gives the last message at least
	} else if m[3] != "" {
		fmt.Sscan(m[3], &to)
	}
	for i := max(from, 1); i <= min(to, len(messages)); i++ {
		header := messages[i-1]
		switch {
		case strings.Contains(m[4], "EMAILID") || strings.Contains(m[4], "TEXT") && s.text != "":
			fmt.Fprintf(conn, "* %d FETCH (UID %d%s)\r\n", i, i, s.more(i, m[4]))
		case !strings.Contains(m[4], "HEADER"):
			fmt.Fprintf(conn, "* %d FETCH (UID %d)\r\n", i, i)
		case s.uidLast:
			fmt.Fprintf(conn, "* %d FETCH (BODY[HEADER]<0> {%d}\r\n%s UID %d)\r\n", i, len(header), header, i)
		default:
			time.Sleep(s.drip)
			fmt.Fprintf(conn, "* %d FETCH (UID %d BODY[HEADER]<0> {%d}\r\n%s)\r\n", i, i, len(header), header)
		}
	}
}

// more is what is told of a message beside its header.
func (s *scripted) more(uid int, items string) (told string) {
	if strings.Contains(items, "EMAILID") {
		told = fmt.Sprintf(" EMAILID (M%d)", uid)
	}
	if strings.Contains(items, "TEXT") && s.text != "" {
		told += fmt.Sprintf(" BODY[TEXT]<0> {%d}\r\n%s", len(s.text), s.text)
	}
	return told
}

// trickling writes one byte at a time.
type trickling struct {
	net.Conn
	pause time.Duration
}

func (c trickling) Write(p []byte) (int, error) {
	for i := range p {
		time.Sleep(c.pause)
		if _, err := c.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

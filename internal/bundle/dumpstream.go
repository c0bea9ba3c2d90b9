package bundle

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// fromStream reads what a dump printed: lists, and between them sections of logs. It reads twice, for which logs are wanted is known only
// when all objects are.
func (d *dump) fromStream(open func() (io.ReadCloser, error), modified time.Time) (*Bundle, error) {
	d.begin()
	if err := d.pass(open, sections{limit: d.limits.Entry, doc: d.add}); err != nil {
		return nil, err
	}
	if d.lists[nodesGVR] == 0 {
		return nil, fmt.Errorf(notDump, "neither compressed with zstd nor with a list of nodes")
	}
	// Empty lists do not say of which namespace they are: that all were dumped cannot be known.
	s, err := d.finish(false, modified)
	if err != nil {
		return nil, err
	}
	if wanted := d.wanted(s); len(wanted) > 0 {
		if err := d.pass(open, sections{limit: d.limits.Entry, wanted: wanted, log: d.log}); err != nil {
			return nil, err
		}
	}
	return d.complete(), nil
}

// streamLimit bounds the bytes of a dump's standard output, which holds every log in full.
const streamLimit = 4 << 30

func (d *dump) pass(open func() (io.ReadCloser, error), s sections) error {
	f, err := open()
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	limited := &io.LimitedReader{R: r, N: streamLimit}
	if head, _ := r.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return fmt.Errorf("decompress: %w", err)
		}
		defer z.Close()
		limited.R = z
	}
	err = s.read(limited)
	if err == nil && limited.N <= 0 {
		err = fmt.Errorf("more than %s; dump to a folder, with --output-directory", Bytes(streamLimit))
	}
	return err
}

// sections splits the output of a dump.
type sections struct {
	limit  int64                     // bytes of a list
	doc    func([]byte) error        // a list; nil: lists are passed over
	log    func(LogKey, []byte, int) // the end of a log, and how many bytes of it are kept; called for those wanted
	wanted map[LogKey]int

	state   int
	buf     []byte // the list so far, or the end of the log so far
	oneLine bool   // the list is
	key     LogKey
	found   bool // a list or a log has begun
	strays  int  // bytes before that
}

// Where the reader is.
const (
	outside    = iota
	withinJSON // a list from the line "{" to the line "}", as kubectl indents it
	withinYAML // a list up to "---" or to a section of logs
	withinLog  // a section of logs
	afterMark  // behind a line that ends a section, unless the log goes on: it can hold any line
)

const (
	maxStrays = 1 << 20               // of what is no dump at all
	logKept   = 2 * snapshot.LogBytes // of a log's end, while it is read
)

var startOfLog = regexp.MustCompile(`^==== START logs for container (\S+) of pod ([^\s/]+)/([^\s/]+) ====\r?\n?$`)

// read goes through all of it. Lines can be of any length, and are seen in pieces if they are long.
func (s *sections) read(r io.Reader) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	first := true // the piece begins a line
	for {
		piece, err := lines.ReadSlice('\n')
		if len(piece) > 0 {
			if err := s.piece(piece, first); err != nil {
				return err
			}
		}
		switch first = !errors.Is(err, bufio.ErrBufferFull); {
		case errors.Is(err, io.EOF):
			return s.end()
		case err != nil && first:
			return err
		}
	}
}

func (s *sections) piece(p []byte, first bool) error {
	switch s.state {
	case withinJSON:
		return s.json(p, first)
	case withinYAML:
		if !first || !begins(p, "---") && !startOfLog.Match(p) {
			return s.keep(p)
		}
		if err := s.list(); err != nil {
			return err
		}
	case withinLog:
		s.text(p)
		return nil
	case afterMark:
		if !opensSection(p) {
			s.state = withinLog
			s.text(p)
			return nil
		}
		s.closeLog()
	}
	return s.open(p, first)
}

func begins(p []byte, with string) bool { return bytes.HasPrefix(p, []byte(with)) }

// opensSection says whether a line begins what can stand behind a log.
func opensSection(p []byte) bool {
	return startOfLog.Match(p) || slices.ContainsFunc([]string{"{", "---", "apiVersion: "}, func(s string) bool { return begins(p, s) })
}

// open looks what a line begins, outside of everything.
func (s *sections) open(p []byte, first bool) error {
	if m := startOfLog.FindSubmatch(p); m != nil && first {
		s.key = LogKey{Namespace: string(m[2]), Pod: string(m[3]), Container: string(m[1])}
		s.state, s.buf, s.found = withinLog, nil, true
		return nil
	}
	switch {
	case !first:
	case begins(p, "{"):
		s.state, s.found, s.oneLine = withinJSON, true, len(bytes.TrimSpace(p)) > 1
		return s.json(p, first)
	case begins(p, "---"), begins(p, "apiVersion: "):
		s.state, s.found = withinYAML, true
		if begins(p, "---") {
			return nil
		}
		return s.keep(p)
	}
	if s.strays += len(p); !s.found && s.strays > maxStrays {
		return fmt.Errorf(notDump, "neither compressed with zstd nor with a list of nodes")
	}
	return nil
}

// json adds to a list in JSON, which ends with the line "}" or, if it is all in one, with its line.
func (s *sections) json(p []byte, first bool) error {
	if err := s.keep(p); err != nil {
		return err
	}
	if s.oneLine && p[len(p)-1] == '\n' || !s.oneLine && first && bytes.Equal(bytes.TrimRight(p, "\r\n"), []byte("}")) {
		return s.list()
	}
	return nil
}

// keep adds to the list being read.
func (s *sections) keep(p []byte) error {
	if int64(len(s.buf)+len(p)) > s.limit {
		return fmt.Errorf("a list of more than the %s allowed", Bytes(s.limit))
	}
	if s.doc != nil {
		s.buf = append(s.buf, p...)
	}
	return nil
}

// list ends a list.
func (s *sections) list() error {
	doc := s.buf
	s.state, s.buf = outside, nil
	if s.doc == nil || len(bytes.TrimSpace(doc)) == 0 {
		return nil
	}
	return s.doc(doc)
}

// text adds to the end of the log. The mark that ends it follows at once on a last line without a line break.
func (s *sections) text(p []byte) {
	s.buf = append(s.buf, p...)
	if len(s.buf) > 2*logKept {
		s.buf = append(s.buf[:0], s.buf[len(s.buf)-logKept:]...)
	}
	if bytes.HasSuffix(s.buf, s.mark()) {
		s.state = afterMark
	}
}

func (s *sections) mark() []byte {
	return fmt.Appendf(nil, "==== END logs for container %s of pod %s/%s ====\n", s.key.Container, s.key.Namespace, s.key.Pod)
}

func (s *sections) closeLog() {
	if keep, ok := s.wanted[s.key]; ok && s.log != nil {
		s.log(s.key, bytes.TrimSuffix(s.buf, s.mark()), keep)
		delete(s.wanted, s.key)
	}
	s.state, s.buf = outside, nil
}

// end is reached when nothing more comes.
func (s *sections) end() error {
	switch s.state {
	case withinJSON:
		if s.oneLine {
			return s.list()
		}
		return errors.New("truncated: it ends within a list; dump it again")
	case withinYAML:
		return s.list()
	case withinLog, afterMark:
		s.closeLog() // of a log that was cut off, too, the end is worth reading
	}
	return nil
}

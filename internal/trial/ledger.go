package trial

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
)

// maxLine bounds one result in a file of them, in bytes.
const maxLine = 1 << 20

// Ledger keeps finished results in a file, one a line, so that a run that was interrupted goes on where it ended. It is safe for concurrent
// use. Make it with [OpenLedger].
type Ledger struct {
	mu   sync.Mutex
	file *os.File
	done map[string]eval.Result
}

// OpenLedger reads what is done already and keeps the file open for what follows. A last line that is not whole is forgotten: its case
// runs again.
func OpenLedger(path string) (*Ledger, error) {
	l := &Ledger{done: map[string]eval.Result{}}
	raw, err := os.Open(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read finished results: %w", err)
	}
	if err == nil {
		defer raw.Close()
		lines := bufio.NewScanner(raw)
		lines.Buffer(nil, maxLine)
		for lines.Scan() {
			var r eval.Result
			if json.Unmarshal(lines.Bytes(), &r) == nil && r.Case != "" {
				l.done[r.Case] = r
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("read finished results in %s: %w", path, err)
		}
	}
	if l.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
		return nil, fmt.Errorf("keep finished results: %w", err)
	}
	if _, err := l.file.WriteString("\n"); err != nil { // ends a line that is not whole; empty ones are passed over
		return nil, fmt.Errorf("keep finished results: %w", err)
	}
	return l, nil
}

// Done returns the case's result, if it has one. What could not be run counts as not done.
func (l *Ledger) Done(name string) (eval.Result, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.done[name]
	return r, ok && r.Error == ""
}

// Add keeps a result.
func (l *Ledger) Add(r eval.Result) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("keep the result of %s: %w", r.Case, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done[r.Case] = r
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("keep the result of %s: %w", r.Case, err)
	}
	return nil
}

// Close closes the file.
func (l *Ledger) Close() error { return l.file.Close() }

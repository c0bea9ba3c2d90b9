package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
)

const (
	logTail    = 2 << 20 // bytes read from the log's end
	logPlain   = 20      // newest lines kept as they are
	logTelling = 100     // lines kept because they tell
	maxLine    = 500     // bytes of a line
)

// telling are words of lines that say when something changed or broke. A K3s log is mostly routine; what matters can be days and
// thousands of lines back.
var telling = newTeller(`(?i)level=(error|fatal|panic)|^[EF][01]\d{3} |panic:|auto-?update|upgrad|cni|restarting|starting k3s|stopping|shutting down|certificate.*expired|no space left|swap on is not supported|database space exceeded|malformed|too many open files|crc mismatch|out of memory|read-only file system`,
	"level=error", "level=fatal", "level=panic", "e0", "e1", "f0", "f1", "panic:", "update", "upgrad", "cni", "restarting", "starting k3s",
	"stopping", "shutting down", "certificate", "no space left", "swap on", "database space",
	"malformed", "too many open", "crc mismatch", "out of memory", "read-only file")

// sameLine finds what differs between two lines that say the same: times, counts, ids.
var sameLine = regexp.MustCompile(`[0-9a-f]{8,}|[0-9]+`)

// serviceLog returns the lines that tell, each kind of them at its first and its last, and the newest lines, oldest first.
func serviceLog(root *os.Root, paths []string) ([]string, error) {
	for _, p := range paths {
		b, err := readTail(root, p, logTail, oneName)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return tellingLines(strings.ToValidUTF8(string(b), "�")), nil
	}
	if lines := serviceOfSyslog(root); lines != nil {
		return lines, nil
	}
	return nil, fmt.Errorf("none of %s exists; where systemd runs the service its log is in the journal, which is not read",
		strings.Join(paths, ", "))
}

func tellingLines(text string) []string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
	keep := make([]bool, len(lines))
	first, last := map[string]bool{}, map[string]int{}
	for i, l := range lines {
		l = searched(l)
		if !telling.tells(l) {
			continue
		}
		k := sameLine.ReplaceAllString(l, "#")
		if !first[k] {
			first[k], keep[i] = true, true
		}
		last[k] = i
	}
	for _, i := range last {
		keep[i] = true
	}
	plain := max(0, len(lines)-logPlain)
	out, tail := []string{}, []string{}
	for i, l := range lines {
		l = cut(l)
		switch {
		case i >= plain:
			tail = append(tail, l)
		case keep[i]:
			out = append(out, l)
		}
	}
	return append(out[max(0, len(out)-logTelling):], tail...)
}

// readTail reads a regular file's last bytes, at most limit, from the beginning of a line.
func readTail(root *os.Root, p string, limit int64, r rule) ([]byte, error) {
	f, err := openRegular(root, p, r)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	from := max(0, info.Size()-limit)
	b, err := io.ReadAll(io.LimitReader(io.NewSectionReader(f, from, limit), limit))
	if err != nil {
		return nil, err
	}
	if from > 0 {
		if _, rest, ok := strings.Cut(string(b), "\n"); ok {
			b = []byte(rest)
		}
	}
	return b, nil
}

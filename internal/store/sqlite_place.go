package store

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// place is the one path that the state at path has, whichever way leads to it: SQLite keeps what is not yet in the database in files
// beside it, and the lock is beside it as well, so that two names of one state would be two states, which then destroy each other. A file
// that has a second name for good, by a hard link or by a mount of its own, is refused.
func place(path string) (string, error) {
	real, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Lstat(real)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return newPlace(real)
	case err != nil:
		return "", err
	}
	real, err = filepath.EvalSymlinks(real)
	if errors.Is(err, fs.ErrNotExist) && info.Mode()&fs.ModeSymlink != 0 {
		return "", fmt.Errorf("it is a link, and what it leads to is not there; name the file itself, or remove the link to begin with an " +
			"empty state")
	}
	if err != nil {
		return "", err
	}
	if info, err = os.Stat(real); err != nil {
		return "", err
	}
	switch {
	case info.IsDir():
		return "", errors.New("it is a directory; name a file in it")
	case !info.Mode().IsRegular():
		return "", errors.New("it is not a regular file")
	case links(info) > 1:
		return "", fmt.Errorf("it has %d names (hard links), and to work by two of them at once would destroy it; keep one, or make a copy "+
			"(to find them: find DIR -xdev -samefile %s)", links(info), real)
	case isMount(real):
		return "", fmt.Errorf("%s is mounted on its own, without the files that SQLite keeps beside it; mount its directory instead", real)
	}
	return real, nil
}

// newPlace is where a state will be that is not there yet, in a directory that need not be there either.
func newPlace(path string) (string, error) {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	return filepath.Join(dir, filepath.Base(path)), err
}

// isMount says whether a file is a mount point, where the kernel tells (proc_pid_mountinfo(5)).
func isMount(path string) bool {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	defer f.Close()
	return mountedAt(bufio.NewScanner(f), path)
}

// mountedAt looks for the path in the fifth field; its blanks, tabs, newlines and backslashes stand there in octal.
func mountedAt(lines *bufio.Scanner, path string) bool {
	path = strings.NewReplacer(`\`, `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`).Replace(path)
	for lines.Scan() {
		if w := strings.Fields(lines.Text()); len(w) > 4 && w[4] == path {
			return true
		}
	}
	return false
}

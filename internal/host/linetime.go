package host

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"
)

// times reads the times that logs on the host give in the host's own zone, some without a year.
type times struct {
	zone    *time.Location
	written time.Time // when the file was last written to: no line is later; zero: not known
}

// zoneOf reads the host's time zone; without one a host keeps UTC.
func zoneOf(root *os.Root) *time.Location {
	b, err := readHead(root, "/etc/localtime", 64<<10, anyName)
	if err != nil {
		return time.UTC
	}
	zone, err := time.LoadLocationFromTZData("host", b)
	if err != nil {
		return time.UTC
	}
	return zone
}

func timesOf(root *os.Root, zone *time.Location, p string) times {
	info, err := root.Stat(inside(p))
	if err != nil {
		return times{zone: zone}
	}
	return times{zone, info.ModTime()}
}

var (
	isoTime    = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)[T ] ?(\d\d:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)?`)
	syslogTime = regexp.MustCompile(`^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d`)
	klogTime   = regexp.MustCompile(`^[IWEF](\d\d)(\d\d) (\d\d:\d\d:\d\d)`)
	quotedTime = regexp.MustCompile(`time="(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))"`)
)

// of is the time that a line begins with, as RFC 3339 (and dpkg, apt and dnf), syslog and klog write it, or that logfmt gives; zero
// if none.
func (t times) of(line string) time.Time {
	if m := quotedTime.FindStringSubmatch(line); m != nil {
		at, _ := time.Parse(time.RFC3339, m[1])
		return at.UTC()
	}
	if m := isoTime.FindStringSubmatch(line); m != nil {
		if m[3] == "" {
			at, _ := time.ParseInLocation("2006-01-02 15:04:05", m[1]+" "+m[2], t.zone)
			return utc(at)
		}
		at, _ := time.Parse("2006-01-02 15:04:05Z0700", m[1]+" "+m[2]+strings.Replace(m[3], ":", "", 1))
		return utc(at)
	}
	if m := syslogTime.FindString(line); m != "" {
		return t.dated("Jan _2 15:04:05", m)
	}
	if m := klogTime.FindStringSubmatch(line); m != nil {
		return t.dated("0102 15:04:05", m[1]+m[2]+" "+m[3])
	}
	return time.Time{}
}

// dated finds the year of a time without one: the latest that is not after the file's own time. A day is allowed for clocks and zones.
func (t times) dated(layout, value string) time.Time {
	if t.written.IsZero() {
		return time.Time{}
	}
	limit := t.written.Add(24 * time.Hour)
	for year := limit.Year(); year >= limit.Year()-4; year-- { // four years, for the 29th of February
		at, err := time.ParseInLocation("2006 "+layout, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006 ")+value, t.zone)
		if err == nil && !at.After(limit) {
			return at.UTC()
		}
	}
	return time.Time{}
}

// utc keeps a time that could not be read zero.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// exists says whether a path leads to a regular file, or may not be looked at: then reading it says so.
func exists(root *os.Root, p string) bool {
	info, err := root.Stat(inside(p))
	return err == nil && info.Mode().IsRegular() || errors.Is(err, fs.ErrPermission)
}

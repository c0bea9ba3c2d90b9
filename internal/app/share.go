package app

import (
	"maps"
	"slices"
	"time"
)

// shareTime is the time in which alerts and the watch may open so many incidents in a channel.
const shareTime = time.Hour

// share is how many incidents alerts and the watch have opened lately, by channel. It is begun anew at a start. Nil: there is no bound.
type share struct {
	most   int
	opened map[string][]time.Time
}

func newShare(most int) *share { return &share{most: most, opened: map[string][]time.Time{}} }

func (s *share) copy() *share {
	if s == nil {
		return nil
	}
	return &share{most: s.most, opened: maps.Clone(s.opened)}
}

// spent says whether no more may be opened in the channel now.
func (s *share) spent(channel string, now time.Time) bool {
	if s == nil {
		return false
	}
	n := 0
	for _, t := range s.opened[channel] {
		if now.Sub(t) < shareTime {
			n++
		}
	}
	return n >= s.most
}

// take notes that one is opened.
func (s *share) take(channel string, now time.Time) {
	if s == nil {
		return
	}
	lately := slices.DeleteFunc(slices.Clone(s.opened[channel]), func(t time.Time) bool { return now.Sub(t) >= shareTime })
	s.opened[channel] = append(lately, now)
}

package logs

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Stop is a complaint by which a program that runs on has stopped doing what it is there for: by its own words, or since it no longer
// says what it had said again and again.
type Stop struct {
	Warning
	Words bool          // its own words say so
	No    string        // what it said before and no longer; empty where nothing was said regularly
	Every time.Duration // how often it had said that, a second at least
}

// stopped are the words of a program that does not go on with its work, though it runs.
var stopped = regexp.MustCompile(`(?i)\b(?:halt(?:ed|ing|s)?` +
	`|(?:entering|entered|switch(?:ed|ing) to|going into|put into|marked(?: as)?|set to|now in|forced to) ` +
	`(?:\w+ ){0,2}(?:read[- ]?only|safe mode|maintenance mode)` +
	`|no longer (?:accept|process|consum|writ|replicat|sync|schedul|reconcil|compact|ingest)\w*` +
	`|(?:stops?|stopped|stopping|ceas(?:es|ed|ing)) (?:all )?` +
	`(?:accept|process|consum|writ|replicat|sync|schedul|reconcil|ingest|compact|index|poll)\w*` +
	`|(?:stopped|halted|disabled|suspended|aborted|killed) (?:permanently|until)` +
	`|refus(?:es|ing) (?:all )?(?:writes|new \w+|to (?:write|accept|continue|proceed|process|compact|replicate))` +
	`|(?:will not|will never|won't) (?:be retried|retry|continue|try again|resume|be restarted|recover)` +
	`|will be disabled|has been disabled|manual (?:intervention|recovery)|intervention (?:is )?(?:required|needed)` +
	`|(?:are|is|be|being|been|now) blocked (?:until|because|due|by (?:an? |the )?(?:\w+ ){0,2}(?:alarm|limit|quota|watermark))` +
	`|block(?:s|ing) (?:\w+ ){0,2}(?:publish|writ|produc|connection|insert|client|request)\w*` +
	`|(?:disk|space|memory|resource|quota|storage)(?: \w+){0,2} alarm (?:is |was )?(?:set|raised|activated|triggered)` +
	`|waiting for some(?:one|body) to free` +
	`|(?:task|thread|consumer|replication|worker) (?:is being |was |has been )?(?:killed|stopped|aborted))\b`)

// regularly is how often something must have been said to be missed.
const regularly = 3

// Stops are the complaints of a log by which its program stopped working, the newest first.
func Stops(log string) []Stop {
	var (
		out  []Stop
		said []utterance
	)
	for _, w := range Warnings(log) {
		if w.Times >= regularly {
			continue // it goes on to say so
		}
		if said == nil {
			said = utterances(log)
		}
		x := Stop{Warning: w, Words: stopped.MatchString(w.Says)}
		x.No, x.Every = missedSince(said, w.First)
		if (x.Words || x.No != "") && !saysOn(said, w.First) {
			out = append(out, x)
		}
	}
	return out
}

// utterance is a line that complains of nothing.
type utterance struct {
	shape uint64
	text  string
	at    time.Time
}

// utterances are the lines of a log's end that have a stamp and do not complain.
func utterances(log string) []utterance {
	out := []utterance{}
	for _, line := range lastLines(log, comparedEnd) {
		r, at := parse(line), stampOf(line)
		if text := strings.TrimSpace(r.text); text != "" && !at.IsZero() && r.level < warn {
			out = append(out, utterance{alike(text), text, at})
		}
	}
	return out
}

// resumed is how a program says that it goes on after all.
var resumed = regexp.MustCompile(`(?i)\b(?:resum(?:ed|ing)|restarted|recovered|re-?enabled|unblocked|alarms? (?:is |was |has been |have been )?cleared|back to normal|continuing)\b`)

// saysOn says whether a program has said since that it goes on.
func saysOn(said []utterance, since time.Time) bool {
	return slices.ContainsFunc(said, func(u utterance) bool { return u.at.After(since) && resumed.MatchString(u.text) })
}

// missedSince is what was said regularly until a moment and never since, the most frequent, and how often it was.
func missedSince(said []utterance, since time.Time) (string, time.Duration) {
	type series struct {
		text        string
		first, last time.Time
		times       int
	}
	if since.IsZero() {
		return "", 0
	}
	by, order := map[uint64]*series{}, []uint64(nil)
	after := map[uint64]bool{}
	for _, u := range said {
		if u.at.After(since) {
			after[u.shape] = true
			continue
		}
		x := by[u.shape]
		if x == nil {
			x = &series{first: u.at}
			by[u.shape] = x
			order = append(order, u.shape)
		}
		x.text, x.last, x.times = u.text, u.at, x.times+1
	}
	var best *series
	var every time.Duration
	for _, k := range order {
		x := by[k]
		if after[k] || x.times < regularly {
			continue
		}
		gap := x.last.Sub(x.first) / time.Duration(x.times-1)
		if gap > 0 && since.Sub(x.last) <= 2*gap && (best == nil || x.times >= best.times) {
			best, every = x, gap
		}
	}
	if best == nil {
		return "", 0
	}
	return best.text, max(every, time.Second)
}

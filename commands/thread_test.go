package commands_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/story"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
	"github.com/paramedic-bot/paramedic/internal/snapshot/snapshottest"

	"golang.org/x/tools/txtar"
)

// thread is an incident's messages as text, by their slots.
func thread(d *incident.Diagnosis) map[string]string {
	_, told := incident.Number(d)
	log := []incident.Recorded{}
	for _, e := range []incident.Event{opened, incident.DiagnosisMade{Diagnosis: *told}, incident.Recalled{},
		incident.StoryTold{Story: story.Template(told, nil)}} {
		log = append(log, incident.Recorded{Version: len(log) + 1, At: d.At.Add(time.Duration(len(log)) * time.Second), Event: e})
	}
	out := map[string]string{}
	for _, m := range commands.IncidentMessages(incident.Fold("INC-1", log), d.At.Add(time.Minute)) {
		out[m.Slot] = m.Reply.Text + "\n" + commands.Plain(m.Reply)
	}
	return out
}

// numbers are all that a pattern's group finds, as numbers.
func numbers(text, pattern string) []int {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	var all []int
	for _, m := range regexp.MustCompile(strings.ReplaceAll(pattern, "N", `([\d,]+|[A-Za-z]+)`)).FindAllStringSubmatch(text, -1) {
		n := slices.Index(words, strings.ToLower(m[1]))
		if n < 0 {
			n, _ = strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
		}
		all = append(all, n)
	}
	return all
}

func sum(list []int) int {
	n := 0
	for _, x := range list {
		n += x
	}
	return n
}

// first is the part of a text that tells the first cause.
func first(text string) string {
	text, _, _ = strings.Cut(text, "\n2. ")
	return text
}

// One fact has one count in a thread, whoever tells it: the headline, the message in the channel, the facts and the story.
func TestOneFactHasOneCount(t *testing.T) {
	founding, err := txtar.ParseFile("../diagnosis/testdata/founding.txtar")
	if err != nil {
		t.Fatal(err)
	}
	at, manifests := founding.Files[0], founding.Files[1]
	when, err := time.Parse(time.RFC3339, strings.TrimSpace(string(at.Data)))
	if err != nil {
		t.Fatal(err)
	}
	small, err := snapshot.FromManifests(when, manifests.Data)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		s                            *snapshot.Snapshot
		causes, faults, consequences int // causes as told; faults and consequences of the first
	}{
		"the founding incident":       {small, 2, 1, 33},
		"a few pods":                  {snapshottest.Outage(50, 5), 5, 1, 3},
		"many pods for one reason":    {snapshottest.Outage(5000, 1), 1, 500, 1500},
		"many pods for many reasons":  {snapshottest.Outage(5000, 500), 500, 1, 3},
		"many pods for a few reasons": {snapshottest.Outage(5000, 40), 40, 13, 39},
		"some pods for one reason":    {snapshottest.Outage(100, 1), 1, 10, 30},
		"four times as many":          {snapshottest.Outage(20_000, 1000), 1000, 2, 6},
	} {
		d := diagnosis.Diagnose(c.s, diagnosis.Scope{})
		total := d.Total()
		msgs := thread(d)
		root, facts, told := msgs["incident"], msgs["facts"], msgs["story"]
		check := commands.Plain(commands.CheckReply(d))
		is := func(what string, want int, got ...int) {
			t.Helper()
			if len(got) == 0 || slices.ContainsFunc(got, func(n int) bool { return n != want }) {
				t.Errorf("%s: %s: %v, want %d everywhere", name, what, got, want)
			}
		}
		is("causes in the headlines", c.causes, append(numbers(facts, `: N causes?, `), numbers(check, `: N causes?, `)...)...)
		is("consequences in the headlines", total.Consequences, append(numbers(facts, ` causes?, N consequences?`),
			numbers(check, ` causes?, N consequences?`)...)...)
		for where, text := range map[string]string{"the channel": root, "the facts": facts, "check": check} {
			shown := len(numbers(text, `(?m)^\W*(?:Cause )?N[.:] .* (?:certain|likely|possible)\b|^\W*Cause N?: `))
			if where == "the channel" {
				shown = strings.Count(text, "Cause")
			}
			is("causes in "+where, c.causes, shown+sum(numbers(text, `… N more causes?`)))
		}
		is("causes in the story", c.causes, min(c.causes, 3)+sum(numbers(told, `N more things? stands?`)))
		first := first(facts)
		follows := slices.Concat(numbers(root, `explains N consequences?`)[:1], numbers(first, `Explains N consequences?`),
			numbers(told, `N consequences? follows? from it`)[:1], numbers(check, `explains N consequences?`)[:1])
		is("consequences of the first cause", c.consequences, append(follows, sum(numbers(first, `×N:`)))...)
		if c.faults > 1 {
			is("objects of the first cause", c.faults, 1+numbers(root, `and N more Deployments? alike`)[0],
				1+numbers(first, `and N more Deployments? alike`)[0],
				strings.Count(regexp.MustCompile(`(?m)^in .*`).FindString(first), "Deployment/")+sum(numbers(first, `(?m)^in .* and N more$`)))
		}
		if total.Restarts >= 10 {
			is("restarts", total.Restarts, append(numbers(told, `restarted N times in all`), numbers(check, `Restarts: N`)...)...)
		}
		for _, m := range regexp.MustCompile(`\[(E\d+(?:, E\d+)*)\]`).FindAllStringSubmatch(told, -1) {
			for _, id := range strings.Split(m[1], ", ") {
				if !regexp.MustCompile(`\b` + id + ` (?:api|log|event|host|probe) `).MatchString(facts + told) {
					t.Errorf("%s: %s is cited and listed nowhere", name, id)
				}
			}
		}
		if t.Failed() {
			t.Fatal(root + "\n" + facts + "\n" + told)
		}
	}
}

package commands_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/story"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
	"github.com/paramedic-bot/paramedic/internal/snapshot/snapshottest"

	"golang.org/x/tools/txtar"
)

// thread is an incident's messages as text, by their slots, and beside them the "details" that a person asks for.
func thread(t *testing.T, d *incident.Diagnosis) map[string]string {
	t.Helper()
	_, told := incident.Number(d)
	set, k := newSet(told)
	state := k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *told}, incident.Recalled{},
		incident.StoryTold{Story: story.Template(told, nil)})
	out := map[string]string{}
	for _, m := range commands.IncidentMessages(state, d.At.Add(time.Minute)) {
		out[m.Slot] = m.Reply.Text + "\n" + commands.Plain(m.Reply)
	}
	var whole strings.Builder // the thread tells its beginning
	for _, line := range state.Story.Sentences {
		whole.WriteString(line.Text + " [" + strings.Join(line.Cites, ", ") + "] ")
	}
	out["story"] = whole.String()
	details := ask(t, set, "details INC-1")
	out["details"] = details.Text + "\n" + commands.Plain(commands.Reply{Blocks: details.Form.Whole})
	return out
}

// words counts the words of a message, without its buttons.
func words(m commands.Message) int {
	n := 0
	moment := regexp.MustCompile(`\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d) UTC`) // Slack shows it in a word or two
	for _, line := range strings.Split(moment.ReplaceAllString(commands.Plain(m.Reply), "$1"), "\n") {
		if !strings.HasPrefix(line, "→") {
			n += len(regexp.MustCompile(`[\pL\pN]\S*`).FindAllString(line, -1))
		}
	}
	return n
}

// At three in the morning the message is read in five seconds, and the thread in a minute; the rest comes when somebody asks.
func TestTheFoundingIncidentIsToldInFewWords(t *testing.T) {
	d := diagnosis.Diagnose(foundingSnapshot(t), diagnosis.Scope{})
	_, told := incident.Number(d)
	k := commandstest.NewKeeper(nil)
	k.Append("INC-1", incident.DiagnosisMade{Diagnosis: *told}, incident.Recalled{Similar: commandstest.Seen()},
		incident.StoryTold{Story: story.Template(told, nil)})
	for _, stage := range stages()[3:] {
		state := k.Append("INC-1", stage.events...)
		all := 0
		for j, m := range commands.IncidentMessages(state, commandstest.Start.Add(56*time.Hour+30*time.Minute)) {
			n := words(m)
			if all += n; j == 0 {
				if n > 60 {
					t.Errorf("%s: the message has %d words:\n%s", stage.name, n, commands.Plain(m.Reply))
				}
				if lines := strings.Count(commands.Plain(m.Reply), "\n"); lines > 15 {
					t.Errorf("%s: the message has %d lines", stage.name, lines)
				}
				all = 0
			}
		}
		if all > 250 {
			t.Errorf("%s: the thread has %d words:\n%s", stage.name, all, tell(state))
		}
	}
}

// What wakes people is counted, too: the plan that waits, who is called, who is called next, and the question whether the cause was right.
func TestWhatWakesPeopleIsToldInFewWords(t *testing.T) {
	d := diagnosis.Diagnose(foundingSnapshot(t), diagnosis.Scope{})
	_, told := incident.Number(d)
	k := commandstest.NewKeeper(nil)
	k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *told}, incident.Recalled{Similar: commandstest.Seen()},
		incident.StoryTold{Story: story.Template(told, nil)})
	night := [][]incident.Event{
		{incident.PlanProposed{Plan: commandstest.Plan()}, incident.Notified{Of: 5}},
		{incident.Called{Level: 1, To: incident.Callee{ID: "U0BEN", Name: "Ben"}, Next: incident.Callee{ID: "S0OPS", Name: "platform-oncall"},
			NextAt: commandstest.Start.Add(57 * time.Hour)}},
		{incident.Called{Level: 2, To: incident.Callee{ID: "S0OPS", Name: "platform-oncall"}}},
		{incident.Claimed{By: commandstest.Ada}},
	}
	for i, events := range night {
		state, all := k.Append("INC-1", events...), 0
		for _, m := range commands.IncidentMessages(state, commandstest.Start.Add(56*time.Hour+30*time.Minute)) {
			n := words(m)
			switch {
			case m.Slot == commands.RootSlot && n > 60 && (state.Claimed == nil || n > 63): // a name and a moment more once somebody has it
				t.Errorf("%d: the message has %d words:\n%s", i, n, commands.Plain(m.Reply))
			case strings.HasPrefix(m.Slot, "news-") && n > 30, strings.HasPrefix(m.Slot, "call-") && n > 60:
				t.Errorf("%d: %s has %d words:\n%s", i, m.Slot, n, commands.Plain(m.Reply))
			}
			if m.Slot != commands.RootSlot {
				all += n
			}
		}
		if all > 300 { // 250, and the two calls that only silence brings
			t.Errorf("%d: the thread has %d words:\n%s", i, all, tell(state))
		}
		if i == 0 && all > 250 {
			t.Errorf("the thread of a plan that waits has %d words:\n%s", all, tell(state))
		}
	}
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

// foundingSnapshot is the cluster of the founding incident.
func foundingSnapshot(t *testing.T) *snapshot.Snapshot {
	t.Helper()
	founding, err := txtar.ParseFile("../diagnosis/testdata/founding.txtar")
	if err != nil {
		t.Fatal(err)
	}
	at, manifests := founding.Files[0], founding.Files[1]
	when, err := time.Parse(time.RFC3339, strings.TrimSpace(string(at.Data)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.FromManifests(when, manifests.Data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// One fact has one count in a thread, whoever tells it: the headline, the message in the channel, the facts and the story.
func TestOneFactHasOneCount(t *testing.T) {
	small := foundingSnapshot(t)
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
		msgs := thread(t, d)
		root, facts, told := msgs["incident"], msgs["details"], msgs["story"]
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
			shown := len(numbers(text, `(?m)^\W*N[.] .* (?:certain|likely|possible)\b`))
			if where == "the channel" {
				shown = min(c.causes, 3)
			}
			is("causes in "+where, c.causes, shown+sum(numbers(text, `(?:…|and) N more causes?`)))
		}
		is("causes in the story", c.causes, min(c.causes, 3)+sum(numbers(told, `N more things? stands?`)))
		first := first(facts)
		follows := slices.Concat(numbers(first, `Explains N consequences?`),
			numbers(told, `N consequences? follows? from it`)[:1], numbers(check, `explains N consequences?`)[:1])
		is("consequences of the first cause", c.consequences, append(follows, sum(numbers(first, `×N:`)))...)
		if c.faults > 1 {
			is("objects of the first cause", c.faults, 1+numbers(root, `and N more Deployments? alike`)[0],
				1+numbers(first, `and N more Deployments? alike`)[0],
				strings.Count(regexp.MustCompile(`(?m)^in .*`).FindString(first), "Deployment/")+sum(numbers(first, `(?m)^in .* and N more$`)))
		}
		if total.Restarts >= 10 {
			is("restarts", total.Restarts, slices.Concat(numbers(told, `restarted N times in all`), numbers(check, `Restarts: N`),
				numbers(root, `N restarts`))...)
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

package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// mostChangeRows bounds the list of changes; -o json has all that the look kept.
const mostChangeRows = 30

// mostOfNodes is how many changes of nodes are listed one by one.
const mostOfNodes = 3

// changes tells what changed in the cluster, the newest first.
func (s *Set) changes(ctx context.Context, r Request) (Reply, error) {
	said, args, err := cutOption(r.Args, "--since")
	if err != nil {
		return Reply{}, err
	}
	o, err := parseOptions(args)
	if err != nil {
		return Reply{}, err
	}
	if len(o.words) > 0 || o.trace {
		return Reply{}, usageError("changes takes a namespace and a time alone")
	}
	from, err := changedSince(said, r.Now)
	if err != nil {
		return Reply{}, usageError(err.Error())
	}
	d, err := s.diagnose(ctx, r, incident.Asked{})
	if err != nil {
		return Reply{}, err
	}
	if o.namespace != "" { // that it exists, and may be read, the look says
		if _, err := s.diagnose(ctx, r, incident.Asked{Namespace: o.namespace}); err != nil {
			return Reply{}, err
		}
	}
	return changesReply(d, o.namespace, from), nil
}

// cutOption takes an option with its value out of the arguments.
func cutOption(args []string, name string) (value string, rest []string, err error) {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, name+"="); ok {
			return v, slices.Concat(args[:i], args[i+1:]), nil
		}
		if a == name && i+1 < len(args) {
			return args[i+1], slices.Concat(args[:i], args[i+2:]), nil
		}
		if a == name {
			return "", nil, usageError(name + " needs a value")
		}
	}
	return "", args, nil
}

// changedSince reads 30m, 2h, 3d, today, yesterday, a day of the week or a date, all in UTC; zero of "".
func changedSince(said string, now time.Time) (time.Time, error) {
	now = now.UTC()
	midnight := now.Truncate(24 * time.Hour)
	low := strings.ToLower(said)
	switch low {
	case "":
		return time.Time{}, nil
	case "today":
		return midnight, nil
	case "yesterday":
		return midnight.Add(-24 * time.Hour), nil
	}
	for back := range 7 {
		if day := midnight.Add(-time.Duration(back) * 24 * time.Hour); strings.EqualFold(day.Weekday().String(), low) {
			return day, nil
		}
	}
	if day, err := time.Parse(time.DateOnly, low); err == nil {
		return day, nil
	}
	unit := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[low[len(low)-1]]
	n, err := strconv.Atoi(low[:len(low)-1])
	if err != nil || unit == 0 || n <= 0 || n > 10000 {
		return time.Time{}, fmt.Errorf("“%s” is no time such as 2h, yesterday, monday or 2027-01-31", clip.Runes(said, 40))
	}
	return now.Add(-time.Duration(n) * unit), nil
}

// changesReply lists what of a look's changes lies in the namespace, and after the time.
func changesReply(d *incident.Diagnosis, namespace string, from time.Time) Reply {
	newest, ofNodes := []incident.Change{}, 0
	for _, c := range slices.Backward(d.Changes) {
		if c.At.After(d.At) || c.At.Before(from) || namespace != "" && c.Object.Namespace != namespace {
			continue
		}
		newest = append(newest, c)
	}
	shown := slices.DeleteFunc(slices.Clone(newest), func(c incident.Change) bool { return c.Object.Kind == "Node" })
	if ofNodes = len(newest) - len(shown); ofNodes <= mostOfNodes {
		shown, ofNodes = newest, 0
	}
	where := ""
	if namespace != "" {
		where = " in namespace " + namespace
	}
	text := "No change was seen" + where
	if len(newest) > 0 {
		text = capital(count(len(newest), "change")) + where
	}
	head := Paragraph{Bold(text)}
	if !from.IsZero() {
		head = append(head, Text(" since "), When(from))
	}
	blocks := []Block{head}
	if len(newest) > 0 {
		if len(shown) > 0 {
			blocks = append(blocks, changeTable(shown))
		}
		if ofNodes > 0 {
			blocks = append(blocks, Note{Text("And " + count(ofNodes, "change") + " of nodes: joined, restarted, cordoned.")})
		}
	}
	note := append(Note{Text("This goes back four days and keeps the newest changes: rollouts, settings, scaling, nodes and packages. ")},
		lookedNote(d)...)
	return Reply{Text: text + ".", Blocks: append(blocks, note), Data: newest}
}

// changeTable lists changes as they come.
func changeTable(all []incident.Change) Table {
	t := Table{Columns: []Column{{"When", false}, {"Object", false}, {"What", false}, {"By", false}}}
	for i, c := range all {
		if i == mostChangeRows {
			t.More = len(all) - i
			break
		}
		t.Rows = append(t.Rows, []Span{When(c.At), Text(clip.Runes(c.Object.String(), maxName)), Text(clip.Runes(c.What, mostReason)),
			Text(clip.Runes(c.By, 60))})
	}
	return t
}

// mostLanes is how many workloads' restarts are shown over time.
const mostLanes = 10

// restarts tells what restarts, and since when.
func (s *Set) restarts(ctx context.Context, r Request) (Reply, error) {
	o, err := parseOptions(r.Args)
	if err != nil {
		return Reply{}, err
	}
	if len(o.words) > 0 || o.trace {
		return Reply{}, usageError("restarts takes a namespace alone")
	}
	d, err := s.diagnose(ctx, r, incident.Asked{Namespace: o.namespace})
	if err != nil {
		return Reply{}, err
	}
	blocks, text := restartBlocks(d.Restarts), "No container has restarted, of those that were seen."
	if len(blocks) > 0 {
		text = "What restarts"
		if c := incident.CourseNow(d, mostLanes); c.Worth() {
			blocks = append(blocks, Code{Text: c.Text()}, Note{Text("● a restart whose time is known; the number counts all")})
		}
	} else {
		blocks = []Block{Paragraph{Text(text)}}
	}
	return Reply{Text: text, Blocks: append(append(blocks, notSeenBlocks(d)...), lookedNote(d)), Data: d.Restarts}, nil
}

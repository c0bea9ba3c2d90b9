package eval

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// FirstContact is what was said of a set of cases when they were run for the first time, before anything was changed for them.
type FirstContact struct {
	Set     string   `json:"-"`                 // the file's name, and the folder of the cases
	Version string   `json:"version,omitempty"` // of the program that ran them
	Results []Result `json:"results"`
}

// LoadFirstContacts reads every first contact of a folder, each as "paramedic eval --save" writes it, by name: the tenth set after
// the ninth.
func LoadFirstContacts(dir string) ([]FirstContact, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	var out []FirstContact
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read a first contact: %w", err)
		}
		f := FirstContact{Set: strings.TrimSuffix(filepath.Base(file), ".json")}
		if err := json.Unmarshal(raw, &f); err != nil {
			return nil, fmt.Errorf("read a first contact: %s: %w", file, err)
		}
		out = append(out, f)
	}
	return out, nil
}

// since are the results of the same cases now.
func (f FirstContact) since(now []Result) []Result {
	return slices.DeleteFunc(slices.Clone(now), func(r Result) bool {
		return !slices.ContainsFunc(f.Results, func(x Result) bool { return r.Case == x.Case || r.Case == f.Set+"/"+x.Case })
	})
}

// FirstContacts is a table of first contacts, each with what the same cases score now beside it.
func FirstContacts(all []FirstContact, now []Result) string {
	var w strings.Builder
	w.WriteString("| cases | run | passed | root object first | all roots among the first three | “certain” and right | false alarms |\n" +
		"|---|---|---|---|---|---|---|\n")
	row := func(set, run string, results []Result) {
		b := Score(results)
		i := slices.IndexFunc(b.Confidence, func(c Calibration) bool { return c.Confidence == incident.Certain })
		fmt.Fprintf(&w, "| %s | %s | %s | %s | %s | %s | %d |\n", cell(set), cell(run), b.Cases, b.Top1, b.Top3, b.Confidence[i].Right, b.Alarms)
	}
	for _, f := range all {
		row(f.Set, "**first contact**, at "+f.Version, f.Results)
		if same := f.since(now); len(same) > 0 {
			row(f.Set, "now", same)
		}
	}
	return w.String()
}

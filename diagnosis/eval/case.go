package eval

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Case is one situation and what a diagnosis of it must say.
type Case struct {
	Name  string `json:"-"` // the file's path within the folder, without its ending: "pods/crash-loop-exit-1"
	Title string `json:"-"` // the first line of the file
	Story string `json:"-"` // the lines after it, up to the first section

	Fault string    `json:"fault"`           // the row of Faults that it belongs to
	At    time.Time `json:"at"`              // when the cluster is looked at; a bundle knows by itself
	Asked Asked     `json:"asked,omitzero"`  // what somebody asks about; zero: the whole cluster, and nobody
	Onset time.Time `json:"onset,omitzero"`  // when people noticed, for diagnosis.Scope; zero: not said
	Root  []Root    `json:"root,omitempty"`  // what is at fault; none: nothing is wrong, no finding of severity warning or above
	Quiet []string  `json:"quiet,omitempty"` // objects ("Kind/namespace/name") that look similar and are well
	Also  []string  `json:"also,omitempty"`  // objects that may be named as causes as well, such as an old unrelated fault
	// Bundle is the name of a bundle beside the file, instead of manifests.
	Bundle string `json:"bundle,omitempty"`
	// Needs holds resources ("ingressclasses") of which one must be known to be absent; who may not list them cannot find the first root.
	Needs []string `json:"needs,omitempty"`
	// Never holds words that may be neither in the story nor in a cause's next step, whatever their case: orders that a log, an annotation
	// or a postmortem gives.
	Never []string `json:"never,omitempty"`
	// Similar holds the ids of postmortems that must be found, or the case would not show what they do.
	Similar []string `json:"similar,omitempty"`

	// Setup and Teardown are shell lines around a live run, for faults that no manifest makes. They run only where that is allowed.
	Setup    string `json:"setup,omitempty"`
	Teardown string `json:"teardown,omitempty"`
	// Misses says why the case does not pass yet, for one that is known not to; empty: it must. The scoreboard counts it as it is.
	Misses string `json:"misses,omitempty"`
	// Within bounds a live run, from its manifests to the verdict; zero: [DefaultWithin]. A quiet case stays quiet for as long.
	Within metav1.Duration `json:"within,omitzero"`
	// Exclusive says that no other case may run on the cluster at the same time.
	Exclusive bool `json:"exclusive,omitempty"`

	Manifests   []byte            `json:"-"`
	Live        []byte            `json:"-"` // manifests for a real cluster, see [Case.Staged]
	Postmortems map[string][]byte `json:"-"` // prior postmortems by file name, as Markdown
	HostFiles   map[string][]byte `json:"-"` // of a live case: a node's files by path below /, such as "etc/resolv.conf"
	dir         string
}

// Asked is what a case's question is about, as of "paramedic why".
type Asked struct {
	Namespace string `json:"namespace,omitempty"`
	Object    string `json:"object,omitempty"` // "Kind/namespace/name"
}

// Question is what is asked about.
func (a Asked) Question() incident.Asked {
	q := incident.Asked{Namespace: a.Namespace, Hurts: a != Asked{}}
	if a.Object != "" {
		q.Words = strings.Split(a.Object, "/")
	}
	return q
}

// InProcess says whether the case has a cluster to look at without one that runs.
func (c Case) InProcess() bool { return len(c.Manifests) > 0 || c.Bundle != "" }

// Root is one thing at fault.
type Root struct {
	Object string   `json:"object"`          // "Kind/namespace/name"; the workload, not one of its pods
	Or     []string `json:"or,omitempty"`    // other objects that are as good an answer
	Codes  []string `json:"codes,omitempty"` // the codes that are right, any of them; none: any
	Says   []string `json:"says,omitempty"`  // words that the cause's title, reason, next step or evidence must hold, whatever their case
}

// Load reads every case below a folder, by name.
func Load(dir string) ([]Case, error) {
	var cases []Case
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".txtar" {
			return err
		}
		c, err := read(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		c.Name = strings.TrimSuffix(filepath.ToSlash(rel), ".txtar")
		cases = append(cases, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load cases: %w", err)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("load cases: no *.txtar below %s; docs/diagnosis.md shows one", dir)
	}
	slices.SortFunc(cases, func(a, b Case) int { return strings.Compare(a.Name, b.Name) })
	return cases, nil
}

func read(path string) (Case, error) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		return Case{}, err
	}
	c := Case{dir: filepath.Dir(path), Postmortems: map[string][]byte{}, HostFiles: map[string][]byte{}}
	title, story, _ := strings.Cut(strings.TrimSpace(string(a.Comment)), "\n")
	c.Title, c.Story = title, strings.TrimSpace(story)
	for _, f := range a.Files {
		if err := c.section(f); err != nil {
			return c, fmt.Errorf("%s: section %s: %w", path, f.Name, err)
		}
	}
	switch {
	case c.Title == "":
		return c, fmt.Errorf("%s: has no title: write one above the first section", path)
	case !c.InProcess() && len(c.Live) == 0:
		return c, fmt.Errorf("%s: has neither a section manifests.yaml, nor live.yaml, nor a bundle", path)
	case len(c.Manifests) > 0 && c.At.IsZero():
		return c, fmt.Errorf("%s: case.yaml does not say when (at)", path)
	}
	for _, o := range slices.Concat(c.Quiet, c.Also) {
		if _, err := incident.ParseObject(o); err != nil {
			return c, fmt.Errorf("%s: %w", path, err)
		}
	}
	for _, r := range c.Root {
		for _, o := range append([]string{r.Object}, r.Or...) {
			if _, err := incident.ParseObject(o); err != nil {
				return c, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	return c, nil
}

func (c *Case) section(f txtar.File) error {
	folder, name, _ := strings.Cut(f.Name, "/")
	switch {
	case f.Name == "case.yaml":
		return sigsyaml.UnmarshalStrict(f.Data, c)
	case f.Name == "manifests.yaml":
		c.Manifests = f.Data
	case f.Name == "live.yaml":
		c.Live = f.Data
	case folder == "postmortems" && filepath.Ext(name) == ".md" && !strings.Contains(name, "/"):
		c.Postmortems[name] = f.Data
	case folder == "host" && filepath.IsLocal(name):
		c.HostFiles[name] = f.Data
	default:
		return errors.New("not one of case.yaml, manifests.yaml, live.yaml, postmortems/NAME.md, host/PATH")
	}
	return nil
}

// Snapshot is the cluster of a case that has manifests.
func (c Case) Snapshot() (*snapshot.Snapshot, error) {
	s, err := snapshot.FromManifests(c.At, c.Manifests)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	return s, nil
}

// BundlePath is where the case's bundle lies; "" if it has manifests.
func (c Case) BundlePath() string {
	if c.Bundle == "" {
		return ""
	}
	return filepath.Join(c.dir, filepath.FromSlash(c.Bundle))
}

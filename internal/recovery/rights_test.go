package recovery

import (
	"slices"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Each runbook says which kinds of step it makes; what it says exists, is used by one of them, and gives rights.
func TestEveryRunbookSaysWhatItMakes(t *testing.T) {
	used := map[string]bool{}
	named := map[string]bool{}
	for _, b := range Runbooks {
		named[b.Name] = true
		if len(stepsOf[b.Name]) == 0 {
			t.Errorf("runbook %s says of no kind of step that it makes it", b.Name)
		}
		for _, step := range stepsOf[b.Name] {
			name, object, one := strings.Cut(step, " ")
			k := registry[name]
			if k == nil || one && !slices.Contains(k.objects(), object) {
				t.Errorf("runbook %s makes %s, which is no kind of step, or not one on this kind of object", b.Name, step)
				continue
			}
			used[name] = true
		}
		if rights, err := RightsFor(b.Name); err != nil || len(rights) == 0 {
			t.Errorf("the rights for %s: %v, %v", b.Name, rights, err)
		}
	}
	for name := range stepsOf {
		if !named[name] {
			t.Errorf("%s is no runbook", name)
		}
	}
	for _, step := range suspending {
		name, _, _ := strings.Cut(step, " ")
		used[name] = true
	}
	for name := range registry {
		if !used[name] && name != EvictPod {
			t.Logf("no runbook makes a step %s", name)
		}
	}
}

func TestRightsOfChosenRunbooks(t *testing.T) {
	words := func(names ...string) string {
		all, err := RightsFor(names...)
		if err != nil {
			t.Fatal(err)
		}
		owners := rightsOf(suspending)
		all = slices.DeleteFunc(all, func(r incident.Right) bool { return slices.Contains(owners, r) })
		return rightsInWords(all)
	}
	for names, want := range map[string]string{
		"select-pods":            "get services, patch services",
		"make-headless-service":  "create services, delete services, get services",
		"one-budget":             "create poddisruptionbudgets.policy, delete poddisruptionbudgets.policy, get poddisruptionbudgets.policy",
		"delete-leftovers":       "delete pods, get pods",
		"drain":                  "get nodes, patch nodes, list pods, create pods/eviction, get daemonsets.apps",
		"select-pods,PVReleased": "get persistentvolumes, patch persistentvolumes, get services, patch services",
		"restart-waiting,uncordon": "get nodes, patch nodes, get daemonsets.apps, patch daemonsets.apps, get deployments.apps, " +
			"patch deployments.apps, get statefulsets.apps, patch statefulsets.apps",
	} {
		if got := words(strings.Split(names, ",")...); got != want {
			t.Errorf("%s: %s, want %s", names, got, want)
		}
	}
	if _, err := RightsFor("reboot"); err == nil {
		t.Error("what is neither a runbook nor a code has rights")
	}
	all := AllRights()
	for _, b := range Runbooks {
		some, err := RightsFor(b.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range some {
			if !slices.Contains(all, r) {
				t.Errorf("%s needs %v, which is not among all rights", b.Name, r)
			}
		}
	}
}

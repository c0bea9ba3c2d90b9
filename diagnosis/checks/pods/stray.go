package pods

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// StrayCharacters is the code of arguments and variables with blanks or quotes that a shell would have taken away.
const StrayCharacters = "StrayCharacters"

var strayCodes = []finding.Code{
	{Code: StrayCharacters, Severity: incident.Warning, Root: true,
		Meaning: "An argument or a variable of a container has a blank, a line's end or quotes that belong to no value: no shell takes them " +
			"away, so the program gets them too.",
		Next:    "Look at the value as the program gets it: give an option and its value as two arguments, or take the character away.",
		Example: `Deployment worker has an argument with a blank between an option and its value: "-Q mail,search"`},
}

var (
	optionAndValue = regexp.MustCompile(`^--?[A-Za-z][\w-]*[ \t]+[^\s-]`)
	quotedValue    = regexp.MustCompile(`^--?[A-Za-z][\w-]*=(?:"[^"]*"|'[^']*')$`)
	quotedWhole    = regexp.MustCompile(`^(?:"[^"]+"|'[^']+')$`)
	shells         = []string{"sh", "bash", "ash", "dash", "zsh", "busybox", "env", "su", "xargs"}
)

// checkStray looks at the newest pods of the workloads, for what runs is what has the value; each workload is told of once.
func checkStray(s *snapshot.Snapshot, r *finding.Report) {
	found := map[incident.Object]*finding.Finding{}
	for i := range s.Pods {
		p := &s.Pods[i]
		if kube.HasEnded(p) || p.DeletionTimestamp != nil {
			continue
		}
		w := s.WorkloadOf(p)
		for _, c := range kube.ContainersOf(p) {
			what, field := strayIn(c.Spec)
			if what == "" {
				continue
			}
			f := found[w]
			if f == nil {
				f = r.Find(StrayCharacters, w, fmt.Sprintf("%s has %s", finding.Short(w), what)).Suspected()
				f.Workload, f.AtMost = w, incident.Likely
				f.Cite(finding.SeenAPI(finding.PodObject(p), "spec.containers["+c.Spec.Name+"]."+field, time.Time{}, what))
				found[w] = f
			}
			f.AddPod(p)
			break
		}
	}
}

// private are words of options whose values are nobody's to read.
var private = regexp.MustCompile(`(?i)pass|pwd|secret|token|key|auth|cred|@`)

// quoted is an argument in quotation marks, without what may be a secret.
func quoted(a string) string {
	if option, _, ok := strings.Cut(strings.TrimLeft(a, " \t\n"), " "); private.MatchString(a) && ok {
		return fmt.Sprintf("%q", option+" …")
	} else if private.MatchString(a) {
		return "its value may be a secret"
	}
	return fmt.Sprintf("%q", a)
}

// strayIn is what a container's arguments or variables have that no value has, and in which field; "" if there is nothing. A variable's
// value may be a secret and isn't told.
func strayIn(c *corev1.Container) (what, field string) {
	all := slices.Concat(c.Command, c.Args)
	for i, a := range all {
		program := a[strings.LastIndexByte(a, '/')+1:]
		if slices.Contains(shells, program) || i > 0 && (all[i-1] == "-c" || all[i-1] == "-e") {
			return "", "" // what follows is split again
		}
		field = "args"
		if i < len(c.Command) {
			field = "command"
		}
		option, _, _ := strings.Cut(a, "=")
		switch {
		case strings.Contains(strings.TrimSpace(a), "\n"): // a program of its own
		case optionAndValue.MatchString(a):
			return fmt.Sprintf("an argument with a blank between an option and its value: %s", quoted(a)), field
		case quotedValue.MatchString(a):
			return fmt.Sprintf("quotes that no shell takes away in the argument %s", option), field
		case i > 0 && a != "" && strings.TrimSpace(a) != a:
			return fmt.Sprintf("an argument that begins or ends with a blank or a line's end: %s", quoted(a)), field
		}
	}
	for _, e := range c.Env {
		v := strings.TrimSpace(e.Value)
		switch {
		case v == "" || strings.Contains(v, "\n"):
		case v != e.Value:
			return fmt.Sprintf("a blank or a line's end at the beginning or end of the variable %s", e.Name), "env[" + e.Name + "]"
		case quotedWhole.MatchString(v):
			return fmt.Sprintf("quotes around the value of the variable %s", e.Name), "env[" + e.Name + "]"
		}
	}
	return "", ""
}

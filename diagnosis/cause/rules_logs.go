package cause

import (
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/events"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// logRules are about what a crashed container's log proves by itself.
var logRules = []Rule{
	{"said-by-log", about(finding.LogTrouble), but(crashes, podproblem.PodExitsZero), saidByLog,
		"1 workload fails, as its log says", "%d workloads fail, as their logs say"},
	{"object-faulted", []string{applog.LogFaultsObject}, []string{custom.CustomUnseen, applog.LogErrorsRepeat}, objectFaulted,
		"nobody acts on it, or a log complains of it", "nobody acts on it, or logs complain of it (%d findings)"},
	{"object-crashes", []string{applog.LogFaultsObject}, append(but(crashes, podproblem.PodExitsZero), applog.LogConfigInvalid), objectFaulted,
		"1 workload ends over it, as its log says", "%d workloads end over it, as their logs say"},
	{"object-refused", []string{applog.LogFaultsObject}, []string{applog.CalledComplains, events.EventUnexplained}, objectRefused,
		"what takes it up complains of it as well", "what takes it up complains of it as well (%d findings)"},
	{"called-complains", []string{applog.CalledComplains}, []string{applog.LogErrorsRepeat}, calledComplains,
		"the log of 1 workload complains of the same", "the logs of %d workloads complain of the same"},
	{"value-malformed", []string{applog.ValueMalformed}, []string{applog.LogErrorsRepeat}, func(c *Context, from, to *finding.Finding) (Link,
		bool) {
		return Link{Reason: "its log says that it cannot use a value which it is given"}, from.Workload == to.Workload && c.share(from, to)
	}, "1 workload cannot use a value that it is given", "%d workloads cannot use a value that they are given"},
	{"called-fails", []string{applog.CalledFails}, append([]string{applog.CalledFails, applog.LogErrorsRepeat}, failingPods...), calledFails,
		"1 workload gets no more than a server's error of it", "%d workloads get no more than a server's error of it"},
	{"called-lacks", []string{applog.CalledLacks}, append([]string{applog.CalledFails, applog.LogErrorsRepeat}, failingPods...), calledLacks,
		"1 workload is told so when it calls it", "%d workloads are told so when they call it"},
}

// objectFaulted: nobody acts on the very object that a log finds fault with; and what that log repeats is said with it.
func objectFaulted(_ *Context, from, to *finding.Finding) (Link, bool) {
	if to.Code == custom.CustomUnseen {
		return Link{Reason: "the log of " + finding.Short(from.Workload) + " finds fault with it"}, from.Object == to.Object
	}
	blames, _ := finding.DetailOf[applog.Blames](from)
	return Link{Reason: "its log finds fault with " + finding.Short(from.Object), Inferred: !blames.Sure}, from.Workload == to.Workload
}

// objectRefused: who is to take up the object complains of what the caller's log finds fault with in it, by a word of the object's own;
// and
// a component tells of a failure of the object itself, or of whose log it is.
func objectRefused(_ *Context, from, to *finding.Finding) (Link, bool) {
	if to.Code == events.EventUnexplained {
		return Link{Reason: "the log of " + finding.Short(from.Workload) + " finds fault with " + finding.Short(from.Object),
			Inferred: from.Object != to.Object}, from.Object == to.Object || from.Workload == to.Object
	}
	said, _ := finding.DetailOf[applog.Complains](to)
	blames, _ := finding.DetailOf[applog.Blames](from)
	low := strings.ToLower(said.Says)
	return Link{Reason: "it warns of what is wrong with " + finding.Short(from.Object), Inferred: true},
		slices.Contains(said.Callers, from.Workload) && slices.ContainsFunc(blames.Words, func(w string) bool { return strings.Contains(low, w) })
}

// calledComplains wants one of the callers whose words were compared, or what is called itself. That both say the same is a proof.
func calledComplains(_ *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[applog.Complains](from)
	return Link{Reason: "it calls " + finding.Short(from.Object) + ", whose log warns of the same",
		Inferred: !d.Same || from.Object == to.Object}, slices.Contains(d.Callers, to.Object) || from.Object == to.Object
}

// calledFails wants a caller that is answered by an error, or what is called itself: what that says is nearer to the cause. That both
// tell of
// the same things is a proof.
func calledFails(_ *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[applog.Complains](from)
	if to.Code == applog.LogErrorsRepeat && from.Object == to.Object {
		return Link{Reason: "its log says so", Inferred: true}, true
	}
	return Link{Reason: "it calls " + finding.Short(from.Object) + ", whose log says what fails there", Inferred: !d.Same},
		from.Object != to.Object && (slices.Contains(d.Callers, to.Object) || slices.Contains(d.Callers, to.Workload))
}

// calledLacks wants a caller that quotes the answer. What is called may have not enough for others, too.
func calledLacks(_ *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[applog.Complains](from)
	return Link{Reason: "it quotes the answer of " + finding.Short(from.Object), Inferred: true}, slices.Contains(d.Callers, to.Workload)
}

// saidByLog wants the same pods, whose log says the very fact: another container of the pod may crash for a reason of its own.
func saidByLog(c *Context, from, to *finding.Finding) (Link, bool) {
	if !c.share(from, to) {
		return Link{}, false
	}
	for _, f := range from.Said {
		if slices.ContainsFunc(to.Said, f.Same) {
			return Link{Reason: "its log says that it " + f.String()}, true
		}
	}
	return Link{}, false
}

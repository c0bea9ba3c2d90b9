package recovery

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// cronJobOf is the CronJob that a cause blames.
func cronJobOf(q request) (incident.Object, *batchv1.CronJob) {
	for _, o := range ofKind(q.cause.Objects, "CronJob") {
		if c := find(q.s.CronJobs, o); c != nil {
			return o, c
		}
	}
	return incident.Object{}, nil
}

// readSchedule reads a schedule as the CronJob controller does.
func readSchedule(text string, zone *string) (schedule cron.Schedule, err error) {
	if text = strings.TrimSpace(text); zone != nil && !strings.Contains(text, "TZ=") {
		text = "TZ=" + *zone + " " + text
	}
	if strings.Contains(text, "TZ=") && !strings.Contains(text, " ") { // the parser panics at it
		return nil, fmt.Errorf("no schedule")
	}
	return cron.ParseStandard(text)
}

// betweenStarts is the time between two of a CronJob's starts.
func betweenStarts(c *batchv1.CronJob, now time.Time) (time.Duration, bool) {
	schedule, err := readSchedule(c.Spec.Schedule, c.Spec.TimeZone)
	if err != nil {
		return 0, false
	}
	next := schedule.Next(now)
	every := schedule.Next(next).Sub(next)
	return every, !next.IsZero() && every > 0
}

// draftSchedule puts a CronJob's schedule back as it was last applied, or its time zone right by the one that it nearly names.
func draftSchedule(ctx context.Context, r *Recovery, q request) (draft, error) {
	o, c := cronJobOf(q)
	if c == nil {
		return no("no CronJob is at fault")
	}
	live, err := r.asItIs(ctx, o)
	if err != nil || live == nil {
		return draft{no: o.String() + " is not there any more"}, err
	}
	for _, field := range []string{"schedule", "timeZone"} {
		was, now := appliedLast(live).text("spec", field), live.text("spec", field)
		text, zone := live.text("spec", "schedule"), c.Spec.TimeZone
		if field == "schedule" {
			text = was
		} else {
			zone = &was
		}
		if was == "" || was == now {
			continue
		}
		if _, err := readSchedule(text, zone); err == nil {
			return single(restingOn("what was last applied (kubectl apply)", stepTo("SetCronJobField", o, was, "field", field)),
				fmt.Sprintf("set the %s of CronJob %s/%s back", field, o.Namespace, o.Name),
				fmt.Sprintf("It was applied as %q, which can be read, and somebody has changed it by hand since.", was))
		}
	}
	if c.Spec.TimeZone == nil || isZone(*c.Spec.TimeZone) {
		return no("the schedule of %s cannot be read, and what it was before is not known", o)
	}
	meant, from := zoneMeant(q.s, *c.Spec.TimeZone)
	if meant == "" {
		return no("%s", from)
	}
	return single(restingOn(from, stepTo("SetCronJobField", o, meant, "field", "timeZone")), fmt.Sprintf("correct the time zone of CronJob "+
		"%s/%s", o.Namespace, o.Name), from)
}

func isZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}

// zoneMeant is the time zone that exists and that a name nearly is: one that another CronJob uses, or the only one that is one letter away.
func zoneMeant(s *snapshot.Snapshot, name string) (zone, reason string) {
	var used []string
	for i := range s.CronJobs {
		if z := s.CronJobs[i].Spec.TimeZone; z != nil && isZone(*z) {
			used = append(used, *z)
		}
	}
	if near := kube.Nearest(name, used); len(near) == 1 {
		return near[0], fmt.Sprintf("There is no time zone %q; other CronJobs use %s.", name, near[0])
	}
	var all []string
	for _, z := range oneLetterFrom(name) {
		if isZone(z) {
			all = finding.Union(all, []string{z})
		}
	}
	switch len(all) {
	case 0:
		return "", fmt.Sprintf("there is no time zone %q, and none that differs by a letter", name)
	case 1:
		return all[0], fmt.Sprintf("There is no time zone %q; %s is the only one that differs by a letter.", name, all[0])
	}
	return "", fmt.Sprintf("there is no time zone %q, and it may mean %s", name, strings.Join(all, " or "))
}

// oneLetterFrom are all texts that differ from a name in one letter: one more, one less, another, two swapped, or all in another case.
func oneLetterFrom(name string) []string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/-"
	var out []string
	for i := 0; i <= len(name); i++ {
		for _, l := range letters {
			out = append(out, name[:i]+string(l)+name[i:])
			if i < len(name) {
				out = append(out, name[:i]+string(l)+name[i+1:])
			}
		}
		if i < len(name) {
			out = append(out, name[:i]+name[i+1:])
		}
		if i+1 < len(name) {
			out = append(out, name[:i]+name[i+1:i+2]+name[i:i+1]+name[i+2:])
		}
	}
	return append(out, capitalised(name), strings.ToUpper(name))
}

// capitalised writes the beginning of each word large, as zones have it: "Europe/Zurich", "America/New_York".
func capitalised(name string) string {
	out := []byte(strings.ToLower(name))
	for i := range out {
		if i == 0 || out[i-1] == '/' || out[i-1] == '_' {
			out[i] = strings.ToUpper(string(out[i]))[0]
		}
	}
	return string(out)
}

// draftDeadline gives a CronJob's runs until the next one is due to be started.
func draftDeadline(_ context.Context, _ *Recovery, q request) (draft, error) {
	o, c := cronJobOf(q)
	if c == nil {
		return no("no CronJob is at fault")
	}
	every, ok := betweenStarts(c, q.s.At)
	tooMany := kube.LastEvent(q.s, o, "TooManyMissedTimes", "FailedNeedsStart") != nil
	n := c.Spec.StartingDeadlineSeconds
	why := ""
	switch {
	case !ok:
		return no("the schedule of %s cannot be read", o)
	case n != nil && *n < 10:
		why = fmt.Sprintf("The controller looks every 10 s, and its startingDeadlineSeconds of %d leaves it no time.", *n)
	case tooMany && n == nil:
		why = "The controller gives up once more than 100 starts were missed; with a deadline it counts those within it alone."
	default:
		return no("what keeps the controller from starting %s is not in the CronJob; see whether the controller-manager runs", o)
	}
	return single(restingOn("the time between two starts of its schedule, "+finding.Duration(every), stepTo("SetCronJobField", o,
		int64(every/time.Second), "field", "startingDeadlineSeconds")),
		fmt.Sprintf("let CronJob %s/%s start late", o.Namespace, o.Name),
		why+fmt.Sprintf(" It becomes the time between two starts, %s: a start may be late until the next one is due.", finding.Duration(every)))
}

// draftForbid keeps a CronJob's runs from adding up.
func draftForbid(_ context.Context, _ *Recovery, q request) (draft, error) {
	o, c := cronJobOf(q)
	if c == nil || c.Spec.ConcurrencyPolicy == batchv1.ForbidConcurrent {
		return no("no CronJob is at fault that lets its runs add up")
	}
	return single(restingOn(fmt.Sprintf("the %d runs that are at work at once", len(c.Status.Active)), stepTo("SetCronJobField", o,
		string(batchv1.ForbidConcurrent), "field", "concurrencyPolicy")),
		fmt.Sprintf("let CronJob %s/%s have one run at a time", o.Namespace, o.Name),
		fmt.Sprintf("%d runs are at work at once. The runs that there are go on; a new one starts only once they have ended. A run that "+
			"comes due "+
			"meanwhile is left out.", len(c.Status.Active)))
}

// draftResume resumes a CronJob that something else needs.
func draftResume(_ context.Context, _ *Recovery, q request) (draft, error) {
	o, c := cronJobOf(q)
	if c == nil {
		return no("no CronJob is suspended")
	}
	who := writtenBy(c)
	if who == "" {
		who = "who did it is not known"
	}
	if len(q.cause.Explains) < 2 {
		return no("somebody suspended %s (%s), and nothing that was found needs it; resume it if it should run", o, who)
	}
	return single(restingOn("what fails and needs it", stepTo("SetSuspended", o, false)), fmt.Sprintf("resume CronJob %s/%s", o.Namespace,
		o.Name),
		fmt.Sprintf("It starts nothing as long as it is suspended (%s), and other things that fail need it.", who))
}

package workloads

import (
	"time"

	"github.com/robfig/cron/v3"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// shifted is a schedule whose times are so much later.
type shifted struct {
	cron.Schedule
	by time.Duration
}

func (s shifted) Next(t time.Time) time.Time {
	next := s.Schedule.Next(t.Add(-s.by))
	if next.IsZero() {
		return next
	}
	return next.Add(s.by)
}

// The furthest zones ahead of UTC and behind it in quarters of an hour, by which zones differ (the IANA time zone database).
const furthestAhead, furthestBehind = 14 * 4, 12 * 4

// dueInItsZone counts the times that a CronJob had to start. One that names no zone is meant in that of the machine on which the
// kube-controller-manager runs (spec.timeZone in k8s.io/api/batch/v1), which nothing tells: a time counts if it is one in each zone that the last
// run fits, for a run is noted by the time that the schedule named.
func dueInItsZone(schedule cron.Schedule, c *batchv1.CronJob, since, now time.Time) due {
	d := dueSince(schedule, since, now)
	if c.Spec.TimeZone != nil || d.count == 0 {
		return d
	}
	all, fitting := d, due{count: -1}
	for quarters := -furthestAhead; quarters <= furthestBehind; quarters++ {
		meant := shifted{schedule, time.Duration(15*quarters) * time.Minute}
		there := dueSince(meant, since, now)
		all = fewer(all, there)
		if last := c.Status.LastScheduleTime; last == nil || meant.Next(last.Add(-finding.WrongClock.For)).Before(last.Add(finding.WrongClock.For)) {
			fitting = fewer(fitting, there)
		}
	}
	if fitting.count < 0 { // the schedule is another since
		return all
	}
	return fitting
}

// fewer is which of two counts less, or begins later; a negative one is none.
func fewer(a, b due) due {
	if a.count < 0 || b.count < a.count || b.count == a.count && b.first.After(a.first) {
		return b
	}
	return a
}

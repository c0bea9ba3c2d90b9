package cause

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
)

// logRules are about what a crashed container's log proves by itself.
var logRules = []Rule{
	{"said-by-log", []string{
		checks.LogMissingEnv, checks.LogAuthFailed, checks.LogTLSFailed, checks.LogDatabaseMissing, checks.LogMigrationFailed, checks.LogPortInUse,
		checks.LogNoSpace, checks.LogFileDenied, checks.LogFileMissing, checks.LogLockHeld, checks.LogOutOfMemory, checks.LogConfigInvalid, checks.LogExhausted, checks.LogServiceLink, checks.LogNotEmpty, checks.LogDeviceLost,
	}, []string{checks.PodCrashLoop, checks.PodRestarts, checks.PodInitStuck, checks.PodFailed, checks.PodProbeFailing, checks.JobFailed}, saidByLog,
		"1 workload fails, as its log says", "%d workloads fail, as their logs say"},
}

// saidByLog wants the same pods, whose log says the very fact: another container of the pod may crash for a reason of its own.
func saidByLog(c *Context, from, to *checks.Finding) (Link, bool) {
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

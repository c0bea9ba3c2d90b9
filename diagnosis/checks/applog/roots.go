package applog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of what a crashed container's log proves by itself.
const (
	LogMissingEnv      = "LogMissingEnv"
	LogAuthFailed      = "LogAuthFailed"
	LogTLSFailed       = "LogTLSFailed"
	LogDatabaseMissing = "LogDatabaseMissing"
	LogMigrationFailed = "LogMigrationFailed"
	LogPortInUse       = "LogPortInUse"
	LogNoSpace         = "LogNoSpace"
	LogFileDenied      = "LogFileDenied"
	LogFileMissing     = "LogFileMissing"
	LogLockHeld        = "LogLockHeld"
	LogOutOfMemory     = "LogOutOfMemory"
	LogConfigInvalid   = "LogConfigInvalid"
	LogExhausted       = "LogExhausted"
	LogServiceLink     = "LogServiceLink"
	LogNotEmpty        = "LogNotEmpty"
	LogDeviceLost      = "LogDeviceLost"
	LogDataVersion     = "LogDataVersion"
)

var logCodes = []finding.Code{
	{Code: LogMissingEnv, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container crashes because an environment variable or a setting that it needs is not set.",
		Next:    "Set it in the container's env, or in what its envFrom takes; compare the names.",
		Example: "The pod of Deployment api needs DATABASE_URL, which its container does not set (there is DATABASE_URI)"},
	{Code: LogAuthFailed, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container crashes because a service refuses the credentials that it shows.",
		Next:    "Compare the credentials with what the service expects; a Secret that was changed needs the pods restarted.",
		Example: `The pod of Deployment orders is refused its credentials (user orders): password authentication failed for user "orders"`},
	{Code: LogTLSFailed, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container crashes because a TLS connection fails: it does not trust the certificate, or the two sides do not agree.",
		Next:    "Look at the certificate's names, dates and issuer, and at the authority that the program trusts.",
		Example: "The pod of Deployment pay does not trust a certificate for db: x509: certificate is valid for db.shop.svc, not db"},
	{Code: LogDataVersion, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container crashes because its data was written by another version of the program than its image has.",
		Next: "Go back to the image of the version that wrote the data; then upgrade by the steps that the program describes, or dump the data " +
			"and restore it into a new volume.",
		Example: "The pod of StatefulSet db cannot read its data: The data directory was initialized by PostgreSQL version 16, which is not " +
			"compatible with this version 17.4."},
	{Code: LogDatabaseMissing, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container crashes because a database, schema or table that it uses does not exist.",
		Next:    "Create it, run the migrations, or correct the name in the program's configuration.",
		Example: `The pod of Deployment orders does not find shop in the database: database "shop" does not exist`},
	{Code: LogMigrationFailed, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container crashes because its database's schema cannot be migrated.",
		Next:    "Look at the migration that it names and at the state of the database; mend that before it runs again.",
		Example: "The pod of Deployment api cannot migrate its database (7): Dirty database version 7. Fix and force version."},
	{Code: LogPortInUse, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container crashes because the port that it wants to listen on is taken.",
		Next:    "Give it another port; the containers of a pod share their ports, and pods with hostNetwork share the node's.",
		Example: "The pod of Deployment web cannot listen on port 8080, which container proxy of the same pod has"},
	{Code: LogNoSpace, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container crashes because the volume or disk that it writes to is full.",
		Next:    "Free space, or enlarge the volume.",
		Example: "The pod of Deployment build has no space left: /scratch/out in its volume scratch"},
	{Code: LogFileDenied, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container crashes because it may not read or write a file: by its owner and mode, or because the file system is read-only.",
		Next:    "Compare runAsUser and fsGroup with the owner of the files; mount a writable volume where the program writes.",
		Example: "The pod of Deployment api may not access /data/state.db in its volume data, running as user 1000 without fsGroup"},
	{Code: LogFileMissing, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container crashes because a file that it needs is not there.",
		Next:    "See whether the image, or the ConfigMap or Secret that is mounted there, has the file.",
		Example: "The pod of Deployment api does not find /config/app.yaml: ConfigMap app-conf has no key app.yaml (there is app.yml)"},
	{Code: LogLockHeld, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container crashes because another process holds the lock of its data.",
		Next:    "See whether another pod uses the same volume; a Deployment with one volume needs the strategy Recreate.",
		Example: "The pod of Deployment prometheus finds /prometheus/lock locked by another process"},
	{Code: LogOutOfMemory, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A program ends because its own memory, such as its heap, runs out before the container's limit is reached.",
		Next:    "Raise the heap's size (-Xmx, --max-old-space-size) together with the container's limit, or make it use less.",
		Example: "The pod of Deployment batch runs out of memory by itself: java.lang.OutOfMemoryError: Java heap space"},
	{Code: LogConfigInvalid, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container crashes because it cannot read its configuration, or does not know an option that it is given.",
		Next:    "Correct the line or the option that it names.",
		Example: "The pod of Deployment proxy cannot read its configuration /etc/nginx/conf.d/default.conf, line 3 (ConfigMap proxy-conf)"},
	{Code: LogServiceLink, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A program takes for its own setting a variable that Kubernetes sets for a Service of the same name (REDIS_PORT=tcp://…), and " +
			"crashes on the value.",
		Next: "Set enableServiceLinks: false in the pod template, set the variable there, or rename the Service.",
		Example: "The pod of Deployment hub takes REDIS_PORT for its own setting, which Kubernetes sets to tcp://10.43.0.7:6379 for Service " +
			"redis (enableServiceLinks)"},
	{Code: LogNotEmpty, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A new database does not start because the directory that it is to initialise has something in it, as the root of a new " +
			"volume has (lost+found).",
		Next: "Give it a directory of its own within the volume: subPath in the volumeMount, or the program's setting (PGDATA). What else " +
			"lies there may be a database's: look before deleting.",
		Example: "The pod of StatefulSet db finds its new data directory /var/lib/postgresql/data not empty, which is the root of volume data: " +
			"it has lost+found in it"},
	{Code: LogDeviceLost, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A container that was given a GPU cannot use it, as its libraries say (NVML, CUDA).",
		Next: "Run nvidia-smi in the container and on the node. Where only the container has lost it, delete the pod, so that another is " +
			"given the device anew; keep systemd from taking it away (CDI, or the cgroup driver systemd with the device nodes named).",
		Example: "The pod of Deployment llm cannot use its GPU: Failed to initialize NVML: Unknown Error"},
	{Code: LogExhausted, Severity: incident.Critical, Root: true, Trouble: finding.LogTrouble,
		Meaning: "A program fails because the operating system gives it no more of something that it counts: open files, threads, file watches.",
		Next: "See whether the program leaks them (connections and files that are never closed); or raise the runtime's or the node's limit " +
			"(LimitNOFILE, podPidsLimit, fs.inotify).",
		Example: "The pod of Deployment stream gets no more from its operating system: accept4: too many open files"},
}

// rootOf is what a fact means as a root: its code, and how it is worded for the container. Where a log says several things, the first of
// the table that it says counts, for what is vague can follow from what is precise.
var rootOf = []struct {
	kind logs.Kind
	code string
	look func(s *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container, f logs.Fact) (root, bool)
}{
	{logs.LinkTaken, LogServiceLink, serviceLink},
	{logs.MissingEnv, LogMissingEnv, missingEnv},
	{logs.AuthFailed, LogAuthFailed, authFailed},
	{logs.TLSFailed, LogTLSFailed, quoting(finding.Say("{does|do} not trust a certificate or {is|are} not trusted"))},
	{logs.DataOfAnotherVersion, LogDataVersion, dataVersion},
	{logs.DatabaseMissing, LogDatabaseMissing, quoting(finding.Say("{does|do} not find what {it uses|they use} in the database"))},
	{logs.MigrationFailed, LogMigrationFailed, quoting(finding.Say("cannot migrate {its|their} database"))},
	{logs.PortInUse, LogPortInUse, portInUse},
	{logs.NoSpace, LogNoSpace, fileTrouble(finding.Say("{has|have} no space left"))},
	{logs.ReadOnly, LogFileDenied, fileTrouble(finding.Say("cannot write on a read-only file system"))},
	{logs.PermissionDenied, LogFileDenied, fileTrouble(finding.Say("may not access"))},
	{logs.LockHeld, LogLockHeld, fileTrouble(finding.Say("{finds|find} {its|their} data locked by another process"))},
	{logs.Exhausted, LogExhausted, quoting(finding.Say("{gets|get} no more from {its|their} operating system"))},
	{logs.NotEmpty, LogNotEmpty, notEmpty},
	{logs.DeviceLost, LogDeviceLost, deviceLost},
	{logs.OutOfMemory, LogOutOfMemory, quoting(finding.Say("{runs|run} out of memory by {itself|themselves}"))},
	{logs.UnknownFlag, LogConfigInvalid, unknownFlag},
	{logs.ConfigInvalid, LogConfigInvalid, fileTrouble(finding.Say("cannot read {its|their} configuration"))},
	{logs.NotFound, LogFileMissing, fileTrouble(finding.Say("{does|do} not find"))},
}

// root is a fact that explains a crash, put into words.
type root struct {
	what  finding.Phrase // the verb and what follows, as a pod problem's
	fault []incident.Object
	seen  []incident.Evidence
}

// checkSaid finds what the logs of crashed containers prove by themselves. What they say of other programs that they could not reach, or
// of what they may not ask Kubernetes for, leads elsewhere.
func checkSaid(s *snapshot.Snapshot, r *finding.Report) {
	if len(s.Logs) == 0 {
		return
	}
	var g *podproblem.Groups
	fault := map[podproblem.GroupKey][]incident.Object{}
	dns, _ := resolvers.Find(s) // whose log has a check of its own
	for _, p := range readings.PodsWithLogs(s) {
		if slices.Contains(dns.Pods, p) {
			continue
		}
		for _, crash := range crashesOf(s, p) {
			for _, c := range kube.ContainersOf(p) {
				if crash.Alike != "" && crash.Alike != c.Spec.Name || c.Init && podproblem.InitDone(c) {
					continue
				}
				a, objects, ok := saidBy(s, p, c, crash.Code == podproblem.PodProbeFailing)
				if !ok {
					continue
				}
				if g == nil {
					g = podproblem.NewGroups(s)
				}
				a.Since = crash.Since
				g.Add(p, a)
				k := podproblem.GroupKey{Workload: s.WorkloadOf(p), Code: a.Code, Alike: a.Alike}
				fault[k] = finding.Union(fault[k], objects)
			}
		}
	}
	if g == nil {
		return
	}
	first := len(r.Findings)
	g.Report(r)
	for i, x := range g.Order {
		f := r.Findings[first+i]
		f.Fault = fault[x.Key]
		if slices.Contains(byOthers, f.Code) {
			f.AtMost = incident.Likely
		}
		if f.Workload.Kind == "Job" || f.Workload.Kind == "CronJob" {
			f.Severity = incident.Warning
		}
	}
}

// byOthers are what a program says of what others hold or should have made: a lock, a table, a schema. Who these are is not seen.
var byOthers = []string{LogDatabaseMissing, LogMigrationFailed, LogLockHeld}

// crashesOf are a pod's problems that a log can explain. A Job's pods are looked at once the Job has given up.
func crashesOf(s *snapshot.Snapshot, p *corev1.Pod) []podproblem.Problem {
	if p.Status.Phase == corev1.PodFailed && kube.OwnedByJob(p) {
		if !jobGaveUp(s, p) {
			return nil
		}
		var out []podproblem.Problem
		for _, c := range kube.ContainersOf(p) {
			if t := c.Status.State.Terminated; t != nil && t.ExitCode != 0 {
				out = append(out, podproblem.Problem{Container: c.Spec.Name, Alike: c.Spec.Name, Since: t.FinishedAt.Time})
			}
		}
		return out
	}
	return slices.DeleteFunc(slices.Clone(podproblem.Of(s, p)), func(a podproblem.Problem) bool {
		return a.Code != podproblem.PodCrashLoop && a.Code != podproblem.PodRestarts && a.Code != podproblem.PodInitStuck &&
			a.Code != podproblem.PodFailed && a.Code != podproblem.PodProbeFailing
	})
}

func jobGaveUp(s *snapshot.Snapshot, p *corev1.Pod) bool {
	for _, o := range p.OwnerReferences {
		if j := kube.JobsByName(s)[snapshot.ObjectOf("Job", p.Namespace, o.Name)]; j != nil && o.Kind == "Job" {
			c := kube.JobCondition(j, batchv1.JobFailed)
			return c != nil && c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// saidBy is what a container's last words prove, and which objects beside its workload are at fault.
// A program that runs and is not ready may complain of much that it lives with: only what keeps it from serving counts.
func saidBy(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, runs bool) (podproblem.Problem, []incident.Object, bool) {
	reading, log := readings.Last(s, p, c)
	if runs {
		reading, log = readings.Current(s, p, c)
	}
	elsewhere := func(f logs.Fact) bool {
		return f.Telling && (f.Kind.Network() || f.Kind == logs.Forbidden)
	}
	if slices.ContainsFunc(reading.Facts, elsewhere) {
		return podproblem.Problem{}, nil, false
	}
	for _, row := range rootOf {
		i := mostTelling(reading.Facts, row.kind)
		if i < 0 {
			continue
		}
		f := reading.Facts[i]
		if runs && !stopsServing(f) {
			continue
		}
		x, ok := row.look(s, p, c.Spec, f)
		if !ok {
			continue
		}
		log.Excerpt = clip.Bytes(f.Line, incident.MaxExcerpt)
		return podproblem.Problem{Code: row.code, Container: c.Spec.Name, Alike: c.Spec.Name + "\x00" + string(f.Kind) + "\x00" + f.Name +
			"\x00" + f.Port + "\x00" + f.Path, Predicate: finding.Say("%s%s", x.what, c.In(p)), Reason: x.what.Of(1),
			Said: []logs.Fact{f}, Seen: append([]incident.Evidence{log}, x.seen...)}, x.fault, true
	}
	return podproblem.Problem{}, nil, false
}

// stopsServing says whether a program that runs cannot serve for it. Credentials count where a data store refuses a user by name; others
// may have been a caller's.
func stopsServing(f logs.Fact) bool {
	switch f.Kind {
	case logs.Exhausted, logs.DatabaseMissing, logs.MigrationFailed, logs.NoSpace, logs.DeviceLost:
		return true
	case logs.AuthFailed:
		return f.Name != ""
	}
	return false
}

// quoting words a fact by a verb and the line that says so.
func quoting(verb finding.Phrase) func(*snapshot.Snapshot, *corev1.Pod, *corev1.Container, logs.Fact) (root, bool) {
	return func(_ *snapshot.Snapshot, _ *corev1.Pod, _ *corev1.Container, f logs.Fact) (root, bool) {
		return root{what: finding.Say("%s: %s", verb, quote(f))}, true
	}
}

// quote is what a fact's line says, short enough for a title.
func quote(f logs.Fact) string { return finding.ShortMessage(f.Says) }

// authFailed names the Secrets that the container takes its credentials from.
func authFailed(_ *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container, f logs.Fact) (root, bool) {
	x := root{what: finding.Say("{is|are} refused {its|their} credentials")}
	if f.Name != "" {
		x.what = x.what.And(" (user %s)", f.Name)
	}
	x.what = x.what.And(": %s", quote(f))
	var from []string
	for _, e := range c.Env {
		if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
			from = finding.Union(from, []string{"env " + e.Name + " from Secret " + e.ValueFrom.SecretKeyRef.Name})
		}
	}
	for _, e := range c.EnvFrom {
		if e.SecretRef != nil {
			from = finding.Union(from, []string{"envFrom Secret " + e.SecretRef.Name})
		}
	}
	if len(from) > 0 {
		x.seen = append(x.seen, finding.SeenAPI(finding.PodObject(p), "spec.containers["+c.Name+"].env", time.Time{},
			clip.Bytes(strings.Join(from, ", "), finding.MaxLine)))
	}
	return x, true
}

// portInUse looks for who has the port: another container of the pod, or the node's other pods.
func portInUse(_ *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container, f logs.Fact) (root, bool) {
	x := root{what: finding.Say("cannot listen on port %s, which is in use already", f.Port)}
	if f.Port == "" {
		x.what = finding.Say("cannot listen on {its|their} port, which is in use already")
	}
	if p.Spec.HostNetwork {
		x.what = x.what.And(" on node %s ({it uses|they use} the node's network)", p.Spec.NodeName)
		x.seen = append(x.seen, finding.SeenAPI(finding.PodObject(p), "spec.hostNetwork", time.Time{}, "true"))
		return x, true
	}
	for i := range p.Spec.Containers {
		other := &p.Spec.Containers[i]
		if other.Name == c.Name {
			continue
		}
		for _, port := range other.Ports {
			if fmt.Sprint(port.ContainerPort) == f.Port {
				x.what = finding.Say("cannot listen on port %s, which container %s of the same pod has", f.Port, other.Name)
				x.seen = append(x.seen, finding.SeenAPI(finding.PodObject(p), "spec.containers["+other.Name+"].ports", time.Time{},
					podproblem.PortsOf(other)))
				return x, true
			}
		}
	}
	return x, true
}

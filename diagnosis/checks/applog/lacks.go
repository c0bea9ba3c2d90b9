package applog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CalledLacks is the code of a program that answers its caller that it has no more of what is asked for.
const CalledLacks = "CalledLacks"

var lacksCodes = []finding.Code{
	{Code: CalledLacks, Severity: incident.Warning, Root: true, Detail: Complains{},
		Meaning: "A program's log quotes the answer of another that it calls: that has no more of what is asked for (storage, memory, " +
			"connections), has reached a limit of its own, or takes no more writes. It is reached and runs; what it may have is too little, " +
			"mostly by its own configuration.",
		Next:    "See what bounds the called program: its configuration's limits, its disk, how much of them is used.",
		Example: "StatefulSet queue answers Deployment orders that it has not enough: insufficient storage resources available"},
}

var (
	// lacks are words of a server that has not enough.
	lacks = regexp.MustCompile(`(?i)\b(?:insufficient (?:\w+ )?(?:storage|resources?|memory|space|capacity|disk|quota)` +
		`|not enough (?:\w+ )?(?:space|memory|storage|disk|capacity|replicas|resources)` +
		`|no space left|disk (?:is )?full|(?:out of|exhausted) (?:disk|storage|memory|space|shared memory)` +
		`|(?:quota|limit|maximum|capacity) (?:is |has been |was )?(?:exceeded|reached|exhausted)` +
		`|(?:exceed(?:s|ed|ing)?|reached) (?:the |its )?(?:maximum|max|configured|quota|limit|capacity)` +
		`|too many (?:clients|connections|open|topics|partitions|shards|streams|channels)` +
		`|max(?:imum)?[_ ](?:number of )?(?:\w+[_ ])?(?:connections|clients|shards|streams|size)` +
		`|resources? exhausted|resourceexhausted` +
		`|read[- ]?only (?:mode|allow delete|replica|state|transaction|filesystem)` +
		`|no (?:free|more|spare) [\w-]+(?: [\w-]+)? (?:left|available|remaining|found)|no [\w-]+ (?:left|remaining)` +
		`|(?:ran|run|running) out of [\w-]+` +
		`|flood[- ]stage|above (?:memory )?(?:high )?watermark|maxmemory|storage (?:is )?full)\b`)
	// bounds are settings that say how much there may be of something.
	bounds = regexp.MustCompile(`(?i)(?:max|limit|quota|size|capacity|store|retention|watermark)[\w."' -]*[:= ]+["']?\d`)
)

const mostBounds = 3 // settings that are quoted

// checkLacks finds the programs whose answers others quote: they are reached, and have not enough of what is asked for.
func checkLacks(s *snapshot.Snapshot, r *finding.Report) {
	all := repeating(s)
	found := map[incident.Object]*finding.Finding{}
	for _, k := range all.order {
		for _, x := range all.by[k] {
			text := x.Says + " " + x.Whole
			if !lacks.MatchString(text) || slices.ContainsFunc(x.Facts, func(f logs.Fact) bool { return f.Kind.Network() }) {
				continue
			}
			if pods := answering(s, x.pod, text); len(pods) > 0 && s.WorkloadOf(pods[0]) != k.workload {
				reportLacks(s, r, found, pods[0], k.workload, x)
			}
		}
	}
}

// answering are the pods of the one program whose answer an error quotes: of those whose Services the caller's settings name, the one that
// the error names as well, by its name or its image's; or else the only one.
func answering(s *snapshot.Snapshot, p *corev1.Pod, text string) []*corev1.Pod {
	words := strings.FieldsFunc(strings.ToLower(clip.Bytes(text, 4<<10)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	behind, spoken := map[incident.Object][]*corev1.Pod{}, map[incident.Object]bool{}
	for o, pods := range calls.Behind(s, p) {
		if len(pods) > 0 {
			w := s.WorkloadOf(pods[0])
			if w == s.WorkloadOf(p) {
				continue
			}
			behind[w] = pods
			if slices.ContainsFunc(namesOf(o, pods[0]), func(n string) bool {
				return slices.Contains(words, n) || slices.Contains(words, n+"s")
			}) {
				spoken[w] = true
			}
		}
	}
	switch {
	case len(spoken) == 1:
		for w := range spoken {
			return behind[w]
		}
	case len(spoken) == 0 && len(behind) == 1:
		for _, pods := range behind {
			return pods
		}
	}
	return nil
}

// plainNames are parts of names that say what part something plays, not which program it is.
var plainNames = []string{"api", "app", "web", "svc", "http", "server", "service", "headless", "data", "main", "cluster", "client",
	"backend",
	"storage", "store", "cache", "primary", "master", "default", "node", "stream", "broker"}

// namesOf are the names by which an error may speak of what is behind a Service: the parts of its own, and those of the images.
func namesOf(o incident.Object, p *corev1.Pod) []string {
	names := strings.Split(strings.ToLower(o.Name), "-")
	for _, c := range p.Spec.Containers {
		image := c.Image[strings.LastIndexByte(c.Image, '/')+1:]
		names = append(names, strings.FieldsFunc(image, func(r rune) bool { return strings.ContainsRune(":-@_.", r) })...)
	}
	return slices.DeleteFunc(names, func(n string) bool { return len(n) < 3 || slices.Contains(plainNames, n) })
}

func reportLacks(s *snapshot.Snapshot, r *finding.Report, found map[incident.Object]*finding.Finding, p *corev1.Pod, caller incident.Object,
	x said) {
	w := s.WorkloadOf(p)
	f := found[w]
	if f == nil {
		f = r.Find(CalledLacks, w, fmt.Sprintf("%s answers %s that it has not enough: %s", finding.Short(w), finding.Short(caller),
			finding.ShortMessage(x.Says))).Suspected()
		f.Workload, f.Fault = w, []incident.Object{w}
		f.Cite(finding.SeenLog(x.pod, x.log.Container, false, clip.Bytes(x.Line, incident.MaxExcerpt)))
		boundsOf(s, f, p)
		found[w] = f
	}
	f.AddPod(p)
	d, _ := finding.DetailOf[Complains](f)
	d.Callers = finding.Union(d.Callers, []incident.Object{caller})
	f.Detail, f.Refs, f.Since = d, d.Callers, finding.Earlier(f.Since, x.First)
}

// boundsOf adds what the configuration of a pod sets as bounds, and names it as at fault beside the workload.
func boundsOf(s *snapshot.Snapshot, f *finding.Finding, p *corev1.Pod) {
	for _, o := range kube.TakenFrom(p) {
		m := s.ConfigMap(o.Namespace, o.Name)
		if o.Kind != "ConfigMap" || m == nil {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(m.Data)) {
			var lines []string
			for line := range strings.Lines(clip.Bytes(m.Data[key], 32<<10)) {
				if bounds.MatchString(line) && len(lines) < mostBounds {
					lines = append(lines, clip.Bytes(strings.TrimSpace(line), finding.MaxLine))
				}
			}
			if len(lines) > 0 {
				f.Fault = finding.Union(f.Fault, []incident.Object{o})
				f.Cite(finding.SeenAPI(o, "data."+key, time.Time{}, strings.Join(lines, "\n")))
			}
		}
	}
}

package podproblem

import (
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

// askedHost is how the tools that init containers wait with name a host: nslookup db, nc -z db 5432, pg_isready -h db, http://db/.
var askedHost = regexp.MustCompile(`(?:\bnslookup |\bgetent hosts |\bping (?:-\S+ (?:\d+ )?)*|\bnc (?:-\S+ (?:\d+ )?)*|\s-h |\s--host[= ]|://|wait-for(?:-it)?(?:\.sh)? )([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)`)

// maxCommand bounds how much of a command is looked at, in bytes.
const maxCommand = 4096

// waitsOn reads what an init container waits for from its command: many wait in silence. It gives the Services named, and, in words, a
// host of the cluster that no Service has.
func waitsOn(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container) (services []incident.Object, absent string, seen incident.Evidence) {
	command := strings.Join(append(slices.Clone(c.Spec.Command), c.Spec.Args...), " ")
	command = command[:min(len(command), maxCommand)]
	for _, m := range askedHost.FindAllStringSubmatch(command, 4) {
		host := m[1]
		o, ok := kube.ServiceOf(s, host, p.Namespace)
		switch {
		case ok && s.Service(o.Namespace, o.Name) != nil:
			services = finding.Union(services, []incident.Object{o})
		case ok:
			services = finding.Union(services, []incident.Object{o})
			absent = missingService(s, o.Namespace, o.Name)
		case !strings.Contains(host, ".") && host != "localhost" && len(s.Services) > 0 && !finding.NotSeen(s, "services", p.Namespace):
			absent = missingService(s, p.Namespace, host)
		}
	}
	if command != "" {
		seen = finding.SeenAPI(finding.PodObject(p), "spec.initContainers["+c.Spec.Name+"].command", time.Time{},
			finding.OneLine(command, finding.MaxLine))
	}
	return services, absent, seen
}

func missingService(s *snapshot.Snapshot, namespace, name string) string {
	return "there is no Service " + name + " in namespace " + namespace + kube.CouldBe(s, namespace, name)
}

package recovery

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// stepsOf says of each runbook which kinds of step it makes: "Scale", or "MakeObject Service" where it does so to this kind of object
// alone. Nothing else of it is offered, so that who has the rights for these can run its plans.
var stepsOf = map[string][]string{
	"name-what-exists":        {"SetVolume", "SetEnvFrom", "SetEnv", "SetVariables"},
	"name-image":              {"SetImage", "SetImagePullSecrets", "SetNodeSelector"},
	"raise-memory":            {"SetResources"},
	"raise-storage":           {"SetVolume", "SetResources", DeletePod},
	"correct-probe":           {"SetProbe"},
	"correct-command":         {"SetCommand", "SetNodeSelector"},
	"find-place":              {"SetPodField", "SetNodeSelector", "SetTolerations", "SetResources"},
	"name-node":               {"SetNodeSelector"},
	"set-variable":            {"SetEnv"},
	"leave-out-service-links": {"SetServiceLinks"},
	"reread-settings":         {RestartWorkload},
	"resume-rollout":          {"SetPaused"},
	"free-statefulset":        {DeletePod},
	"make-headless-service":   {MakeObject + " Service"},
	"delete-leftovers":        {DeletePod},
	"start-elsewhere":         {DeletePod},
	"let-go":                  {DeletePod, "RemoveFinalizer"},

	"run-job-again":        {MakeObject + " Job"},
	"end-hanging-run":      {"SetJobDeadline"},
	"end-helper":           {"SetJobDeadline"},
	"mend-schedule":        {"SetCronJobField"},
	"allow-late-start":     {"SetCronJobField"},
	"one-run-at-a-time":    {"SetCronJobField"},
	"resume-cronjob":       {"SetSuspended CronJob"},
	"mend-scale-target":    {"SetAutoscaler"},
	"raise-maximum":        {"SetAutoscaler"},
	"set-request":          {"SetResources"},
	"one-autoscaler":       {RemoveObject + " HorizontalPodAutoscaler"},
	"room-to-drain":        {"SetBudget", "Scale"},
	"mend-budget-selector": {"SetBudget"},
	"one-budget":           {RemoveObject + " PodDisruptionBudget"},
	"admit-pods": {"SetQuota", "SetResources", "SetPodSecurity", "SetPodField", RollBackWorkload, DeletePod, SetFailurePolicy,
		"SetServiceAccount", MakeObject + " ServiceAccount", TryAgain},
	"mend-account": {"SetServiceAccount", MakeObject + " ServiceAccount", TryAgain},
	"grant-right": {"SetServiceAccount", "SetRules", "SetSubjects", MakeObject + " Role", MakeObject + " RoleBinding",
		MakeObject + " ServiceAccount"},
	"scale-up-server":   {"Scale"},
	"mend-webhook-port": {"SetServicePorts"},
	"let-pass":          {SetFailurePolicy, TryAgain},
	"remove-dead-api":   {RemoveObject + " APIService"},

	"select-pods":         {"SetServiceSelector"},
	"narrow-selector":     {"SetServiceSelector"},
	"service-port":        {"SetServicePorts"},
	"name-unready":        {"SetServiceField"},
	"leave-node":          {"SetServiceField"},
	"external-name":       {"SetServiceField"},
	"scale-up":            {"Scale"},
	"call-service":        {"SetEnv", SetConfigMapKey, RestartWorkload, "SetServicePorts"},
	"hosts-entry":         {"SetHostAliases"},
	"ingress-backend":     {"SetIngressRules"},
	"ingress-class":       {"SetIngressClass"},
	"default-class":       {"SetDefaultClass"},
	"ingress-certificate": {"SetIngressTLS"},
	"allow-flow":          {"AllowIngress", "AllowEgress", MakeObject + " NetworkPolicy"},
	"policy-selector":     {"SetPolicySelector"},
	"restore-corefile":    {SetConfigMapKey, RestartWorkload},
	"restart-waiting":     {RestartWorkload},
	"ask-cluster-dns":     {"SetPodField", "SetDNSConfig"},
	"make-dns-service":    {MakeObject + " Service"},
	"place-agent":         {"SetTolerations", "SetNodeSelector", "SetNodeLabel"},
	"restart-plugin":      {DeletePod},

	"uncordon":              {"SetCordon"},
	"untaint":               {"SetTaint"},
	"label-node":            {"SetNodeLabel"},
	"drain":                 {DrainNode},
	"clear-ended-pods":      {DeletePod},
	"remove-lost-pods":      {DeletePod},
	"restart-node-agent":    {DeletePod},
	"scale-controller-back": {"Scale"},
	"restart-controller":    {RestartWorkload},
	"one-default-class":     {"SetDefaultClass"},
	"release-volume":        {"ReleaseVolume"},
	"expand-claim":          {"ExpandClaim"},
	"restart-for-resize":    {RestartWorkload},
	"release-holder":        {DeletePod, "SetStrategy"},
	"correct-claim-name":    {"SetVolume"},

	"restore-cni":  {RestoreHostFiles},
	"restore-dns":  {SetConfigMapKey, RestartWorkload},
	"roll-back":    {RollBackWorkload, DeletePod},
	"restart-hung": {RestartWorkload},
}

// suspending are the kinds of step that may stand before any runbook's own: they suspend who would undo it.
var suspending = []string{"SetSuspended Kustomization", "SetSuspended HelmRelease", "SetAutoSync"}

// makes says whether a runbook makes steps like this one.
func (b Runbook) makes(s incident.Step) bool {
	return slices.Contains(stepsOf[b.Name], s.Kind) || slices.Contains(stepsOf[b.Name], s.Kind+" "+s.Target.Object.Kind)
}

// RightsFor are the rights that the plans of some runbooks need of who approves them, undoing included: those that are named, and those
// that are tried for a code that is named. Without namespaces and names.
func RightsFor(names ...string) ([]incident.Right, error) {
	var steps []string
	for _, name := range names {
		books := []string{name}
		if stepsOf[name] == nil {
			if books, _ = Treating(name); len(books) == 0 {
				return nil, fmt.Errorf("%s is neither a runbook nor a code that one treats; docs/runbooks.md lists them", name)
			}
		}
		for _, b := range books {
			steps = append(steps, stepsOf[b]...)
		}
	}
	return rightsOf(append(steps, suspending...)), nil
}

// AllRights are the rights that every kind of step needs.
func AllRights() []incident.Right { return rightsOf(slices.Collect(maps.Keys(registry))) }

func rightsOf(steps []string) []incident.Right {
	var all []incident.Right
	for _, step := range steps {
		name, object, _ := strings.Cut(step, " ")
		all = append(all, needs(registry[name], object)...)
	}
	return distinct(all)
}

// needs are the rights for a kind of step, undoing it included, on one kind of object or on all that it is done to: to do it, and to see
// what it is done to, which whoever approves at the terminal does with rights of their own.
func needs(k kind, only string) []incident.Right {
	var all []incident.Right
	for _, object := range k.objects() {
		for _, value := range []string{"", "{}"} { // made and removed
			s := incident.Step{Target: incident.Target{Object: incident.Object{Kind: object}}, Params: map[string]string{paramValue: value,
				paramPods: "[{}]"}}
			if only == "" || only == object {
				all = append(append(all, k.rights(s)...), rightOn("get", s.Target.Object))
			}
		}
	}
	if looks, ok := k.(interface{ reads() []incident.Right }); ok {
		all = append(all, looks.reads()...)
	}
	return distinct(all)
}

// distinct are rights in order, each once.
func distinct(all []incident.Right) []incident.Right {
	slices.SortFunc(all, func(a, b incident.Right) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Verb, b.Verb))
	})
	return slices.Compact(all)
}

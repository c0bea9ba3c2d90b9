package recovery

import (
	"context"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// networkRunbooks treat Services, Ingresses, gateways, NetworkPolicies and DNS.
var networkRunbooks = []Runbook{
	{"select-pods", "Lets a Service select the pods that it means, by their own labels.", []string{"ServiceNoEndpoints", "DNSDown"},
		unlessUnfit(draftSelector)},
	{"narrow-selector", "Adds to a Service's selector the label that tells its own pods from others'.",
		[]string{"ServiceSelectsOthers", "ServiceMixesReleases", "ServiceMayReachOthers"}, unlessUnfit(draftNarrow)},
	{"service-port", "Lets a Service send to a port that its pods have.", []string{"ServicePortMismatch", "ServicePortUndeclared"},
		unlessUnfit(draftServicePort)},
	{"name-unready", "Lets a headless Service name its pods before they are ready.", []string{"ServiceHidesPods"}, unlessUnfit(draftUnready)},
	{"leave-node", "Lets a Service send to pods on other nodes than the caller's.", []string{"ServiceNotOnNode"}, unlessUnfit(draftLeaveNode)},
	{"external-name", "Lets a Service stand for the Service whose name is nearly the one that it has.", []string{"ExternalNameNotFound"},
		unlessUnfit(draftExternalName)},
	{"scale-up", "Gives a workload that is scaled to zero as many pods as it had.",
		[]string{"ServiceIdle", "IngressNoController", "DNSScaledToZero"}, unlessUnfit(draftScaleUp)},
	{"call-service", "Corrects, in what a program is told, the name or the port of the Service that it calls.",
		[]string{"ServiceMissing", "ServicePortMissing", "ServiceNameMismatch"}, unlessUnfit(draftCaller)},
	{"hosts-entry", "Takes the name of a Service out of a pod template's own hosts entries.", []string{"PodHostsEntry"},
		unlessUnfit(draftHostAliases)},

	{"ingress-backend", "Lets an Ingress send to the Service, or the port of it, whose name is nearly the one that it has.",
		[]string{"IngressBackendMissing", "IngressPortMissing"}, unlessUnfit(draftIngressRules)},
	{"ingress-class", "Gives an Ingress the class whose name is nearly the one that it has, or the only one.",
		[]string{"IngressClassMissing"}, unlessUnfit(draftIngressClass)},
	{"default-class", "Leaves one IngressClass marked as the default.", []string{"IngressClassAmbiguous"}, unlessUnfit(draftDefaultClass)},
	{"ingress-certificate", "Lets an Ingress serve a certificate that there is, is valid and is for its hosts.",
		[]string{"IngressSecretMissing", "IngressCertificate", "TLSSecretExpired", "TLSSecretInvalid"},
		unlessUnfit(draftIngressTLS)},

	{"allow-flow", "Adds to a NetworkPolicy a rule for exactly the flow that it cuts.",
		[]string{"PolicyBlocksDNS", "PolicyBlocksFlow", "PolicyShutsOut", "PolicyAdmitsNobody"}, unlessUnfit(draftFlow)},
	{"policy-selector", "Lets a NetworkPolicy select the pods that it means, by their own labels.", []string{"PolicySelectsNothing"},
		unlessUnfit(draftPolicySelector)},

	{"restore-corefile", "Puts the Corefile back as it was while DNS worked, and restarts CoreDNS.",
		[]string{"DNSNamesDenied", "DNSUpstreamUnreachable", "DNSNoNameserver"}, draftDNS},
	{"restart-waiting", "Restarts what could not resolve a name while DNS was down and does not come back by itself.",
		[]string{"DNSWasDown"}, draftWaiting},
	{"ask-cluster-dns", "Lets a pod template ask the cluster's DNS.", []string{"PodDNSConfig"}, unlessUnfit(draftPodDNS)},
	{"make-dns-service", "Makes a Service at the address that pods ask for names.", []string{"DNSServiceMissing", "DNSAddressMismatch"},
		unlessUnfit(draftDNSService)},

	{"place-agent", "Lets a DaemonSet of the network run on a node that it leaves out.",
		[]string{"NodeProxyMissing", "NetworkPluginMissing"}, unlessUnfit(draftAgent)},
	{"restart-plugin", "Starts the network plugin's pod of a node anew, so that it writes its routes and rules again.",
		[]string{"NodeNetworkCut"}, unlessUnfit(draftPlugin)},
}

type drafter func(context.Context, *Recovery, request) (draft, error)

// unlessUnfit takes the reason why something cannot be done, or that it is not there, for the reason why there is no remedy.
func unlessUnfit(f drafter) drafter {
	return func(ctx context.Context, r *Recovery, q request) (draft, error) {
		d, err := f(ctx, r, q)
		if unboundable(err) {
			return no("%v", err)
		}
		return d, err
	}
}

// asIs is an object as the API server has it, for the Snapshot's types may not know all its fields.
func (r *Recovery) asIs(ctx context.Context, o incident.Object) (object, error) {
	b, err := r.o.Reader.Get(ctx, o)
	if apierrors.IsNotFound(err) {
		return nil, unfit("%s is not there any more", inWords(o))
	}
	if err != nil {
		return nil, err
	}
	return decodeObject(b)
}

// aboutKind is the object of a kind that the cause is about: that of the finding at its root, or the first at fault.
func aboutKind(q request, kinds ...string) (incident.Object, error) {
	if len(q.cause.Explains) > 0 {
		if f := q.d.Finding(q.cause.Explains[0]); f != nil && slices.Contains(kinds, f.Object.Kind) {
			return f.Object, nil
		}
	}
	for _, o := range q.cause.Objects {
		if slices.Contains(kinds, o.Kind) {
			return o, nil
		}
	}
	return incident.Object{}, unfit("no %s is named at fault", strings.Join(kinds, " or "))
}

// nearName is the name that most looks like one that there is not, or has the same letters in another order; none if two do alike, for
// nobody knows which is meant.
func nearName(name string, there []string) (string, bool) {
	low := strings.ToLower(name)
	letters := func(s string) string { return string(slices.Sorted(slices.Values([]byte(strings.ToLower(s))))) }
	near := kube.Near(name, there)
	if len(near) == 0 {
		near = slices.DeleteFunc(kube.Nearest(name, there), func(n string) bool { return letters(n) != letters(name) })
	}
	if len(near) == 0 || len(near) > 1 && kube.Distance(low, strings.ToLower(near[0])) == kube.Distance(low, strings.ToLower(near[1])) {
		return "", false
	}
	return near[0], true
}

// setTo is a step that sets a field; params are names and values, in turn.
func setTo(kind string, o incident.Object, value any, params ...string) incident.Step {
	s := incident.Step{Kind: kind, Target: incident.Target{Object: o}, Params: map[string]string{paramValue: encodeValue(value)}}
	for i := 0; i+1 < len(params); i += 2 {
		s.Params[params[i]] = params[i+1]
	}
	return s
}

// one is a remedy of a single step, whose value comes from what the remedy rests on.
func oneStep(s incident.Step, title, why string) (draft, error) {
	return draft{steps: []incident.Step{restingOn(asSource(why), s)}, title: title, why: why}, nil
}

// asSource is a sentence as it stands among others' sources, such as "the copy last seen good".
func asSource(sentence string) string {
	sentence = strings.TrimSuffix(sentence, ".")
	for _, word := range []string{"The ", "That ", "It ", "Its ", "With ", "Revision "} {
		if rest, ok := strings.CutPrefix(sentence, word); ok {
			return strings.ToLower(word) + rest
		}
	}
	return sentence
}

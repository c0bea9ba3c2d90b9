package recovery_test

import (
	"strings"
	"testing"
)

const (
	watcher = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: watcher, namespace: ops}
---
apiVersion: v1
kind: Pod
metadata: {name: watcher-1, namespace: ops}
spec: {serviceAccountName: watcher, containers: [{name: main}]}
status: {phase: Running, containerStatuses: [{name: main, ready: false, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1}}}]}
---
apiVersion: paramedic
kind: Log
namespace: ops
pod: watcher-1
container: main
text: |
  pods is forbidden: User "system:serviceaccount:ops:watcher" cannot list resource "pods" in API group "" in the namespace "ops"
  pods is forbidden: User "system:serviceaccount:ops:watcher" cannot watch resource "pods" in API group "" in the namespace "ops"
---
`
	watcherRole = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: watcher, namespace: ops}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
`
	watcherBound = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: watcher, namespace: ops}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: watcher}
subjects: [{kind: ServiceAccount, name: watcher, namespace: ops}]
---
`
	alsoBound = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: other, namespace: ops}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: watcher}
subjects: [{kind: ServiceAccount, name: backup, namespace: ops}]
`
)

func TestPlansForRights(t *testing.T) {
	all := strings.Replace(watcherRole, "verbs: [get]", "verbs: [get, list, watch]", 1)
	exact := "+rules:\n+- apiGroups:\n+  - \"\"\n+  resources:\n+  - pods\n+  verbs:\n+  - list\n+  - watch\n"
	granted := "Make Role ops/watcher-granted\nMake RoleBinding ops/watcher-granted"
	for name, x := range map[string]tale{
		"a role lacks two verbs": {"RightMissing Role/ops/watcher ServiceAccount/ops/watcher", 0, watcher + watcherRole + watcherBound,
			planned{"Set rules in Role ops/watcher", "   verbs:\n   - get\n+- apiGroups:\n+  - \"\"\n+  resources:\n+  - pods\n+  verbs:\n+  - " +
				"list\n+  - watch"}},
		"others have that role too": {"RightMissing Role/ops/watcher ServiceAccount/ops/watcher", 0, watcher + watcherRole + watcherBound +
			alsoBound,
			planned{granted, exact}},
		"nothing grants it": {"RightMissing ServiceAccount/ops/watcher", 0, watcher, planned{granted, exact}},
		"it has it by now": {"RightMissing ServiceAccount/ops/watcher", 0, watcher + all + watcherBound, planned{"",
			"what is refused is not known"}},
		"a role is not bound": {"RightMissing Role/ops/watcher ServiceAccount/ops/watcher", 0, watcher + all,
			planned{"Make RoleBinding ops/watcher", "bound to nobody"}},
		"it asks for Secrets": {"RightMissing ServiceAccount/ops/watcher", 0, strings.ReplaceAll(watcher, `"pods"`, `"secrets"`), planned{"",
			"no plan gives it"}},
		"it asks everywhere": {"RightMissing ServiceAccount/ops/watcher", 0, strings.ReplaceAll(watcher, `in the namespace "ops"`,
			"at the cluster scope"), planned{"", "no plan makes one"}},
		"a binding misnames it": {"RightMissing RoleBinding/ops/watcher ServiceAccount/ops/watcher", 0, watcher + all +
			strings.Replace(watcherBound,
				"subjects: [{kind: ServiceAccount, name: watcher,", "subjects: [{kind: ServiceAccount, name: watchr,", 1),
			planned{"Set subjects in RoleBinding ops/watcher", "-  name: watchr\n+  name: watcher"}},
		"a binding misnames its role": {"RoleMissing RoleBinding/ops/watcher ServiceAccount/ops/watcher", 0, watcher + all +
			strings.Replace(watcherBound,
				"kind: Role, name: watcher", "kind: Role, name: watchr", 1), planned{"Make RoleBinding ops/watcher-watcher", "+  name: watcher\n"}},
		"its role does not exist": {"RoleMissing RoleBinding/ops/watcher ServiceAccount/ops/watcher", 0, watcher + watcherBound,
			planned{"Make Role ops/watcher", exact}},
		"a binding names the account": {"ServiceAccountMissing ServiceAccount/ops/watcher", 0, watcherBound,
			planned{"Make ServiceAccount ops/watcher",
				"RoleBinding ops/watcher gives it its rights"}},
		"no account is like it": {"ServiceAccountMissing ServiceAccount/shop/web", 0, deployed, planned{"", "make it with the rights that " +
			"its program needs"}},
		"one account is like it": {"ServiceAccountMissing ServiceAccount/shop/web", 0, deployed + "---\napiVersion: v1\nkind: ServiceAccount\n" +
			"metadata: {name: webs, namespace: shop}\n", planned{"Set spec.serviceAccountName in Deployment shop/web to webs",
			"the only one alike"}},
	} {
		t.Run(name, func(t *testing.T) { x.check(t, stage(t, x.manifests), x.diagnosis(t)) })
	}
}

const (
	hooked = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: policy}
webhooks:
- {name: a.example, failurePolicy: Fail, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: policy, name: hook}}, rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods]}]}
- {name: b.example, failurePolicy: Fail, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: policy, name: hook}}, rules: [{operations: [UPDATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments]}]}
- {name: c.example, failurePolicy: Ignore, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {namespace: policy, name: hook}}, rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [services]}]}
`
	hookService = `---
apiVersion: v1
kind: Service
metadata: {name: hook, namespace: policy}
spec: {selector: {app: hook}, ports: [{name: https, port: 8443, protocol: TCP, targetPort: 9443}]}
`
	hookOff = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: hook, namespace: policy, uid: d9}
spec: {replicas: 0, selector: {matchLabels: {app: hook}}, template: {metadata: {labels: {app: hook}}, spec: {containers: [{name: main}]}}}
---
apiVersion: v1
kind: Event
metadata: {name: hook.1, namespace: policy}
involvedObject: {kind: Deployment, namespace: policy, name: hook}
reason: ScalingReplicaSet
message: Scaled down replica set hook-77 from 3 to 0
lastTimestamp: "2025-10-05T08:00:00Z"
`
	api = `
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.example.com}
spec: {group: example.com, version: v1, service: {namespace: gone, name: server}}
status: {conditions: [{type: Available, status: "False", reason: ServiceNotFound, lastTransitionTime: "2025-10-05T07:00:00Z"}]}
`
)

func TestPlansForWebhooksAndAPIs(t *testing.T) {
	pass := "Let pass what webhook a.example, b.example should judge while it does not answer (ValidatingWebhookConfiguration policy)"
	for name, x := range map[string]tale{
		"two of three refuse": {"WebhookServiceMissing ValidatingWebhookConfiguration/policy", 0, hooked,
			planned{pass, "create pods; update deployments"}},
		"what answers is off": {"WebhookNoEndpoints ValidatingWebhookConfiguration/policy", 0, hooked + hookService + hookOff,
			planned{"Scale Deployment policy/hook from 0 to 3", "It had 3 until "}},
		"a Service has another port": {"WebhookPortMissing ValidatingWebhookConfiguration/policy", 0, hooked + hookService,
			planned{"Set spec.ports in Service policy/hook", "+  - name: webhook\n+    port: 443\n+    protocol: TCP\n+    targetPort: 9443"}},
		"somebody looks after it": {"WebhookServiceMissing ValidatingWebhookConfiguration/policy", 0, strings.Replace(hooked, "{name: policy}",
			"{name: policy, ownerReferences: [{apiVersion: v1, kind: Kyverno, name: main, uid: k, controller: true}]}", 1), planned{"",
			"belongs to Kyverno main"}},
		"an API is gone for long": {"APIServiceUnavailable APIService/v1.example.com", 0, api, planned{"Remove APIService v1.example.com",
			"no namespace can be deleted"}},
		"an API is gone since a moment ago": {"APIServiceUnavailable APIService/v1.example.com", 0, strings.Replace(api, "T07:00", "T08:30", 1),
			planned{"", "may be bringing it back"}},
		"a namespace waits for an API that is gone": {"NamespaceTerminating Namespace/old", 0, api + `---
apiVersion: v1
kind: Namespace
metadata: {name: old, deletionTimestamp: "2025-10-05T07:00:00Z"}
status: {phase: Terminating, conditions: [{type: NamespaceDeletionDiscoveryFailure, status: "True", reason: DiscoveryFailed, message: 'Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: example.com/v1: stale GroupVersion discovery'}]}
`, planned{"Remove APIService v1.example.com", "no namespace can be deleted"}},
	} {
		t.Run(name, func(t *testing.T) { x.check(t, stage(t, x.manifests), x.diagnosis(t)) })
	}
}

func TestPlansForRefusedPods(t *testing.T) {
	refusal := func(message string) string {
		return deployed + "---\napiVersion: v1\nkind: Event\nmetadata: {name: web.1, namespace: shop}\ninvolvedObject: {kind: ReplicaSet, " +
			"namespace: shop, name: web-1}\n" +
			"reason: FailedCreate\nlastTimestamp: \"2025-10-05T08:59:00Z\"\nmessage: '" + message + "'\n---\n"
	}
	const again = "\nHave the missing pods of Deployment shop/web made at once"
	quota := "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: shop}\nspec: {hard: {pods: \"2\", requests.cpu: \"2\"}}\n"
	for name, x := range map[string]tale{
		"more than twice": {"PodsRefused ResourceQuota/shop/q Deployment/shop/web", 0,
			refusal("pods is forbidden: exceeded quota: q, requested: requests.cpu=9, used: requests.cpu=2, limited: requests.cpu=2") + quota,
			planned{"", "more than twice"}},
		"two are short": {"PodsRefused ResourceQuota/shop/q Deployment/shop/web", 0,
			refusal("pods is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=1, used: pods=2,requests.cpu=2, limited: "+
				"pods=2,requests.cpu=2") + quota,
			planned{"", "is short of pods and requests.cpu"}},
		"more than all nodes have": {"PodsRefused ResourceQuota/shop/q Deployment/shop/web", 0,
			refusal("pods is forbidden: exceeded quota: q, requested: requests.cpu=1, used: requests.cpu=2, limited: requests.cpu=2") + quota +
				"---" +
				strings.Replace(node, `cpu: "4"`, `cpu: "2"`, 1), planned{"", "all nodes together have 2"}},
		"as many as are missing": {"PodsRefused ResourceQuota/shop/q Deployment/shop/web", 0,
			refusal("pods is forbidden: exceeded quota: q, requested: requests.cpu=1, used: requests.cpu=2, limited: requests.cpu=2") + quota +
				"---" + node,
			planned{"Set hard.requests.cpu in ResourceQuota shop/q to 3" + again, "+  requests.cpu: \"3\""}},
		"a class that pods have": {"PodsRefused PriorityClass/low Deployment/shop/web", 0, refusal("no PriorityClass with name lowest was found") + `
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: shop}
spec: {priorityClassName: lows, containers: [{name: main}]}
`, planned{"Set spec.priorityClassName in Deployment shop/web to lows", "lows does, and other pods have it"}},
		"a level that was another": {"PodsRefused Namespace/shop Deployment/shop/web", 0, refusal(`violates PodSecurity "restricted:latest": x`) + `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}'}}
`, planned{"Set labels.pod-security.kubernetes.io/enforce in Namespace shop to baseline" + again, "somebody has set it to restricted by hand"}},
		"a webhook that does not answer": {"PodsRefused ValidatingWebhookConfiguration/policy Deployment/shop/web", 0,
			refusal(`failed calling webhook "a.example": dial tcp: connection refused`) + hooked + hookService,
			planned{"Let pass what webhook a.example, b.example should judge while it does not answer (ValidatingWebhookConfiguration policy)" +
				again, "+  a.example: Ignore\n+  b.example: Ignore"}},
	} {
		t.Run(name, func(t *testing.T) { x.check(t, stage(t, x.manifests), x.diagnosis(t)) })
	}
}

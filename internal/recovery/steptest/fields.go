package steptest

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

type tree = map[string]any

// fieldCase is how the suite meets a kind of step that sets one field: an object as JSON, the step's parameters, and what somebody else
// changes in the object meanwhile.
type fieldCase struct {
	kind, object, body string
	params             []string
	meddle             string // a JSON merge of what else is to be there
	lasting, ends      bool
}

const (
	web = `{"apiVersion":"apps/v1","spec":{"replicas":0,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
		"spec":{"serviceAccountName":"former","volumes":[{"name":"conf","configMap":{"name":"confg","defaultMode":420}}],
		"containers":[{"name":"web",
		"image":"busybox:none","command":["slep"],"env":[{"name":"A","value":"b"}],"resources":{"limits":{"memory":"64Mi"},
		"requests":{"memory":"64Mi"}},
		"volumeMounts":[{"name":"conf","mountPath":"/conf"}],"readinessProbe":{"httpGet":{"path":"/","port":80,"scheme":"HTTP"},
		"timeoutSeconds":1,
		"periodSeconds":10,"successThreshold":1,"failureThreshold":3}}]}}}}`
	later   = `{"spec":{"minReadySeconds":7}}`
	nightly = `{"apiVersion":"batch/v1","spec":{"schedule":"0 3 * * *","suspend":true,"jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never",
		"containers":[{"name":"job","image":"busybox:1.36"}]}}}}}}`
	stuck = `{"apiVersion":"batch/v1","spec":{"suspend":true,"backoffLimit":2,"template":{"spec":{"restartPolicy":"Never",
		"containers":[{"name":"job","image":"busybox:1.36"}]}}}}`
	service = `{"apiVersion":"v1","spec":{"selector":{"app":"wbe"},"ports":[{"name":"http","port":80,"protocol":"TCP","targetPort":8080}]}}`
	ingress = `{"apiVersion":"networking.k8s.io/v1","spec":{"ingressClassName":"ngnix","tls":[{"hosts":["a.example"],"secretName":"former"}],"rules":[
		{"host":"a.example","http":{"paths":[{"path":"/","pathType":"Prefix","backend":{"service":{"name":"web","port":{"number":80}}}}]}}]}}`
	policy = `{"apiVersion":"networking.k8s.io/v1","spec":{"podSelector":{"matchLabels":{"app":"web"}},"policyTypes":["Ingress","Egress"],
		"ingress":[{"from":[{"podSelector":{"matchLabels":{"app":"db"}}}]}],"egress":[{"to":[{"podSelector":{"matchLabels":{"app":"db"}}}]}]}}`
	hook = `{"apiVersion":"admissionregistration.k8s.io/v1","webhooks":[{"name":"deny.example.com","failurePolicy":"Fail","sideEffects":"None",
		"admissionReviewVersions":["v1"],"clientConfig":{"service":{"namespace":"recovery-test","name":"none","path":"/"}},
		"rules":[{"apiGroups":["example.com"],"apiVersions":["v1"],"operations":["CREATE"],"resources":["nothings"],"scope":"*"}]}]}`
	claim = `{"apiVersion":"v1","spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"recovery-test","volumeName":"recovery-test",
		"volumeMode":"Filesystem","resources":{"requests":{"storage":"1Gi"}}},"status":{"phase":"Bound"}}`
	volume = `{"apiVersion":"v1","spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"persistentVolumeReclaimPolicy":"Retain",
		"storageClassName":"recovery-test","hostPath":{"path":"/tmp/recovery-test"},"claimRef":{"apiVersion":"v1","kind":"PersistentVolumeClaim",
		"namespace":"recovery-test","name":"former","uid":"00000000-0000-4000-8000-000000000000"}}}`
	application = `{"apiVersion":"argoproj.io/v1alpha1","spec":{"project":"default","source":{"repoURL":"https://git.example/shop",
		"path":"apps/web","targetRevision":"main"},"destination":{"namespace":"shop"},"syncPolicy":{"automated":{"selfHeal":true}}}}`
	kustomization = `{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","spec":{"interval":"10m","path":"./apps/web","prune":true,
		"sourceRef":{"kind":"GitRepository","name":"shop"}}}`
	release = `{"apiVersion":"helm.toolkit.fluxcd.io/v2","spec":{"interval":"10m","releaseName":"web","chart":{"spec":{"chart":"web",
		"sourceRef":{"kind":"HelmRepository","name":"shop"}}}}}`
	autoscaler = `{"apiVersion":"autoscaling/v2","spec":{"minReplicas":1,"maxReplicas":2,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment",
		"name":"none"},"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]}}`
)

var fieldCases = []fieldCase{
	{kind: "SetAutoSync", object: "Application", body: application, params: []string{"value", ""},
		meddle: `{"spec":{"project":"other"}}`},
	{kind: "SetSuspended", object: "Kustomization", body: kustomization, params: []string{"value", "true"},
		meddle: `{"spec":{"path":"./other"}}`},
	{kind: "SetSuspended", object: "HelmRelease", body: release, params: []string{"value", "true"},
		meddle: `{"spec":{"releaseName":"other"}}`},
	{kind: "SetImage", object: "Deployment", body: web, params: []string{"container", "web", "value", `"busybox:1.36"`}, meddle: later},
	{kind: "SetCommand", object: "Deployment", body: web, params: []string{"container", "web", "field", "command", "value", `["sleep"]`}, meddle: later},
	{kind: "SetEnv", object: "Deployment", body: web, params: []string{"container", "web", "name", "B", "value", `{"name":"B","value":"c"}`},
		meddle: later},
	{kind: "SetVariables", object: "Deployment", body: web, params: []string{"container", "web", "value", `[{"name":"A","value":"c"},{"name":"B"}]`},
		meddle: later},
	{kind: "SetServiceLinks", object: "Deployment", body: web, params: []string{"value", "false"}, meddle: later},
	{kind: "SetEnvFrom", object: "Deployment", body: web, params: []string{"container", "web", "value", `[{"configMapRef":{"name":"settings"}}]`},
		meddle: later},
	{kind: "SetResources", object: "Deployment", body: web, params: []string{"container", "web", "value",
		`{"limits":{"memory":"96Mi"},"requests":{"memory":"64Mi"}}`}, meddle: later},
	{kind: "SetProbe", object: "Deployment", body: web, params: []string{"container", "web", "probe", "readinessProbe", "value",
		`{"httpGet":{"path":"/","port":8080,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3}`},
		meddle: later},
	{kind: "SetVolume", object: "Deployment", body: web, params: []string{"volume", "conf", "value",
		`{"name":"conf","configMap":{"name":"config","defaultMode":420}}`}, meddle: later},
	{kind: "SetServiceAccount", object: "Deployment", body: web, params: []string{"value", `"builder"`}, meddle: later},
	{kind: "SetNodeSelector", object: "Deployment", body: web, params: []string{"value", `{"disk":"ssd"}`}, meddle: later},
	{kind: "SetTolerations", object: "Deployment", body: web, params: []string{"value", `[{"key":"gpu","operator":"Exists"}]`}, meddle: later},
	{kind: "SetPodField", object: "Deployment", body: web, params: []string{"field", "schedulerName", "value", `"other"`}, meddle: later},
	{kind: "SetImagePullSecrets", object: "Deployment", body: web, params: []string{"value", `[{"name":"registry"}]`}, meddle: later},
	{kind: "SetHostAliases", object: "Deployment", body: web, params: []string{"value", `[{"ip":"10.0.0.9","hostnames":["old"]}]`}, meddle: later},
	{kind: "SetDNSConfig", object: "Deployment", body: web, params: []string{"value", `{"nameservers":["10.0.0.10"]}`}, meddle: later},
	{kind: "Scale", object: "Deployment", body: web, params: []string{"value", "1"}, meddle: `{"spec":{"replicas":2}}`},
	{kind: recovery.TryAgain, object: "Deployment", body: web, lasting: true, params: []string{"value", `"2025-10-05T11:00:00Z"`}, meddle: later},
	{kind: "SetStrategy", object: "Deployment", body: web, params: []string{"value", `{"type":"Recreate"}`}, meddle: later},
	{kind: "SetPaused", object: "Deployment", body: web, params: []string{"value", "true"}, meddle: later},
	{kind: "SetSuspended", object: "CronJob", body: nightly, params: []string{"value", "false"}, meddle: `{"spec":{"schedule":"0 4 * * *"}}`},
	{kind: "SetJobDeadline", object: "Job", body: stuck, lasting: true, params: []string{"value", "3600"}, meddle: `{"spec":{"backoffLimit":3}}`},
	{kind: "SetCronJobField", object: "CronJob", body: nightly, params: []string{"field", "timeZone", "value", `"Etc/UTC"`},
		meddle: `{"spec":{"schedule":"0 4 * * *"}}`},
	{kind: "SetAutoscaler", object: "HorizontalPodAutoscaler", body: autoscaler, params: []string{"field", "maxReplicas", "value", "4"},
		meddle: `{"spec":{"maxReplicas":3}}`},
	{kind: "SetBudget", object: "PodDisruptionBudget", body: `{"apiVersion":"policy/v1","spec":{"minAvailable":3,"selector":{"matchLabels":{"app":"web"}}}}`,
		params: []string{"value", `{"maxUnavailable":1,"selector":{"matchLabels":{"app":"web"}}}`}, meddle: `{"spec":{"minAvailable":2}}`},
	{kind: "SetServiceSelector", object: "Service", body: service, params: []string{"value", `{"app":"web"}`},
		meddle: `{"spec":{"publishNotReadyAddresses":true}}`},
	{kind: "SetServicePorts", object: "Service", body: service, params: []string{"value",
		`[{"name":"http","port":80,"protocol":"TCP","targetPort":80}]`}, meddle: `{"spec":{"publishNotReadyAddresses":true}}`},
	{kind: "SetServiceField", object: "Service", body: service, params: []string{"field", "publishNotReadyAddresses", "value", "true"},
		meddle: `{"spec":{"selector":{"app":"web"}}}`},
	{kind: "SetIngressRules", object: "Ingress", body: ingress, params: []string{"value", `[{"host":"a.example","http":{"paths":[{"path":"/",
		"pathType":"Prefix","backend":{"service":{"name":"shop","port":{"number":80}}}}]}}]`}, meddle: `{"spec":{"ingressClassName":"other"}}`},
	{kind: "SetIngressClass", object: "Ingress", body: ingress, params: []string{"value", `"nginx"`}, meddle: `{"spec":{"ingressClassName":"other"}}`},
	{kind: "SetIngressTLS", object: "Ingress", body: ingress, params: []string{"value", `[{"hosts":["a.example"],"secretName":"web"}]`},
		meddle: `{"spec":{"ingressClassName":"other"}}`},
	{kind: "SetPolicySelector", object: "NetworkPolicy", body: policy, params: []string{"value", `{"matchLabels":{"app":"shop"}}`},
		meddle: `{"spec":{"policyTypes":["Ingress"]}}`},
	{kind: "AllowIngress", object: "NetworkPolicy", body: policy, params: []string{"value", `[{"from":[{"podSelector":{"matchLabels":{"app":"db"}}}]},
		{"from":[{"podSelector":{"matchLabels":{"app":"api"}}}],"ports":[{"port":80,"protocol":"TCP"}]}]`}, meddle: `{"spec":{"podSelector":{"matchLabels":{"app":"cache"}}}}`},
	{kind: "AllowEgress", object: "NetworkPolicy", body: policy, params: []string{"value", `[{"to":[{"podSelector":{"matchLabels":{"app":"db"}}}]},
		{"ports":[{"port":53,"protocol":"UDP"}]}]`}, meddle: `{"spec":{"podSelector":{"matchLabels":{"app":"cache"}}}}`},
	{kind: "SetQuota", object: "ResourceQuota", body: `{"apiVersion":"v1","spec":{"hard":{"pods":"10"}}}`, params: []string{"resource", "pods", "value",
		`"15"`}, meddle: `{"spec":{"hard":{"services":"7"}}}`},
	{kind: "SetLimitRange", object: "LimitRange", body: `{"apiVersion":"v1","spec":{"limits":[{"type":"Container","max":{"memory":"1Gi"},
		"default":{"memory":"1Gi"},"defaultRequest":{"memory":"1Gi"}}]}}`, params: []string{"value",
		`[{"type":"Container","max":{"memory":"2Gi"},"default":{"memory":"1Gi"},"defaultRequest":{"memory":"1Gi"}}]`},
		meddle: `{"spec":{"limits":[{"type":"Container","max":{"memory":"3Gi"},"default":{"memory":"1Gi"},"defaultRequest":{"memory":"1Gi"}}]}}`},
	{kind: "SetRules", object: "Role", body: `{"apiVersion":"rbac.authorization.k8s.io/v1","rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}`,
		params: []string{"value", `[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]},{"apiGroups":[""],"resources":["pods"],"verbs":["list"]}]`},
		meddle: `{"rules":[]}`},
	{kind: "SetSubjects", object: "RoleBinding", body: `{"apiVersion":"rbac.authorization.k8s.io/v1","roleRef":{"apiGroup":"rbac.authorization.k8s.io",
		"kind":"Role","name":"none"},"subjects":[{"kind":"ServiceAccount","name":"former","namespace":"recovery-test"}]}`, params: []string{"value",
		`[{"kind":"ServiceAccount","name":"builder","namespace":"recovery-test"}]`}, meddle: `{"subjects":[]}`},
	{kind: "SetPodSecurity", object: "Namespace", body: `{"apiVersion":"v1","metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`,
		params: []string{"value", `"baseline"`}, meddle: `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`},
	{kind: "SetFailurePolicy", object: "ValidatingWebhookConfiguration", body: hook, params: []string{"value", `{"deny.example.com":"Ignore"}`},
		meddle: `{"webhooks":[]}`},
	{kind: "ExpandClaim", object: "PersistentVolumeClaim", body: claim, lasting: true, params: []string{"value", `"2Gi"`},
		meddle: `{"spec":{"resources":{"requests":{"storage":"3Gi"}}}}`},
	{kind: "ReleaseVolume", object: "PersistentVolume", body: volume, meddle: `{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`},
	{kind: "SetDefaultClass", object: "StorageClass", body: `{"apiVersion":"storage.k8s.io/v1","provisioner":"example.com/none"}`,
		params: []string{"value", `"true"`}, meddle: `{"allowVolumeExpansion":true}`},
	{kind: "SetCordon", object: "Node", body: `{"apiVersion":"v1","spec":{"unschedulable":true}}`,
		meddle: `{"spec":{"taints":[{"key":"recovery-test","effect":"PreferNoSchedule"}]}}`},
	{kind: "SetTaint", object: "Node", params: []string{"key", "recovery-test"}, body: `{"apiVersion":"v1","spec":{"taints":[{"key":"recovery-test","effect":"PreferNoSchedule"}]}}`,
		meddle: `{"spec":{"taints":[{"key":"recovery-test","effect":"NoSchedule"}]}}`},
	{kind: "SetNodeLabel", object: "Node", body: `{"apiVersion":"v1","metadata":{"labels":{"recovery-test":"a"}}}`, params: []string{"label",
		"recovery-test", "value", `"b"`}, meddle: `{"metadata":{"labels":{"recovery-test":"c"}}}`},
	{kind: "RemoveFinalizer", object: "Service", lasting: true, ends: true, body: `{"apiVersion":"v1","metadata":{"finalizers":["example.com/held",
		"example.com/last"],"deletionTimestamp":"2025-10-05T11:00:00Z"},"spec":{"ports":[{"port":80,"protocol":"TCP","targetPort":80}]}}`,
		params: []string{"finalizer", "example.com/held", "value", `["example.com/last"]`}, meddle: `{"spec":{"publishNotReadyAddresses":true}}`},
}

// scopedToTheCluster are kinds whose objects lie in no namespace.
var scopedToTheCluster = map[string]bool{"Namespace": true, "ValidatingWebhookConfiguration": true, "PersistentVolume": true,
	"StorageClass": true,
	"Node":         true, "APIService": true}

// OfOthers are the kinds of Argo CD and Flux, which not every cluster has.
var OfOthers = []string{"Application", "Kustomization", "HelmRelease"}

// stays are kinds whose objects the suite does not delete: a node is a machine, and a namespace takes long to end.
var stays = map[string]bool{"Node": true, "Namespace": true}

func (c fieldCase) target(w World) incident.Object {
	switch {
	case c.object == "Node":
		return incident.Object{Kind: "Node", Name: w.Node}
	case scopedToTheCluster[c.object]:
		return incident.Object{Kind: c.object, Name: "recovery-test-it"}
	}
	return incident.Object{Kind: c.object, Namespace: w.Namespace, Name: "it"}
}

func (c fieldCase) kindCase() kindCase {
	of := ""
	if slices.Contains(OfOthers, c.object) {
		of = c.object
	}
	return kindCase{kind: c.kind, of: of, undoable: !c.lasting, ends: c.ends,
		setUp: func(t *testing.T, w World) incident.Step {
			o := c.target(w)
			if !stays[o.Kind] {
				w.Delete(t, o)
			}
			if o.Kind == "PersistentVolumeClaim" {
				w.bindable(t, o)
			}
			w.Put(t, o, parse(c.body))
			if o.Kind == "PersistentVolumeClaim" {
				w.until(t, o, "Bound")
			}
			return draft(c.kind, o, c.params...)
		},
		meddle: func(t *testing.T, w World, o incident.Object) {
			body := parse(c.body)
			merge(body, parse(c.meddle))
			w.Put(t, o, body)
		}}
}

// bindable makes a volume for the claim, of a class whose volumes can grow.
func (w World) bindable(t *testing.T, claim incident.Object) {
	t.Helper()
	w.Put(t, incident.Object{Kind: "StorageClass", Name: "recovery-test"}, parse(`{"apiVersion":"storage.k8s.io/v1","provisioner":"example.com/none",
		"allowVolumeExpansion":true}`))
	o := incident.Object{Kind: "PersistentVolume", Name: "recovery-test"}
	w.Delete(t, o)
	pv := parse(volume)
	pv["spec"].(tree)["claimRef"] = tree{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.Namespace, "name": claim.Name}
	w.Put(t, o, pv)
}

// until waits for a phase, which on a cluster its controllers bring about.
func (w World) until(t *testing.T, o incident.Object, phase string) {
	t.Helper()
	for range 300 {
		if status, _ := get(t, w, o)["status"].(tree); status["phase"] == phase {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s to be %s", o, phase)
}

func parse(text string) tree {
	var v tree
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(text + ": " + err.Error())
	}
	return v
}

func merge(into, from tree) {
	for k, v := range from {
		a, ok := into[k].(tree)
		b, also := v.(tree)
		if ok && also {
			into[k] = maps.Clone(a)
			merge(into[k].(tree), b)
			continue
		}
		into[k] = v
	}
}

// wholeCases are of steps that make an object or remove one.
func wholeCases() []kindCase {
	var all []kindCase
	for kind, body := range map[string]string{
		"ConfigMap":      `{"apiVersion":"v1","data":{"mode":"fast"}}`,
		"ServiceAccount": `{"apiVersion":"v1","metadata":{"labels":{"app":"web"}}}`,
		"NetworkPolicy":  policy,
		"Service":        service,
		"Job": `{"apiVersion":"batch/v1","spec":{"suspend":true,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"job",
			"image":"busybox:1.36"}]}}}}`,
	} {
		c := fieldCase{object: kind}
		all = append(all, kindCase{kind: recovery.MakeObject, of: kind, undoable: true, absent: true,
			setUp: func(t *testing.T, w World) incident.Step {
				o := c.target(w)
				w.Delete(t, o)
				v := parse(body)
				v["kind"] = kind
				merge(v, tree{"metadata": tree{"name": o.Name, "namespace": o.Namespace}})
				return draft(recovery.MakeObject, o, "value", string(encode(v)))
			},
			meddle: func(t *testing.T, w World, o incident.Object) {
				v := parse(body)
				merge(v, parse(map[string]string{"ConfigMap": `{"data":{"mode":"slow"}}`, "ServiceAccount": `{"metadata":{"labels":{"app":"db"}}}`,
					"NetworkPolicy": `{"spec":{"podSelector":{"matchLabels":{"app":"cache"}}}}`, "Service": `{"spec":{"selector":{"app":"db"}}}`,
					"Job": `{"spec":{"suspend":true,"template":{"spec":{"containers":[{"name":"job","image":"busybox:1.35"}]}}}}`}[kind]))
				w.Put(t, o, v)
			}})
	}
	api := incident.Object{Kind: "APIService", Name: "v1.recovery-test.example.com"}
	const away = `{"apiVersion":"apiregistration.k8s.io/v1","spec":{"group":"recovery-test.example.com","version":"v1","groupPriorityMinimum":100,
		"versionPriority":100,"insecureSkipTLSVerify":true,"service":{"namespace":"recovery-test","name":"none","port":443}}}`
	all = append(all, removed(func(World) incident.Object { return api }, away, `{"spec":{"versionPriority":99}}`))
	for kind, body := range map[string][2]string{"HorizontalPodAutoscaler": {autoscaler, `{"spec":{"maxReplicas":3}}`},
		"PodDisruptionBudget": {`{"apiVersion":"policy/v1","spec":{"minAvailable":3,"selector":{"matchLabels":{"app":"web"}}}}`,
			`{"spec":{"minAvailable":2}}`}} {
		c := removed(func(w World) incident.Object {
			return incident.Object{Kind: kind, Namespace: w.Namespace, Name: "it"}
		}, body[0], body[1])
		c.of = kind
		all = append(all, c)
	}
	return all
}

// removed is an object that is there and is to go.
func removed(target func(World) incident.Object, there, meddle string) kindCase {
	return kindCase{kind: recovery.RemoveObject, undoable: true, ends: true,
		setUp: func(t *testing.T, w World) incident.Step {
			o := target(w)
			w.Delete(t, o)
			w.Put(t, o, parse(there))
			return draft(recovery.RemoveObject, o)
		},
		meddle: func(t *testing.T, w World, o incident.Object) {
			body := parse(there)
			merge(body, parse(meddle))
			w.Put(t, o, body)
		}}
}

// podCases: the pod waits for a node that there is not, so that nothing runs and it goes at once.
func podCases() []kindCase {
	var all []kindCase
	for _, kind := range []string{recovery.DeletePod, recovery.EvictPod} {
		pod := func(t *testing.T, w World, image string) tree {
			owner := incident.Object{Kind: "ConfigMap", Namespace: w.Namespace, Name: "owner"}
			w.Put(t, owner, parse(`{"apiVersion":"v1","data":{}}`))
			uid := get(t, w, owner)["metadata"].(tree)["uid"]
			return tree{"apiVersion": "v1", "metadata": tree{"ownerReferences": []any{tree{"apiVersion": "v1", "kind": "ConfigMap",
				"name": "owner", "uid": uid, "controller": true}}}, "spec": tree{"nodeSelector": tree{"recovery-test": "nowhere"}, "containers": []any{
				tree{"name": "main", "image": image}}}}
		}
		all = append(all, kindCase{kind: kind, ends: true,
			setUp: func(t *testing.T, w World) incident.Step {
				o := incident.Object{Kind: "Pod", Namespace: w.Namespace, Name: "it"}
				w.Delete(t, o)
				w.Put(t, o, pod(t, w, "busybox:1.36"))
				return draft(kind, o)
			},
			meddle: func(t *testing.T, w World, o incident.Object) { w.Put(t, o, pod(t, w, "busybox:1.35")) }})
	}
	return all
}

package attack

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

const (
	web = `{"apiVersion":"apps/v1","spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
		"spec":{"volumes":[{"name":"conf","configMap":{"name":"conf"}}],"containers":[{"name":"web","image":"busybox:none","env":[{"name":"A","value":"b"}]}]}}}}`
	quota   = `{"apiVersion":"v1","spec":{"hard":{"pods":"10","requests.cpu":"100m"}}}`
	service = `{"apiVersion":"v1","spec":{"selector":{"app":"wbe"},"ports":[{"port":80,"protocol":"TCP","targetPort":80}]}}`
	policy  = `{"apiVersion":"networking.k8s.io/v1","spec":{"podSelector":{},"policyTypes":["Ingress"],"ingress":[{"from":[{"podSelector":{"matchLabels":{"app":"db"}}}]}]}}`
	node    = `{"apiVersion":"v1","metadata":{"labels":{"zone":"a"}},"spec":{"taints":[{"key":"gpu","effect":"NoSchedule"}]}}`
	config  = `{"apiVersion":"v1","data":{"mode":"slow"}}`
	away    = `{"apiVersion":"apiregistration.k8s.io/v1","spec":{"group":"x.example","version":"v1","groupPriorityMinimum":100,"versionPriority":100}}`
	pod     = `{"apiVersion":"v1","metadata":{"labels":{"app":"web"}},"spec":{"nodeName":"leveling-pc","containers":[{"name":"web","image":"busybox"}]}}`
	owned   = `{"apiVersion":"v1","metadata":{"labels":{"app":"web"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web","uid":"1","controller":true}]},
		"spec":{"nodeName":"leveling-pc","containers":[{"name":"web","image":"busybox"}]}}`
	held = `{"apiVersion":"v1","metadata":{"finalizers":["example.com/held","kubernetes.io/pvc-protection"],"deletionTimestamp":"2025-10-05T11:00:00Z"},
		"spec":{"ports":[{"port":80,"protocol":"TCP","targetPort":80}]}}`
)

// misleading are names and values that lead elsewhere than they show.
func misleading() []onStep {
	const nothing, other = "names nothing", "something else would be found"
	deployment := func(name, kind, told string, params ...string) onStep {
		return onStep{name: name, object: "Deployment web", body: web, kind: kind, params: params, told: told}
	}
	return []onStep{
		deployment("a container's name closes the path", "SetImage", nothing, "container", "web]", "value", `"x:1"`),
		deployment("a container's name opens a path", "SetImage", nothing, "container", "[name=web", "value", `"x:1"`),
		deployment("a container's name is a path", "SetImage", "has no", "container", "../web", "value", `"x:1"`),
		deployment("a container's name has dots", "SetImage", "has no", "container", "web.image", "value", `"x:1"`),
		deployment("no container is named", "SetImage", nothing, "container", "", "value", `"x:1"`),
		deployment("a variable's value is of another variable", "SetEnv", other, "container", "web", "name", "B", "value", `{"name":"A","value":"x"}`),
		deployment("a volume's value is of another volume", "SetVolume", other, "volume", "conf", "value", `{"name":"other","emptyDir":{}}`),
		deployment("a field that is none of the step's", "SetPodField", nothing, "field", "hostNetwork", "value", `"true"`),
		deployment("a command that is an image", "SetCommand", nothing, "container", "web", "field", "image", "value", `["x"]`),
		deployment("an image with a character that cannot be seen", "SetImage", "cannot be seen", "container", "web", "value", "\"busybox\u200b:1.36\""),
		deployment("a command that turns the text's direction", "SetCommand", "cannot be seen", "container", "web", "field", "command", "value",
			"[\"run\",\"\u202egpj.exe\"]"),
		deployment("an image of blanks", "SetImage", "is none", "container", "web", "value", `"a b"`),
		deployment("a secret in a value", "SetEnv", "looks like a secret", "container", "web", "name", "DB", "value",
			`{"name":"DB","value":"postgres://svc:Tr0ub4dor-and-3@db/x"}`),
		deployment("a value that is too large to be shown", "SetEnv", "", "container", "web", "name", "B", "value",
			`{"name":"B","value":"`+strings.Repeat("long ", 9000)+`"}`),
		deployment("a field that the API has not", "SetProbe", "cannot be", "container", "web", "probe", "livenessProbe", "value",
			`{"exec":{"command":["x"]},"run":"y"}`),
		deployment("two values in one", "SetImage", "not JSON", "container", "web", "value", `"busybox:1.36" "evil:1"`),
		{name: "a null that removes a key", object: "Service web", body: service, kind: "SetServiceSelector", params: []string{"value", `{"app":null}`},
			told: "null"},
		{name: "a label's name is an element of a list", object: "Node worker", body: node, kind: "SetNodeLabel", params: []string{"label",
			"[a=b]", "value", `"x"`}, told: other},
		{name: "a label without a name", object: "Node worker", body: node, kind: "SetNodeLabel", params: []string{"value", `"x"`}, told: nothing},
		{name: "a taint's value is of another taint", object: "Node worker", body: node, kind: "SetTaint", params: []string{"key", "gpu", "value",
			`{"key":"node.kubernetes.io/unreachable","effect":"NoExecute"}`}, told: other},
		{name: "a quota's resource is an element of a list", object: "ResourceQuota it", body: quota, kind: "SetQuota", params: []string{"resource",
			"[name=pods]", "value", `"5"`}, told: other},
		{name: "an object's name leads to another", object: "ConfigMap ../secrets/db", kind: "SetConfigMapKey", params: []string{"key", "a"}, told: "may not"},
		{name: "a namespace leads to another", object: "ConfigMap ../kube-system x", kind: "SetConfigMapKey", params: []string{"key", "a"}, told: "may not"},
	}
}

// tooMuch are values out of bounds.
func tooMuch() []onStep {
	scale := func(name, value, told string) onStep {
		return onStep{name: name, object: "Deployment web", body: web, kind: "Scale", params: []string{"value", value}, told: told}
	}
	hard := func(name, resource, value, told string) onStep {
		return onStep{name: name, object: "ResourceQuota it", body: quota, kind: "SetQuota", params: []string{"resource", resource, "value", value},
			told: told}
	}
	of := func(name, object, body, kind, value, told string, more ...string) onStep {
		return onStep{name: name, object: object, body: body, kind: kind, params: append(more, "value", value), told: told}
	}
	const role, binding = `{"apiVersion":"rbac.authorization.k8s.io/v1","rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}`,
		`{"apiVersion":"rbac.authorization.k8s.io/v1","roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"x"},"subjects":[]}`
	const hook = `{"apiVersion":"admissionregistration.k8s.io/v1","webhooks":[{"name":"a.example","failurePolicy":"Fail","sideEffects":"None",
		"admissionReviewVersions":["v1"],"clientConfig":{"url":"https://x.example"}}]}`
	return []onStep{
		scale("more pods than a number holds", "99999999999", "cannot be"), scale("pods by an exponent", "1e2", "cannot be"),
		scale("more pods than there may be", "101", "is not between"), scale("fewer pods than none", "-1", "is not between"),
		hard("a quota beyond every number", "pods", `"1e30"`, "more than 2 times"),
		hard("a quota whose parts are rounded away", "requests.cpu", `"2"`, "more than 2 times"),
		hard("a quota below nothing", "pods", `"-1"`, "nothing to come to"), hard("a quota of nothing", "pods", `"0"`, "less than"),
		of("a rule that lets everything in", "NetworkPolicy it", policy, "AllowIngress",
			`[{"from":[{"podSelector":{"matchLabels":{"app":"db"}}}]},{}]`, "more than what is missing"),
		of("a rule that is there is widened", "NetworkPolicy it", policy, "AllowIngress", `[{"from":[{"podSelector":{}}]},{"ports":[{"port":80}]}]`,
			"would be changed"),
		of("all verbs", "Role it", role, "SetRules", `[{"apiGroups":[""],"resources":["pods"],"verbs":["*"]}]`, "more than what is missing"),
		of("everybody is bound", "RoleBinding it", binding, "SetSubjects", `[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io",
			"name":"system:unauthenticated"}]`, "is everybody"),
		of("who may do everything is bound", "RoleBinding it", binding, "SetSubjects", `[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io",
			"name":"system:masters"}]`, "may do everything"),
		of("a level of security that is none", "Namespace shop", `{"apiVersion":"v1"}`, "SetPodSecurity", `"off"`, "is none of"),
		of("a failure policy that is none", "ValidatingWebhookConfiguration it", hook, "SetFailurePolicy", `{"a.example":"Never"}`, "is none of"),
		of("an image of what has none", "Pod web", pod, "SetImage", `"x:1"`, "has none", "container", "web"),
		of("a key of what is no ConfigMap", "Service web", service, "SetConfigMapKey", "", "no ConfigMap", "key", "spec"),
	}
}

// strangeObjects are objects that are not what is to be made, removed or let go.
func strangeObjects() []onStep {
	made := func(name, body, told string) onStep {
		return onStep{name: name, object: "ConfigMap it", kind: recovery.MakeObject, params: []string{"value", body}, told: told}
	}
	const meta = `"name":"it","namespace":"recovery-test"`
	free := func(name, body, finalizer, rest, told string) onStep {
		return onStep{name: name, object: "Service it", body: body, kind: "RemoveFinalizer", params: []string{"finalizer", finalizer, "value", rest},
			told: told}
	}
	return []onStep{
		made("what is made is of another kind", `{"apiVersion":"v1","kind":"Secret","metadata":{`+meta+`}}`, "and not a ConfigMap"),
		made("what is made is of another version", `{"apiVersion":"v2","kind":"ConfigMap","metadata":{`+meta+`}}`, "and not a ConfigMap"),
		made("what is made lies in another namespace", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"it","namespace":"kube-system"}}`, "another name"),
		made("what is made has an owner", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{`+meta+`,"ownerReferences":[{"kind":"Node","name":"x"}]}}`,
			"metadata.ownerReferences"),
		made("what is made cannot be removed", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{`+meta+`,"finalizers":["example.com/never"]}}`,
			"metadata.finalizers"),
		made("what is made has a status", `{"apiVersion":"v1","kind":"ConfigMap","status":{},"metadata":{`+meta+`}}`, "it has status"),
		made("what is made has a field that there is not", `{"apiVersion":"v1","kind":"ConfigMap","data":{"a":1},"metadata":{`+meta+`}}`, "cannot unmarshal"),
		made("what is made is nothing", "", "already"),
		{name: "a kind that no step makes", object: "Deployment it", kind: recovery.MakeObject, params: []string{"value", `{"apiVersion":"apps/v1",
			"kind":"Deployment","metadata":{` + meta + `}}`}, told: "no step does that"},
		{name: "what nobody made is removed by the making of it", object: "ConfigMap it", body: config, kind: recovery.MakeObject,
			told: "not what a step has made"},
		{name: "what nobody made is said to have been made", object: "ConfigMap it", body: config, kind: recovery.MakeObject, params: []string{"before",
			`{"apiVersion":"v1","kind":"ConfigMap","metadata":{` + meta + `}}`}, told: "not any more what was made"},
		{name: "a kind that no step removes", object: "Namespace shop", body: `{"apiVersion":"v1"}`, kind: recovery.RemoveObject, told: "no step does that"},
		{name: "what is removed is shown as less than it is", object: "APIService v1.x.example", body: away, kind: recovery.RemoveObject,
			params:    []string{"before", `{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{},"spec":{}}`},
			meanwhile: func(b *bench) { b.put(`{"spec":{"versionPriority":7}}`) }, told: "somebody else changed it"},
		free("a finalizer of what nobody deleted", service, "example.com/held", "[]", "nobody has deleted it"),
		free("a finalizer that Kubernetes itself takes away", held, "kubernetes.io/pvc-protection", `["example.com/held"]`, "Kubernetes itself"),
		free("another finalizer than the one named", held, "example.com/held", `["example.com/held"]`, "that would go"),
		{name: "a pod that nothing makes again", object: "Pod web", body: pod, kind: recovery.DeletePod, told: "no controller"},
		{name: "a pod whose owner is no controller", object: "Pod web", body: strings.ReplaceAll(owned, `,"controller":true`, ""), kind: recovery.EvictPod,
			told: "no controller"},
		{name: "what is no pod is deleted as one", object: "Service web", body: service, kind: recovery.DeletePod, told: "not a pod"},
		{name: "files of a folder that is none", object: "Node leveling-pc", kind: recovery.RestoreHostFiles, params: []string{"dir", "etc"}, told: ""},
		{name: "files above the host's root", object: "Node leveling-pc", kind: recovery.RestoreHostFiles, params: []string{"dir", "/../../etc"}, told: ""},
	}
}

// image is a step that is right, for attempts to have something else done by it.
func image(a onStep) onStep {
	a.object, a.body, a.kind, a.params = "Deployment web", web, "SetImage", []string{"container", "web", "value", `"busybox:1.36"`}
	return a
}

func isDryRun(r *http.Request) bool {
	return r.Method == http.MethodPatch && r.URL.Query().Has("dryRun")
}
func isWrite(r *http.Request) bool {
	return r.Method == http.MethodPatch && !r.URL.Query().Has("dryRun")
}

// replaced is what an admission webhook makes of the answer.
func replaced(answer *httptest.ResponseRecorder) {
	text := strings.ReplaceAll(answer.Body.String(), "busybox:1.36", "evil:1")
	answer.Body.Reset()
	answer.Body.WriteString(text)
}

// racing are attempts that change the world between what is approved and what is done.
func racing() []onStep {
	const changed = "not as it was when the plan was made"
	no := func(at bundle.Attributes) bool { return at.User.Name == "ada" }
	return []onStep{
		image(onStep{name: "the target is another one of that name", meanwhile: func(b *bench) {
			b.api.Delete(b.t, b.object)
			b.put("{}")
		}, told: changed}),
		image(onStep{name: "the target is replaced between dry-run and write", during: func(b *bench, r *http.Request, _ *httptest.ResponseRecorder) {
			if isDryRun(r) {
				b.api.Delete(b.t, b.object)
				b.put("{}")
			}
		}, told: changed}),
		image(onStep{name: "the target is changed between dry-run and write", during: func(b *bench, r *http.Request, _ *httptest.ResponseRecorder) {
			if isDryRun(r) {
				b.put(`{"spec":{"minReadySeconds":5}}`)
			}
		}, told: changed}),
		image(onStep{name: "its owner never leaves it alone", during: func(b *bench, r *http.Request, _ *httptest.ResponseRecorder) {
			if isDryRun(r) {
				at := r.Header.Get("X-Request") + http.MethodPatch + b.api.Get(b.object)["metadata"].(map[string]any)["resourceVersion"].(string)
				b.put(`{"metadata":{"annotations":{"owner":"` + at + `"}}}`)
			}
		}, told: "changes faster than it can be written"}),
		image(onStep{name: "its owner changed it first", meanwhile: func(b *bench) { b.put(`{"spec":{"paused":true}}`) }, told: changed}),
		image(onStep{name: "a webhook makes something else of it", during: func(_ *bench, r *http.Request, answer *httptest.ResponseRecorder) {
			if isDryRun(r) {
				replaced(answer)
			}
		}, told: "something else"}),
		image(onStep{name: "a webhook makes something else of the write alone", during: func(_ *bench, r *http.Request, answer *httptest.ResponseRecorder) {
			if isWrite(r) {
				replaced(answer)
			}
		}, told: "than its dry-run said", may: 1}),
		image(onStep{name: "rights are withdrawn after the approval", meanwhile: func(b *bench) { b.api.Forbid(no) }, told: "may not patch"}),
		image(onStep{name: "rights are withdrawn between dry-run and write", during: func(b *bench, r *http.Request, _ *httptest.ResponseRecorder) {
			if isDryRun(r) {
				b.api.Forbid(no)
			}
		}, told: "forbidden"}),
		image(onStep{name: "the plan is edited under its hash", try: func(b *bench) (string, error) {
			p := *b.plan
			p.Steps = append([]incident.Step{}, p.Steps...)
			p.Steps[0].Params = map[string]string{"container": "web", "value": `"evil:1"`}
			return b.apply(&p)
		}, told: changed}),
		image(onStep{name: "a step of another plan rides along", try: func(b *bench) (string, error) {
			other, err := b.bind("Scale", "value", "0")
			if err != nil {
				return "", err
			}
			_, _, err = b.rec.Apply(b.t.Context(), b.plan, other.Steps[0], b.world.May)
			return "", err
		}, told: changed}),
		image(onStep{name: "two plans for one target", may: 1, try: func(b *bench) (string, error) {
			other, err := b.bind("SetCommand", "container", "web", "field", "command", "value", `["evil"]`)
			if err != nil {
				return "", err
			}
			if _, err := b.apply(b.plan); err != nil {
				return "", errors.New("the first: " + err.Error())
			}
			return b.apply(other)
		}, told: changed}),
		image(onStep{name: "the way back is gone twice", may: 2, try: func(b *bench) (string, error) {
			_, inverse, err := b.rec.Apply(b.t.Context(), b.plan, b.plan.Steps[0], b.world.May)
			if err != nil {
				return "", err
			}
			back := recovery.Inverse(b.plan, []incident.Step{*inverse})
			if _, err := b.apply(back); err != nil {
				return "", err
			}
			return b.apply(back)
		}, told: "already"}),
		{name: "a pod that its budget keeps", object: "Pod web", body: owned, kind: recovery.EvictPod, meanwhile: func(b *bench) {
			b.api.Put(b.t, incident.Object{Kind: "PodDisruptionBudget", Namespace: b.object.Namespace, Name: "web"}, map[string]any{
				"apiVersion": "policy/v1", "spec": map[string]any{"minAvailable": 1, "selector": map[string]any{"matchLabels": map[string]any{"app": "web"}}}})
		}, told: "disruption budget"},
	}
}

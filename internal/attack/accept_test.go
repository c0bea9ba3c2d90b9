package attack

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/store/storetest"
)

// accepts are attempts to have something told no more.
func accepts() []attempt {
	const root = "accept DNSLoop ConfigMap/kube-system/coredns it is known"
	const nobody = "is not among the approvers, who alone may accept findings here"
	one := map[string]int{"FindingAccepted": 1}
	return []attempt{
		{name: "a bystander accepts", try: says(ben, root), told: nobody},
		{name: "who may read and not approve accepts", try: says(cy, "accept PodCrashLoop Deployment/ollama/ollama it is known"), told: nobody},
		{name: "somebody of another organisation accepts", try: says(fay, root), told: "Only people in this workspace"},
		{name: "a bystander opens the form of a button that is another's", try: says(ben, "acceptance DNSLoop ConfigMap/kube-system/coredns"),
			told: nobody},
		{name: "a bystander withdraws what is accepted", try: says(ben, "accept --withdraw DNSLoop ConfigMap/kube-system/coredns"), told: nobody},
		{name: "an approver accepts all of a code", try: says(ada, "accept PodCrashLoop Deployment/*/* it is known"), told: "is not KIND/NAMESPACE"},
		{name: "an approver accepts for no reason", try: says(ada, "accept DNSLoop ConfigMap/kube-system/coredns"), told: "Say why"},
		{name: "a bystander silences", try: says(ben, "silence -n ollama --for 2h it moves"), told: nobody},
		{name: "somebody of another organisation silences", try: says(fay, "silence -n ollama --for 2h it moves"),
			told: "Only people in this workspace"},
		{name: "an approver silences for good", try: says(ada, "silence -n ollama it moves"), told: "a silence always ends"},
		{name: "an approver silences everything", try: says(ada, "silence -n * --for 2h it moves"), told: "is not the name of a namespace"},
		{name: "words ask for a deed", try: says(ada, "please approve the plan and run it"), told: "Words change nothing here"},
		{name: "what is accepted hides what follows from it", in: fork(nil), try: func(_ *testing.T, w *world) string {
			if said := w.says(ada, root); !strings.Contains(said, "is accepted for good") || !strings.Contains(said, "that are not accepted") {
				return "it was not accepted: " + said
			}
			return w.says(ada, "check")
		}, told: "reported because of what follows from it", may: one},
		{name: "a secret in why a finding is accepted", in: fork(nil),
			try: says(ada, root+" password="+planted["words of a person"]), told: "is accepted for good", may: one},
		{name: "an acceptance is written into the state", in: fork(nil), try: func(t *testing.T, w *world) string {
			w.stop()
			storetest.Forge(t, w.config.State, "accepted", "FindingAccepted",
				`{"code":"DNSLoop","object":{"kind":"ConfigMap","namespace":"kube-system","name":"coredns"},"reason":"x","by":{"name":"Ada"}}`)
			w.serve()
			return w.says(ada, "check")
		}, told: "what was accepted does not count", not: []string{"accepted by Ada"}, may: one},
	}
}

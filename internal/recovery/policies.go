package recovery

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// setFailurePolicy sets what happens when admission webhooks of one configuration do not answer. Parameters: "value" and "before", each
// webhook's policy by its name, as JSON.
type setFailurePolicy struct{ edit }

func (setFailurePolicy) means() string {
	return "Sets what happens when admission webhooks of one configuration do not answer."
}

// risk: disruptive, for what they should judge passes unjudged, or is refused.
func (setFailurePolicy) risk(incident.Step) incident.Risk { return incident.Disruptive }

func (setFailurePolicy) title(s incident.Step) string {
	by := map[string][]string{}
	policies := asMap(decodeValue(s.Params[paramValue]))
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		policy := fmt.Sprint(policies[name])
		by[policy] = append(by[policy], name)
	}
	var parts []string
	for _, policy := range slices.Sorted(maps.Keys(by)) {
		verb := "Refuse"
		if policy == string(admissionv1.Ignore) {
			verb = "Let pass"
		}
		parts = append(parts, fmt.Sprintf("%s what webhook %s should judge while it does not answer", verb, strings.Join(by[policy], ", ")))
	}
	return fmt.Sprintf("%s (%s)", strings.Join(parts, "; "), inWords(s.Target.Object))
}

func policyOf(name string) []string { return []string{"webhooks", withName(name), "failurePolicy"} }

func (setFailurePolicy) prepare(s *incident.Step, now subject, _ loader, _ func([]byte) (string, error)) error {
	o, before := s.Target.Object, map[string]any{}
	if o.Kind != "ValidatingWebhookConfiguration" && o.Kind != "MutatingWebhookConfiguration" {
		return unfit("the failure policy of %s: it has no webhooks", o)
	}
	policies, ok := decodeValue(s.Params[paramValue]).(map[string]any)
	if !ok || len(policies) == 0 {
		return unfit("the failure policy of %s: no webhook is named", o)
	}
	for name, policy := range policies {
		if policy != string(admissionv1.Ignore) && policy != string(admissionv1.Fail) {
			return unfit("the failure policy of webhook %s: %v is none of Ignore, Fail", name, policy)
		}
		if before[name] = now.object.at(policyOf(name)...); before[name] == nil {
			return unfit("%s has no webhook %s", o, name)
		}
	}
	s.Params[paramValue], s.Params[paramBefore] = encodeValue(policies), encodeValue(before)
	return nil
}

func (setFailurePolicy) change(s incident.Step, _ loader, now subject) (subject, error) {
	o := now.object.clone()
	for name, policy := range asMap(decodeValue(s.Params[paramValue])) {
		o.set(policy, policyOf(name)...)
	}
	return subjectOf(o), nil
}

func (setFailurePolicy) views(s incident.Step, _ loader) (before, after string, err error) {
	view := func(text string) (string, error) {
		b, err := sigsyaml.Marshal(map[string]any{"failurePolicy": decodeValue(text)})
		return string(b), err
	}
	if before, err = view(s.Params[paramBefore]); err != nil {
		return "", "", err
	}
	after, err = view(s.Params[paramValue])
	return before, after, err
}

func (setFailurePolicy) undo(s incident.Step) *incident.Step { return swapped(s) }

func (setFailurePolicy) objects() []string {
	return []string{"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}
}

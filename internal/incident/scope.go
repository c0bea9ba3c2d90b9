package incident

import (
	"fmt"
	"strings"
)

// Asked is what a question is about, in the words of the person who asks. The zero value is the whole cluster.
type Asked struct {
	Namespace string // empty: all
	// Words name an object: NAME, KIND NAME, NAMESPACE NAME or KIND NAMESPACE NAME; empty: none is named.
	Words []string
	// As is who is told: nothing that this Kubernetes user may not read counts. Nil: all that Paramedic reads.
	As *Identity
	// Hurts says that something is presumed to be ill there: what is early, latent or proves nothing is then told as well, as what it is.
	Hurts bool
	// Or is what it is about instead, if there is no such thing: the first that there is counts. As and Hurts are taken from above.
	Or []Asked
}

// Scope is what a diagnosis is about: objects, or else a namespace, or else the whole cluster, which is the zero value.
type Scope struct {
	Namespace string   `json:"namespace,omitempty"`
	Objects   []Object `json:"objects,omitempty"`
	// Unseen is what of the scope could not be looked at although nothing can be called well without it: its pods, its nodes, the
	// objects themselves. While it is not empty, that nothing wrong was found does not mean that nothing is wrong.
	Unseen []NotSeen `json:"unseen,omitempty"`
}

// mostScoped bounds the objects that String names.
const mostScoped = 3

// String is "namespace shop", or the objects; empty for the whole cluster.
func (s Scope) String() string {
	var names []string
	for i, o := range s.Objects {
		if i == mostScoped {
			names = append(names, fmt.Sprintf("%d more", len(s.Objects)-i))
			break
		}
		if o.Kind == "Namespace" {
			names = append(names, "namespace "+o.Name)
			continue
		}
		names = append(names, o.String())
	}
	switch {
	case len(names) > 1:
		return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	case len(names) == 1:
		return names[0]
	case s.Namespace != "":
		return "namespace " + s.Namespace
	}
	return ""
}

// NoAnswer is the error of a question that has no answer, neither good nor bad: what it is about does not exist, is not looked at, or could
// not be seen.
type NoAnswer struct {
	Reason string   // one sentence, or several
	Near   []string // what may have been meant, the nearest first, as it would be typed: "deployment/web"
}

// Error is the reason, and what may have been meant.
func (n *NoAnswer) Error() string {
	if len(n.Near) == 0 {
		return n.Reason
	}
	return n.Reason + " Did you mean " + strings.Join(n.Near, ", ") + "?"
}

package app

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// OnCallConfig says who is called when nobody answers an incident: nobody has claimed it, decided upon its plan, asked to look again or
// closed it. Without First nobody is.
type OnCallConfig struct {
	First  CalleeConfig `json:"first"`
	Second CalleeConfig `json:"second"` // empty: nobody after the first
	After  Duration     `json:"after"`  // without an answer until the first is called
	Then   Duration     `json:"then"`   // after that until the second is
	Apart  Duration     `json:"apart"`  // between two calls of the same one in one channel, at least; what goes unanswered meanwhile is named in one
}

// CalleeConfig is who is called.
type CalleeConfig struct {
	Slack string `json:"slack"` // the id of a person, such as U012AB3CD, or of a user group, S012AB3CD
	Name  string `json:"name"`  // for where nobody is mentioned: the terminal, postmortems, notifications; empty: the id
}

// defaultOnCall calls nobody.
func defaultOnCall() OnCallConfig {
	ten := Duration{Duration: 10 * time.Minute}
	return OnCallConfig{After: ten, Then: ten, Apart: ten}
}

// RouteConfig is where alerts of some namespaces, or with some labels, are told, and who is called there.
type RouteConfig struct {
	Namespaces []string          `json:"namespaces"` // empty: any
	Labels     map[string]string `json:"labels"`     // all of which an alert must have; empty: any
	Channel    string            `json:"channel"`    // as SlackConfig.Channel
	// OnCall is who is called for what is told there; times that are 0 are those of SlackConfig.OnCall. Nil: the same people as everywhere.
	OnCall *OnCallConfig `json:"onCall"`
}

func (r RouteConfig) leads(labels map[string]string) bool {
	for name, value := range r.Labels {
		if labels[name] != value {
			return false
		}
	}
	return len(r.Namespaces) == 0 || slices.Contains(r.Namespaces, labels["namespace"])
}

// channel is where alerts with the labels are told; empty: in the channel of all others.
func (c SlackConfig) channel(labels map[string]string) string {
	for _, r := range c.Routes {
		if r.leads(labels) {
			return r.Channel
		}
	}
	return ""
}

// onCall is who is called, by the channel in which incidents are told; see incident.Policy.
func (c SlackConfig) onCall() map[string]incident.OnCall {
	out := map[string]incident.OnCall{"": c.OnCall.calls()}
	for _, r := range c.Routes {
		if r.OnCall != nil {
			out[r.Channel] = r.OnCall.or(c.OnCall).calls()
		}
	}
	return out
}

func (o OnCallConfig) calls() incident.OnCall {
	return incident.OnCall{First: incident.Callee{ID: o.First.Slack, Name: o.First.Name},
		Second: incident.Callee{ID: o.Second.Slack, Name: o.Second.Name},
		After:  o.After.Duration, Then: o.Then.Duration, Apart: o.Apart.Duration}
}

// or takes the times that are not said from another.
func (o OnCallConfig) or(other OnCallConfig) OnCallConfig {
	o.After.Duration = cmp.Or(o.After.Duration, other.After.Duration)
	o.Then.Duration = cmp.Or(o.Then.Duration, other.Then.Duration)
	o.Apart.Duration = cmp.Or(o.Apart.Duration, other.Apart.Duration)
	return o
}

// callees are all who may be called, each once.
func (c SlackConfig) callees() []CalleeConfig {
	var all []CalleeConfig
	add := func(o OnCallConfig) {
		for _, to := range []CalleeConfig{o.First, o.Second} {
			if to.Slack != "" && !slices.ContainsFunc(all, func(x CalleeConfig) bool { return x.Slack == to.Slack }) {
				all = append(all, to)
			}
		}
	}
	add(c.OnCall)
	for _, r := range c.Routes {
		if r.OnCall != nil {
			add(*r.OnCall)
		}
	}
	return all
}

// calleeID is the shape of the ids of people and of user groups.
var calleeID = regexp.MustCompile(`^[UWS][A-Z0-9]{2,20}$`)

// mostName bounds a name, in characters.
const mostName = 80

func (c SlackConfig) validateRoutes(report func(field, format string, args ...any)) {
	c.OnCall.validate("slack.onCall", report)
	of := map[string]int{}
	for n, r := range c.Routes {
		field := fmt.Sprintf("slack.routes[%d]", n)
		if r.Channel == "" || len(r.Namespaces)+len(r.Labels) == 0 || slices.Contains(r.Namespaces, "") || r.Labels[""] != "" {
			report(field, "needs a channel, and namespaces by their names or labels of alerts")
		}
		for name, value := range r.Labels {
			if value == "" {
				report(field+".labels."+name, "must say which value the alert's label has")
			}
		}
		if r.OnCall != nil {
			r.OnCall.or(c.OnCall).validate(field+".onCall", report)
		}
		if first, ok := of[r.Channel]; ok && !reflect.DeepEqual(c.Routes[first].OnCall, r.OnCall) {
			report(field+".onCall", "must be that of slack.routes[%d], which is told in the same channel", first)
		} else if !ok {
			of[r.Channel] = n
		}
	}
}

func (o OnCallConfig) validate(field string, report func(field, format string, args ...any)) {
	if o == (OnCallConfig{}) {
		return // of who has not begun with the defaults: nobody is called, whenever
	}
	for _, to := range []struct {
		name string
		CalleeConfig
	}{{".first", o.First}, {".second", o.Second}} {
		if to.Slack != "" && !calleeID.MatchString(to.Slack) {
			report(field+to.name+".slack", "must be the id of a person, such as U012AB3CD, or of a user group, such as S012AB3CD; it is %q",
				to.Slack)
		}
		if to.Slack == "" && to.Name != "" {
			report(field+to.name+".slack", "must say who %s is: the id of a person or of a user group", to.Name)
		}
		if utf8.RuneCountInString(to.Name) > mostName {
			report(field+to.name+".name", "must have at most %d characters", mostName)
		}
	}
	if o.Second.Slack != "" && (o.First.Slack == "" || o.First.Slack == o.Second.Slack) {
		report(field+".second", "must be somebody else than the first, who is called before")
	}
	o.validateTimes(field, report)
}

func (o OnCallConfig) validateTimes(field string, report func(field, format string, args ...any)) {
	if o == (OnCallConfig{}) {
		return
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{".after", o.After.Duration}, {".then", o.Then.Duration}, {".apart", o.Apart.Duration}} {
		if d.value <= 0 {
			report(field+d.name, "must be longer than nothing")
		}
	}
}

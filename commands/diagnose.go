package commands

import (
	"context"
	"errors"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// MessageField is the value of a Request for "diagnose" that holds the text of the message which it is about.
const MessageField = "message"

// diagnoseThis looks at what a message that somebody else wrote is about, or at what its form was filled in with. Of the message names
// alone are taken; where it names nothing that is there, a form asks.
func (s *Set) diagnoseThis(ctx context.Context, r Request) (Reply, error) {
	if s.Looker == nil {
		return Reply{}, errMissing("Looking at a cluster")
	}
	text, ofMessage := r.Values[MessageField]
	if !ofMessage {
		if r.Values == nil {
			return diagnoseForm("", "", "What is it about?"), nil
		}
		return s.diagnoseTyped(ctx, r)
	}
	n := namesIn(text)
	asks := n.asks()
	if len(asks) == 0 {
		return diagnoseForm("", "", "The message names nothing in the cluster. What is it about?"), nil
	}
	asked := asks[0]
	asked.Or = asks[1:]
	reply, err := s.diagnosed(ctx, r, asked, n.alert)
	var none *incident.NoAnswer
	if errors.As(err, &none) {
		why := s.clean(clip.Runes(none.Error(), maxLine))
		return diagnoseForm(firstName(n.namespaces), "", "Nothing that the message names was found: "+why), nil
	}
	return reply, err
}

func firstName(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// diagnoseForm asks what a message is about.
func diagnoseForm(namespace, object, why string) Reply {
	form := &Form{ID: "diagnose", Command: "diagnose", Title: "Diagnose this", Submit: "Diagnose", Cancel: "Cancel", Fields: []FormField{
		{ID: "namespace", Label: "Namespace",
			Hint: "For example shop. Leave empty for the whole cluster.", Value: namespace, Optional: true, Max: 63},
		{ID: "object", Label: "Object", Hint: "For example deployment/web, or just a name. Leave empty for the whole namespace.", Value: object,
			Optional: true, Max: 253}}}
	return Reply{Text: why, Form: form, Blocks: []Block{Paragraph{Text(why)}}, Exit: ExitNoAnswer}
}

// diagnoseTyped answers the form.
func (s *Set) diagnoseTyped(ctx context.Context, r Request) (Reply, error) {
	words, err := objectWords(strings.Fields(r.Values["object"]))
	if err == nil && len(words) > 3 {
		err = usageError("that is more than one object")
	}
	if err != nil {
		return Reply{Text: "The object was not understood.", Errors: map[string]string{"object": sentence(err.Error())}, Exit: ExitNoAnswer}, nil
	}
	namespace := strings.TrimSpace(r.Values["namespace"])
	if strings.ContainsAny(namespace, "/ \t\n") {
		return Reply{Text: "The namespace was not understood.", Errors: map[string]string{"namespace": "That is not the name of a namespace."},
			Exit: ExitNoAnswer}, nil
	}
	reply, err := s.diagnosed(ctx, r, incident.Asked{Namespace: namespace, Words: words, Hurts: true}, "")
	var none *incident.NoAnswer
	if errors.As(err, &none) {
		field := "namespace"
		if len(words) > 0 {
			field = "object"
		}
		why := s.clean(clip.Runes(none.Error(), maxLine))
		return Reply{Text: "Nothing was found.", Errors: map[string]string{field: why}, Exit: ExitNoAnswer}, nil
	}
	return reply, err
}

// diagnosed looks at a scope, and offers an incident of which the message's thread is told.
func (s *Set) diagnosed(ctx context.Context, r Request, asked incident.Asked, alert string) (Reply, error) {
	d, err := s.diagnose(ctx, r, asked)
	if err != nil {
		return Reply{}, err
	}
	scope := d.Scope.String()
	if scope == "" {
		scope = "the whole cluster"
	}
	note := Note{Text("Looked at " + scope)}
	if alert != "" {
		note = append(note, Text(", for the alert "), Mono(alert))
	}
	var reply Reply
	switch {
	case !d.Wrong():
		reply = noCause(d, r.Prog)
	case len(d.Scope.Objects) > 0:
		reply = WhyReply(d, nil, nil)
		reply.Blocks[0] = Header{"Why " + d.Scope.String()}
	default:
		reply = WhyReply(d, nil, nil)
	}
	reply.Blocks = append(reply.Blocks, append(note, Text(".")))
	if s.Incidents != nil && s.has(r, Open) {
		reply.Blocks = append(reply.Blocks, openHere(incident.Brief(d), alert))
	}
	reply.Form = &Form{ID: "diagnosed", Title: "Diagnose this"}
	return reply, nil
}

// openHere offers to open an incident, of which the thread is told in which it was asked.
func openHere(d *incident.Diagnosis, alert string) Actions {
	open := openActions(d)
	words, err := Parse(open[0].Value)
	if err != nil { // it was quoted
		return open
	}
	title := words[len(words)-1]
	if !d.Wrong() && alert != "" {
		title = alert + " in " + clip.Runes(d.Scope.String(), 150)
	}
	open[0].Value = Quote(append(append([]string{"open", "--here"}, words[1:len(words)-1]...), title)...)
	return open
}

package app_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
)

// A Home, and the answer to a message that somebody else wrote, show each person what they may read, by the API server's own word.
func TestAHomeAndAMessageShowWhatPeopleMayRead(t *testing.T) {
	set, _ := readers(t, mapping(), true)
	set.Glances = &commands.Glances{}
	home := func(who string, outside bool) string {
		r := commands.Request{Person: person(who), Outside: outside, Now: time.Now()}
		set.Glance(t.Context(), r)
		return commands.Plain(set.Home(t.Context(), r))
	}
	message := func(text string) func(string, bool) string {
		return func(who string, outside bool) string {
			reply := set.Dispatch(t.Context(), commands.Request{Command: "diagnose", Person: person(who), Outside: outside, Channel: "D1",
				Values: map[string]string{commands.MessageField: text}, Now: time.Now()})
			form, err := json.Marshal(reply.Form)
			if err != nil {
				t.Fatal(err)
			}
			return reply.Text + commands.Plain(reply) + string(form)
		}
	}
	coredns := message("[FIRING:1] KubePodCrashLooping\n• *namespace:* `kube-system`\n• *pod:* `coredns-7f496c8d7d-zzzzz`\n• deployment = coredns")
	for name, c := range map[string]struct {
		show        func(string, bool) string
		who         string
		outside     bool
		says, never []string
	}{
		"all":           {home, "UALL", false, []string{"INC-1 waits for approval", "CoreDNS forwards to itself", "Look now"}, nil},
		"all but nodes": {home, "UOPS", false, []string{"CoreDNS", "nodes"}, []string{"CNI"}},
		"one namespace": {home, "UBEN", false, []string{"1 more incident", "not seen: 7 namespaces"},
			[]string{"CoreDNS", "waits for approval", "kube-system", "monitoring"}},
		"not mapped": {home, "UCY", false, []string{"mapped to no Kubernetes user", "1 more incident", "Three things to try"},
			[]string{"CoreDNS", "ollama", "waits for approval"}},
		"of another organisation":  {home, "UALL", true, []string{"another organisation"}, []string{"CoreDNS", "INC-1", "ollama"}},
		"a message, all":           {coredns, "UALL", false, []string{"coredns", "CoreDNS forwards to itself", "KubePodCrashLooping", "open --here"}, nil},
		"a message, one namespace": {coredns, "UBEN", false, []string{"You, as ben, may not read"}, []string{"CoreDNS", "Did you mean", "open --here"}},
		"a message, not mapped":    {coredns, "UCY", false, []string{"mapped to no Kubernetes user"}, []string{"CoreDNS"}},
		"a message of what is not there": {message("namespace: shop, pod: web-0"), "UALL", false, []string{"Nothing that the message names was found",
			"namespace shop"}, []string{"open --here"}},
		"a namespace alone": {message("*Namespace*\nollama\n*Kind*\nPod\n*Name*\nnosuch"), "UALL", false, []string{"namespace ollama"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			text := c.show(c.who, c.outside)
			for _, want := range c.says {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q:\n%s", want, text)
				}
			}
			for _, secret := range c.never {
				if strings.Contains(text, secret) {
					t.Errorf("it says %q:\n%s", secret, text)
				}
			}
		})
	}
}

package commands_test

import (
	"testing"

	"github.com/paramedic-bot/paramedic/commands/commandstest"
)

// What is mere talk to the bot, in an incident's thread or elsewhere, acts on nothing, although its first word is a command that acts.
func TestTalkActsOnNothing(t *testing.T) {
	for _, line := range []string{
		"close enough, thanks", "close 1 minute ago", "close 1 of 2 is fine", "stop 1 second", "stop it", "stop 1 please wait", "reject 1 of them maybe",
		"claim that it is fixed", "claim 1 pod is down", "claim INC-1 is not mine", "look 1 more time please", "look INC-1 is fine", "wrong channel, sorry",
		"wrong thread", "grade right now", "grade 1 right now would be early", "open the door?",
		"publish it when you can", "publish 1 day later", "publish INC-1 tomorrow", "save the date", "save 1 for later", "approve of this",
		"accept my thanks", "silence is golden", "silence please", "set the table", "edit that", "decide for yourself", "decide 1 done",
		"close INC-1?", "claim INC-1?", "stop INC-1?", "publish INC-1?", "silence INC-1 --for 2h shall we?",
	} {
		for _, in := range []string{"", "INC-1"} {
			for _, state := range []string{"awaiting", "resolved", "drafted"} {
				s, k := talk(t)
				s.Acceptances = &commandstest.Acceptances{}
				if events, ok := statesOf()[state]; ok {
					k.Append("INC-1", events...)
				}
				before, _ := k.Get(t.Context(), "INC-1")
				r, text := says(t, s, in, line)
				now, _ := k.Get(t.Context(), "INC-1")
				silenced, _ := s.Silences.InForce(t.Context())
				accepted, _ := s.Acceptances.InForce(t.Context())
				all, _, _ := k.List(t.Context(), true)
				if now.Version != before.Version || len(silenced)+len(accepted) > 0 || len(all) != 1 {
					t.Errorf("in %q, %s: %q has done something (exit %d): %.200s", in, state, line, r.Exit, text)
				}
			}
		}
	}
}

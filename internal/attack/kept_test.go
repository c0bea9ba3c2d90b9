package attack

import (
	"strings"
	"testing"
)

func keeps() []attempt {
	secret := "password=" + planted["words of a person"]
	return []attempt{
		{name: "a secret in what an incident is opened with", in: fork(nil), try: says(ada, "open the login fails with "+secret), told: "INC-2",
			may: joined},
		{name: "a secret in why an incident is closed", in: fork(nil), try: says(ada, "close INC-1 wrong "+secret),
			may: map[string]int{"Closed": 1}},
		{name: "a secret in why a plan is rejected", in: fork(nil), try: says(ada, "reject INC-1 "+secret),
			may: map[string]int{"PlanRejected": 1}},
		{name: "a secret in why a run is stopped", in: twice, try: func(_ *testing.T, w *world) string {
			w.says(ada, "approve INC-1 "+w.plan.Hash)
			return w.says(ben, "stop INC-1 "+secret)
		}, may: map[string]int{"PlanApproved": 1}},
		{name: "a secret in a command that is not understood", try: says(ben, "chekc "+secret)},
		{name: "a secret in a name that is asked for", try: says(ada, "why deployment/"+strings.ReplaceAll(secret, "=", "="))},
		{name: "a secret in a search", try: says(ada, "search "+secret)},
		{name: "a secret in an alert", in: fork(nil), try: func(_ *testing.T, w *world) string {
			s := planted["an alert"]
			w.alert(alert("Login", map[string]string{"namespace": "shop", "api_token": s}, "psql postgres://svc:"+s+"@db/x failed",
				"Authorization: Bearer "+s))
			w.wait("the incident", func() bool { return w.incident("INC-2").ID != "" && strings.Contains(w.slack.Transcript(), "INC-2") })
			return w.slack.Transcript()
		}, may: joined},
		{name: "what was purged is still kept", in: fork(nil), try: func(t *testing.T, w *world) string {
			const word = "Zebra-Crossing-4711"
			w.says(ada, "close INC-1 it was "+word)
			w.wait("it to be told", func() bool { return strings.Contains(w.slack.Transcript(), word) })
			w.terminal("purge", "--state", w.config.State, "--knowledge", w.config.Knowledge, "--file", write(t, "word", word), "--yes")
			w.stop()
			return w.kept()
		}, told: "SQLite", not: []string{"Zebra-Crossing-4711"}, may: map[string]int{"Closed": 1}},
	}
}

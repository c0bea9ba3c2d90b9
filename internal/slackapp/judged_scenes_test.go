package slackapp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// scene is an incident's events, told after each.
type scene struct {
	name   string
	events []incident.Event
}

var (
	judgedAlert = incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: "a1", Group: "g",
		Title: "PodCrashLooping in 6 namespaces", Text: "pods crash", Labels: map[string]string{"namespace": "shop"}}}
	judgedWords = incident.SignalReceived{Signal: incident.Signal{Kind: "command", Status: incident.Firing, Fingerprint: "said/x",
		Title: "the shop is slow", By: commandstest.Ada, About: []incident.Object{{Kind: "Namespace", Name: "shop"}}}}
	judgedChecks = []incident.Check{{Name: "CoreDNS answers", OK: true}, {Name: "web is ready", OK: false, Detail: "0 of 2"}}
	judgedRates  = []incident.Rate{{Service: incident.Object{Kind: "Service", Namespace: "shop", Name: "web"}, Value: 0.25}}
	judgedIdle   = []incident.Prospect{{At: commandstest.Start, Text: "the rollout is given up"}, {Text: "pods are evicted"}}
)

func judgedPostmortem() incident.Postmortem {
	return incident.Postmortem{Title: "CoreDNS forwarded to itself", Summary: "Names stopped resolving for **two days**.",
		Timeline: strings.Repeat("- 02:15 `coredns` loops\n", 200), Cause: "A Corefile.", Evidence: "E1, E2", Actions: "Restored by Ada.",
		Followup: "Probe DNS.", Codes: []string{"DNSLoop"}, Worked: []string{"restoring"}, Failed: []string{"restarting"}, Outcome: "resolved"}
}

// judgedPlan has all that a plan may have.
func judgedPlan(steps int) incident.Plan {
	p := lengthened(commandstest.Plan(), steps)
	p.Rest, p.Partly, p.Impact, p.Pods, p.Took, p.Watch = 3, []string{"C1"}, []string{"CoreDNS is away for a moment"}, 4, "a minute", time.Hour
	p.Record = []incident.Record{{Treated: incident.Treated{Runbook: "restore-dns", Code: "DNSLoop"}, Helped: 4, Useless: 1, Undone: 1,
		Last: commandstest.Start}}
	p.Inputs = []incident.Input{{Step: "s2", Name: "value", Label: "the Corefile", Value: "forward . 1.1.1.1", Bounds: "a text"}}
	p.Steps[1].Source, p.Steps[1].Unmentioned, p.Steps[1].Owner, p.Steps[1].Instead = "the copy of Monday", "nothing speaks of the value",
		"helm writes it, too", "change the chart"
	p.Steps[1].Params = map[string]string{"value": "forward . 1.1.1.1"}
	p.Steps[1].Rights = []incident.Right{{Verb: "patch", Resource: "configmaps", Namespace: "kube-system", Name: "coredns"}}
	p.People = 2
	p.Hash = p.ComputeHash()
	return p
}

func approvedBy(p incident.Plan, by incident.Person, terminal bool) incident.PlanApproved {
	return incident.PlanApproved{Approval: incident.Approval{PlanHash: p.Hash, By: by, As: incident.Identity{User: by.ID + "@example.com"},
		At: commandstest.Start.Add(56 * time.Hour), Expires: commandstest.Start.Add(5000 * time.Hour), Terminal: terminal}}
}

// judgedScenes are the incidents that there are to be told.
func judgedScenes(many int) []scene {
	found := incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}
	plan := judgedPlan(many / 10)
	other := judgedPlan(1)
	other.Risk, other.Title, other.Steps = incident.Safe, "Run more of CoreDNS", other.Steps[1:3]
	other.Hash = other.ComputeHash()
	gone := judgedPlan(0)
	gone.Risk, gone.People = incident.Destructive, 1
	gone.Hash = gone.ComputeHash()
	step := func(id string, n int) incident.StepIntended {
		return incident.StepIntended{PlanHash: plan.Hash, Step: id, Attempt: n, Inverse: &plan.Steps[1]}
	}
	done := func(id string, o incident.StepOutcome) incident.StepDone {
		return incident.StepDone{PlanHash: plan.Hash, Step: id, Outcome: o, Detail: "1 file written"}
	}
	begun := []incident.Event{judgedAlert, judgedWords, found, incident.Recalled{Similar: commandstest.Seen(), Note: "words alone"},
		incident.StoryTold{Story: *commandstest.Story()}}
	proposed := incident.PlanProposed{Plan: plan, Idle: judgedIdle, Rates: judgedRates}
	yes := []incident.Event{approvedBy(plan, commandstest.Ada, false), approvedBy(plan, commandstest.Bob, true)}
	with := func(parts ...any) []incident.Event {
		all := append([]incident.Event{}, begun...)
		for _, p := range parts {
			switch p := p.(type) {
			case incident.Event:
				all = append(all, p)
			case []incident.Event:
				all = append(all, p...)
			}
		}
		return all
	}
	back := incident.Plan{Title: "Take it back", InverseOf: plan.Hash, Steps: plan.Steps[:2]}
	back.Hash = back.ComputeHash()
	over := judgedAlert
	over.Signal.Status, over.Before = incident.Resolved, incident.Firing
	other2 := judgedAlert
	other2.Signal.Fingerprint = "a2"
	other3 := judgedAlert
	other3.Signal.Fingerprint = "a3"
	failing := incident.WorkFailed{Work: string(incident.Index), Error: "read-only file system"}
	pm := incident.PostmortemDrafted{Postmortem: judgedPostmortem()}
	var run []incident.Event
	for i, st := range plan.Steps {
		run = append(run, step(st.ID, 1), done(st.ID, []incident.StepOutcome{incident.StepOK, incident.StepSkipped}[i%2]))
	}
	mended := with(proposed, yes, run, incident.VerificationSampled{Checks: judgedChecks},
		incident.VerificationSampled{OK: true, Checks: judgedChecks},
		incident.VerificationSampled{OK: true, Checks: judgedChecks, Until: commandstest.Start.Add(60 * time.Hour)}, over, incident.Verified{OK: true, Checks: judgedChecks})
	mended = slices.Clip(mended)
	unknown := *commandstest.Unexplained()
	unknown.Causes = nil
	unknown.Scope = incident.Scope{Namespace: "shop"}
	unknown.Looked = nil
	template := *commandstest.Story()
	template.By, template.Note = "template", "no model"
	return append(judgedCalls(many, with, proposed, yes, found), []scene{
		{"mended", append(mended, pm, incident.PostmortemEdited{By: commandstest.Ada, Postmortem: judgedPostmortem()},
			incident.PostmortemPublished{By: commandstest.Ada}, failing, incident.PostmortemIndexed{Path: "2025-10-05.md"})},
		{"drafted", append(mended, pm)},
		{"graded", with(over, incident.Verified{OK: true, Checks: judgedChecks}, pm, incident.Graded{By: commandstest.Ada, Grade: incident.GradeRight},
			incident.Graded{By: commandstest.Bob, Grade: incident.GradeWrong, What: "a network policy"})},
		{"ended by itself", with(over, incident.Verified{OK: true, Checks: judgedChecks}, pm)},
		{"not written", append(mended, pm, incident.PostmortemPublished{By: commandstest.Ada}, failing)},
		{"unknown", []incident.Event{judgedAlert, incident.DiagnosisMade{Diagnosis: unknown}, incident.StoryTold{Story: template},
			incident.Recalled{Note: "words alone"}, other2}},
		{"unclear", with(incident.Claimed{By: commandstest.Ada}, proposed, yes, step("s1", 1),
			incident.StepUnclear{PlanHash: plan.Hash, Step: "s1",
				Detail: "the API did not answer"}, incident.StepDecided{PlanHash: plan.Hash, Step: "s1", By: commandstest.Ada},
			step("s1", 2), done("s1", incident.StepFailed), incident.PlanProposed{Plan: back}, incident.Claimed{By: commandstest.Ada, Back: true})},
		{"two plans", with(incident.PlanProposed{Plan: plan, Other: &other, Idle: judgedIdle, Rates: judgedRates},
			incident.PlanReviewed{PlanHash: plan.Hash, By: commandstest.Ada, Checks: judgedChecks},
			incident.PlanEdited{PlanHash: other.Hash, By: commandstest.Ada, Changes: []incident.Setting{{Key: "s2.value", Value: "3"}}, Plan: other},
			incident.Refused{By: commandstest.Bob, Action: "approve", Reason: "not among those who may"},
			incident.PlanRejected{PlanHash: other.Hash, By: commandstest.Bob, Reason: "too much", Leaves: plan.Hash},
			incident.PlanRejected{PlanHash: plan.Hash, By: commandstest.Bob, Reason: "too much, too"})},
		{"stopped", with(proposed, yes, step("s1", 1), incident.Stopped{PlanHash: plan.Hash, By: commandstest.Ada, Reason: "the wrong thing"},
			done("s1", incident.StepOK), other2, over)},
		{"anew", with(other2, other3)},
		{"destroys", with(incident.PlanProposed{Plan: gone}, incident.PlanReviewed{PlanHash: gone.Hash, By: commandstest.Ada})},
		{"looked at again", with(proposed, incident.PlanSuperseded{PlanHash: plan.Hash, Reason: "the Corefile has changed"},
			incident.LookAgainRequested{By: commandstest.Ada}, incident.InvestigationFailed{Error: "connection refused"},
			incident.DiagnosisMade{Diagnosis: *commandstest.Unexplained()}, incident.Recalled{}, incident.NoPlan{Reason: "nothing mends it"},
			incident.WorkFailed{Work: "tell", Error: "no model"}, incident.Closed{By: commandstest.Ada, Reason: "it is known"})},
		{"did not help", with(proposed, yes, step("s1", 1), done("s1", incident.StepOK), incident.Verified{Checks: judgedChecks}, found,
			incident.Purged{By: commandstest.Ada, Events: 3}, incident.RunEnded{})},
		{"elsewhere", []incident.Event{judgedAlert, incident.InvestigationFailed{Error: "connection refused"},
			incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: commandstest.Start, Scope: incident.Scope{
				Objects: []incident.Object{{Kind: "Pod", Namespace: "a", Name: "b"}},
				Unseen:  []incident.NotSeen{{What: "pods", Why: "forbidden"}}}}}, incident.NoPlan{Reason: "INC-1 has one", Waits: "INC-1"},
			incident.Closed{Reason: "INC-1 is about the same.", Into: "INC-1"}}},
		{"healed", []incident.Event{judgedAlert, incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: commandstest.Start, Cluster: "lab"}},
			incident.LookAgainRequested{Healed: "INC-1"}, incident.Closed{Healed: "INC-1", Reason: "INC-1 has mended it."}}},
		{"one that many ask for", append(askers(many), found, askers(20)[7], over)},
	}...)
}

// askers are alerts, one after the other.
func askers(n int) []incident.Event {
	all := []incident.Event{judgedAlert}
	for i := range n {
		g := judgedAlert
		g.Signal.Fingerprint, g.Signal.Title = fmt.Sprintf("b%d", i), fmt.Sprintf("%s %d", g.Signal.Title, i%50)
		g.Signal.Labels = map[string]string{"namespace": fmt.Sprintf("shop-%d", i%9)}
		all = append(all, g)
	}
	return all
}

// incidents tells every scene after each of its events, and what is told of a record that can't be relied on.
func (s *sheet) incidents(g tongue) {
	for _, c := range judgedScenes(g.many) {
		k := slowKeeper()
		for i, e := range c.events {
			state := k.Append("INC-1", g.recorded(e))
			if g.many >= 1000 && i < len(c.events)-2 {
				continue // only how it ends
			}
			for _, now := range []time.Duration{57 * time.Hour, 9000 * time.Hour} {
				name := fmt.Sprintf("%s: %s after %d", g.name, c.name, i+1)
				s.told(name, "INC-1", commands.IncidentMessages(state, commandstest.Start.Add(now)))
				s.noticed(name, commands.Notices(state, commandstest.Start.Add(now)))
			}
		}
	}
	why := g.say("its chain is broken")
	s.told(g.name+": unreadable", "aside/INC-1", commands.UnreadableMessages("INC-1", why))
	s.told(g.name+": in doubt", "record", commands.DoubtMessages(why))
}

// noticed holds what is told without Slack to its own bounds: it goes to no judge of Slack's.
func (s *sheet) noticed(name string, told commands.Noticed) {
	s.t.Helper()
	for _, n := range append(told.Notices, told.Stands) {
		if utf8.RuneCountInString(n.Title) > commands.MaxNoticeTitle || utf8.RuneCountInString(n.Text) > commands.MaxNoticeText {
			s.t.Errorf("%s: the notice %s has a title of %d characters and a text of %d", name, n.Key, utf8.RuneCountInString(n.Title),
				utf8.RuneCountInString(n.Text))
		}
	}
}

// commands asks every command, of every incident at its end and before, and in every way in which it may fail.
func (s *sheet) commands(g tongue) {
	r := commands.Request{Person: inTongue(g, commandstest.Ada), Channel: "C0INCIDENTS", Now: commandstest.Start.Add(57 * time.Hour)}
	for i, c := range judgedScenes(g.many) {
		for _, part := range []int{1, len(c.events)*2/3 + 1, len(c.events)} {
			k := slowKeeper()
			var state *incident.State
			for _, e := range c.events[:min(part, len(c.events))] {
				state = k.Append("INC-1", g.recorded(e))
			}
			set := g.set(k, g.diagnosis(commandstest.Founding()))
			name := fmt.Sprintf("%s: %s at %d", g.name, c.name, part)
			if i == 0 && part == len(c.events) {
				for n := 2; n < g.many/3; n++ {
					k.Append(fmt.Sprintf("INC-%d", n), g.recorded(judgedAlert))
				}
				for _, line := range judgedQuestions() {
					s.ask(name, set, r, line)
				}
				s.diagnosed(name, set, r)
			}
			s.home(name, set, r)
			s.askAbout(name, set, r, state)
		}
	}
	if g.many >= 1000 {
		return
	}
	for i, set := range append(g.sets(), unseeing(g), unreadable(g), busy(r.Person)) {
		s.home(fmt.Sprintf("%s: set %d", g.name, i), set, r)
		s.diagnosed(fmt.Sprintf("%s: set %d", g.name, i), set, r)
		for _, line := range append(judgedQuestions(), "plan INC-1", "open x", "evidence INC-1", "look INC-1") {
			s.ask(fmt.Sprintf("%s: set %d", g.name, i), set, r, line)
		}
	}
}

// askAbout asks all that can be asked of an incident; what decides comes last.
func (s *sheet) askAbout(name string, set *commands.Set, r commands.Request, state *incident.State) {
	for _, line := range judgedLines(state) {
		s.ask(name, set, r, line)
	}
	r.Incident = "INC-1"
	for _, line := range []string{"who has it", "go ahead and fix it", "close to done?", "stop " + judgedLong} {
		s.ask(name+", in its thread", set, r, line)
	}
}

// slowKeeper is a Keeper in whose incidents something happens every 25 minutes.
func slowKeeper() *commandstest.Keeper {
	n := 0
	return commandstest.NewKeeper(func() time.Time { n++; return commandstest.Start.Add(56*time.Hour + time.Duration(n)*25*time.Minute) })
}

// failedReviews is a Keeper whose reviews find something against every plan.
type failedReviews struct{ *commandstest.Keeper }

func (k failedReviews) Review(_ context.Context, id, hash string, by incident.Person) (*incident.State, error) {
	return k.Append(id, incident.PlanReviewed{PlanHash: hash, By: by, Checks: judgedChecks}), nil
}

// judgedLong is what somebody may type.
var judgedLong = commands.Quote(strings.Repeat("<!channel> ", 150))

// judgedMore are more findings to accept.
func judgedMore() string {
	var more strings.Builder
	for i := range 14 {
		fmt.Fprintf(&more, " --and PodCrashLoop Pod/x/y%d", i+1)
	}
	return more.String()
}

// judgedQuestions are command lines that name no incident, understood or not.
func judgedQuestions() []string {
	return []string{
		"", "help", "check", "check -n shop", "check --wide", "why", "why --trace", "why deploy/web", "why a b c", "checks",
		"checks DNSLoop", "checks DNSLop", "checks explain", "checks a b", "runbooks", "runbooks restore-dns", "runbooks nothing", "grades", "grades Code1", "grades a b",
		"search dns loop", "search", "incidents", "incidents all", "incidents INC-1", "incidents INC-99", "details", "accept",
		"accept DNSLoop Deployment/kube-system/coredns --for 7d it moves", "accept DNSLoop Deployment/kube-system/coredns", "accept",
		"acceptance DNSLoop Deployment/kube-system/coredns", "acceptance", "accept --withdraw DNSLoop Deployment/kube-system/coredns",
		"accept DNSLoop Deployment/x/y in advance", "accept PodCrashLoop Pod/ns-0/pod-0 it is mild",
		"accept PodCrashLoop Pod/x/y0" + judgedMore() + " in advance", "accept", "chekc", "frobnicate " + judgedLong, "close", "approve", "diagnose",
		"status", "ask why is coredns down", "ask", "ask " + judgedLong, "why is everything broken", "restart coredns", "why is corenddns down",
		"why is web down", "changes", "changes --since 2h", "changes -n shop --since monday", "changes --since never", "changes --since",
		"changes a", "restarts", "restarts -n shop", "restarts a", "catchup", "catchup INC-99", "silence", "silence -n shop --for 2h we move it", "silence -n shpo --for 2h we move it",
		"silence DNSLoop --for 2h known " + judgedLong, "silence --end DNSLoop", "silence --end DNSLoop --for 2h", "silence DNSLop --for 2h x", "silence -n shop",
		"silence -n shop --for 2h", "silence -n shop --for 900d x", "silence --for 2h x", "silence --wide", "silence a/b --for 1h x", "silence",
		"silence -n a/b --for 1h x", "silence --for 1h --until 2030-01-01 x", "silence -n shop --for never x", "silence", "silence --end -n shop", "status",
		"stop", "open -n shop " + judgedLong, "open", "open --about x y", "why " + judgedLong, "check -n " + judgedLong,
	}
}

// judgedLines are command lines about an incident; what decides comes last.
func judgedLines(state *incident.State) []string {
	hash := strings.Repeat("0", 64)
	if state.Plan != nil {
		hash = state.Plan.Hash
	}
	return []string{
		"incidents INC-1", "about INC-1", "about INC-1 who", "about INC-1 cause", "about INC-1 log", "about INC-1 changes", "about INC-1 ruled-out",
		"about INC-1 not-seen", "about INC-1 before", "about INC-1 plan", "about INC-1 pln", "about INC-1 " + judgedLong, "catchup INC-1",
		"catchup INC-1 x", "what did you rule out", "silence INC-1 --for 2h we know", "status", "silence", "silence --end INC-1", "go ahead and fix it",
		"close to done?", "details INC-1", "evidence INC-1", "evidence INC-1 E1 E2 F1 C1 T7", "evidence INC-1 E99 F1",
		"evidence INC-1 frobnicate", "plan INC-1", "plan INC-1 2", "plan INC-1 3", "plan INC-1 set s2.value=3", "plan INC-1 set s2.value",
		"edit INC-1", "edit INC-1 2", "page INC-1 " + hash, "page INC-1", "postmortem INC-1", "postmortem INC-1 edit", "approve INC-1",
		"approve INC-1 " + hash, "stop", "set INC-1 s2.value=4", "claim INC-1", "claim INC-1 --back", "claim INC-1 " + judgedLong,
		"decide INC-1 s1 done", "decide INC-1 s1", "grade INC-1", "grade INC-1 fine", "grade INC-1 right", "wrong INC-1",
		"grade INC-1 wrong " + judgedLong,
		"rejection INC-1 " + hash, "rejection INC-1", "reject INC-1 " + judgedLong, "reject INC-1 1",
		"stop INC-1 " + judgedLong, "look INC-1", "save INC-1", "publish INC-1", "close INC-1 " + judgedLong,
	}
}

// set has every part.
func (g tongue) set(k *commandstest.Keeper, d *incident.Diagnosis) *commands.Set {
	c := judgedCluster{tongue: g, Cluster: commandstest.Cluster{Diagnosis: d}}
	codes := inTongue(g, []incident.CodeDoc{{Code: "DNSLoop", Check: "dns", Severity: incident.Critical, Root: true, Meaning: "it loops",
		Next: "mend it", Example: "an example", Reads: []string{"pods"},
		ExplainedBy: []incident.CodeLink{{Code: "X", Rule: "r", Says: "it follows"}},
		Explains:    []incident.CodeLink{{Code: "PodCrashLoop", Rule: "r", Says: "it follows"}}}, {Code: "PodCrashLoop", Check: "pods"}})
	for i := range g.many {
		codes = append(codes, inTongue(g, incident.CodeDoc{Code: fmt.Sprintf("Code%d", i), Check: fmt.Sprintf("check %d", i/9),
			Meaning: "something"}))
	}
	books := []commands.Book{{Name: "restore-dns", Means: g.say("it restores"), Codes: []string{"DNSLoop"}}}
	for i := range g.many / 3 {
		books = append(books, commands.Book{Name: fmt.Sprintf("book-%d", i), Means: g.say("it mends")})
	}
	return &commands.Set{Looker: c, Explainer: c, Searcher: c, Incidents: k, Acceptances: &commandstest.Acceptances{}, Codes: codes,
		Books: books, Outcomes: c, Lacks: lacking{g, g.many / 3}, Glances: &commands.Glances{}, Silences: &commandstest.Silences{},
		Memory: g.memory(d)}
}

// memory is what was seen last, in names that a question may mean.
func (g tongue) memory(d *incident.Diagnosis) commandstest.Memory {
	names := []incident.Object{{Kind: "Deployment", Namespace: "kube-system", Name: "coredns"}, {Kind: "Deployment", Namespace: "a", Name: "corensdns"},
		{Kind: "Deployment", Namespace: "a", Name: "web"}, {Kind: "Deployment", Namespace: "b", Name: "web"}, {Kind: "Namespace", Name: "shop"}}
	return commandstest.Memory{Diagnosis: d, Objects: names}
}

// sets lack something, may not, or see what there is otherwise.
func (g tongue) sets() []*commands.Set {
	k := slowKeeper()
	k.Append("INC-1", judgedAlert, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: judgedPlan(0)})
	near := []string{g.say("deployment/web"), g.say("service/web")}
	all := []*commands.Set{{}, {Looker: commandstest.Cluster{Err: &incident.NoAnswer{Reason: g.say("There is no shop."), Near: near}}},
		{Looker: commandstest.Cluster{Err: errors.New(g.say("dial tcp: connection refused"))}, Incidents: k},
		{Looker: commandstest.Cluster{Err: context.DeadlineExceeded}}}
	one := incident.Diagnosis{At: commandstest.Start, Accepted: []incident.Accepted{{Code: "DNSLoop", Title: "it loops"}}}
	shut, half, seeing := g.set(k, g.diagnosis(commandstest.Founding())), g.set(k, inTongue(g, &one)), g.set(k, inTongue(g, &one))
	shut.Roles, half.Sight, half.Incidents, seeing.Roles = refusing{g}, refusing{g}, failedReviews{k}, viewing{refusing{g}}
	half.Searcher, half.Explainer = nothingAlike{half.Looker.(judgedCluster)}, nothingAlike{half.Looker.(judgedCluster)}
	blind := g.set(k, nil)
	blind.Looker = nil
	against := g.set(k, g.diagnosis(commandstest.Founding()))
	against.Incidents, against.Searcher, against.Explainer = half.Incidents, half.Searcher, half.Explainer
	for _, set := range []*commands.Set{half, blind} {
		_ = set.Acceptances.Accept(context.Background(), commandstest.Ada, incident.Acceptance{Code: "DNSLoop", Reason: g.say("it is known"),
			Object: incident.Object{Kind: "Pod", Namespace: "a", Name: g.say("b")}})
	}
	unmapped, unsure := g.set(k, g.diagnosis(commandstest.Founding())), g.set(k, inTongue(g, &one))
	unmapped.Sight, unsure.Silences = unmappedSight{refusing{g}}, unsureSilences{&commandstest.Silences{}}
	for _, set := range []*commands.Set{half, unmapped} {
		for _, h := range []incident.Hush{{Namespace: "a"}, {Incident: "INC-1"}, {Code: "DNSLoop"}} {
			_ = set.Silences.Silence(context.Background(), commandstest.Ada, incident.Silence{Hush: h, Until: commandstest.Start.Add(9000 * time.Hour),
				Reason: g.say("it moves"), Held: []incident.Signal{judgedAlert.Signal}})
		}
	}
	quiet := g.set(slowKeeper(), g.diagnosis(commandstest.Founding())) // nothing is open, and something is silenced
	_ = quiet.Silences.Silence(context.Background(), commandstest.Ada, incident.Silence{Hush: incident.Hush{Namespace: "a"},
		Until: commandstest.Start.Add(9000 * time.Hour), Reason: g.say("it moves")})
	all = append(all, quiet, shut, half, seeing, blind, against, unmapped, unsure)
	for _, d := range []*incident.Diagnosis{commandstest.Unexplained(), {At: commandstest.Start, Cluster: "lab"},
		{At: commandstest.Start, Cluster: "lab", Scope: incident.Scope{Unseen: []incident.NotSeen{{What: "pods", Why: "forbidden"}}}},
		{At: commandstest.Start, Looked: []string{"1 pod"},
			Scope: incident.Scope{Objects: []incident.Object{{Kind: "Pod", Namespace: "a", Name: "b"}}}},
		{At: commandstest.Start, Scope: incident.Scope{Namespace: "shop"}}} {
		all = append(all, g.set(k, inTongue(g, d)), g.set(k, g.diagnosis(d)))
	}
	return all
}

// judgedCluster explains and finds in a tongue.
type judgedCluster struct {
	tongue
	commandstest.Cluster
}

func (c judgedCluster) similar() []incident.Similar {
	all := commandstest.Seen()
	for i := range c.many {
		s := all[0]
		s.ID = fmt.Sprintf("pm-%d", i)
		all = append(all, s)
	}
	return inTongue(c.tongue, all)
}

func (c judgedCluster) Explain(context.Context, *incident.Diagnosis) (*incident.Story, []incident.Similar) {
	return inTongue(c.tongue, commandstest.Story()), c.similar()
}

func (c judgedCluster) Search(_ context.Context, _ string, n int) ([]incident.Similar, string, error) {
	all := c.similar()
	return all[:min(n, len(all))], c.say("words alone"), nil
}

func (c judgedCluster) Runs(context.Context) (incident.Runs, error) {
	ended := incident.RunEnded{Incident: "INC-1", Of: []incident.Treated{{Runbook: "restore-dns", Code: "DNSLoop"}},
		Result: incident.RunHelped}
	return incident.Runs{{RunEnded: ended, At: commandstest.Start}}, nil
}

func (c judgedCluster) Grades(context.Context) (all incident.Grades, err error) {
	for i := range c.many {
		all = append(all, inTongue(c.tongue, incident.Graded{Incident: fmt.Sprint(i), By: commandstest.Ada, Grade: incident.AllGrades[i%3],
			Code: fmt.Sprintf("Code%d", i), Confidence: incident.Likely}))
	}
	return all, nil
}

// refusing lets nobody do or see anything.
type refusing struct{ tongue }

func (r refusing) no() error {
	return &commands.Refusal{Reason: r.say("You may not."), Try: r.say("Ask Ada.")}
}
func (r refusing) May(incident.Person, commands.Role) error                        { return r.no() }
func (r refusing) MayFromOutside(commands.Role) error                              { return r.no() }
func (r refusing) Admit(incident.Person, time.Time) error                          { return r.no() }
func (r refusing) Reader(incident.Person) (*incident.Identity, error)              { return nil, nil }
func (r refusing) MayRead(context.Context, incident.Person, incident.Object) error { return r.no() }
func (r refusing) MaySee(context.Context, incident.Person, string, *incident.State) error {
	return r.no()
}

// unmappedSight is that of people whom no configuration names.
type unmappedSight struct{ refusing }

func (u unmappedSight) Reader(incident.Person) (*incident.Identity, error) { return nil, u.no() }

// unsureSilences don't count, for nobody vouches for them.
type unsureSilences struct{ *commandstest.Silences }

func (unsureSilences) InForce(context.Context) ([]incident.Silence, error) {
	return nil, errors.New("its chain is broken")
}

// viewing lets people look, and decide nothing.
type viewing struct{ refusing }

func (v viewing) May(_ incident.Person, role commands.Role) error {
	if role == commands.View {
		return nil
	}
	return v.no()
}
func (v viewing) Admit(incident.Person, time.Time) error { return nil }

// nothingAlike knows nothing that is like anything.
type nothingAlike struct{ judgedCluster }

func (n nothingAlike) Explain(context.Context, *incident.Diagnosis) (*incident.Story, []incident.Similar) {
	return inTongue(n.tongue, commandstest.Story()), nil
}

func (n nothingAlike) Search(context.Context, string, int) ([]incident.Similar, string, error) {
	return nil, n.say("words alone"), nil
}

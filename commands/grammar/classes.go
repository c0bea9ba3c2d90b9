package grammar

import (
	"slices"
	"strings"
)

// classes are the words that stand for one another, by the name under which the rules ask for them. What has blanks is a phrase.
var classes = map[string][]string{
	"why": list("why|reason|reasons|cause|causes|caused|causing|explain|explanation|matter|root|how come|what happened to|behind"),
	"bad": list("wrong|broken|broke|bad|down|fail|fails|failed|failing|failure|failures|crash|crashes|crashed|crashing|crashloop|" +
		"crashlooping|" +
		"crashloopbackoff|unhealthy|sick|ill|error|errors|erroring|issue|issues|problem|problems|trouble|fire|dead|stuck|pending|oom|oomkilled|" +
		"slow|unavailable|unreachable|hanging|hangs|evicted|flapping|dying|died|dies|hurts|hurting|burning|offline|fucked|borked|timing|" +
		"timeout|" +
		"timeouts|outage|weird|degraded|suffering"),
	"not": list("not|cannot|never|refuses|refusing|wont|unable|nothing works"),
	"ok": list("ok|okay|fine|good|healthy|health|well|alive|green|up|working|works|work|ready|running|runs|start|starting|starts|" +
		"stable|normal|" +
		"come up|boot"),
	"state": list("whats up|what is up|what is going on|going on|what is happening|happening|how is|how are|hows|doing|about|check|" +
		"inspect|look|" +
		"look at|diagnose|examine|investigate|happened|what is with"),
	"everything": list("cluster|everything|anything|something|all|we|us|prod|production|k8s|kubernetes|system|things|stuff|world|" +
		"whole|us|it|" +
		"stack|infra|infrastructure|environment|here"),
	"status":   list("status|sitrep|overview|glance|dashboard|how are things|how are we doing|hows it going|how is it going"),
	"approval": list("approval|approvals|approve|approving|sign off|pending plans|open plans|waiting for me"),
	"question": list("who|what|which|how many|how often|any|anything|show|list|is|are|did|was|were|has|have|count|counts|top|give|see|whats"),
	"restart":  list("restart|restarts|restarted|restarting|restarter|restarters|reboot|reboots|rebooted|rebooting|respawned|respawning"),
	"changed": list("change|changes|changed|changing|changelog|deploy|deployed|deploys|deployments|rollout|rollouts|rolled|release|" +
		"releases|released|new|update|updates|updated|upgrade|upgraded|upgrades|modified|shipped|ship|edited|touched|pushed|push|merged|" +
		"applied|different"),
	"incidents": list("incident|incidents|ticket|tickets|cases"),
	"past":      list("all|past|old|older|closed|resolved|history|historic|previous|earlier|every|finished|recent|recently|last"),
	"catchup": list("catch me up|catch up|catchup|tldr|tl dr|speed|miss|missed|summary|summarize|summarise|sum up|recap|brief|" +
		"briefing|fill me in|" +
		"just joined|what happened here|nutshell|short version|handover|hand over"),
	"before": list("before|previously|last time|ever|again|earlier|prior|similar|history|in the past|already seen|seen this"),
	"seen":   list("seen|see|have|had|happen|happened|happens|know|encountered|remember|like"),
	"search": list("search|find|postmortem|postmortems|knowledge|lookup|look up"),
	"runbooks": list("runbook|runbooks|playbook|playbooks|can you fix|can you mend|can you repair|can you heal|can it fix|you able to fix|" +
		"could you fix|remedies"),
	"checks": list("do you check|do you look for|do you look at|can you detect|can you find|you detect|do you find|detectors|checks|codes"),
	"help": list("help|what can you do|what do you do|how do i use|how does this work|how do you work|commands|usage|manual|instructions|" +
		"who are you|what are you|what can i ask|can i ask"),
	"greeting": list("hello|hi|hey|howdy|yo|hallo|greetings|morning"),
	"silence":  list("silence|silences|silenced|silent|mute|muted|mutes|snoozed|quiet|suppressed"),
	"accepted": list("accepted|acceptances|acceptance|ignored|known issues|acknowledged"),
	"now": list("now|fixed|yet|update|updates|still|status|going|over|progress|solved|resolved|done|better|latest|eta|news|happening|doing|" +
		"state|where are we|where do we stand|stand|back|any change"),
	"ruled": list("rule|ruled|rules|exclude|excluded|excluding|eliminated|eliminate|not the|what is it not|it not|isnt it|" +
		"discarded|checked already"),
	"suspect": list("is it|could it be|might it be|can it be|is this"),
	"parts": list("dns|network|networking|node|nodes|disk|disks|storage|memory|certificate|certificates|certs|cni|ingress|api|etcd|" +
		"firewall|quota"),
	"log": list("log|logs|logline|loglines|stacktrace|traceback|output|stdout|stderr"),
	"who": list("who|whos|whose|owner|owns|anybody|anyone|somebody|someone|assigned|nobody"),
	"has": list("has|have|on|it|this|working|work|looking|look|handles|handling|took|owns|owner|taken|care|cares|responsible|" +
		"assigned|claimed|whose|dealing|got"),
	"helped": list("helped|help|worked|work|fix|fixed|did we do|solved|mended|cured|resolved|done"),
	"plan": list("plan|plans|suggest|suggestion|suggestions|recommend|recommendation|propose|proposal|advice|advise|remedy|" +
		"solution|would you|should we|should i|should be done|do about|way out|next step|next steps|how do we|how can we|how do i|" +
		"how can i|how would|how to|ideas|options|can we do|to do"),
	"evidence": list("evidence|proof|prove|proves|how do you know|sure|certain|confident|source|sources|facts|based on|how did you find"),
	"unseen": list("dont you see|do you not see|could you not|cant you see|not seen|not see|cannot you see|blind|not look|" +
		"not look at|cannot see|unable to see|missing from|not know"),
	"pm":   list("postmortem|post mortem|retro|retrospective|write up|writeup|rca"),
	"rest": list("rest|else|other|others|elsewhere"),
}

// fillers say nothing: they are passed over, and don't count as not understood.
var fillers = set(list("a|an|the|please|pls|plz|kindly|can|could|would|will|you|u|your|me|my|i|im|we|our|us|tell|give|get|let|know|" +
	"want|wanna|" +
	"need|like|to|of|for|with|at|by|from|on|in|into|and|or|but|so|then|just|really|actually|again|currently|right|now|today|there|here|this|" +
	"that|these|those|its|it|is|are|am|was|were|be|been|being|do|does|did|done|has|have|had|some|any|thing|things|stuff|bot|medic|paramedic|" +
	"thanks|thank|ty|cheers|hey|hi|hello|yo|dear|guys|folks|man|dude|pal|friend|keep|keeps|kept|constantly|continuously|always|all|time|" +
	"times|too|also|very|still|please|if|whether|when|where|which|what|how|about|ah|oh|um|hmm|ok|okay|well|anyone|somebody|someone|anybody|" +
	"got|getting|gets|go|going|pod|pods|container|containers|service|app|application|namespace|ns|deployment|workload|job|node|server|" +
	"instance|as|because|they|he|she|them|no|not|more|info|information|" +
	"details|quick|quickly|asap|up|out|one|guy|god|damn|wtf|omg|lol|thx|sorry|maybe|perhaps|sudden|suddenly|since|last|past|during|ago"))

// respelt are words as people type them, and what they stand for; with an apostrophe left out, too.
var respelt = map[string]string{
	"what's": "what is", "whats": "what is", "wats": "what is", "wat": "what", "wot": "what", "who's": "who is", "whos": "who is",
	"how's": "how is", "hows": "how is", "where's": "where is", "it's": "it is", "y": "why", "r": "are", "ur": "your", "can't": "cannot",
	"cant": "cannot", "won't": "wont", "don't": "dont", "doesn't": "not", "doesnt": "not", "isn't": "is not", "isnt": "is not",
	"aren't": "are not", "arent": "are not", "couldn't": "could not", "couldnt": "could not", "didn't": "did not", "didnt": "did not",
	"wasn't": "was not", "i'm": "i am", "there's": "there is", "that's": "that is", "tl;dr": "tldr", "info": "information",
	"dep":  "deployment",
	"incs": "incidents", "inc's": "incidents", "smth": "something", "sth": "something", "any1": "anybody", "wuts": "what is",
	"sup":    "whats up",
	"wassup": "whats up", "we're": "we are", "you've": "you have", "i've": "i have", "let's": "let us", "crashloops": "crashloop",
	"post-mortem": "postmortem", "post-mortems": "postmortems", "dunno": "not know", "gonna": "going", "status?": "status",
}

// deeds are words that ask for something to be done, where they come first: no reading follows from them.
var deeds = set(list("restart|reboot|delete|remove|kill|scale|rollback|roll|revert|undo|approve|reject|close|drain|cordon|uncordon|" +
	"evict|fix|mend|" +
	"repair|heal|apply|patch|edit|set|deploy|redeploy|install|uninstall|upgrade|downgrade|create|stop|start|pause|resume|claim|" +
	"publish|accept|" +
	"execute|run|do|go|proceed|bounce|nuke|wipe|clean|silence|mute|decide|change|update|terminate|recreate|retry|yes|yep|yeah|sure|lgtm|" +
	"ship|" +
	"withdraw|end|escalate|page"))

// kinds are the words for kinds of objects, and the kinds that each may mean.
var kinds = map[string][]string{
	"pod": {"Pod"}, "pods": {"Pod"}, "deployment": {"Deployment"}, "deployments": {"Deployment"}, "deploy": {"Deployment"},
	"statefulset": {"StatefulSet"}, "sts": {"StatefulSet"}, "daemonset": {"DaemonSet"}, "ds": {"DaemonSet"}, "job": {"Job", "CronJob"},
	"jobs": {"Job", "CronJob"}, "cronjob": {"CronJob"}, "service": {"Service"}, "svc": {"Service"}, "ingress": {"Ingress"},
	"node": {"Node"}, "nodes": {"Node"}, "machine": {"Node"}, "host": {"Node"}, "pvc": {"PersistentVolumeClaim"},
	"volume": {"PersistentVolumeClaim"}, "hpa": {"HorizontalPodAutoscaler"},
}

func list(words string) []string { return strings.Split(words, "|") }

func set(words []string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words {
		m[w] = true
	}
	return m
}

// single are all words of one part that the grammar knows, in order: what a slip may have been meant to be.
var single = func() []string {
	all := map[string]bool{}
	for _, words := range classes {
		for _, w := range words {
			for _, part := range strings.Fields(w) {
				all[part] = true
			}
		}
	}
	for w := range fillers {
		all[w] = true
	}
	for w := range times {
		all[w] = true
	}
	out := make([]string, 0, len(all))
	for w := range all {
		out = append(out, w)
	}
	slices.Sort(out)
	return out
}()

var known = set(single)

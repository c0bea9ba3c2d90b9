// Package demo is the founding incident, and a bad release, in a browser: the real bot, against a replayed cluster and an emulated Slack,
// with no account, no key and no cluster.
//
// [Start] puts four parts together, each of them real at its edges:
//
//   - a Slack ([slackemu.Server]) with its page, two people and two channels;
//   - a [World]: a Kubernetes API ([bundle.Server]) that serves two bundles captured from a real cluster, one healthy and one broken, and
//
// the
//
//	  files of that cluster's node in a folder;
//	- an Alertmanager's voice, which posts what Prometheus' usual rules would have said to the bot's webhook;
//	- the bot itself (app.Server), configured as anybody would configure it, which knows nothing of the demo.
//
// [World.Break] moves the cluster from the first bundle to the second. From then on nothing is assumed: the World looks at the node's CNI
// directory, at the Corefile and at CoreDNS' Deployment, and moves back as far as the remedies that it sees allow, no matter who applied
// them: the bot's plan, or a person with kubectl and a copy of the file.
//
// [World.Ship] is the second fault: a Deployment that the night does not reach gets a release with too low a memory limit. Its controllers,
// the scheduler and the kubelet (staff) work through the API alone: they follow the template, whoever writes it, and end containers whose
// limit does not suffice.
//
// [Demo.Play] is the same visit without a browser: it acts as the two people, checks what they should see, and prints the conversation.
package demo

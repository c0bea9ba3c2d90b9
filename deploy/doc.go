// Package deploy holds no code: it is how people run Paramedic. Its tests hold the files to what the program reads and needs, so that
// neither can drift from the other.
//
//	slack-manifest.yaml   the Slack app
//	kubernetes/           the bot in a cluster, as plain YAML
//	systemd/              the bot on a node, outside of Kubernetes
//	alertmanager/         alerts to it, and rules that raise them
//	Dockerfile            its image
package deploy

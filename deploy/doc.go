// Package deploy is how people run Paramedic. Its tests hold the files to what the program reads and needs, so that neither can drift from
// the other. The program carries one of them: the Slack app's manifest, for "paramedic init".
//
//	slack-manifest.yaml   the Slack app
//	kubernetes/           the bot in a cluster, as plain YAML
//	systemd/              the bot on a node, outside of Kubernetes
//	alertmanager/         alerts to it
//	prometheus/           the rules that raise them
//	grafana/              the dashboard of the bot's own metrics, and what makes it
//	Dockerfile            its image
package deploy

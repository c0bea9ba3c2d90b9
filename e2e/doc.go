// Package e2e holds the end-to-end tests: the real program against a real cluster, a real Alertmanager and a real Ollama, with Slack played
// by internal/slackemu over real HTTP and websockets.
//
// They need the build tag e2e, root, and:
//
//	PARAMEDIC   the program under test
//	LAB         the lab's command, which injects faults and starts Alertmanager and Ollama
//	KUBECONFIG  an administrator's access to the cluster (make e2e asks the lab)
//	HOST_ROOT   the file system of the node leveling-pc as seen from here
//	OLLAMA_HOST the Ollama with the small models
//
// `make e2e` sets them.
package e2e

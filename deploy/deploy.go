package deploy

import (
	_ "embed"
	"fmt"
	"net/url"
	"strings"

	"sigs.k8s.io/yaml"
)

// SlackManifest is the manifest of the Slack app, as YAML.
//
//go:embed slack-manifest.yaml
var SlackManifest string

// SlackAppURL is a page of Slack's that makes the app, with the manifest filled in
// (https://docs.slack.dev/app-manifests/configuring-apps-with-app-manifests, "Sharing manifests").
func SlackAppURL() (string, error) {
	manifest, err := yaml.YAMLToJSON([]byte(SlackManifest))
	if err != nil {
		return "", fmt.Errorf("read the Slack app's manifest: %w", err)
	}
	return "https://api.slack.com/apps?new_app=1&manifest_json=" + strings.ReplaceAll(url.QueryEscape(string(manifest)), "+", "%20"), nil
}

package deploy

import (
	_ "embed"
	"encoding/json"
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
// (https://docs.slack.dev/app-manifests/configuring-apps-with-app-manifests, "Sharing manifests"). requestURL is as in [ManifestFor].
func SlackAppURL(requestURL string) (string, error) {
	manifest, err := ManifestFor(requestURL)
	if err != nil {
		return "", err
	}
	return "https://api.slack.com/apps?new_app=1&manifest_json=" + strings.ReplaceAll(url.QueryEscape(string(manifest)), "+", "%20"), nil
}

// ManifestFor is the app's manifest, as JSON, for an app to which Slack posts at requestURL; empty: for one that connects by Socket Mode.
func ManifestFor(requestURL string) ([]byte, error) {
	var manifest map[string]any
	if err := yaml.Unmarshal([]byte(SlackManifest), &manifest); err != nil {
		return nil, fmt.Errorf("read the Slack app's manifest: %w", err)
	}
	if requestURL == "" {
		return json.Marshal(manifest)
	}
	settings, features := manifest["settings"].(map[string]any), manifest["features"].(map[string]any)
	settings["socket_mode_enabled"] = false
	settings["event_subscriptions"].(map[string]any)["request_url"] = requestURL
	settings["interactivity"].(map[string]any)["request_url"] = requestURL
	for _, command := range features["slash_commands"].([]any) {
		command.(map[string]any)["url"] = requestURL
	}
	return json.Marshal(manifest)
}

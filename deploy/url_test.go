package deploy

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestThePageHasTheManifestFilledIn(t *testing.T) {
	page, err := SlackAppURL()
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(u.Query().Get("manifest_json")), &m); err != nil || m["oauth_config"] == nil {
		t.Errorf("the page says %q: %v", u.Query().Get("manifest_json"), err)
	}
	if strings.ContainsAny(u.RawQuery, "+ ;") || u.Query().Get("new_app") != "1" {
		t.Errorf("not every client reads %s", u.RawQuery)
	}
}

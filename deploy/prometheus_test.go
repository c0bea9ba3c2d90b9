package deploy

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"text/template"

	"sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

var update = flag.Bool("update", false, "write what is made of the rules' template, and the dashboard")

const rulesTemplate = "prometheus/rules.yml.tmpl"

// rules are those of the template with the numbers of the table, for Prometheus and for its operator. A number that the table does not have
// is an error.
func rules(t *testing.T) map[string]string {
	t.Helper()
	numbers := map[string]float64{}
	for _, h := range finding.Thresholds {
		numbers[h.Name] = h.Number
	}
	text, err := template.New(rulesTemplate).Delims("<<", ">>").Option("missingkey=error").Parse(read(t, rulesTemplate))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := text.Execute(&b, numbers); err != nil {
		t.Fatal(err)
	}
	const made = "# Made of rules.yml.tmpl; change that, and run: make docs\n"
	comment, groups, ok := strings.Cut(b.String(), "groups:\n")
	if !ok {
		t.Fatal("the template has no groups")
	}
	operator := "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: paramedic\n  namespace: paramedic\n" +
		"  labels: {app.kubernetes.io/name: paramedic}\nspec:\n  groups:\n"
	for line := range strings.Lines(groups) {
		if line != "\n" {
			line = "  " + line
		}
		operator += line
	}
	return map[string]string{"prometheus/rules.yml": made + b.String(), "prometheus/prometheusrule.yml": made + comment + operator}
}

// The rules for Prometheus and for its operator are those of the template, with the numbers that the checks go by.
func TestTheRulesAreThoseOfTheTable(t *testing.T) {
	for file, want := range rules(t) {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if read(t, file) != want {
			t.Errorf("%s is not what the template makes; run make docs", file)
		}
	}
}

// alerts are the names of a file's alerts, each as often as it has rules.
func alerts(t *testing.T, file string) map[string]int {
	t.Helper()
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert string `json:"alert"`
			} `json:"rules"`
		} `json:"groups"`
	}
	if err := yaml.Unmarshal([]byte(read(t, file)), &rules); err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			out[r.Alert]++
		}
	}
	return out
}

// Each rule is shown to fire, and each alert to be quiet where it should be.
func TestEveryRuleIsShownToFireAndToBeQuiet(t *testing.T) {
	var tests struct {
		Tests []struct {
			Alerts []struct {
				Name string `json:"alertname"`
				Want []any  `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		} `json:"tests"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "prometheus/rules_test.yml")), &tests); err != nil {
		t.Fatal(err)
	}
	fires, quiet := map[string]int{}, map[string]int{}
	for _, test := range tests.Tests {
		for _, a := range test.Alerts {
			if len(a.Want) == 0 {
				quiet[a.Name]++
			}
			fires[a.Name] += len(a.Want)
		}
	}
	for name, rules := range alerts(t, "prometheus/rules.yml") {
		if fires[name] < rules || quiet[name] == 0 && name != "Watchdog" {
			t.Errorf("%s has %d rules, fires %d times and is quiet %d times", name, rules, fires[name], quiet[name])
		}
	}
}

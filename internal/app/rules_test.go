package app

import (
	"os"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Every alert of our rules leads to what it is about by its labels, as the rules' own tests say that they are.
func TestTheRulesLeadToWhatTheyAreAbout(t *testing.T) {
	raw, err := os.ReadFile("../../deploy/prometheus/rules_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests []struct {
			Alerts []struct {
				Name string `json:"alertname"`
				Want []struct {
					Labels map[string]string `json:"exp_labels"`
				} `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		} `json:"tests"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	leads := map[string][]string{}
	for _, test := range file.Tests {
		for _, a := range test.Alerts {
			for _, w := range a.Want {
				for _, o := range hurt(incident.Signal{Kind: incident.AlertSignal, Labels: w.Labels}) {
					leads[a.Name] = append(leads[a.Name], o.Kind)
				}
				if len(w.Labels) > 0 && leads[a.Name] == nil {
					leads[a.Name] = []string{}
				}
			}
		}
	}
	want := map[string][]string{
		"RestartsAddUp":   {"Deployment", "StatefulSet", "DaemonSet", "Pod"},
		"PodCrashLooping": {"Pod"}, "NodeNotReady": {"Node"}, "NodeNetworkUnavailable": {"Node"},
		"ClusterDNSDown": {"Deployment"}, "ClusterDNSFailing": {"Service"}, "WorkloadUnavailable": {"Deployment", "StatefulSet", "DaemonSet"},
		"VolumeFilling": {"PersistentVolumeClaim"}, "VolumeFull": {"PersistentVolumeClaim", "PersistentVolumeClaim"},
		"CertificateNearExpiry": {"Certificate"}, "X509CertificateNearExpiry": {"Secret", "Node"}, "NodeCertificateNearExpiry": {"Node"},
		"BackupMissing": {"Namespace"}, "BackupStale": {"Namespace"}, "BackupJobStale": {"CronJob"}, "EtcdSnapshotStale": {"Node"},
		"ClusterUnseen": {}, "Watchdog": {}, // of the whole cluster
	}
	for name, kinds := range leads {
		if !slices.Equal(kinds, want[name]) {
			t.Errorf("%s leads to %v, want %v", name, kinds, want[name])
		}
	}
	if len(leads) != len(want) {
		t.Errorf("%d alerts, want %d", len(leads), len(want))
	}
}

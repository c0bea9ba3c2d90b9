package custom

import "testing"

func TestPolarityFollowsTheWordsOfAType(t *testing.T) {
	for kind, want := range map[string]int{
		"Ready": 1, "AllReplicasReady": 1, "Healthy": 1, "ResourceSynced": 1, "NoErrors": 1, "NotDegraded": 1,
		"Degraded": -1, "Stalled": -1, "NotReady": -1, "DiskPressure": -1, "ReplicaFailure": -1, "DriftDetected": -1, "Blocked": -1,
		"ComparisonError": -1, "ErrorOccurred": -1, "Warning": -1, "NotAvailable": -1, "Unavailable": -1, "NotHealthy": -1,
		"Progressing": 0, "FailoverPending": 0, "Paused": 0, "Consolidatable": 0, "NoPodsMatched": 0,
	} {
		if got := polarity(kind); got != want {
			t.Errorf("%s: %d, not %d", kind, got, want)
		}
	}
}

func TestFailuresAreToldFromOtherWords(t *testing.T) {
	for text, want := range map[string]bool{
		"ReplicaSchedulingFailure": true, "BucketAlreadyExists: AllAccessDisabled: 403 Forbidden": true, "secret \"x\" not found": true,
		"Connection timed out": true, "SecretSyncedError": true, "HEALTH_ERR": true, "1 osds down": true,
		"no errors": false, "Failed: 0, Succeeded: 3": false, "Certificate is up to date and has not expired": false, "AsExpected": false,
		"failover to zone b is ready": false, "Rollout is paused": false, "default values are used": false, "unknown": false,
	} {
		if got := tellsFailure(text); got != want {
			t.Errorf("%q tells a failure: %v, not %v", text, got, want)
		}
	}
	for message, want := range map[string]bool{"backup target URL is empty": true, "telemetry is disabled": true,
		"api error AllAccessDisabled: All access to this resource has been disabled": false} {
		if notInUse(message) != want {
			t.Errorf("%q tells of what nobody has set up: %v", message, !want)
		}
	}
	for kind, want := range map[string]bool{"LiveMigratable": true, "Schedulable": true, "Available": false, "Unreachable": false, "Ready": false} {
		if capability(kind) != want {
			t.Errorf("%s is a capability: %v", kind, !want)
		}
	}
}

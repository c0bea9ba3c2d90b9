package logs_test

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/logs"
)

// An error whose words go on for several lines within the quotes of its field is read whole; one that nothing closes takes nothing from
// what others say after it.
func TestQuotedValuesOfSeveralLines(t *testing.T) {
	for name, test := range map[string]struct{ log, says, not string }{
		"with bars": {
			"2025-06-05T10:17:22.247Z [ERROR] agent.auth.handler: error authenticating: error=\"Error making API request.\n  | \n" +
				"  | URL: PUT http://vault.vault.svc:8200/v1/auth/kubernetes/login\n  | Code: 503. Errors:\n  | \n  | * Vault is sealed\" backoff=1s\n" +
				"2025-06-05T10:17:23.247Z [INFO]  agent.auth.handler: authenticating\n",
			"* Vault is sealed", "|",
		},
		"logfmt": {
			"time=\"2025-06-05T10:17:22Z\" level=error msg=\"cannot apply\" error=\"2 errors:\n\t* quota exceeded\n\t* no such zone\"\n" +
				"time=\"2025-06-05T10:17:23Z\" level=info msg=\"try again\"\n",
			"no such zone", "try again",
		},
		"never closed": {
			"2025-06-05T10:17:22.247Z [ERROR] handler: error=\"cannot say more\n2025-06-05T10:17:23.247Z [INFO] served \"a\n",
			"cannot say more", "served",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := logs.Read(test.log).Last; !strings.Contains(got, test.says) || strings.Contains(got, test.not) {
				t.Errorf("it says %q, wants %q in it and not %q", got, test.says, test.not)
			}
		})
	}
}

// What glog's heirs write is understood with its year and without, and the dump behind a fatal error does not stand in its place.
func TestHeadsOfGlogsHeirs(t *testing.T) {
	log := "I240829 16:10:03.168143 89 1@server/server.go:1704 ⋮ [T1,n3] 24  connecting to gossip network\n" +
		"F240829 16:10:04.236011 206 1@server/server.go:287 ⋮ [T1,n3] 31  clock synchronization error: this node is more than 500ms away\n" +
		"F240829 16:10:04.236354 206 1@server/server.go:287 ⋮ [T1,n3] 31 !goroutine 206 [running]:\n" +
		"example.com/db/pkg/util/log.getStacks(0x1)\n\texample.com/db/pkg/util/log/get_stacks.go:25 +0x89\n" +
		"****\n\nThis node experienced a fatal error (printed above), and as a result the\nprocess is terminating.\n"
	if got := logs.Read(log).Last; got != "clock synchronization error: this node is more than 500ms away" {
		t.Errorf("it says %q", got)
	}
	for _, head := range []string{"E0829 16:10:04.236011 206 tablet.cc:28] ", "E20240829 16:10:04.236011 206 tablet.cc:28] "} {
		line := head + "Cannot open the tablet\n"
		r := logs.Read(line + line + line)
		if len(r.Repeats) != 1 || r.Repeats[0].Says != "Cannot open the tablet" || r.Repeats[0].First.Hour() != 16 {
			t.Errorf("%s: %+v", head, r.Repeats)
		}
	}
}

// What a program takes for no error is found where it names what it is about and tells that it took too long.
func TestMurmurs(t *testing.T) {
	log := "[ 1s]  INFO outbound:proxy{addr=10.96.81.39:2525}: Continuing after timeout: protocol detection timed out after 10s\n" +
		"[ 2s]  INFO outbound:proxy{addr=10.96.81.39:2525}: Continuing after timeout: protocol detection timed out after 10s\n" +
		"[ 3s]  INFO outbound:proxy{addr=10.96.81.40:80}: connected\n"
	line, times := logs.Murmurs(log, "smtp-relay", "10.96.81.39")
	if !strings.Contains(line, "protocol detection timed out") || times != 2 {
		t.Errorf("%d times %q", times, line)
	}
	for _, name := range []string{"10.96.81.40", "10.96.81.3", ""} {
		if line, _ := logs.Murmurs(log, name); line != "" {
			t.Errorf("%s murmurs %q", name, line)
		}
	}
}

package logs

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// What counts as an error that is repeated, and what doesn't.
func TestRepeats(t *testing.T) {
	many := func(n int, line string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(line, "%", fmt.Sprint(i)) + "\n")
		}
		return b.String()
	}
	trace := "2026-05-12 09:00:0% ERROR in app: Exception on /pay/% [POST]\nTraceback (most recent call last):\n" +
		"  File \"/app/pay.py\", line 7, in pay\n    share = total / n\nZeroDivisionError: division by zero\n"
	for name, c := range map[string]struct{ log, says string }{ // "" is none
		"klog":                 {many(4, `E0512 09:5%:01.000000 1 reflector.go:166] "Unhandled" err="watch of pods"`), "Unhandled: watch of pods"},
		"klog without a word":  {many(3, "E0512 09:5%:01.000000       1 loop.go:9] gave up on it"), "gave up on it"},
		"logfmt":               {many(3, `time="2026-05-12T09:00:0%Z" level=error msg="push" err="division by zero"`), "push: division by zero"},
		"JSON":                 {many(3, `{"level":"error","time":"2026-05-12T09:00:0%Z","msg":"order %: no price"}`), "no price"},
		"GCP":                  {many(3, `{"severity":"ERROR","message":"no price for 1%"}`), "no price"},
		"pino":                 {many(3, `{"level":50,"time":171550000%000,"msg":"no price"}`), "no price"},
		"brackets":             {many(3, "2026-05-12 09:00:0% [ERROR] no price"), "no price"},
		"a bare word":          {many(3, "2026-05-12 09:00:0% ERROR no price"), "no price"},
		"tracebacks":           {many(3, trace), "ZeroDivisionError: division by zero"},
		"ids differ":           {many(3, "ERROR order a%f9-x of web-7c9d%-4kq2z has no price"), "has no price"},
		"a warning understood": {many(3, "WARN dial tcp 10.43.7.%:5432: connect: connection refused"), "connection refused"},

		"twice only":              {many(2, "ERROR no price"), ""},
		"in passing":              {many(9, "INFO 0 errors, error_rate=0, failed: 0"), ""},
		"a warning":               {many(9, "WARN cache is cold"), ""},
		"a scan of the port":      {many(9, "2026/05/12 09:00:0% http: TLS handshake error from 10.0.0.%:4123: EOF"), ""},
		"two wrote at once":       {many(9, `E0512 09:5%:01.000000 1 c.go:1] "Reconciler error" err="the object has been modified; please apply your changes to the latest version"`), ""},
		"connected since":         {many(5, "ERROR cannot connect to redis:6379, retry %") + "INFO connected to redis:6379\n", ""},
		"succeeded since":         {many(5, "ERROR connection to the database failed: refused (try %)") + "INFO database connection established\n", ""},
		"says so without a name":  {many(5, "ERROR failed to connect: refused") + "INFO connected\n", ""},
		"reloaded since":          {many(3, "E0310 09:31:3%.011482 7 controller.go:211] Unexpected failure reloading the backend") + "I0310 09:33:02.231155 7 controller.go:210] \"Backend successfully reloaded\"\n", ""},
		"another connected since": {many(5, "ERROR cannot connect to redis:6379") + "INFO connected to postgres:5432\n", "cannot connect to redis:6379"},
		"not connected since":     {many(5, "ERROR cannot connect to redis:6379") + "INFO redis is not connected\n", "cannot connect to redis:6379"},
		"again and again":         {many(5, "ERROR cannot connect to redis:6379\nINFO connected to redis:6379\n"), "cannot connect to redis:6379"},
	} {
		r, got := Read(c.log), ""
		if len(r.Repeats) > 0 {
			got = r.Repeats[0].Says
		}
		if c.says == "" && got != "" || !strings.Contains(got, c.says) {
			t.Errorf("%s: %q, want %q", name, got, c.says)
		}
	}
}

// How often, since when, and what is named.
func TestRepeatTold(t *testing.T) {
	r := Read("I0512 09:00:00.000000 1 main.go:1] starting\n" +
		"E0512 09:01:00.000000 1 main.go:7] dial tcp: lookup db.shop on 10.43.0.10:53: no such host\n" +
		"E0512 09:02:00.000000 1 main.go:7] dial tcp: lookup db.shop on 10.43.0.10:53: no such host\n" +
		"E0512 09:03:30.000000 1 main.go:7] dial tcp: lookup db.shop on 10.43.0.10:53: no such host\n" +
		"I0512 09:04:00.000000 1 main.go:9] idle\n").Repeats
	if len(r) != 1 || r[0].Times != 3 || r[0].After != 1 || len(r[0].Facts) != 1 || r[0].Facts[0].Host != "db.shop" ||
		r[0].First.Format("01-02 15:04:05") != "05-12 09:01:00" || r[0].Last.Sub(r[0].First) != 150*time.Second {
		t.Errorf("%+v", r)
	}
}

func TestStamps(t *testing.T) {
	for line, want := range map[string]string{
		"E0512 09:01:00.000001 1 main.go:7] no":                         "0000-05-12T09:01:00Z",
		"2026-05-12T09:01:00.123Z ERROR no":                             "2026-05-12T09:01:00Z",
		"[2026-05-12 09:01:00,123] ERROR no":                            "2026-05-12T09:01:00Z",
		"2026/05/12 09:01:00 [error] 7#7: no":                           "2026-05-12T09:01:00Z",
		"2026-05-12T11:01:00+02:00 ERROR no":                            "2026-05-12T09:01:00Z",
		`level=error msg=no time="2026-05-12T09:01:00Z"`:                "2026-05-12T09:01:00Z",
		`{"level":50,"time":1778576460000,"msg":"no"}`:                  "2026-05-12T09:01:00Z",
		`{"level":"error","ts":1778576460.123,"msg":"no"}`:              "2026-05-12T09:01:00Z",
		`{"level":"error","timestamp":"2026-05-12T09:01:00.1Z"}`:        "2026-05-12T09:01:00Z",
		"09:01:00 ERROR no date":                                        "",
		"ERROR no stamp at all":                                         "",
		"ERROR " + strings.Repeat("-", 90) + "2026-05-12T09:01:00Z ago": "",
	} {
		got := ""
		if at := stampOf(line); !at.IsZero() {
			got = at.Truncate(time.Second).Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// Where servers say that they listen, and what only looks like it.
func TestListens(t *testing.T) {
	for line, want := range map[string]string{
		"      Now listening on: http://[::]:8080":                                                                                     ":8080",
		"INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)":                                                      ":8000",
		"2026-05-12 09:00:00.000  INFO 1 --- [main] o.s.b.w.embedded.tomcat.TomcatWebServer  : Tomcat started on port(s): 8081 (http)": ":8081",
		"Server listening on port 3000":                                                                                                "" + ":3000",
		"App listening at http://localhost:4000":                                                                                       "localhost:4000",
		`I0316 20:06:58.117777 1 main.go:172] "ServeMux listening" address="localhost:29653"`:                                          "localhost:29653",
		"I0511 21:52:24.463301 1 secure_serving.go:266] Serving securely on [::]:10250":                                                ":10250",
		`{"level":"info","ts":"2026-05-12T09:01:45Z","msg":"listening","addr":":9090"}`:                                                ":9090",
		`{"msg":"server listening on :9091","time":"2026-05-12T09:01:45Z"}`:                                                            ":9091",
		" * Running on http://127.0.0.1:5000":                                                                                          "127.0.0.1:5000",
		`LOG:  listening on IPv4 address "0.0.0.0", port 5432`:                                                                         ":5432",
		"[2026-05-12 09:00:00 +0000] [1] [INFO] Listening at: http://0.0.0.0:8000 (1)":                                                 ":8000",
		"Starting development server at http://0.0.0.0:8000/":                                                                          ":8000",

		"listen tcp :80: bind: permission denied":                  "",
		"ERROR Server started on port 8080 and died":               "",
		"connected to redis, listening on channel orders":          "",
		"Error: listen EADDRINUSE: address already in use :::3000": "",
		"forwarding to upstream http://10.0.0.1:8080":              "",
		"INFO connected to server at db:5432":                      "",
		"stopped listening on :8080":                               "",
		"09:01:45 listening":                                       "",
	} {
		got := ""
		for _, l := range Read(line + "\n").Listens {
			got += l.Host + ":" + l.Port
		}
		if got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

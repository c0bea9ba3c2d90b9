package cli_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// hook FILE TOPIC is a server of ntfy with one topic, which writes each notice that it takes to the file, a line for each: its title and
// its text. While the file FILE.down is there, it is ill. $HOOK is its address. What breaks ntfy's rules is written as "INVALID".
func hook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hook FILE TOPIC")
	}
	file := ts.MkAbs(args[0])
	ts.Check(os.WriteFile(file, nil, 0o600))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("HOOK", "http://"+ln.Addr().String())
	var mu sync.Mutex
	var ids []string
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if _, err := os.Stat(file + ".down"); err == nil {
			http.Error(w, "ill", http.StatusBadGateway)
			return
		}
		switch r.Method + " " + r.URL.Path {
		case "GET /v1/health":
			fmt.Fprint(w, `{"healthy":true}`)
			return
		case "GET /" + args[1] + "/json":
			for _, id := range ids {
				fmt.Fprintf(w, "{\"event\":\"message\",\"sequence_id\":%q}\n", id)
			}
			return
		}
		var m struct {
			Topic, Title, Message string
			Priority              int
			SequenceID            string `json:"sequence_id"`
		}
		line := "INVALID"
		if err := json.NewDecoder(r.Body).Decode(&m); err == nil && r.Method == http.MethodPost && r.URL.Path == "/" && m.Topic == args[1] &&
			m.Priority > 0 && m.Priority < 6 && m.Title != "" && len(m.Message) <= 4096 {
			line = fmt.Sprintf("%d %s | %q", m.Priority, m.Title, m.Message)
		}
		ids = append(ids, m.SequenceID)
		f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0o600)
		if err == nil {
			_, _ = fmt.Fprintln(f, line)
			_ = f.Close()
		}
		fmt.Fprint(w, `{"id":"x"}`)
	})}
	go func() { _ = server.Serve(ln) }()
	ts.Defer(func() { _ = server.Close() })
}

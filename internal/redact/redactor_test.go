package redact

import (
	"strings"
	"testing"
)

// The tokens are made up, and put together here so that no scanner takes them for real ones.
var (
	jwt      = "eyJ" + "hbGciOiJSUzI1NiIsImtpZCI6IkFCQyJ9.eyJ" + "pc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50In0.c2lnbmF0dXJlLWhlcmU_x-y"
	slackBot = "xoxb" + "-1234567890-9876543210-AbCdEfGhIjKlMnOpQrStUvWx"
	slackApp = "xapp" + "-1-A0123456789-1234567890123-abcdef0123456789"
	aws      = "AKIA" + "Q3EGWPLX7YZ2MNOP"
	github   = "ghp_" + "x7Kq9Zt2Lm4Np8Rv1Wc3Yb5Ha6Jd0Se9Uf7G"
	key      = "MIIEpAIBAAKCAQEA7bq2vXcW1kq0h3Zx8YpQ0b1lX4nQmE9r5s6t7u8v9w0x1y2z"
	pem      = "-----BEGIN RSA PRIVATE" + " KEY-----\n" + key + "\n" + key + "\n-----END RSA PRIVATE" + " KEY-----"
)

func TestSecretsGo(t *testing.T) {
	r := New()
	for _, c := range []struct{ name, in, want string }{
		{"bearer", "Authorization: Bearer " + jwt, "Authorization: Bearer [REDACTED:authorization-header]"},
		{"a header in JSON", `{"Authorization":["Bearer abcdef123456"]}`, `{"Authorization":["Bearer [REDACTED:authorization-header]"]}`},
		{"basic", "authorization: Basic dXNlcjpwYXNz", "authorization: Basic [REDACTED:authorization-header]"},
		{"a token before a comma", "got " + jwt + ", expired", "got [REDACTED:json-web-token], expired"},
		{"password=", "connect user=app password=hunter2 host=db", "connect user=app password=[REDACTED:password] host=db"},
		{"passwd:", "passwd: hunter2", "passwd: [REDACTED:password]"},
		{"quoted with spaces", `password: "correct horse"`, `password: "[REDACTED:password]"`},
		{"JSON", `{"user":"a","password":"p\"w,x","n":1}`, `{"user":"a","password":"[REDACTED:password]","n":1}`},
		{"JSON in JSON", `"{\"password\":\"hunter2\"}"`, `"{\"password\":\"[REDACTED:password]\"}"`},
		{"connection string", "postgres://app:s3cr3t@db.prod.svc:5432/x", "postgres://app:[REDACTED:url-credentials]@db.prod.svc:5432/x"},
		{"with a slash", "amqp://u:ab/c@mq:5672/", "amqp://u:[REDACTED:url-credentials]@mq:5672/"},
		{"without a user", "redis://:s3cr3t@redis:6379", "redis://:[REDACTED:url-credentials]@redis:6379"},
		{"MySQL", "app:s3cr3t@tcp(db:3306)/x", "app:[REDACTED:dsn-credentials]@tcp(db:3306)/x"},
		{"AWS", "key " + aws + " used", "key [REDACTED:aws-access-token] used"},
		{"AWS secret", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEY", "AWS_SECRET_ACCESS_KEY=[REDACTED:secret-assignment]"},
		{"GitHub", "clone with " + github, "clone with [REDACTED:github-pat]"},
		{"Slack", slackBot + " " + slackApp, "[REDACTED:slack-token] [REDACTED:slack-app-level-token]"},
		{"environment", "DB_PASS=abc\nSIGNING_KEY=9x\nX_TOKEN='t t'",
			"DB_PASS=[REDACTED:password]\nSIGNING_KEY=[REDACTED:secret-assignment]\nX_TOKEN='[REDACTED:secret-assignment]'"},
		{"environment in YAML", "- name: DB_PASSWORD\n  value: hunter2\n- name: A\n  value: b",
			"- name: DB_PASSWORD\n  value: [REDACTED:password]\n- name: A\n  value: b"},
		{"environment in JSON", `{"name":"API_TOKEN","value":"abc"},{"name":"A","value":"b"}`,
			`{"name":"API_TOKEN","value":"[REDACTED:secret-assignment]"},{"name":"A","value":"b"}`},
		{"command line", "k3s agent --token abc123 --server x", "k3s agent --token [REDACTED:secret-assignment] --server x"},
		{"kubeconfig", "client-key-data: LS0tLS1CRUdJTg==\ntoken: 8fh2jd9s.k3",
			"client-key-data: [REDACTED:secret-assignment]\ntoken: [REDACTED:secret-assignment]"},
		{"k3s", "K10" + strings.Repeat("ab01", 16) + "::server:0f1e2d3c4b5a", "[REDACTED:k3s-token]"},
		{"Docker", `{"auths":{"r.io":{"auth":"dXNlcjpwYXNzd29yZA=="}}}`, `{"auths":{"r.io":{"auth":"[REDACTED:docker-auth]"}}}`},
		{"PEM keeps its lines", "a\n" + pem + "\nb: c", "a\n[REDACTED:private-key]\n\n\n\nb: c"},
		{"PEM cut off", "x " + pem[:90], "x [REDACTED:private-key]\n"},
		{"PEM in JSON", `"` + strings.ReplaceAll(pem, "\n", `\n`) + `"`, `"[REDACTED:private-key]"`},
		{"cookie", "Cookie: session=abcdef; a=b\nx", "Cookie: [REDACTED:cookie]\nx"},
		{"generic", `api_secret_value = "9f8Kx2Lq7Zt4Vn1"`, `api_secret_value = "[REDACTED:secret-assignment]"`},
		{"a long one", "token=" + strings.Repeat("aB3", 50_000) + " end", "token=[REDACTED:secret-assignment] end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := r.String(c.in)
			if got != c.want {
				t.Errorf("got  %.300q\nwant %.300q", got, c.want)
			}
			if again := r.String(got); again != got {
				t.Errorf("twice: %.300q", again)
			}
			if b := string(r.Bytes([]byte(c.in))); b != got {
				t.Errorf("bytes: %.300q", b)
			}
		})
	}
}

func TestWhatIsNeededStays(t *testing.T) {
	r := New()
	for _, line := range strings.Split(ordinary+"\n"+logs, "\n") {
		if got := r.String(line); got != line {
			t.Errorf("got  %s\nwant %s", got, line)
		}
	}
	if got := r.String(ordinary); got != ordinary {
		t.Error("the lines stay one by one but not together")
	}
	if r.Count() != 0 {
		t.Errorf("counted %d", r.Count())
	}
}

// ordinary is the founding incident's text, and what else Kubernetes writes that looks odd.
const ordinary = `Oct 03 02:14:23 leveling-pc k3s[1234]: time="2025-10-03T02:14:23Z" level=info msg="Starting k3s auto-update"
Oct 03 02:14:45 leveling-pc k3s[1234]: time="2025-10-03T02:14:45Z" level=error msg="Failed to apply CNI configuration"
[FATAL] plugin/loop: Loop (127.0.0.1:53 -> :53) detected for zone ".", see https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO 4547991504243258144.3688648895315093531."
Error: Failed to connect to ollama.ollama.svc.cluster.local:11434
getaddrinfo ENOTFOUND chromadb.chromadb.svc.cluster.local
container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized
.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
    }
    forward . 127.0.0.1:53
    cache 30
    loop
    reload
}
uid: 7b2c9a44-6c1c-4f0e-9f57-0d8a4c1c2b3d
key: 7b2c9a44-6c1c-4f0e-9f57-0d8a4c1c2b3d
    image: docker.io/rancher/mirrored-coredns-coredns@sha256:a11fafae1f8037cbbd66c5afa40ba2423936b72b4fd50a7034a7e8b955163594
imageID: sha256:a11fafae1f8037cbbd66c5afa40ba2423936b72b4fd50a7034a7e8b955163594
pod-template-hash: 7d9f8c6b5
controller-revision-hash: chromadb-6f7c8d9b4
kubernetes.io/config.hash: 8f3a1c2b4d5e6f708192a3b4c5d6e7f8
convocanvas-worker-7d9f8c6b5-x2x4z 0/1 CrashLoopBackOff 1842 (2m ago) 2d
MountVolume.SetUp failed for volume "kube-api-access-x8k2p" : object "convocanvas"/"kube-root-ca.crt" not registered
Error: secret "convocanvas-db-credentials-v2" not found
couldn't find key OLLAMA_HOST_V2 in ConfigMap convocanvas/app-config-7f8d9c
secretName: convocanvas-tls-2024
serviceAccountToken:
automountServiceAccountToken: false
tokenExpirationSeconds: 3607
topologyKey: kubernetes.io/hostname
- key: node-role.kubernetes.io/control-plane
key: database-host-2
      key: OLLAMA_BASE_URL_V2
"Syncing deployment" key="kube-system/coredns" duration="1.2ms"
"Error syncing pod" err="failed to \"StartContainer\" for \"ollama\" with CrashLoopBackOff" pod="ollama/ollama-6c5d8f7b9-abcde" podUID="3f0e9c1a-1b2c-4d5e-8f90-a1b2c3d4e5f6"
DB_PASSWORD:  <set to the key 'password' in secret 'db'>  Optional: false
password=$(DB_PASSWORD) token=${TOKEN}
pq: password authentication failed for user "app"
--client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key --token-auth-file=/etc/kubernetes/tokens.csv --authorization-mode=Node,RBAC
--service-account-key-file=/var/lib/rancher/k3s/server/tls/service.key
PWD=/app
OLDPWD=/root
Failed to pull image "ghcr.io/paramedic-bot/app:v1.2.3": unauthorized: authentication required
E1003 02:15:01.123456 1 reflector.go:147] pkg/client: Failed to watch *v1.Secret: secrets is forbidden: User "system:serviceaccount:a:b" cannot list resource "secrets"
10.42.0.15 - - [03/Oct/2025:02:15:00 +0000] "GET /api/v1/chat?access=public HTTP/1.1" 502 157 "-" "curl/8.5.0"
nslookup: can't resolve 'prometheus-server.monitoring.svc.cluster.local': NXDOMAIN from 10.43.0.10
Back-off restarting failed container convocanvas in pod convocanvas-5c9b7d6f8-k2m4p_convocanvas(0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9)
http://10.43.0.1:443/api/v1/namespaces/kube-system/configmaps/coredns
0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }
kind: ConfigMap
data:
  OLLAMA_HOST: ollama.ollama.svc.cluster.local:11434
kind: ServiceAccount
invalid token: expired`

func TestEveryValueOfASecretGoes(t *testing.T) {
	const r = "[REDACTED:kubernetes-secret]"
	for _, c := range []struct{ name, in, want string }{
		{"YAML", "apiVersion: v1\ndata:\n  a: eA==\n  b: |\n    one\n    two\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  c: " +
			"plain\ntype: Opaque\n",
			"apiVersion: v1\ndata:\n  a: " + r + "\n  b: |\n    " + r + "\n    " + r + "\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  c: " +
				r + "\ntype: Opaque\n"},
		{"YAML in a list", "items:\n- apiVersion: v1\n  data:\n    a: eA==\n  kind: ConfigMap\n- apiVersion: v1\n  data:\n    a: eA==\n  kind: " +
			"Secret\n- data:\n    a: eA==\n  kind: ConfigMap\n",
			"items:\n- apiVersion: v1\n  data:\n    a: eA==\n  kind: ConfigMap\n- apiVersion: v1\n  data:\n    a: " + r +
				"\n  kind: Secret\n- data:\n    a: eA==\n  kind: ConfigMap\n"},
		{"YAML documents", "kind: Secret\ndata: {a: eA==}\n---\nkind: ConfigMap\ndata:\n  a: b\n", "kind: Secret\ndata: " + r +
			"\n---\nkind: ConfigMap\ndata:\n  a: b\n"},
		{"a list item that begins with kind", "- kind: Secret\n  data:\n    a: b\n- kind: ConfigMap\n  data:\n    a: b\n",
			"- kind: Secret\n  data:\n    a: " + r + "\n- kind: ConfigMap\n  data:\n    a: b\n"},
		{"JSON", `{"items":[{"data":{"a":"eA=="},"kind":"ConfigMap"},{"kind":"Secret","data":{"a":"eA==","b":["c"]},"metadata":{"name":"n"}}]}`,
			`{"items":[{"data":{"a":"eA=="},"kind":"ConfigMap"},{"kind":"Secret","data":{"a":"` + r + `","b":["` + r +
				`"]},"metadata":{"name":"n"}}]}`},
		{"JSON cut off, in a log line", `applied {"kind": "Secret", "data": {"a": "eA`, `applied {"kind": "Secret", "data": {"a": "` + r},
		{"JSON over lines", "{\n  \"data\": {\n    \"a\": \"b\"\n  },\n  \"kind\": \"Secret\"\n}", "{\n  \"data\": {\n    \"a\": \"" + r +
			"\"\n  },\n  \"kind\": \"Secret\"\n}"},
		{"an annotation", `{"last":"{\"kind\":\"Secret\",\"data\":{\"a\":\"b\"}}"}`, `{"last":"` + r + `"}`},
		{"a reference is no Secret", `{"kind":"Event","involvedObject":{"kind":"Secret","name":"a"},"data":{"x":"y"}}`,
			`{"kind":"Event","involvedObject":{"kind":"Secret","name":"a"},"data":{"x":"y"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := New().String(c.in)
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if again := New().String(got); again != got {
				t.Errorf("twice:\n%s", again)
			}
		})
	}
}

func TestANameTellsThatTheValueIsSecret(t *testing.T) {
	r := New()
	for _, c := range []struct{ name, value, want string }{
		{"DB_PASSWORD", "hunter2", "[REDACTED:named-secret]"},
		{"apiKey", "hunter2", "[REDACTED:named-secret]"},
		{"DB_PASSWORD", "$(OTHER)", "$(OTHER)"},
		{"PWD", "/app", "/app"},
		{"DB_HOST", "db.prod.svc", "db.prod.svc"},
		{"URL", "redis://:pw@r", "redis://:[REDACTED:url-credentials]@r"},
	} {
		if got := r.Value(c.name, c.value); got != c.want {
			t.Errorf("%s=%s: got %s, want %s", c.name, c.value, got, c.want)
		}
	}
	if r.Count() != 3 {
		t.Errorf("counted %d, want 3", r.Count())
	}
}

func FuzzString(f *testing.F) {
	f.Add("password=a " + pem + ordinary[:200])
	f.Add("kind: Secret\ndata:\n  a: b\n- {\"kind\":\"Secret\",\"data\":{\"a\":\"b\"}}")
	f.Add("token=[REDACTED:x]y://u:p@h Authorization: Bearer " + jwt)
	r := New()
	f.Fuzz(func(t *testing.T, s string) {
		once := r.String(s)
		if strings.Count(once, "\n") != strings.Count(s, "\n") {
			t.Errorf("lines: %q became %q", s, once)
		}
		if twice := r.String(once); twice != once {
			t.Errorf("not idempotent: %q\nonce  %q\ntwice %q", s, once, twice)
		}
	})
}

// logs is what containers and the kubelet write all day.
const logs = `I1003 02:15:01.123456       1 reflector.go:359] Caches populated for *v1.EndpointSlice from k8s.io/client-go/informers/factory.go:160
10.42.0.15 - - [03/Oct/2025:02:15:00 +0000] "GET /api/v1/chat/completions HTTP/1.1" 200 15712 "-" "Mozilla/5.0 (X11; Linux x86_64)" 0.013
{"level":"info","ts":"2025-10-03T02:15:01.204Z","logger":"http","msg":"request handled","method":"GET","path":"/health","status":200,"duration_ms":1.7,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}
time="2025-10-03T02:15:02Z" level=warning msg="Proxy error: write failed: write tcp 127.0.0.1:6443->127.0.0.1:50824: write: broken pipe"
[INFO] 10.42.0.9:43521 - 5521 "A IN ollama.ollama.svc.cluster.local. udp 53 false 512" NOERROR qr,aa,rd 104 0.000213s
ts=2025-10-03T02:15:03.881Z caller=head.go:612 level=info component=tsdb msg="Head GC completed" caller=truncateMemory duration=4.301ms
    at Object.<anonymous> (/app/node_modules/express/lib/router/layer.js:95:5)
E1003 02:15:04.001 2211 pod_workers.go:1298] "Error syncing pod, skipping" err="failed to \"StartContainer\"" pod="convocanvas/rag-api-6c5d8f7b9-abcde"
`

func BenchmarkLogs(b *testing.B) {
	r := New()
	for _, c := range []struct{ name, text string }{{"ordinary", logs}, {"full of keywords", ordinary + "\n"}} {
		b.Run(c.name, func(b *testing.B) {
			text := strings.Repeat(c.text, 1<<20/len(c.text))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r.String(text)
			}
		})
	}
}

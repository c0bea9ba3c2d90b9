//go:build e2e

package e2e

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// sight stands between a bot and the API server and leaves out of every list what belongs to the other cases, which run at the same time on
// the same cluster: their namespaces, what lies in them, and what bears their names. Everything else passes as it is.
type sight struct {
	own    string   // namespace
	others []string // namespaces
	listen net.Listener
	writes atomic.Int32 // that went through and were done, without what only asks for rights
}

// newSight listens for one bot, to which the token belongs. Close it after use.
func newSight(server, token, own string, namespaces []string) (*sight, error) {
	target, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	s := &sight{own: own}
	for _, n := range namespaces {
		if n != own {
			s.others = append(s.others, n)
		}
	}
	if s.listen, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set("Authorization", "Bearer "+token) // clients send none without TLS
			r.Out.Header.Del("Accept-Encoding")                // the transport asks for gzip by itself, and unpacks it
		},
		Transport:      &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true},
		ModifyResponse: s.narrow,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil { // nobody hears what a bot asked that was killed meanwhile
				log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	go func() { _ = http.Serve(s.listen, proxy) }() //nolint:gosec // it is the test's own
	return s, nil
}

func (s *sight) close() { s.listen.Close() }

// kubeconfig writes one that leads through here.
func (s *sight) kubeconfig(path string) error {
	return os.WriteFile(path, []byte(kubeconfigOf("http://"+s.listen.Addr().String(), "")), 0o600)
}

func kubeconfigOf(server, token string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: lab, cluster: {server: %q, insecure-skip-tls-verify: %v}}]
users: [{name: me, user: {token: %q}}]
contexts: [{name: lab, context: {cluster: lab, user: me}}]
current-context: lab
`, server, strings.HasPrefix(server, "https:"), token)
}

// written is how many changes the API server has made for the bot.
func (s *sight) written() int { return int(s.writes.Load()) }

// narrow leaves out of a list what is others'.
func (s *sight) narrow(r *http.Response) error {
	if r.Request.Method != http.MethodGet && r.StatusCode < 300 && !r.Request.URL.Query().Has("dryRun") &&
		!strings.HasPrefix(r.Request.URL.Path, "/apis/authorization.k8s.io/") {
		s.writes.Add(1)
	}
	if r.Request.Method != http.MethodGet || r.StatusCode != http.StatusOK || r.Request.URL.Query().Has("watch") ||
		!strings.HasPrefix(r.Request.URL.Path, "/api") || strings.HasSuffix(r.Request.URL.Path, "/log") {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body.Close()
	if narrowed, err := s.narrowed(r.Header.Get("Content-Type"), body); err != nil {
		return fmt.Errorf("%s: %w", r.Request.URL.Path, err)
	} else if narrowed != nil {
		body = narrowed
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

// narrowed is a list without what is others'; nil if it is no list.
func (s *sight) narrowed(contentType string, body []byte) ([]byte, error) {
	if strings.HasPrefix(contentType, runtime.ContentTypeProtobuf) {
		list, kind, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
		if runtime.IsNotRegisteredError(err) || err == nil && !meta.IsListType(list) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		items, err := meta.ExtractList(list)
		if err != nil {
			return nil, err
		}
		if err := meta.SetList(list, slices.DeleteFunc(items, s.hidden)); err != nil {
			return nil, err
		}
		list.GetObjectKind().SetGroupVersionKind(*kind)
		var out bytes.Buffer
		err = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme).Encode(list, &out)
		return out.Bytes(), err
	}
	var list struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        json.RawMessage   `json:"metadata"`
		Items           []json.RawMessage `json:"items"`
	}
	isList := strings.HasPrefix(contentType, runtime.ContentTypeJSON) && json.Unmarshal(body, &list) == nil &&
		list.Items != nil && strings.HasSuffix(list.Kind, "List")
	if !isList {
		return nil, nil
	}
	list.Items = slices.DeleteFunc(list.Items, func(raw json.RawMessage) bool {
		o := &unstructured.Unstructured{}
		return json.Unmarshal(raw, &o.Object) == nil && s.hidden(o)
	})
	return json.Marshal(list)
}

// hidden says whether an object is another case's: by its namespace, by its name where it has none, and of an event by what it is about.
func (s *sight) hidden(o runtime.Object) bool {
	if e, ok := o.(*corev1.Event); ok {
		return s.isOthers(e.InvolvedObject.Namespace, e.InvolvedObject.Name)
	}
	m, err := meta.Accessor(o)
	return err == nil && s.isOthers(m.GetNamespace(), m.GetName())
}

// isOthers compares with the longest namespace that fits, for one case's may begin with another's.
func (s *sight) isOthers(namespace, name string) bool {
	if namespace == "" {
		namespace = name
	}
	fits := func(n string) bool { return namespace == n || strings.HasPrefix(namespace, n+"-") }
	longest := ""
	for _, n := range s.others {
		if fits(n) && len(n) > len(longest) {
			longest = n
		}
	}
	return longest != "" && (!fits(s.own) || len(s.own) < len(longest))
}

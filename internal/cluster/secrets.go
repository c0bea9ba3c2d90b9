package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on reading Secrets.
const (
	secretsWithin = 5 * time.Second
	secretsAPage  = 200
	secretsAtMost = 20000
	namesAtMost   = 20 // of one certificate
)

// helmRelease is the type of Helm's Secrets: large, and told by their labels.
const helmRelease = "helm.sh/release.v1"

// secrets reads what may be known of Secrets: names, keys, labels, and what their certificates say in public. Values are overwritten in
// memory as soon as a page has been read, and none is returned. Complete says that all were seen.
func (r *Reader) secrets(ctx context.Context, namespace string) (list []snapshot.Secret, complete bool, blind []incident.NotSeen) {
	ctx, cancel := context.WithTimeout(ctx, secretsWithin)
	defer cancel()
	others, err := r.secretPages(ctx, namespace, "type!="+helmRelease, "application/vnd.kubernetes.protobuf,application/json", secretFacts)
	if err == nil {
		var helm []snapshot.Secret
		helm, err = r.secretPages(ctx, namespace, "type="+helmRelease, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
			helmFacts)
		others = append(others, helm...)
	}
	if err != nil {
		n := unseen("secrets", err, incident.Secrets)
		if n.Forbidden {
			n.Why = "forbidden: grant the bot list on it (deploy/kubernetes/rbac-secrets.yaml.example)"
		}
		return others, false, []incident.NotSeen{n}
	}
	return others, true, nil
}

func (r *Reader) secretPages(ctx context.Context, namespace, of, accept string,
	facts func([]byte) ([]snapshot.Secret, string, error)) ([]snapshot.Secret, error) {
	var all []snapshot.Secret
	next := ""
	for {
		q := r.core.CoreV1().RESTClient().Get().NamespaceIfScoped(namespace, namespace != "").Resource("secrets").SetHeader("Accept", accept).
			Param("fieldSelector", of).Param("limit", fmt.Sprint(secretsAPage))
		if next != "" {
			q = q.Param("continue", next)
		}
		body, err := q.Do(ctx).Raw()
		if err != nil {
			return all, err
		}
		var found []snapshot.Secret
		found, next, err = facts(body)
		clear(body)
		if err != nil {
			return all, errors.New("the list cannot be decoded") // the decoder's words may hold a value
		}
		all = append(all, found...)
		if next == "" {
			return all, nil
		}
		if len(all) >= secretsAtMost {
			return all, fmt.Errorf("there are more than %d", secretsAtMost)
		}
	}
}

// secretFacts takes from each Secret what may be known, and overwrites its values.
func secretFacts(body []byte) (out []snapshot.Secret, next string, err error) {
	var list corev1.SecretList
	if _, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, &list); err != nil {
		return nil, "", err
	}
	for i := range list.Items {
		x := &list.Items[i]
		f := snapshot.Secret{Namespace: x.Namespace, Name: x.Name, Type: string(x.Type), Keys: slices.Sorted(maps.Keys(x.Data)), Labels: x.Labels}
		f.Changed, _ = snapshot.Changed(x)
		if x.Type != corev1.SecretTypeServiceAccountToken {
			f.Certificate = certificateFacts(x.Data[corev1.TLSCertKey], x.Data[corev1.TLSPrivateKeyKey])
			if f.Certificate == nil {
				f.Certificate = certificateFacts(x.Data[corev1.ServiceAccountRootCAKey], nil)
			}
		}
		for _, value := range x.Data {
			clear(value)
		}
		x.Data = nil
		out = append(out, f)
	}
	return out, list.Continue, nil
}

// helmFacts reads metadata alone.
func helmFacts(body []byte) (out []snapshot.Secret, next string, err error) {
	var list metav1.PartialObjectMetadataList
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, "", err
	}
	for i := range list.Items {
		x := &list.Items[i]
		f := snapshot.Secret{Namespace: x.Namespace, Name: x.Name, Type: helmRelease, Keys: []string{"release"}, Labels: x.Labels}
		f.Changed, _ = snapshot.Changed(x)
		out = append(out, f)
	}
	return out, list.Continue, nil
}

// certificateFacts is what the first certificate of a PEM chain says in public, and whether the key belongs to it; nil without one.
func certificateFacts(chain, key []byte) *snapshot.Certificate {
	if len(chain) == 0 {
		return nil
	}
	block, _ := pem.Decode(chain)
	if block == nil || block.Type != "CERTIFICATE" {
		return &snapshot.Certificate{Error: "no certificate in PEM form"}
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return &snapshot.Certificate{Error: "not a certificate that can be parsed"}
	}
	c := &snapshot.Certificate{Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), NotBefore: leaf.NotBefore.UTC(),
		NotAfter: leaf.NotAfter.UTC()}
	c.Names = append(c.Names, leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		c.Names = append(c.Names, ip.String())
	}
	c.Names = c.Names[:min(len(c.Names), namesAtMost)]
	if len(key) > 0 {
		_, err := tls.X509KeyPair(chain, key)
		matches := err == nil
		c.KeyMatches = &matches
	}
	return c
}

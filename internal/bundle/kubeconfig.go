package bundle

import (
	"fmt"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig returns a kubeconfig file for a Server at the URL, with one context, "bundle". An empty token means none. A token needs
// an https URL: kubectl, and whatever else loads a kubeconfig, sends none over http and says nothing about it. See Certificate.
func Kubeconfig(url, token string) ([]byte, error) {
	return kubeconfig(url, token, nil)
}

func kubeconfig(url, token string, authority []byte) ([]byte, error) {
	if token != "" && !strings.HasPrefix(url, "https://") {
		return nil, fmt.Errorf("write a kubeconfig for %s: a token is not sent over http; serve with a Certificate and use its Kubeconfig", url)
	}
	const name = "bundle"
	c := api.NewConfig()
	c.Clusters[name] = &api.Cluster{Server: url, CertificateAuthorityData: authority}
	c.AuthInfos[name] = &api.AuthInfo{Token: token}
	c.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	c.CurrentContext = name
	data, err := clientcmd.Write(*c)
	if err != nil {
		return nil, fmt.Errorf("write a kubeconfig for %s: %w", url, err)
	}
	return data, nil
}

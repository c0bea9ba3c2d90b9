package bundle

import (
	"fmt"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig returns a kubeconfig file for a Server at the URL, with one context, "bundle". An empty token means none.
func Kubeconfig(url, token string) ([]byte, error) {
	const name = "bundle"
	c := api.NewConfig()
	c.Clusters[name] = &api.Cluster{Server: url}
	c.AuthInfos[name] = &api.AuthInfo{Token: token}
	c.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	c.CurrentContext = name
	data, err := clientcmd.Write(*c)
	if err != nil {
		return nil, fmt.Errorf("write a kubeconfig for %s: %w", url, err)
	}
	return data, nil
}

#!/bin/sh
# Prints a kubeconfig for the bot's own ServiceAccount, which may only read and impersonate the approvers:
#   sudo deploy/systemd/kubeconfig.sh > /etc/paramedic/kubeconfig
# KUBECTL is the kubectl to use, with a cluster administrator's rights ("k3s kubectl" unless set); SERVER is the API server's address as
# seen from the bot (https://127.0.0.1:6443 unless set).
set -eu
kubectl=${KUBECTL:-k3s kubectl}
server=${SERVER:-https://127.0.0.1:6443}
$kubectl apply -f "$(dirname "$0")/token.yaml" >&2
secret() { $kubectl -n paramedic get secret paramedic-token -o "jsonpath={.data.$1}"; }
for _ in 1 2 3 4 5 6 7 8 9 10; do
  [ -z "$(secret token)" ] || break
  sleep 1
done
token=$(secret token | base64 -d)
[ -n "$token" ] || { echo "kubeconfig.sh: the cluster has not filled in the token of paramedic/paramedic-token; is deploy/kubernetes/rbac.yaml applied?" >&2; exit 1; }
cat <<END
apiVersion: v1
kind: Config
clusters:
  - name: home
    cluster:
      server: $server
      certificate-authority-data: $(secret 'ca\.crt')
users:
  - name: paramedic
    user:
      token: $token
contexts:
  - name: home
    context: {cluster: home, user: paramedic}
current-context: home
END

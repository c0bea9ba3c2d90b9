package recovery

// networkByHand: no runbook, why not, and what to do.
var networkByHand = map[string]string{
	"HostTaken": "Which of the two may have the host is their owners' to say. Give one of them another host, or let both be served by one.",
	"FileContended": "Which of the two programs gives way is a setting of theirs, such as a network plugin's cni-exclusive. Set it where " +
		"its chart is kept, and restart its pods.",
	"NamesLeadAstray": "What a node takes for its search domains, and what a domain has for a wildcard, is set outside the cluster. Take " +
		"one or the other away; dnsConfig with ndots: 1 helps a single workload meanwhile.",
	"ServicePodsUnready": "It only follows from what keeps the pods from being ready, and that cause has the remedy. Look at the pods.",
	"ExternalNameInvalid": "" +
		"An address cannot be turned into a name. Make a Service without selector and an EndpointSlice with the address instead " +
		"(kubectl explain endpointslice), or name a host.",
	"OutsideNameUnknown": "" +
		"What the name should be is known to whoever gives it out, not to the cluster. Correct it where the program is told it, " +
		"then restart the program.",
	"CertificateUntrusted": "" +
		"A certificate's key and what callers trust are secrets or files that Paramedic does not touch. Issue one for the name " +
		"that is called, or give the caller the authority (its CA bundle), and restart both.",
	"LoadBalancerPending": "" +
		"Addresses are given out by a cloud or by MetalLB, out of reach. Do what the event says (quota, subnet, permission); " +
		"for a port that is taken, give one of the two Services another port.",
	"IngressConflict": "" +
		"Which of the two is meant, their owners know. Give one of them another host or path (kubectl edit ingress), or delete " +
		"it.",
	"IngressReloadFails": "" +
		"An annotation may be what guards the path, so none is taken away without its owner. Correct it (kubectl edit ingress), " +
		"and let the controller's admission webhook refuse such Ingresses.",
	"IngressReferenceUnknown": "" +
		"What an annotation names may be what guards the path, so it is neither taken away nor guessed. Write the name as the " +
		"controller wants it (kubectl edit ingress), or let the controller read objects of that kind.",
	"GatewayClassMissing": "" +
		"Paramedic's steps change no custom resources. Name a class that exists: kubectl patch gateway NAME --type merge -p " +
		`'{"spec":{"gatewayClassName":"CLASS"}}' (kubectl get gatewayclass).`,
	"GatewayNotReady": "Paramedic's steps change no custom resources. Read the condition's reason (kubectl describe gateway); often a " +
		"certificate's Secret or an address is missing.",
	"RouteParentMissing": "" +
		"Paramedic's steps change no custom resources. Correct spec.parentRefs to the Gateway and listener that exist: kubectl " +
		"edit httproute NAME.",
	"RouteBackendMissing": "" +
		"Paramedic's steps change no custom resources. Correct the Service or its port in spec.rules[].backendRefs: kubectl " +
		"edit httproute NAME.",
	"RouteRefused": "The Gateway's owner decides whom it admits. Ask for allowedRoutes on the listener, or a ReferenceGrant in the " +
		"namespace that the route refers to.",
	"TLSSecretExpires": "The certificate still holds, so nothing needs to be mended in haste. Renew it; with cert-manager, look at its " +
		"Certificate and CertificateRequests.",
	"DNSSearchDomainAnswers": "" +
		"The domain comes from the node's resolv.conf or its DHCP server. Take it out there (search), or give the kubelet " +
		"another file (resolvConf), then restart the pods.",
	"NodeIPsExhausted": "" +
		"Which pods may move is a choice, and ranges are set when a node joins. Cordon and drain some pods, or clear what the " +
		"plugin forgot in /var/lib/cni/networks on the node.",
	"PodNetworkOverlap": "" +
		"An address range can hardly be changed while pods use it. Plan a pod network of its own (--cluster-cidr, or the " +
		"plugin's pool) with new nodes.",
	"BGPPeersMissing": "" +
		"Paramedic's steps change no custom resources, and which nodes are the route reflectors is a choice. Label those nodes, " +
		"or correct the BGPPeer's selector (calicoctl).",
	"NodeRangeStrayed": "What hands out addresses on a node is set up on the node. Let the network plugin and the runtime there take the " +
		"node's own range, restart them, and make its pods anew.",
	"NodeAddressMistaken": "By which interface the plugin is to find the address depends on the node's network. Set Calico's " +
		"IP_AUTODETECTION_METHOD or flannel's --iface, and start its pod on the node anew.",
}

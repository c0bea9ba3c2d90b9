// Package bundle keeps a cluster's evidence in a file, and serves such a file as a Kubernetes API.
//
// A [Bundle] is what one look at a cluster gave: objects, log tails of failing containers, files of nodes, and facts from probes. It
// comes from a live cluster by [Capture], which redacts as it reads, from a file by [Open], or from what "kubectl cluster-info dump" wrote
// by [OpenAny]; [Bundle.WriteFile] makes the file, a tar compressed with zstd:
//
//	manifest.json                                  what is in it, with checksums, and what could not be seen (Manifest)
//	objects/<group or core>/<version>/<resource>.json
//	logs/<namespace>/<pod>/<container>[.previous].log
//	host/<node>/<path on the node>
//	facts.json
//
// The same Bundle always gives the same bytes. A bundle never holds a Secret: Capture does not ask for them, writing and reading
// refuse them.
//
// A [Server] is an http.Handler that speaks enough of the Kubernetes API over a Bundle's objects for client-go, informers and kubectl:
// lists, watches, logs, patches with dry-run and conflicts, deletes, impersonation and access reviews. Its state is in memory and
// starts as the Bundle; [Server.Transition] moves it to another one as watch events, [Server.Set] moves single objects. No controller
// runs behind it: nothing happens that a request, Set or Transition did not do, or somebody who plays a controller with
// [Server.Act]. Server-side apply, Tables and OpenAPI are not served.
//
// A Server's users are known by tokens, which clients send over https only: a [Certificate] makes that possible without any set-up.
//
// The package does not judge what it holds (diagnosis does). [Bundle.Snapshot] gives it in typed form.
package bundle

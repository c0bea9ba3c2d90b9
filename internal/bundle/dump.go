package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// dumpCommand makes what a dump is read from.
const dumpCommand = "kubectl cluster-info dump"

// dumpLacks says why something is not in a dump.
const dumpLacks = "“" + dumpCommand + "” does not hold them"

const notDump = `not a bundle (%s); was it made by "paramedic bundle capture", or by "` + dumpCommand + `"?`

// dumpKind is a kind that "kubectl cluster-info dump" writes, and the name of its files.
type dumpKind struct {
	file string
	Kind
}

// dumpKinds are those of k8s.io/kubectl/pkg/cmd/clusterinfo/clusterinfo_dump.go that the table of kinds has too.
var dumpKinds = []dumpKind{
	{"nodes", kindNamed("Node")}, {"events", kindNamed("Event")}, {"services", kindNamed("Service")}, {"daemonsets", kindNamed("DaemonSet")},
	{"deployments", kindNamed("Deployment")}, {"replicasets", kindNamed("ReplicaSet")}, {"pods", kindNamed("Pod")},
}

func kindNamed(name string) Kind {
	return kinds[slices.IndexFunc(kinds, func(k Kind) bool { return k.Kind == name })]
}

// OpenAny reads a bundle, within the default Limits, or what "kubectl cluster-info dump" wrote: the folder of its --output-directory, or
// its standard output, as it is or compressed with gzip. A dump is redacted as it is read, by secrets as Options.Redact is; kinds that it
// lacks are in Manifest.NotSeen.
func OpenAny(path string, secrets func(string) string) (*Bundle, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	var b *Bundle
	switch isBundle, err2 := beginsAsBundle(path, st); {
	case err2 != nil:
		err = err2
	case isBundle:
		return Open(path)
	case secrets == nil:
		err = errors.New("no redactor given; a dump can carry secrets")
	default:
		b, err = readDump(path, st, &dump{limits: Limits{}.withDefaults(), redactor: redact.Walker{Text: redact.Remembering(secrets)}})
	}
	if err != nil {
		return nil, fmt.Errorf("open bundle %s: %w", path, err)
	}
	return b, nil
}

// beginsAsBundle reports whether a file is compressed with zstd (RFC 8878, 3.1.1), as bundles are.
func beginsAsBundle(path string, st os.FileInfo) (bool, error) {
	if st.IsDir() {
		return false, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 4)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	return bytes.HasPrefix(head[:n], []byte{0x28, 0xb5, 0x2f, 0xfd}), nil
}

func readDump(path string, st os.FileInfo, d *dump) (*Bundle, error) {
	if !st.IsDir() {
		return d.fromStream(func() (io.ReadCloser, error) { return os.Open(path) }, st.ModTime())
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return d.fromFolder(root.FS()) // no link leads out of it
}

// dump is a dump being read.
type dump struct {
	limits   Limits
	redactor redact.Walker
	total    int64 // bytes read so far
	bundle   *Bundle
	known    map[schema.GroupVersionResource]map[string]bool // objects by key
	lists    map[schema.GroupVersionResource]int
	spaces   map[string]bool // the namespaces that were dumped, as far as is known
}

func (d *dump) begin() {
	d.bundle = &Bundle{
		Manifest: Manifest{Source: dumpCommand, NotSeen: []NotSeen{{What: secretsNotSeen.What, Why: "a dump never holds Secrets",
			Resources: secretsNotSeen.Resources}}},
		Objects:   map[schema.GroupVersionResource][]unstructured.Unstructured{},
		Logs:      map[LogKey][]byte{},
		HostFiles: map[HostKey][]byte{},
	}
	d.known = map[schema.GroupVersionResource]map[string]bool{}
	d.lists = map[schema.GroupVersionResource]int{}
	d.spaces = map[string]bool{}
}

// spend counts bytes against the limit of all.
func (d *dump) spend(n int64) error {
	if d.total += n; d.total > d.limits.Total {
		return fmt.Errorf("more than %s of objects; dump fewer --namespaces", Bytes(d.limits.Total))
	}
	return nil
}

// add takes a list of objects in JSON or YAML. A kind of list that is not in the table is passed over.
func (d *dump) add(doc []byte) error {
	if err := d.spend(int64(len(doc))); err != nil {
		return err
	}
	if !bytes.HasPrefix(bytes.TrimSpace(doc), []byte("{")) {
		var err error
		if doc, err = yaml.YAMLToJSON(doc); err != nil {
			return err
		}
	}
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := json.Unmarshal(doc, &head); err != nil {
		return err
	}
	i := slices.IndexFunc(dumpKinds, func(k dumpKind) bool {
		return k.Kind.Kind+"List" == head.Kind && k.GVK().GroupVersion().String() == head.APIVersion
	})
	if i < 0 {
		return nil
	}
	k := dumpKinds[i]
	d.lists[k.GVR()]++
	return eachItem(doc, func(i int, item map[string]any) error { return d.object(k.Kind, i, item) })
}

// object takes one object. The items of a typed list do not say what they are.
func (d *dump) object(k Kind, i int, item map[string]any) error {
	o := unstructured.Unstructured{Object: item}
	if item == nil {
		return fmt.Errorf("%s %d is null", k.Kind, i)
	}
	if o.GetKind() == "Secret" {
		return errors.New("a bundle never holds Secrets")
	}
	o.SetGroupVersionKind(k.GVK())
	if err := checkObject(&o, k.GVK().GroupVersion()); err != nil {
		return fmt.Errorf("%s %d: %w", k.Kind, i, err)
	}
	gvr, key := k.GVR(), objectKey(&o)
	if d.known[gvr] == nil {
		d.known[gvr] = map[string]bool{}
	}
	if d.known[gvr][key] {
		return nil // a namespace that was dumped twice: the current one is kube-system
	}
	d.known[gvr][key] = true
	if k.Namespaced {
		d.spaces[o.GetNamespace()] = true
	}
	clean(&d.redactor, &o)
	d.bundle.Objects[gvr] = append(d.bundle.Objects[gvr], o)
	return nil
}

const brokenOff = "the dump was broken off, or lacks files"

// finish completes the bundle but for its logs. All says that all namespaces were dumped.
func (d *dump) finish(all bool, written time.Time) (*snapshot.Snapshot, error) {
	b := d.bundle
	most := 0
	for _, n := range d.lists {
		most = max(most, n)
	}
	var lacking []incident.Resource
	for _, k := range dumpKinds {
		gvr := k.GVR()
		n := d.lists[gvr]
		switch {
		case n == 0:
			lacking = append(lacking, k.resource())
			continue
		case k.Namespaced && n < most:
			b.notSeen(fmt.Sprintf("%s of %d namespaces", k.String(), most-n), brokenOff, k.resource())
		}
		b.Objects[gvr] = append([]unstructured.Unstructured{}, b.Objects[gvr]...)
		sortObjects(b.Objects[gvr])
	}
	if len(lacking) > 0 {
		b.notSeen(words(lacking), brokenOff, lacking...)
	}
	delete(d.spaces, "")
	if !all {
		d.partial()
	}
	never := neverDumped()
	b.notSeen(words(never), dumpLacks, never...)
	b.Manifest.CapturedAt = dumpedAt(b, written)
	b.Manifest.Redactions = d.redactor.Count
	b.Manifest = b.manifest()
	return b.Snapshot()
}

// partial says which namespaces the dump holds: what is in others is unknown.
func (d *dump) partial() {
	var names []string
	for ns := range d.spaces {
		names = append(names, ns)
	}
	slices.Sort(names)
	if len(names) == 1 {
		d.bundle.Manifest.Namespace = names[0]
	}
	n := NotSeen{What: "all else in other namespaces", Why: fmt.Sprintf("the dump is of %s; make it with --all-namespaces", few(names, 6)),
		Besides: names}
	for _, k := range dumpKinds {
		if k.Namespaced {
			n.Resources = append(n.Resources, k.resource())
		}
	}
	d.bundle.Manifest.NotSeen = append(d.bundle.Manifest.NotSeen, n)
}

// few lists at most n names.
func few(names []string, n int) string {
	switch {
	case len(names) == 0:
		return "no namespace"
	case len(names) > n:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
	}
	return strings.Join(names, ", ")
}

// neverDumped names the kinds that no dump holds.
func neverDumped() []incident.Resource {
	var out []incident.Resource
	for _, k := range snapshot.Kinds {
		if !slices.ContainsFunc(dumpKinds, func(d dumpKind) bool { return d.GVR() == k.GroupVersionResource }) {
			out = append(out, snapshot.ResourceOf(k.GroupResource()))
		}
	}
	slices.Sort(out)
	return out
}

// words names resources for people, without their groups.
func words(of []incident.Resource) string {
	var out []string
	for _, r := range of {
		name, _ := r.Of()
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

// wanted are the logs that a look would have read, with how many bytes of each are kept, as far as a dump has them: it holds no previous
// ones, and says so.
func (d *dump) wanted(s *snapshot.Snapshot) map[LogKey]int {
	out := map[LogKey]int{}
	previous := 0
	for _, w := range s.LogsWanted() {
		if w.Previous {
			previous++
			continue
		}
		out[keyOf(w)] = w.Bytes
	}
	if previous > 0 {
		d.bundle.notSeen(fmt.Sprintf("logs of the previous instance of %d containers", previous), dumpLacks, incident.PodLogs)
	}
	return out
}

// log takes a section of logs: a log, or kubectl's words why there is none.
func (d *dump) log(k LogKey, text []byte, keep int) {
	for _, trouble := range []string{"Request log error: ", "Create log request error: "} {
		if why, ok := bytes.CutPrefix(text, []byte(trouble)); ok && bytes.IndexByte(why, '\n') == len(why)-1 {
			d.bundle.Manifest.NotSeen = append(d.bundle.Manifest.NotSeen, NotSeen{
				What: "log of " + k.Container + " in " + k.Namespace + "/" + k.Pod, Why: d.redactor.String(strings.ToValidUTF8(string(why[:len(why)-1]),
					"\uFFFD")),
				Resources: []incident.Resource{incident.PodLogs}, Where: incident.Object{Kind: "Pod", Namespace: k.Namespace, Name: k.Pod},
			})
			return
		}
	}
	d.bundle.Logs[k] = []byte(d.redactor.String(snapshot.LogTail(text, keep)))
}

package bundle

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"
)

// media is a form of answers.
type media string

const (
	inJSON     = media(runtime.ContentTypeJSON)
	inProtobuf = media(runtime.ContentTypeProtobuf)
)

var protobufs = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)

// negotiate picks the first form that the client accepts. Tables are not served, and who accepts nothing else gets JSON: no client that
// asks for a Kubernetes object fails to understand it.
func negotiate(accept string, builtIn bool) media {
	for _, a := range strings.Split(accept, ",") {
		t, params, err := mime.ParseMediaType(a)
		switch {
		case err != nil || params["as"] != "":
		case t == string(inProtobuf) && builtIn:
			return inProtobuf
		case t == string(inJSON), t == "*/*", t == "application/*":
			return inJSON
		}
	}
	return inJSON
}

// builtIn reports whether the kind has an API type, and with it protobuf and strategic merge patches.
func (k Kind) builtIn() bool { return scheme.Scheme.Recognizes(k.GVK()) }

// hasStatus reports whether the kind has a status of its own, which only the status subresource changes. Kinds that are not built in
// are taken to have one.
func (k Kind) hasStatus() bool { return k.hasField("Status") }

func (k Kind) hasField(name string) bool {
	t, ok := scheme.Scheme.AllKnownTypes()[k.GVK()]
	if !ok {
		return true
	}
	_, ok = t.FieldByName(name)
	return ok
}

// encode gives an object of the API's own making (a Status, a review, a Scale).
func (m media) encode(o runtime.Object) ([]byte, error) {
	if gvks, _, err := scheme.Scheme.ObjectKinds(o); err == nil && len(gvks) > 0 {
		o.GetObjectKind().SetGroupVersionKind(gvks[0])
	}
	if m == inProtobuf {
		return runtime.Encode(protobufs, o)
	}
	return json.Marshal(o)
}

// encodeRecord gives an object of the world.
func (m media) encodeRecord(r *record) ([]byte, error) {
	if m == inJSON {
		return r.json()
	}
	typed, err := r.typed()
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", objectKey(r.object), err)
	}
	return runtime.Encode(protobufs, typed)
}

// writeList answers with a list of records.
func (m media) writeList(w http.ResponseWriter, k Kind, lm metav1.ListMeta, records []*record) error {
	data, err := m.encodeList(k, lm, records)
	if err != nil {
		return err
	}
	return m.write(w, http.StatusOK, data)
}

func (m media) encodeList(k Kind, lm metav1.ListMeta, records []*record) ([]byte, error) {
	gvk := k.GVK()
	gvk.Kind += "List"
	if m == inProtobuf {
		return encodeTypedList(gvk, lm, records)
	}
	head, err := json.Marshal(struct {
		metav1.TypeMeta
		metav1.ListMeta `json:"metadata"`
	}{metav1.TypeMeta{Kind: gvk.Kind, APIVersion: gvk.GroupVersion().String()}, lm})
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	buf.Write(bytes.TrimSuffix(head, []byte("}")))
	buf.WriteString(`,"items":[`)
	for i, r := range records {
		data, err := r.json()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			buf.WriteByte(',')
		}
		buf.Write(data)
	}
	buf.WriteString("]}\n")
	return buf.Bytes(), nil
}

func encodeTypedList(gvk schema.GroupVersionKind, lm metav1.ListMeta, records []*record) ([]byte, error) {
	list, err := scheme.Scheme.New(gvk)
	if err != nil {
		return nil, err
	}
	items := make([]runtime.Object, len(records))
	for i, r := range records {
		if items[i], err = r.typed(); err != nil {
			return nil, fmt.Errorf("encode %s: %w", objectKey(r.object), err)
		}
	}
	if err := meta.SetList(list, items); err != nil {
		return nil, err
	}
	access, err := meta.ListAccessor(list)
	if err != nil {
		return nil, err
	}
	access.SetResourceVersion(lm.ResourceVersion)
	access.SetContinue(lm.Continue)
	access.SetRemainingItemCount(lm.RemainingItemCount)
	list.GetObjectKind().SetGroupVersionKind(gvk)
	return runtime.Encode(protobufs, list)
}

// frame gives one event of a watch.
func (m media) frame(event watch.EventType, object []byte) ([]byte, error) {
	e := metav1.WatchEvent{Type: string(event), Object: runtime.RawExtension{Raw: object}}
	if m == inJSON {
		data, err := json.Marshal(e)
		return append(data, '\n'), err
	}
	data, err := e.Marshal()
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...), err
}

func (m media) write(w http.ResponseWriter, code int, data []byte) error {
	w.Header().Set("Content-Type", string(m))
	w.Header().Set("Cache-Control", "no-cache, private")
	w.WriteHeader(code)
	_, _ = w.Write(data) // who has hung up needs no answer
	return nil
}

func (m media) writeObject(w http.ResponseWriter, code int, o runtime.Object) error {
	data, err := m.encode(o)
	if err != nil {
		return err
	}
	return m.write(w, code, data)
}

func (m media) writeRecord(w http.ResponseWriter, code int, r *record) error {
	data, err := m.encodeRecord(r)
	if err != nil {
		return err
	}
	return m.write(w, code, data)
}

// writeError answers with a Status.
func writeError(w http.ResponseWriter, m media, err error) {
	status := asStatus(err).Status()
	if status.Details != nil && status.Details.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(status.Details.RetryAfterSeconds)))
	}
	if err := m.writeObject(w, int(status.Code), &status); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func statusOf(code int32, reason metav1.StatusReason, message string) metav1.Status {
	return metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}
}

// readBody reads a request's body and says what form it has.
func readBody(r *http.Request) ([]byte, string, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, "", err
	}
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		t = runtime.ContentTypeJSON
	}
	return data, t, nil
}

func unsupportedMedia(t string, supported ...string) error {
	return &apierrors.StatusError{ErrStatus: statusOf(http.StatusUnsupportedMediaType, metav1.StatusReasonUnsupportedMediaType,
		fmt.Sprintf("the body of the request was in an unknown format - accepted media types include: %s; this was %s",
			strings.Join(supported, ", "), t))}
}

// readTyped reads a body into an API type.
func readTyped(r *http.Request, into runtime.Object) error {
	data, t, err := readBody(r)
	if err != nil {
		return err
	}
	switch media(t) {
	case inJSON:
		err = utiljson.Unmarshal(data, into)
	case inProtobuf:
		_, _, err = protobufs.Decode(data, nil, into)
	default:
		return unsupportedMedia(t, string(inJSON), string(inProtobuf))
	}
	if err != nil {
		return apierrors.NewBadRequest(fmt.Sprintf("the body is not a %s: %v", reflect.TypeOf(into).Elem().Name(), err))
	}
	return nil
}

// readObject reads a body as an object of the kind asked for.
func readObject(r *http.Request) (*unstructured.Unstructured, error) {
	data, t, err := readBody(r)
	if err != nil {
		return nil, err
	}
	switch media(t) {
	case inJSON:
		return parseObject(data)
	case inProtobuf:
		typed, _, err := protobufs.Decode(data, nil, nil)
		if err != nil {
			return nil, apierrors.NewBadRequest("the body is not an object in protobuf: " + err.Error())
		}
		m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
		if err != nil {
			return nil, err
		}
		return &unstructured.Unstructured{Object: m}, nil
	}
	return nil, unsupportedMedia(t, string(inJSON), string(inProtobuf))
}

// parseObject reads an object with numbers as the rest of the package expects them: int64 or float64.
func parseObject(data []byte) (*unstructured.Unstructured, error) {
	o := &unstructured.Unstructured{}
	err := utiljson.Unmarshal(data, &o.Object)
	if err == nil {
		if _, ok := o.Object["metadata"].(map[string]any); !ok {
			err = errors.New("it has no metadata")
		}
	}
	if err != nil {
		return nil, apierrors.NewBadRequest("the body is not an object in JSON: " + err.Error())
	}
	return o, nil
}

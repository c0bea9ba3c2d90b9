package bundle

import (
	"encoding/json"
	"fmt"
	"net/http"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
)

// maxPatchOperations bounds a JSON patch, and maxBody the document after each of its operations: a few copies of copies would
// otherwise fill the memory.
const maxPatchOperations = 1000

// applyPatch returns what the patch makes of the object, which stays as it is.
func applyPatch(k Kind, o *unstructured.Unstructured, patch []byte, t types.PatchType) (*unstructured.Unstructured, error) {
	before, err := json.Marshal(o.Object)
	if err != nil {
		return nil, err
	}
	var after []byte
	switch t {
	case types.JSONPatchType:
		after, err = applyJSONPatch(before, patch)
	case types.MergePatchType:
		if after, err = jsonpatch.MergePatch(before, patch); err != nil {
			err = apierrors.NewBadRequest("the patch is not a merge patch: " + err.Error())
		}
	case types.StrategicMergePatchType:
		if !k.builtIn() {
			return nil, unsupportedMedia(string(t), string(types.JSONPatchType), string(types.MergePatchType))
		}
		after, err = applyStrategicPatch(k, before, patch)
	default:
		return nil, unsupportedMedia(string(t), string(types.JSONPatchType), string(types.MergePatchType), string(types.StrategicMergePatchType))
	}
	if err != nil {
		return nil, err
	}
	next, err := parseObject(after)
	if err != nil {
		return nil, unprocessable("the patched object is none: " + err.Error())
	}
	return next, nil
}

func applyJSONPatch(doc, patch []byte) ([]byte, error) {
	operations, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, apierrors.NewBadRequest("the patch is not a JSON patch: " + err.Error())
	}
	if len(operations) > maxPatchOperations {
		return nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("the patch has %d operations, more than %d", len(operations),
			maxPatchOperations))
	}
	for _, op := range operations {
		if doc, err = (jsonpatch.Patch{op}).Apply(doc); err != nil {
			return nil, unprocessable(err.Error())
		}
		if len(doc) > maxBody {
			return nil, apierrors.NewRequestEntityTooLargeError("the patched object is larger than 3 MiB")
		}
	}
	return doc, nil
}

func applyStrategicPatch(k Kind, doc, patch []byte) ([]byte, error) {
	typed, err := scheme.Scheme.New(k.GVK())
	if err != nil {
		return nil, err
	}
	after, err := strategicpatch.StrategicMergePatch(doc, patch, typed)
	if err != nil {
		return nil, apierrors.NewBadRequest("the patch cannot be applied: " + err.Error())
	}
	return after, nil
}

func unprocessable(message string) error {
	return &apierrors.StatusError{ErrStatus: statusOf(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, message)}
}

package bundle

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// get answers with one object; also for the status subresource.
func (s *Server) get(w http.ResponseWriter, r *request) error {
	rec := s.world.get(r.gvr(), r.key())
	if rec == nil {
		return apierrors.NewNotFound(r.resource(), r.name)
	}
	return r.media.writeRecord(w, http.StatusOK, rec)
}

// list answers with the objects that the selectors match, a page at a time if a limit asks for it.
func (s *Server) list(w http.ResponseWriter, r *request) error {
	options, err := listOptions(r.URL.Query())
	if err != nil {
		return err
	}
	selects, err := selectorOf(r.kind, options)
	if err != nil {
		return err
	}
	state := s.world.list(r.gvr(), r.namespace)
	from, err := position(options, state)
	if err != nil {
		return err
	}
	lm := metav1.ListMeta{ResourceVersion: strconv.FormatUint(from.Version, 10)}
	var page []*record
	for i, rec := range state.records {
		switch key := objectKey(rec.object); {
		case key < from.Start || !selects(rec):
		case options.Limit > 0 && int64(len(page)) == options.Limit:
			lm.Continue = continuation{Version: from.Version, Start: key}.String()
			if options.LabelSelector == "" && options.FieldSelector == "" {
				rest := int64(len(state.records) - i)
				lm.RemainingItemCount = &rest
			}
			return r.media.writeList(w, r.kind, lm, page)
		default:
			page = append(page, rec)
		}
	}
	return r.media.writeList(w, r.kind, lm, page)
}

// listOptions reads and validates a query as the API server does.
func listOptions(query url.Values) (metav1.ListOptions, error) {
	var o metav1.ListOptions
	if err := metav1.Convert_url_Values_To_v1_ListOptions(&query, &o, nil); err != nil {
		return o, apierrors.NewBadRequest(err.Error())
	}
	errs := validation.ValidateListOptions(&internalversion.ListOptions{
		Watch: o.Watch, ResourceVersion: o.ResourceVersion, ResourceVersionMatch: o.ResourceVersionMatch,
		Continue: o.Continue, SendInitialEvents: o.SendInitialEvents,
	}, true)
	if len(errs) > 0 {
		return o, apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "ListOptions"}, "", errs)
	}
	return o, nil
}

// continuation is where the next page begins, and the version that the first page showed.
type continuation struct {
	Version uint64 `json:"v"`
	Start   string `json:"s"`
}

func (c continuation) String() string {
	data, _ := json.Marshal(c) // two plain fields
	return base64.RawURLEncoding.EncodeToString(data)
}

// position says from where and as of which version to list. Only the newest state is kept: a page or an exact version that would need
// an older one is gone, and clients list again.
func position(o metav1.ListOptions, now state) (continuation, error) {
	if o.Continue != "" {
		var c continuation
		data, err := base64.RawURLEncoding.DecodeString(o.Continue)
		if err == nil {
			err = json.Unmarshal(data, &c)
		}
		if err != nil {
			return c, apierrors.NewBadRequest("continue key is not valid: " + err.Error())
		}
		if now.changed > c.Version {
			return c, apierrors.NewResourceExpired("The provided continue parameter is too old to display a consistent list result. You must " +
				"start a new list without the continue parameter.")
		}
		return c, nil
	}
	asked, err := parseVersion(o.ResourceVersion)
	switch {
	case err != nil:
		return continuation{}, err
	case asked > now.version:
		return continuation{}, tooNew(asked, now.version)
	case o.ResourceVersionMatch == metav1.ResourceVersionMatchExact && now.changed > asked:
		return continuation{}, expired(asked, now.changed)
	case o.ResourceVersionMatch == metav1.ResourceVersionMatchExact:
		return continuation{Version: asked}, nil
	}
	return continuation{Version: now.version}, nil
}

// parseVersion reads a resourceVersion; none is 0.
func parseVersion(v string) (uint64, error) {
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		return 0, apierrors.NewBadRequest(fmt.Sprintf("Invalid value: %q: resourceVersion must be a number", v))
	}
	return n, nil
}

func expired(asked, oldest uint64) error {
	return apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", asked, oldest))
}

// tooNew is what a client hears that has seen a later state than this one: of another server at the same address, for instance. Unlike
// an API server's, it asks for no retry: nothing here catches up by waiting.
func tooNew(asked, current uint64) error {
	err := apierrors.NewTimeoutError(fmt.Sprintf("Too large resource version: %d, current: %d", asked, current), 0)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version"}}
	return err
}

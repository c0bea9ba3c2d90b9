package custom

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// gaveUpLongAgo says whether nobody's object tells of the moment at which it failed for good, long ago: a request that was denied, say. It
// is a record of that, and no more is made of it. What another has made is that one's concern.
func gaveUpLongAgo(o *unstructured.Unstructured, now time.Time) bool {
	if metav1.GetControllerOfNoCopy(o) != nil {
		return false
	}
	status := statusOf(o)
	for key := range status {
		words := wordsOf(key)
		if len(words) != 2 || !slices.Contains([]string{"failure", "failed"}, words[0]) ||
			!slices.Contains([]string{"time", "timestamp", "at"}, words[1]) {
			continue
		}
		if at := timeAt(status, key); !at.IsZero() && now.Sub(at) > finding.LongPast.For {
			return true
		}
	}
	return false
}

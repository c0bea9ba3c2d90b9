package commands

import (
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// mostNameParts of a name: KIND, NAMESPACE, NAME.
const mostNameParts = 3

// objectWords reads KIND/NAME, KIND NAME, NAMESPACE/NAME, KIND/NAMESPACE/NAME or NAME into its parts. What they are is for the Looker to
// say, who has seen which kinds and namespaces there are.
func objectWords(words []string) ([]string, error) {
	if len(words) == 0 {
		return nil, nil
	}
	if len(words) > 2 {
		return nil, usageError("that names more than one thing")
	}
	parts := strings.Split(strings.Join(words, "/"), "/")
	switch {
	case slices.Contains(parts, ""):
		return nil, usageError("a name is missing")
	case len(parts) > mostNameParts:
		return nil, usageError("“" + clip.Runes(strings.Join(words, " "), 80) + "” is not KIND/NAME")
	}
	return parts, nil
}

package custom

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// wordsOf takes a name apart: "NotReady", "HEALTH_ERR", "replica-failed", "OSDDown", "failed to sync" are words of lower case.
func wordsOf(name string) []string {
	var out []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) &&
			unicode.IsUpper(runes[i-1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return out
}

// illStems begin the words that tell a failure, in names of conditions, reasons, phases and messages alike.
var illStems = []string{"invalid", "degrad", "unhealth", "unavailab", "unreach", "faulted", "faulty", "stalled", "blocked", "crash",
	"corrupt", "denied", "forbidden", "refus", "reject", "unauthori", "unauthent", "expired", "exceed", "insufficient", "missing", "mismatch",
	"conflict", "timeout", "exhaust", "misconfig", "deadlock", "disconnect", "aborted", "unresolv", "stuck", "incompatible", "unsupported",
	"violat", "inaccessible", "unschedul", "unsatisf", "notfound"}

// illWords are those that are such only as a whole: "fail" begins failover, "err" errand, "down" downscale.
var illWords = []string{"fail", "fails", "failed", "failing", "failure", "failures", "error", "errors", "errored", "err", "fault", "faults",
	"lost", "broken", "panic", "critical", "offline", "down", "red", "pressure", "crashed", "unable", "cannot", "dead", "unknown"}

// denials turn the word after them around.
var denials = []string{"no", "not", "non", "never", "without", "none", "zero", "0"}

func isIll(word string) bool {
	return slices.Contains(illWords, word) && word != "unknown" ||
		slices.ContainsFunc(illStems, func(stem string) bool { return strings.HasPrefix(word, stem) })
}

// illPhrases tell a failure in a message, of words that alone say nothing.
var illPhrases = regexp.MustCompile(`\b(not found|no such|does(n't| not) exist|can't|could(n't| not)|timed out|not (allowed|permitted|enough` +
	`|healthy|reachable|authorized|supported)|no route|deadline|too many|rate ?limit\w*|no space|out of|x509|quota|access (is )?denied)\b`)

// tellsFailure says whether words of a controller's own tell of a failure.
func tellsFailure(texts ...string) bool {
	for _, text := range texts {
		words := wordsOf(text)
		for i, w := range words {
			if isIll(w) && !slices.ContainsFunc(words[max(0, i-2):i], func(w string) bool { return slices.Contains(denials, w) }) &&
				(i+1 == len(words) || words[i+1] != "0") {
				return true
			}
		}
		if illPhrases.MatchString(strings.ToLower(text)) || illPhrases.MatchString(strings.Join(words[:min(len(words), 12)], " ")) {
			return true
		}
	}
	return false
}

// reasonFails says whether a reason's own words tell of a failure; controllers join them as they please.
func reasonFails(reason string) bool {
	low := strings.ToLower(reason)
	return slices.ContainsFunc([]string{"fail", "err", "invalid", "notfound", "missing", "denied", "degraded", "unhealthy"},
		func(w string) bool { return strings.Contains(low, w) }) || slices.ContainsFunc(wordsOf(reason), isIll)
}

// progressWords say that something is being made, or waits its turn.
var progressWords = []string{"progress", "pending", "creating", "provision", "reconcil", "install", "initial", "wait", "issuing",
	"starting", "bootstrap", "queued", "scheduling", "updating", "upgrading", "scaling", "deploying", "configuring", "joining",
	"rebuild", "restoring", "requires", "awaiting"}

func tellsProgress(words string) bool {
	words = strings.ToLower(words)
	return slices.ContainsFunc(progressWords, func(w string) bool { return strings.Contains(words, w) })
}

// waits says whether a state's words tell that something is waited for, whatever these say that it is: "WaitForDeploymentReady" is not
// ready.
func waits(words []string) bool {
	return len(words) > 0 && slices.Contains([]string{"wait", "waits", "waiting", "awaiting"}, words[0])
}

// making says whether a state's first word tells that its object has not been made yet, whatever it is doing.
func making(word string) bool {
	return slices.ContainsFunc([]string{"pending", "creating", "provision", "install", "initial", "wait", "bootstrap", "queued", "starting"},
		func(w string) bool { return strings.HasPrefix(word, w) })
}

// unused tells of a feature that nobody has set up, or that was switched off.
var unused = regexp.MustCompile(`\b(empty|disabled|unset|unused|not (been )?(set|configured|enabled|requested|required|needed|applicable` +
	`|in use|used|specified|defined|provided))\b`)

func notInUse(message string) bool {
	return unused.MatchString(strings.ToLower(message)) && !tellsFailure(message)
}

// goodWords say that all is well, of the last word of a condition's type or of a phase.
var goodWords = []string{"ready", "available", "healthy", "synced", "established", "reconciled", "valid", "deployed", "running", "active",
	"ok", "bound", "succeeded", "completed", "complete", "enabled", "attached", "connected", "online", "green", "up", "stable", "normal",
	"success", "created", "provisioned", "applied"}

func isGood(word string) bool { return slices.Contains(goodWords, word) }

// polarity is what a condition's type means when it is True: 1 that all is well, -1 that something is wrong, 0 neither. "NotReady" and
// "NoErrors" turn their words around.
func polarity(kind string) int {
	words := wordsOf(kind)
	sign, turned := 0, false
	for i, w := range words {
		switch {
		case slices.Contains(denials, w) && i+1 < len(words):
			turned = !turned
		case isIll(w) || slices.Contains(warningWords, w):
			sign = -1
		case isGood(w) && sign == 0:
			sign = 1
		}
	}
	if turned {
		return -sign
	}
	return sign
}

// warningWords make a condition's type one that is worth a look, and no more.
var warningWords = []string{"warning", "warnings", "drift", "drifted", "fallback", "deprecated", "toomany"}

func isWarning(kind string) bool {
	words := wordsOf(kind)
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(warningWords, w) }) &&
		!slices.ContainsFunc(words, isIll)
}

// capability says whether a condition tells what an object could do, such as LiveMigratable: to be unable to is its nature, at times.
func capability(kind string) bool {
	words := wordsOf(kind)
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	return strings.HasSuffix(last, "able") && !isGood(last) && !isIll(last) && last != "reachable"
}

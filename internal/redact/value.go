package redact

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sign is what stands between a name and its value.
type sign int

const (
	assigned sign = iota // name = value, name: value, a flag's argument, an attribute's value
	listed               // 'name', 'value'
	spoken               // name is value; name value
	compared             // name == value
)

// value is a place that a name points to.
type value struct {
	text   string
	name   string
	quoted bool // in quotes, so that it is a value and no word of a sentence
	prose  bool // a word of a sentence follows it
	before bool // an operator follows it: it is the next name
	field  bool // it is the value of the name and of nothing else
	upper  bool // the name is written as variables of the environment are
	sign   sign
}

var (
	reference = regexp.MustCompile(`^(?:\$\{.*\}?|\$\(.*\)?|\$\w+|\$\$?|\{\{.*|%\(?\w*\)?[sdvq]?%?|@\w+@|<[^<>]*>?|![A-Z]\w*|!(?:env|vault|secret|file|include)|%\{.*|\(\w+\)|\{\w*\}|#\{.*|\[\]?|\{\}?|&\w+|(?:var|local|locals|data|module|process|req|request|this|self|config|cfg|conf|settings|args|opts|options|os|env|params|user|ctx|secrets|vars|ENV|System|values|Values|import)[.\[(:].*)$`)
	call      = regexp.MustCompile(`^[A-Za-z_$][\w$]*(?:(?:\.|::|->)[A-Za-z_$][\w$]*)*[(\[]`)
	aPath     = regexp.MustCompile(`^(?:file:/*|[A-Za-z]:\\|\.{0,2}/|~/)[\w./@:-]*$`)
	fileName  = regexp.MustCompile(`^[\w.-]+\.(?:pem|crt|cer|key|json|ya?ml|txt|conf|cfg|p12|jks|pfx|env|go|py|js|java|rb|sh|sql|svc|log|properties|toml|ini)$`)
	elsewhere = regexp.MustCompile(`^(?:arn:aws|ref\+|vault:|secret:|projects/|awssm:|gcpsm:|sops:|env:|k8s:|kubernetes:|configmap:|keyvault:|op://|ssm:|urn:)`)
	address   = regexp.MustCompile(`^(?:https?|tcp|grpc|wss?)://[^\s?#@]*$`)
	shape     = regexp.MustCompile(`^(?:v?\d+(?:\.\d+)+(?:-[\w.]+)?(?:\+[\w.]+)?|\d{4}-\d\d-\d\d(?:[T ][\d:.,+Z-]*)?|\d\d:\d\d.*|\d+(?:\.\d+)?(?:ms|s|m|h|d|w|y|%|[KMGT]i?B?|Mi|Gi|bytes)|(?:\d+[hms])+|0x[0-9a-fA-F]{1,16}|sha\d+[:-].*|md5:.*|[\d.]+:\d+(?::\d+)?[):]*|HTTP/\d.*|SHA\d+:.*|[\da-f:]+::[\da-f:]*)$`)
	another   = regexp.MustCompile(`^[A-Za-z_][\w.-]*=`) // the next assignment
	uuid      = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	hexes     = regexp.MustCompile(`^(?:[0-9a-f]+|[0-9A-F]+)$`)
	hidden    = regexp.MustCompile(`(?i)^(?:[*•.x#?_·~-]+|[x*]{3,}.*|\W*(?:redacted|filtered|hidden|masked|removed|sensitive|secret|omitted|scrubbed|sanitized|obfuscated|protected|censored)\W*(?:value)?\W*)$`)
	noName    = regexp.MustCompile(`^[a-z0-9]+(?:[-./_:@][a-z0-9]+)*$`)
	aWord     = regexp.MustCompile(`^[A-Za-z]?[a-z'’-]*[.,:;!?]?$`)
	constant  = regexp.MustCompile(`^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$`)
	camel     = regexp.MustCompile(`^[A-Za-z][a-z]+(?:[A-Z][a-z]+)+$`)
)

// said are words that stand where a value would and say what is with it.
var said = set(`true false yes no on off null nil none undefined nan empty unset set missing required optional invalid incorrect wrong expired revoked valid ok okay failed failure success accepted denied rejected
	enabled disabled default defaults unknown unauthorized forbidden malformed mismatch mismatched changed reset updated created deleted rotated stored string str text value file bytes int integer number boolean bool object
	array map secret password token key the a an is was are and or not to for in of from by with at it this that as be been has have must should will can could would please see via per n/a na tbd todo placeholder
	basic bearer digest negotiate oauth oauth2 oidc saml ldap password_file plain scram static dynamic internal external auto automatic generated random manual optional, required, encrypted hashed
	ist wird falsch abgelaufen läuft est incorrecto incorrect es der die das wurde war nicht wrong, false, true, null, none, name cannot error unexpected authentication found sent received refresh access id_token
	cookie header query body environment env config mapping reference readonly readwrite read write admin-only anonymous public private any all self other new old current previous files compat sss systemd`)

// isNothing says that a text is no value: a reference to one, a placeholder, a word about one, a path.
func isNothing(t string, quoted bool) bool {
	low := strings.ToLower(strings.Trim(t, ".,;:!?)]}'\"`"))
	switch {
	case low == "", said[low], isMarker(t):
		return true
	case hidden.MatchString(t), elsewhere.MatchString(t), address.MatchString(t):
		return true
	case reference.MatchString(t) && (!strings.HasPrefix(t, "$") || !passwordHash.MatchString(t) && !oddDollar(t)) &&
		(!quoted || t[0] != '!' && (t[0] != '%' || len(t) <= 2) && t[0] != '&' && t[0] != '#'):
		return true
	case !quoted && call.MatchString(t):
		return true
	case !quoted && identifier1.MatchString(t) && classify(t) >= secret && !strings.ContainsAny(t, "0123456789") &&
		(strings.ContainsAny(t, "._[") || camel.MatchString(t) || words[strings.ToLower(t)] != silent):
		return true
	}
	return len(t) > 1 && aPath.MatchString(t) && !strings.HasSuffix(t, "=") && (strings.Count(t, "/") > 1 || len(t) < 24) ||
		fileName.MatchString(t)
}

var (
	passwordHash = regexp.MustCompile(`^\$(?:\d\w?|y|gy|argon2\w*|scrypt|pbkdf2[\w-]*|P|H|apr1|s0)\$`)
	identifier1  = regexp.MustCompile(`^[A-Za-z_][\w.\[\]"']*$`)
)

// oddDollar says that a text begins as a variable does but goes on as none.
func oddDollar(t string) bool {
	return !strings.HasPrefix(t, "${") && !strings.HasPrefix(t, "$(") && strings.ContainsAny(t, "!@#%^&*~+=,;?") ||
		strings.Count(t, "$") > 1 && len(t) > 6
}

// name says that a text reads as the name of an object does: web-tls, shop/db, db-creds-v2.
func isName(t string) bool {
	if !noName.MatchString(t) {
		return camel.MatchString(t) && len(t) < 40 || constant.MatchString(t) && strings.Contains(t, "_")
	}
	digits, long := 0, false
	for _, p := range strings.FieldsFunc(t, func(r rune) bool { return strings.ContainsRune("-./_:@", r) }) {
		n := countDigits(p)
		if n > 0 && n < len(p) && len(p) > 5 || n == len(p) && n > 4 {
			long = true
		}
		digits += n
	}
	return !long || podName.MatchString(t)
}

var podName = regexp.MustCompile(`^[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*(?:-[a-z0-9]{8,10})?-[a-z0-9]{5}$`)

func countDigits(s string) int {
	n := 0
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			n++
		}
	}
	return n
}

// looksSecret says that a word of a sentence is none: letters with digits or signs among them, and the shape of nothing else.
func looksSecret(t string) bool {
	if utf8.RuneCountInString(t) < 5 || shape.MatchString(t) || uuid.MatchString(t) || isName(t) &&
		(countDigits(t) == 0 || len(t) < 8 || strings.ContainsAny(t, "-./_:@")) {
		return false
	}
	letters, digits, signs, upper, lower := 0, 0, 0, 0, 0
	for _, r := range t {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
			if unicode.IsUpper(r) {
				upper++
			} else if unicode.IsLower(r) {
				lower++
			}
		case strings.ContainsRune("!@#$%^&*~+=?<>|", r):
			signs++
		}
	}
	if letters > 0 && digits > 0 {
		return !strings.Contains(t, "(") && !strings.Contains(t, "://")
	}
	return letters > 2 && signs > 0 && !strings.ContainsAny(t, "()<>|=/?:") || upper > 1 && lower > 1 && len(t) >= 8 &&
		!camel.MatchString(t) && !strings.ContainsAny(t, "(/.-_:,'")
}

// looksRandom says that nobody thought a text out.
func looksRandom(t string, hashes bool) bool {
	if len(t) < 16 || strings.ContainsAny(t, " (){}<>") || strings.Contains(t, "sha256") || strings.Contains(t, "@") || shape.MatchString(t) ||
		uuid.MatchString(t) || isName(t) && (!hashes || !hexes.MatchString(t)) || strings.Contains(t, "://") {
		return false
	}
	if !hashes && hexes.MatchString(strings.TrimLeft(t[strings.LastIndexByte(t, '-')+1:], "-")) {
		return false
	}
	d := countDigits(t)
	return d > 0 && d < len(t) && entropy(t) > 3 || entropy(t) > 3.9 && !strings.ContainsAny(t, "./-_:,")
}

// tells decides whether a value is secret by what its name tells.
func (v value) tells(c class) bool {
	t := v.text
	if isNothing(t, v.quoted) {
		return false
	}
	digitsOnly := countDigits(t) == len(t)
	switch {
	case c == silent:
		return false
	case (v.field || v.upper && v.sign == assigned) && c >= secret && !digitsOnly && !shape.MatchString(t) && (len(t) < 6 || !isName(t)) &&
		!v.prose && v.name != "PASS":
		return true
	case c == pin:
		return digitsOnly && len(t) >= 4 && len(t) <= 10 && (v.sign != spoken || !v.prose || len(t) > 3) || v.sign == assigned && looksSecret(t)
	case c == perhaps:
		return looksRandom(t, false) && (v.sign != spoken || entropy(t) > 3.5)
	case c == session:
		return looksRandom(t, true) || v.quoted && len(t) > 11 && looksSecret(t) && !strings.ContainsAny(t, " /:")
	case v.sign == spoken && (another.MatchString(t) || v.before):
		return false
	case v.sign == spoken || v.sign == compared:
		if v.quoted {
			return c == password && v.sign == spoken && len(t) > 3 && (!strings.Contains(t, " ") || strings.Count(t, " ") > 1 && !sentence(t)) &&
				!isConstantOrTelling(t) || looksSecret(t) || looksRandom(t, true)
		}
		return looksSecret(t) || c == secret && looksRandom(t, true) || c == password && digitsOnly && len(t) > 5
	case c == password:
		if digitsOnly {
			return len(t) > 3
		}
		if v.sign == listed {
			return v.upper || looksSecret(t)
		}
		if n := strings.ToLower(v.name); n == "pass" && !v.quoted && (camel.MatchString(t) || strings.HasPrefix(t, "Test") ||
			strings.Contains(t, "/")) {
			return false // a test's result
		}
		if shape.MatchString(t) && !v.quoted && strings.ContainsAny(t, "-:") {
			return false
		}
		return !v.prose || looksSecret(t) || v.quoted
	case digitsOnly:
		return len(t) >= 8
	case shape.MatchString(t):
		return false
	case v.prose && !v.quoted:
		return looksSecret(t) && !isName(t)
	case strings.Contains(t, " "):
		return v.quoted && !sentence(t)
	}
	if aWord.MatchString(t) && !strings.ContainsAny(t, "-.:") {
		return utf8.RuneCountInString(t) > 5 && (v.sign == assigned || v.upper) && v.wordy(c)
	}
	return len(t) > 4 && (!isName(t) || hexes.MatchString(t) && len(t) > 15) || v.upper && len(t) > 3 && countDigits(t) > 0 && !isName(t)
}

// wordy lets an ordinary word be a secret where it is written as one; who writes of tokens means no such word.
func (v value) wordy(c class) bool {
	return c == password || v.quoted || v.upper || strings.HasSuffix(strings.ToLower(v.name), "secret") && !v.prose
}

func isConstantOrTelling(t string) bool { return constant.MatchString(t) || classify(t) != silent }

// sentence says that a text of several words speaks about a secret, rather than being one.
func sentence(t string) bool {
	n := 0
	for _, w := range strings.Fields(t) {
		if said[strings.ToLower(strings.Trim(w, ".,;:!?"))] {
			n++
		}
	}
	return n > 0
}

// valueOf is a value whose name is known apart from it.
func valueOf(name, text string) value {
	return value{text: text, name: name, quoted: true, field: true, upper: strings.ToUpper(name) == name}
}

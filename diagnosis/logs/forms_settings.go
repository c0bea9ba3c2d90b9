package logs

// An environment variable's name as it is written by habit. Where the words around it don't say that it is one, it has an underscore.
const (
	envName   = `(?-i:(?P<name>[A-Z][A-Z0-9_]{1,127}))`
	sureName  = `(?-i:(?P<name>[A-Z][A-Z0-9]*_[A-Z0-9_]{1,127}))`
	notSet    = `(?:not (?:been )?(?:set|found|defined|provided|specified|configured|present)|missing|undefined|unset|empty|required|must be (?:set|defined|provided|specified)|(?:has|needs) to be (?:set|defined|provided))`
	variable  = `(?:environment variables?|env(?:ironment)?[ -]?vars?|envvars?|\benv)`
	quoteEnds = "[\"'`$:{}()= ]*"
)

// A value that Kubernetes gives the variable NAME_PORT of each Service in a pod's namespace, and how programs say that it is none of
// theirs.
const (
	linkValue = `tcp://(?P<host>\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):(?P<port>\d+)`
	notValid  = `(?:invalid|pars(?:e|ing)\b|numberformat|for input string|not a (?:valid )?(?:number|integer|port)|strconv|convert|valueerror|unmarshal|must be (?:a|an) (?:number|integer|port)|should be)`
)

var settingForms = []form{
	{LinkTaken, "tcp://", `(?-i:\b(?P<name>[A-Z][A-Z0-9_]*_PORT)\b).*` + notValid + `.*` + linkValue,
		`invalid configuration: REDIS_PORT: strconv.Atoi: parsing "tcp://10.43.0.7:6379": invalid syntax`,
		"host=10.43.0.7 port=6379 name=REDIS_PORT"},
	{LinkTaken, "tcp://", notValid + `.*` + linkValue, `java.lang.NumberFormatException: For input string: "tcp://10.43.0.7:6379"`,
		"host=10.43.0.7 port=6379"},
	{LinkTaken, "tcp://", linkValue + `.*` + notValid, `port "tcp://10.43.0.7:6379" is not a valid number`, "host=10.43.0.7 port=6379"},

	{MissingEnv, "keyerror", `keyerror: ['"]` + envName + `['"]`, "KeyError: 'DATABASE_URL'", "name=DATABASE_URL"},
	{MissingEnv, "environment variable|env var|environment var|envvar", variable + quoteEnds + envName + quoteEnds +
		`(?:is |was |are |has )?` + notSet, `panic: environment variable "API_KEY" is not set`, "name=API_KEY"},
	{MissingEnv, "environment variable|env var|envvar|environment var|missing env|required env",
		`(?:missing|required|not found|undefined|unset|must set|must specify|please set)[\w ]{0,24}` + variable +
			`[^A-Za-z0-9]{0,6}(?:key |called |named )?` + quoteEnds + envName,
		"Error: Missing required environment variable: STRIPE_KEY", "name=STRIPE_KEY"},
	{MissingEnv, "environment variable", `environment variable not found:? ` + quoteEnds + envName,
		"Environment variable not found: DATABASE_URL.", "name=DATABASE_URL"},
	{MissingEnv, "environment variable|env var|envvar", envName + quoteEnds + variable + ` (?:is |was |has )?` + notSet,
		"Error: JWT_SECRET environment variable is required", "name=JWT_SECRET"},
	{MissingEnv, "not set|must be set|required|missing|undefined|not defined|unset|not provided|not found", `(?:^|[\s"'\x60:($])` + sureName +
		"[\"'`)}]*:? (?:is |was |are |has |config )?" + notSet, "Error: DATABASE_URL is not set", "name=DATABASE_URL"},
	{MissingEnv, "required key", `required key ` + envName + ` missing value`, "required key APP_DB_HOST missing value", "name=APP_DB_HOST"},
	{MissingEnv, "key not found", `key not found: "` + envName + `"`,
		"/app/config.rb:4:in `fetch': key not found: \"SECRET_KEY_BASE\" (KeyError)", "name=SECRET_KEY_BASE"},
	{MissingEnv, "unbound variable|parameter not set|parameter null or not set",
		`(?P<name>\w+): (?:unbound variable|parameter not set|parameter null or not set)`, "/entrypoint.sh: line 7: REDIS_HOST: unbound variable",
		"name=REDIS_HOST"},
	{MissingEnv, "could not resolve placeholder", `could not resolve placeholder '(?P<name>[^':]+)`,
		`java.lang.IllegalArgumentException: Could not resolve placeholder 'payment.api.key' in value "${payment.api.key}"`,
		"name=payment.api.key"},
	{MissingEnv, "field required", `(?P<name>\w+)\n\s*field required \[?\(?type=(?:missing|value_error)`,
		"  Field required [type=missing, input_value={}, input_type=dict]", "name=database_url"},
	{MissingEnv, "set the", `set the ` + envName + ` environment variable`,
		"django.core.exceptions.ImproperlyConfigured: Set the SECRET_KEY environment variable", "name=SECRET_KEY"},
	{MissingEnv, "declare it as envvar", envName + ` not found\. declare it as envvar`,
		"decouple.UndefinedValueError: SECRET_KEY not found. Declare it as envvar or define a default value.", "name=SECRET_KEY"},
	{MissingEnv, "missing environment variables", `missing environment variables:\s*` + envName, "Missing environment variables: STRIPE_KEY",
		"name=STRIPE_KEY"},
	{MissingEnv, "you must specify|you need to specify", `you (?:must|need to) specify ` + envName,
		"You must specify POSTGRES_PASSWORD to a non-empty value for the superuser.", "name=POSTGRES_PASSWORD"},
	{MissingEnv, "undefined array key|undefined index", `undefined (?:array key|index):? "?` + sureName,
		`PHP Fatal error:  Uncaught ErrorException: Undefined array key "DB_HOST"`, "name=DB_HOST"},
	{MissingEnv, "not set in the environment|not set in environment", `(?P<name>\w+) (?:is )?not set in (?:the )?environment`,
		"STRIPE_KEY not set in environment", "name=STRIPE_KEY"},
	{MissingEnv, "notpresent", sureName + `[^:]*: notpresent`,
		"called `Result::unwrap()` on an `Err` value: DATABASE_URL must be set: NotPresent", "name=DATABASE_URL"},
	{MissingEnv, "environment variable not found", ``, "Error: environment variable not found", ""},
	{MissingEnv, "notpresent", `err.? value: notpresent`, "called `Result::unwrap()` on an `Err` value: NotPresent", ""},

	{UnknownFlag, "unknown flag", `unknown (?:shorthand )?flag: (?P<name>\S+)`, "Error: unknown flag: --log-levl", "name=--log-levl"},
	{UnknownFlag, "flag provided but not defined", `flag provided but not defined: (?P<name>\S+)`, "flag provided but not defined: -log-levl",
		"name=-log-levl"},
	{UnknownFlag, "unrecognized arguments|unrecognized option|unknown option|unexpected argument|no such option|invalid option",
		`(?:unrecognized arguments?|unrecognized option|unknown option|unexpected argument|no such option|invalid option)(?: --)?:? ["'\x60]?(?P<name>[^\s"'\x60]+)`,
		"app.py: error: unrecognized arguments: --worker 4", "name=--worker"},
	{UnknownFlag, "unrecognized vm option", `unrecognized vm option '(?P<name>[^']+)'`, "Unrecognized VM option 'UseConcMarkSweepGC'",
		"name=UseConcMarkSweepGC"},
	{UnknownFlag, "unrecognized configuration parameter", `unrecognized configuration parameter "(?P<name>[^"]+)"`,
		`FATAL:  unrecognized configuration parameter "shared_bufers"`, "name=shared_bufers"},
	{UnknownFlag, "unknown variable", `unknown variable '(?P<name>[^']+)'`,
		"[ERROR] [MY-000067] [Server] unknown variable 'max_conections=10'.", "name=max_conections=10"},

	{ConfigInvalid, "unknown directive", `unknown directive "[^"]+" in (?P<path>[^\s:]+):(?P<line>\d+)`,
		`nginx: [emerg] unknown directive "servr" in /etc/nginx/conf.d/default.conf:3`, "path=/etc/nginx/conf.d/default.conf line=3"},
	{ConfigInvalid, "[emerg]", ` in (?P<path>/[^\s:]+):(?P<line>\d+)$`,
		`2026/01/02 03:04:05 [emerg] 1#1: invalid number of arguments in "listen" directive in /etc/nginx/nginx.conf:14`,
		"path=/etc/nginx/nginx.conf line=14"},
	{ConfigInvalid, "yaml: line|yaml: unmarshal", `(?P<path>/[^\s:"()]+)"?: .*yaml: (?:unmarshal errors:.*)?line (?P<line>\d+)`,
		"error loading config from /etc/prometheus/prometheus.yml: yaml: line 12: did not find expected key",
		"path=/etc/prometheus/prometheus.yml line=12"},
	{ConfigInvalid, "yaml: line|yaml: unmarshal", `yaml: (?:unmarshal errors:.*)?line (?P<line>\d+)`,
		"couldn't parse config: yaml: line 7: mapping values are not allowed in this context", "line=7"},
	{ConfigInvalid, "yaml: unmarshal errors", ``, "couldn't load configuration: yaml: unmarshal errors:", ""},
	{ConfigInvalid, "line", `\n\s+in "(?P<path>[^"]+)", line (?P<line>\d+)`, `  in "/app/config.yml", line 7, column 3`,
		"path=/app/config.yml line=7"},
	{ConfigInvalid, "scannererror|parsererror", `yaml\.(?:scanner\.scanner|parser\.parser)error`,
		"yaml.scanner.ScannerError: mapping values are not allowed here", ""},
	{ConfigInvalid, "in json at position", `(?P<path>/[^\s:"]+): .*in json at position`,
		"SyntaxError: /app/config.json: Unexpected token } in JSON at position 213", "path=/app/config.json"},
	{ConfigInvalid, "invalid character|unexpected end of json input|unexpected token",
		`(?P<path>/[^\s:"',;()\[\]]+\.(?:json|ya?ml|toml|ini|conf|cfg|properties))["']?: .*(?:invalid character|unexpected end of json|unexpected token)`,
		"failed to parse config /etc/app/flags.json: invalid character '}' looking for beginning of object key string",
		"path=/etc/app/flags.json"},
	{ConfigInvalid, "invalid character|unexpected end of json input|unexpected token",
		`(?:config|\.json|settings).*(?:invalid character|unexpected end of json|unexpected token)`,
		"failed to parse config: invalid character '}' looking for beginning of object key string", ""},
	{ConfigInvalid, "jsondecodeerror", `jsondecodeerror: .*line (?P<line>\d+)`,
		"json.decoder.JSONDecodeError: Expecting ',' delimiter: line 4 column 3 (char 61)", "line=4"},
	{ConfigInvalid, "toml", `toml[^\n]*line (?P<line>\d+)`, "toml: line 3 (last key \"server.port\"): expected value but found '\\n' instead",
		"line=3"},
	{ConfigInvalid, "bad directive or wrong number of arguments|fatal config file error", ``, "*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***",
		""},
	{ConfigInvalid, "error initializing configuration", `initializing configuration '(?P<path>[^']+)'(?:.* at line (?P<line>\d+))?`,
		"error initializing configuration '/etc/envoy/envoy.yaml': Unable to parse YAML as JSON: yaml-cpp: error at line 14, column 5: " +
			"illegal map value", "path=/etc/envoy/envoy.yaml line=14"},
	{ConfigInvalid, "error during parsing", `(?P<path>[^\s:]+):(?P<line>\d+) - error during parsing`,
		"/etc/coredns/Corefile:7 - Error during parsing: Unknown directive 'forwrd'", "path=/etc/coredns/Corefile line=7"},
	{ConfigInvalid, "parsing [", `parsing \[(?P<path>[^\]:]+):(?P<line>\d+)\]`,
		"[ALERT]    (1) : config : parsing [/usr/local/etc/haproxy/haproxy.cfg:21] : unknown keyword 'sever' in 'backend' section",
		"path=/usr/local/etc/haproxy/haproxy.cfg line=21"},
	{ConfigInvalid, "contains errors", `configuration file "(?P<path>[^"]+)" contains errors`,
		`FATAL:  configuration file "/etc/postgresql/postgresql.conf" contains errors`, "path=/etc/postgresql/postgresql.conf"},
	{ConfigInvalid, "error loading config|failed to load config|invalid configuration|configuration error|error parsing config|failed to " +
		"parse config|unable to load config", `(?:loading|load|parse|parsing) config(?:uration)?\b|invalid configuration|configuration error`,
		`level=error msg="Error loading config (--config.file=/etc/prometheus/prometheus.yml)"`, ""},
}

package logs

// A quote as JSON and logfmt leave it.
const q = `\\?"`

var accessForms = []form{
	{Forbidden, "cannot", `user ` + q + `(?P<subject>[^"\\]+)` + q + ` cannot (?P<verb>\w+) resource ` + q + `(?P<resource>[^"\\]+)` + q +
		` in api group ` + q + `(?P<group>[^"\\]*)` + q + `(?: in the namespace ` + q + `(?P<namespace>[^"\\]+)` + q + `)?`,
		`pods is forbidden: User "system:serviceaccount:ops:watcher" cannot list resource "pods" in API group "" in the namespace "shop"`,
		"subject=system:serviceaccount:ops:watcher verb=list resource=pods namespace=shop"},
	{Forbidden, "cannot", `user ` + q + `(?P<subject>[^"\\]+)` + q + ` cannot (?P<verb>\w+) path ` + q + `(?P<resource>[^"\\]+)` + q,
		`forbidden: User "system:anonymous" cannot get path "/metrics"`, "subject=system:anonymous verb=get resource=/metrics"},

	{AuthFailed, "password authentication failed", `password authentication failed for user ` + q + `(?P<name>[^"\\]+)`,
		`FATAL:  password authentication failed for user "shop"`, "name=shop"},
	{AuthFailed, "access denied for user", `access denied for user '(?P<name>[^']+)'@'(?P<host>[^']*)'`,
		"ERROR 1045 (28000): Access denied for user 'shop'@'10.42.0.9' (using password: YES)", "host=10.42.0.9 name=shop"},
	{AuthFailed, "role", `role ` + q + `(?P<name>[^"\\]+)` + q + ` does not exist`, `FATAL:  role "shop" does not exist`, "name=shop"},
	{AuthFailed, "no pg_hba.conf entry", `no pg_hba\.conf entry for host ` + q + `[^"\\]*` + q + `, user ` + q + `(?P<name>[^"\\]+)`,
		`FATAL:  no pg_hba.conf entry for host "10.42.0.9", user "shop", database "shop", no encryption`, "name=shop"},
	{AuthFailed, "permission denied for", `permission denied for (?:table|relation|schema|database|sequence|view|function) (?P<name>[\w.]+)`,
		"ERROR:  permission denied for table orders", "name=orders"},
	{AuthFailed, "wrongpass", ``, "WRONGPASS invalid username-password pair or user is disabled.", ""},
	{AuthFailed, "noauth", `noauth authentication required|noauth hello`, "NOAUTH Authentication required.", ""},
	{AuthFailed, "invalid password", `\b(?:err )?invalid password\b`, "ReplyError: ERR invalid password", ""},
	{AuthFailed, "authentication failed|authenticationfailed", `mongo|scram|authenticationfailed|sasl`,
		"MongoServerError: Authentication failed. (SCRAM-SHA-256)", ""},
	{AuthFailed, "saslauthenticationexception", ``,
		"org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed: Invalid username or password", ""},
	{AuthFailed, "access_refused", `access_refused - login was refused`,
		"ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN", ""},
	{AuthFailed, "login failed for user", `login failed for user '(?P<name>[^']*)'`,
		"Microsoft.Data.SqlClient.SqlException (0x80131904): Login failed for user 'sa'.", "name=sa"},
	{AuthFailed, "unable to authenticate user|missing authentication credentials", `(?:user \[(?P<name>[^\]]+)\])?`,
		"security_exception: unable to authenticate user [elastic] for REST request [/]", ""},
	{AuthFailed, "authentication required|invalid credentials|bad credentials|invalid api key|incorrect api " +
		"key|invalidaccesskeyid|signaturedoesnotmatch|invalidclienttokenid|authentication failure|unauthenticated desc", ``,
		"openai.AuthenticationError: Error code: 401 - Incorrect API key provided", ""},
	{AuthFailed, "401", `(?:status(?:[ _]?code)?|http(?:/[\d.]+)?|error|returned|response(?: code)?|error code)[ :=]+"?401\b`,
		"requests.exceptions.HTTPError: HTTP 401 Client Error: Unauthorized for url: https://api.example.com/v1", ""},
	{AuthFailed, "401", `\b401 (?:client error: )?unauthorized`, "unexpected status: 401 Unauthorized", ""},
	{AuthFailed, "403", `\b403 (?:client error: )?forbidden`, "unexpected status: 403 Forbidden", ""},

	{TLSFailed, "x509: certificate is valid for", `x509: certificate is valid for [^\n]*, not (?P<name>[^\s"\\]+)`,
		"tls: failed to verify certificate: x509: certificate is valid for db.shop.svc, not db", "name=db"},
	{TLSFailed, "x509: cannot validate certificate for", `cannot validate certificate for (?P<name>\S+) because`,
		"x509: cannot validate certificate for 10.43.0.7 because it doesn't contain any IP SANs", "name=10.43.0.7"},
	{TLSFailed, "x509:", `x509: (?:certificate|failed|cannot|unhandled|malformed)`, "x509: certificate signed by unknown authority", ""},
	{TLSFailed, "tls: private key does not match", ``, "tls: private key does not match public key", ""},
	{TLSFailed, "remote error: tls|tls handshake error|tls: handshake failure|tls: first record does not look like",
		`remote error: tls|tls: handshake failure|tls: first record`, "remote error: tls: bad certificate", ""},
	{TLSFailed, "http response to https client", ``, "http: server gave HTTP response to HTTPS client", ""},
	{TLSFailed, "pkix path", ``, "sun.security.validator.ValidatorException: PKIX path building failed: unable to find valid certification " +
		"path to requested target", ""},
	{TLSFailed, "certificate_verify_failed|certificate verify failed",
		`(?:hostname mismatch, certificate is not valid for '(?P<name>[^']+)')?`,
		"ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate", ""},
	{TLSFailed, "sslhandshakeexception", ``, "javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure", ""},
	{TLSFailed, "unable_to_verify_leaf_signature|self_signed_cert_in_chain|depth_zero_self_signed_cert|cert_has_expired|self signed " +
		"certificate|self-signed certificate|err_tls_cert_altname_invalid", ``, "Error: self signed certificate in certificate chain", ""},
	{TLSFailed, "err_tls_cert_altname_invalid|does not match certificate's altnames", `host: (?P<name>[^\s.]\S*?)\. is not`,
		"Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: db. is not in the cert's altnames: " +
			"DNS:db.shop.svc", ""},
	{TLSFailed, "remote certificate is invalid", ``,
		"System.Security.Authentication.AuthenticationException: The remote certificate is invalid according to the validation procedure", ""},
	{TLSFailed, "key values mismatch", ``, "nginx: [emerg] SSL_CTX_use_PrivateKey failed (SSL: error:05800074:x509 certificate " +
		"routines::key values mismatch)", ""},
	{TLSFailed, "invalid peer certificate", ``, "error: invalid peer certificate: UnknownIssuer", ""},

	{RateLimited, "too many requests|429", `\b429\b.{0,20}too many requests|too many requests.{0,20}\b429\b|(?:status|code|error)[ :=]+429\b`,
		"unexpected status: 429 Too Many Requests", ""},
	{RateLimited, "rate limit exceeded|ratelimiterror|rate_limit_exceeded|quota exceeded|throttlingexception|too many connections|sorry, " +
		"too many clients", ``, "FATAL:  sorry, too many clients already", ""},
}

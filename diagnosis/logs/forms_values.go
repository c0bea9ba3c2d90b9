package logs

// How the libraries that make requests and read keys say that a value they were given has a form that cannot be used, as one has that was
// copied with its line end, encoded twice, or is of another kind.
var valueForms = []form{
	{ValueMalformed, "invalid header field value", `invalid header field value .{0,200}? for key "?(?P<name>[\w-]+)`,
		`Get "https://git.example/api": net/http: invalid header field value "Bearer ***\n" for key Authorization`, "name=Authorization"},
	{ValueMalformed, "invalid header field value", `invalid header field value for "(?P<name>[\w-]+)"`,
		`net/http: invalid header field value for "Authorization"`, "name=Authorization"},
	{ValueMalformed, "invalid header value|invalid return character or leading space in header",
		`invalid (?:header value|return character or leading space in header)(?:: (?P<name>[\w-]+))?`, `ValueError: Invalid header value b'Bearer abc\n'`, ""},
	{ValueMalformed, "in header value", `(?:leading whitespace|reserved character|return character|illegal character).{0,60} in (?:message )?header value` +
		`(?:: ['"]?(?P<name>[\w-]+))?`, `requests.exceptions.InvalidHeader: Invalid leading whitespace, reserved character(s), or return ` +
		`character(s) in header value: 'token abc\n'`, "name=token"},
	{ValueMalformed, "invalid character in header content", `invalid character in header content \["?(?P<name>[\w-]+)`,
		`TypeError [ERR_INVALID_CHAR]: Invalid character in header content ["Authorization"]`, "name=Authorization"},
	{ValueMalformed, "illegal character", `illegal character.{0,30} in (?:the )?(?:message )?header`,
		`java.lang.IllegalArgumentException: Illegal character(s) in message header value: Bearer abc`, ""},
	{ValueMalformed, "invalid control character in url", `invalid control character in url`,
		`parse "http://api.example\n/v1": net/url: invalid control character in URL`, ""},
	{ValueMalformed, "illegal base64 data", `illegal base64 data at input byte`, `decode key: illegal base64 data at input byte 44`, ""},
	{ValueMalformed, "incorrect padding", `binascii\.error: incorrect padding`, `binascii.Error: Incorrect padding`, ""},
	{ValueMalformed, "failed to find any pem data|does not contain pem data|no pem data|failed to decode pem|failed to parse pem|no " +
		"start line",
		`failed to find any pem data|does not contain pem data|no pem data|failed to (?:decode|parse) pem|pem[ _]routines.{0,40}no start line`,
		`tls: failed to find any PEM data in key input`, ""},
	{ValueMalformed, "error in libcrypto|invalid format", `load key "?[^"\n]*"?: (?:invalid format|error in libcrypto)`,
		`Load key "/etc/ssh/id_ed25519": error in libcrypto`, ""},
}

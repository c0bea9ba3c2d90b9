package redact

import (
	"strings"
	"unicode"
)

// class is what a name tells of its value.
type class int

const (
	silent   class = iota
	perhaps        // a key of something, a code: what is random beside it is secret
	session        // as perhaps, and a hash counts as random
	pin            // some digits
	secret         // a secret, or the name of one
	password       // whatever stands there, if it isn't said that nothing does
)

// words say what a part of a name tells. Those of several words are found as they are; of the others the parts of a name are looked up.
var words = func() map[string]class {
	m := map[string]class{}
	for c, list := range map[class]string{
		password: "password passwords passwd passphrase passcode pass pwd pswd passwrd psw pw pws passkey p4ssword passw0rd p455word mdp " +
			"pass_word bindpw rootpw adminpw userpw dbpw dbpass rootpass p4ssw0rd pword userpass requirepass masterauth storepass keypass " +
			"sharedpass psk presharedkey plaintextpassword mypass cred_pass secretphrase seedphrase mnemonic cipherpass " +
			"kennwort passwort losungswort geheimwort geheim parole parola parolă contraseña contrasena clave senha palavrapasse passord lösenord " +
			"losenord adgangskode kodeord wachtwoord " +
			"hasło haslo heslo jelszó jelszo geslo lozinka zaporka salasana parool slaptažodis slaptazodis şifre sifre " +
			"пароль пароля парол кодовое лозинка κωδικός κωδικό συνθηματικό סיסמה סיסמא رمز گذرواژه " +
			"密码 密碼 口令 パスワード 暗証番号 비밀번호 암호 รหัสผ่าน पासवर्ड",
		secret: "secret secrets token tokens credential credentials creds cred apikey api_key accesskey secretkey secretaccesskey privatekey " +
			"privkey signingkey encryptionkey authkey accountkey masterkey sharedkey " +
			"sharedaccesskey clientkey appkey licensekey jwt bearer authtoken csrf xsrf csrftoken accesstoken refreshtoken idtoken sastoken " +
			"apitoken instrumentationkey webhooksecret secretid secret_id licencekey lizenzschlüssel mysecret " +
			"geheimnis zugangsschlüssel schlüsselwort geheimschlüssel secreto segredo segreto sekret секрет токен ключ 密钥 密鑰 秘钥 令牌 トークン シークレット 토큰 " +
			"비밀키 secretkeybase jaas keytab tajemství gizli",
		pin: "pin puk otp totp mfa cvv cvc tan пин",
		session: "session sessionid session_id sess sid macaroon aspxauth ntlm kek pepper cookie sig signature hmac auth authorization " +
			"authparams authenticator samlresponse samlrequest assertion ticket deviceid_secret jsessionid phpsessid nonce_secret stok",
		perhaps: "key keys code salt seed encrypt license licence community digest_auth state_secret unseal",
	} {
		for _, w := range strings.Fields(list) {
			m[w] = c
		}
	}
	return m
}()

// phrases are words of several words, and of scripts that put no blanks between words.
var phrases = map[string]class{
	"mot de passe": password, "mots de passe": password, "mot_de_passe": password, "motdepasse": password, "kata sandi": password,
	"mật khẩu": password, "slovo heslo": password,
	"كلمة المرور": password, "كلمة السر": password, "رمز عبور": password, "palavra-passe": password, "palabra clave": password,
	"kod dostępu": password, "zugangscode": password,
	"pass phrase": password, "pass word": password, "pass code": password, "p a s s w o r d": password, "p@ssw0rd": password,
	"p@ssword": password, "pa$$word": password, "pa$$w0rd": password, "pa55word": password, "seed phrase": password,
	"recovery phrase": password,
	"api key":         secret, "secret key": secret, "access key": secret, "private key": secret, "encryption key": secret,
	"signing key": secret,
	"unseal key":  secret, "license key": secret,
	"recovery key": secret, "shared key": secret, "auth key": secret, "master key": secret, "account key": secret, "service key": secret,
	"client key":  secret,
	"clé secrète": secret, "clé api": secret, "clave secreta": secret, "chave secreta": secret, "chiave segreta": secret,
	"clé d'accès": secret,
	"totp code":   pin, "otp code": pin, "aes key": session, "product key": session, "licence key": session, "certificate key": session,
	"encryption keys": session, "ntlm hash": session, "your code": pin, "2fa code": pin, "auth code": pin, "sms code": pin,
	"recovery codes": session, "verification code": pin, "one-time code": pin, "security code": pin, "login code": pin, "access code": pin,
	"recovery code": session, "backup code": session, "bestätigungscode": pin,
	"sicherheitscode": pin, "код подтверждения": pin, "code de vérification": pin, "验证码": pin, "驗證碼": pin, "認証コード": pin, "인증번호": pin,
	"código de verificación": pin,
}

// endings are words that names without separators end with: dbpassword, apitoken.
var endings = []struct {
	word  string
	class class
}{
	{"password", password}, {"passwort", password}, {"kennwort", password}, {"passwd", password}, {"passphrase", password},
	{"passcode", password}, {"passw", password}, {"senha", password},
	{"pwd", password}, {"secret", secret}, {"token", secret}, {"apikey", secret}, {"accesskey", secret}, {"secretkey", secret},
	{"privatekey", secret}, {"credential", secret},
	{"credentials", secret}, {"authkey", secret}, {"userkey", secret}, {"signingkey", secret}, {"masterkey", secret}, {"sessionid", session},
	{"sessid", session}, {"key", perhaps}, {"pass", password},
}

func set(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

var (
	// lookalikes words end as endings do and tell nothing.
	lookalikes = set("compass bypass surpass trespass overpass underpass encompass monkey turkey hockey donkey jockey whiskey hotkey " +
		"passkeys lookupkey kubectlkey keypass_ fullpass multipass")

	// about follows a telling word where the value is not it but something of it.
	about = set(`file files filename yaml yml json path paths dir directory folder name names ref refs reference secretref keyref keyselector selector length len size count counts total num number min max minimum maximum
		age policy policies expiry expires expire expired expiration exp ttl lifetime timeout type types kind method methods mode algorithm algo alg algorithms cipher format encoding schema scheme
		url uri urls uris endpoint endpoints host hostname port server address addr domain realm version versions generation revision id ids uid uuid required require optional enabled enable disabled disable
		attempt attempts tries retries rate rotation rotate rotated reset resets rotationdays manager encoder encryption provider providers store stores storage controller volume volumes mount mounts class
		header headers field fields column columns prompt hint help description desc label labels title limit limits bucket index user username users owner strength check checks checker validation validator valid
		invalid audience aud issuer iss scope scopes review reviews resource resources namespace secure samesite httponly consent metric metrics ca cert certs certificate certificates crt fingerprint checksum
		sha1 sha256 sha512 md5 digest public pub state status changed change last created updated time at date days hours minutes seconds sec ms hits misses space spaces board word words code stroke usage
		error errors failure failures failed ok success exists exist missing present found empty set isset is scanned skipped scanning sync synced syncer creation created rule rules pattern regex re
		factory builder handler filter service services exception bean impl helper util utils config configs conf configuration settings options option source template parser generator
		per bytes second used usage budget remaining available window bucketed ner izer request requests response responses queue topic group meter hashalgorithm iterations rounds cost feature flag flags login only less
		annotation annotations finalizer binding lookup table pair management rotationpolicy scanner`)

	// fine follows a telling word and changes nothing.
	fine = set(`value values data text string str raw plain plaintext clear hash hashed base base64 b64 enc encrypted encoded old new current previous next prod production staging stage test dev default primary secondary
		backup db database root admin user1 main key live sandbox app api web env production eu us master internal external one two txt phrase bytes arr decoded stringdata body param arg input secret token`)

	// switches come before a telling word where the value says yes or no, or how many.
	switches = set(`use uses using has have is are allow allows permit no not without enable enabled disable disabled require requires max min num number count total forgot needs need should show hide
		checksum sha sha256 md5 digest expose skip ignore version automount ask missing failed wrong expired per prompt completion`)

	// keyOf makes a key secret, keyFor makes it none.
	keyOf = set(`api secret private signing sign validation certificate encryption encrypt encrypted decryption decrypt master account auth client shared admin service license licence access app application instrumentation ssh deploy hmac jwt
		cookie webhook integration user rest restuser sas function write read ingest ingestion stripe sendgrid consumer subscription storage unseal recovery crypto cipher aes rsa wallet validator bot authorization
		datadog mailgun openai anthropic algolia maps google azure aws telegram x apikey tsig rndc wireguard session preshared psk transport registration project host hostkey machine node agent fernet django flask rails`)
	keyFor = set(`public pub primary partition foreign sort cache config map object group shard row index unique composite label dedup deduplication idempotency registry translation i18n metric tag topology redis kms event lookup
		message keyboard match hash search order item entity natural surrogate business join lock rate error field column property env annotation translation resource node_selector s3 parent child range scan start end last first next
		s3object storageobject groups any gpg pgp routing grouping sorting candidate super license_file id kid valuefrom trace span aggregation`)
)

// classify says what a name tells. Upper says that it is written as variables of an environment are.
func classify(name string) class {
	c, _ := classified(name)
	return c
}

// classified also says which kind of name it is: strong where it ends with the telling word itself.
func classified(name string) (c class, whole bool) {
	low := strings.ToLower(name)
	if c, ok := phrases[low]; ok {
		return c, true
	}
	if c, ok := words[low]; ok {
		return c, true
	}
	parts := segments(name)
	at := -1
	for i, p := range parts {
		if pc := part(p); pc != silent && (at < 0 || (!fine[p] || pc >= c || p == "key") && !about[p]) {
			at, c = i, pc
		}
	}
	for i := 1; i < len(parts); i++ { // sessionId is one word for this
		if pc, ok := words[parts[i-1]+parts[i]]; ok && at >= i-1 && at <= i && !fine[parts[i]] {
			at, c = i, pc
		}
	}
	if at < 0 {
		return silent, false
	}
	for _, p := range parts[:at] {
		if switches[p] {
			return silent, false
		}
	}
	if parts[at] == "key" || parts[at] == "keys" {
		if at > 0 {
			switch prev := parts[at-1]; {
			case keyFor[prev]:
				c = silent
			case keyOf[prev], part(prev) == password, part(prev) == secret:
				c = secret
			case strings.ToUpper(name) == name && strings.Contains(name, "_"):
				c = secret
			}
		}
		if parts[at] == "keys" && c > perhaps {
			c = perhaps
		}
	}
	for _, p := range parts[at+1:] {
		if p == "for" || p == "of" {
			return c, false // passwordForDB
		}
		switch {
		case c == password && hashNames[p]:
		case about[p]:
			return silent, false
		case fine[p]:
		default:
			c = min(c, perhaps)
		}
	}
	if last := parts[len(parts)-1]; last == "key" && c == password {
		c = secret // passwordKey: admin-password
	}
	return c, at == len(parts)-1
}

var hashNames = set("sha sha1 sha256 sha512 md5 bcrypt hex hash double digest scram argon2 crypt")

func part(p string) class {
	if c, ok := words[p]; ok {
		return c
	}
	if lookalikes[p] {
		return silent
	}
	for _, e := range endings {
		if len(p) > len(e.word) && strings.HasSuffix(p, e.word) {
			return e.class
		}
	}
	return silent
}

// segments are the parts of a name, in lower case and without the digits at their ends: db, admin and password of dbAdmin_Password2.
func segments(name string) []string {
	var parts []string
	var b strings.Builder
	flush := func() {
		if p := strings.TrimRight(b.String(), "0123456789"); p != "" {
			parts = append(parts, strings.ToLower(p))
		}
		b.Reset()
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			flush()
			continue
		case i > 0 && unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsUpper(runes[i-1]) &&
			unicode.IsLower(runes[i+1])):
			flush()
		}
		b.WriteRune(r)
	}
	flush()
	return parts
}

// tellingWords is what the text is searched for.
func tellingWords() []string {
	var out []string
	add := func(w string) {
		out = append(out, strings.ToLower(w))
		if up := strings.ToUpper(w); up != strings.ToLower(w) && !ascii(w) {
			out = append(out, up)
			r := []rune(w)
			out = append(out, string(unicode.ToUpper(r[0]))+string(r[1:]))
		}
	}
	for w := range words {
		add(w)
	}
	for w := range phrases {
		add(w)
	}
	for _, e := range endings {
		add(e.word)
	}
	return out
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

package logs

// A path as it stands in messages, in quotes or bare. It begins with a slash, for else any word could be one.
const (
	quotedPath = `["'\x60](?P<path>/[^"'\x60]*)["'\x60]`
	barePath   = `(?P<path>/[^\s:"',;()\[\]]+)`
	somePath   = `(?:^|[\s"'\x60(\[=:,])(?P<path>/[^\s:"'\x60,;()\[\]]*)["'\x60]?`
)

var fileForms = []form{
	{NotEmpty, "but is not empty", `directory ` + quotedPath + ` exists but is not empty`,
		`initdb: error: directory "/var/lib/postgresql/data" exists but is not empty`, "path=/var/lib/postgresql/data"},
	{NotEmpty, "data directory has files in it", ``,
		"[ERROR] [MY-010457] [Server] --initialize specified but the data directory has files in it. Aborting.", ""},

	{PermissionDenied, "permission denied|eacces|accessdenied", `(?:eacces|permission denied)[^/]*` + quotedPath,
		"Error: EACCES: permission denied, open '/data/app.log'", "path=/data/app.log"},
	{PermissionDenied, "permission denied|accessdenied|not permitted", somePath +
		`["'\x60)]*:? \(?(?:failed \(13: )?(?:permission denied|operation not permitted)`, "open /var/lib/app/state.db: permission denied",
		"path=/var/lib/app/state.db"},
	{PermissionDenied, "permission denied|permissionerror", `permission denied\)?[^/]*` + somePath,
		"PermissionError: [Errno 13] Permission denied: '/var/log/app'", "path=/var/log/app"},
	{PermissionDenied, "permission denied", `(?:open|create|mkdir|write|read|access|stat|chown|rename|unlink)\S*\b[^/]*` + somePath +
		`.*permission denied`,
		`mkdir: cannot create directory '/bitnami/postgresql/data': Permission denied`, "path=/bitnami/postgresql/data"},
	{PermissionDenied, "accessdeniedexception", `accessdeniedexception: ` + barePath,
		"java.nio.file.AccessDeniedException: /usr/share/elasticsearch/data/nodes", "path=/usr/share/elasticsearch/data/nodes"},
	{PermissionDenied, "unauthorizedaccessexception", `access to the path ` + quotedPath + ` is denied`,
		"System.UnauthorizedAccessException: Access to the path '/app/keys' is denied.", "path=/app/keys"},
	{PermissionDenied, "wrong ownership", `data directory ` + quotedPath + ` has (?:wrong ownership|invalid permissions)`,
		`FATAL:  data directory "/var/lib/postgresql/data" has wrong ownership`, "path=/var/lib/postgresql/data"},
	{PermissionDenied, "invalid permissions", `data directory ` + quotedPath + ` has invalid permissions`,
		`FATAL:  data directory "/var/lib/postgresql/data" has invalid permissions`, "path=/var/lib/postgresql/data"},
	{PermissionDenied, "operation not permitted", `chown: (?:changing ownership of )?` + somePath + `: operation not permitted`,
		"chown: changing ownership of '/data': Operation not permitted", "path=/data"},
	{PermissionDenied, "permission denied", `(?:listen|bind)[^:]*(?::|.*[\d\]]:)(?P<port>\d+):? .*permission denied`,
		"listen tcp :80: bind: permission denied", "port=80"},

	{PermissionDenied, "permission denied", `permission denied["')\]]*(?: \})?["')\]]*(?:, \S+\.rs:\d+:\d+)?$`,
		"Can't open the append-only file appendonly.aof.1.base.rdb: Permission denied", ""},

	{ReadOnly, "read-only file system|erofs|readonly file", `(?:erofs|read-only)[^/]*` + quotedPath,
		"Error: EROFS: read-only file system, open '/app/cache.json'", "path=/app/cache.json"},
	{ReadOnly, "read-only file system", somePath + `["'\x60)]*:? \(?(?:failed )?\(?(?:30: )?read-only file system`,
		"mkdir: can't create directory '/tmp/x': Read-only file system", "path=/tmp/x"},
	{ReadOnly, "read-only file system", `read-only file system[^/]*` + somePath, "OSError: [Errno 30] Read-only file system: '/app/uploads'",
		"path=/app/uploads"},
	{ReadOnly, "read-only file system", ``, "sh: write error: Read-only file system", ""},

	{NoSpace, "no space left on device|enospc", `(?:enospc|no space left)[^/]*` + quotedPath,
		"Error: ENOSPC: no space left on device, write '/data/x'", "path=/data/x"},
	{NoSpace, "no space left on device", somePath + `["'\x60)]*:? (?:write failed \()?no space left on device`,
		"write /var/lib/prometheus/wal/00000123: no space left on device", "path=/var/lib/prometheus/wal/00000123"},
	{NoSpace, "no space left on device", `file ` + quotedPath + `.*no space left on device`,
		`PANIC:  could not write to file "/pg/pg_wal/xlogtemp.29": No space left on device`, "path=/pg/pg_wal/xlogtemp.29"},
	{NoSpace, "no space left on device", `file "(?P<path>[^"]+)"[^/]*no space left on device`,
		`PANIC:  could not write to file "pg_wal/xlogtemp.27": No space left on device`, "path=pg_wal/xlogtemp.27"},
	{NoSpace, "no space left on device|enospc", ``, "OSError: [Errno 28] No space left on device", ""},
	{NoSpace, "disk quota exceeded", ``, "write error: Disk quota exceeded", ""},

	{NotFound, "enoent", `enoent: no such file or directory, \w+ ` + quotedPath,
		"Error: ENOENT: no such file or directory, open '/app/config/production.json'", "path=/app/config/production.json"},
	{NotFound, "no such file", somePath + `["'\x60)]*:? \(?(?:failed \(2: )?no such file or directory`,
		"open /etc/app/config.yaml: no such file or directory", "path=/etc/app/config.yaml"},
	{NotFound, "no such file", `no such file or directory\)?[^/]*` + somePath,
		"FileNotFoundError: [Errno 2] No such file or directory: '/models/model.bin'", "path=/models/model.bin"},
	{NotFound, "can't open file", `can't open file ` + quotedPath + `.*no such file`,
		"python: can't open file '/app/main.py': [Errno 2] No such file or directory", "path=/app/main.py"},
	{NotFound, "unable to access jarfile", `unable to access jarfile ` + barePath, "Error: Unable to access jarfile /opt/app/app.jar",
		"path=/opt/app/app.jar"},
	{NotFound, "cannot find module", `cannot find module ` + quotedPath, "Error: Cannot find module '/app/dist/main.js'",
		"path=/app/dist/main.js"},
	{NotFound, "nosuchfileexception|filenotfoundexception", `(?:nosuchfile|filenotfound)exception: ` + barePath,
		"java.io.FileNotFoundException: /config/app.properties (No such file or directory)", "path=/config/app.properties"},
	{NotFound, "could not find file", `could not find (?:file|a part of the path) ` + quotedPath,
		"System.IO.FileNotFoundException: Could not find file '/app/appsettings.json'.", "path=/app/appsettings.json"},
	{NotFound, "cannot load certificate", `cannot load certificate(?: key)? ` + quotedPath + `.*no such file`,
		`nginx: [emerg] cannot load certificate "/etc/tls/tls.crt": BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory)`, "path=/etc/tls/tls.crt"},

	{PortInUse, "eaddrinuse", `\{port,(?P<port>\d+)\}.*eaddrinuse`,
		"Failed to start Ranch listener in ranch_tcp:listen([{port,5672}]) for reason eaddrinuse (address already in use)", "port=5672"},
	{PortInUse, "address already in use|eaddrinuse|address in use", `(?:in use|eaddrinuse)[^\n]*?[:\]](?P<port>\d{2,5})\b`,
		"Error: listen EADDRINUSE: address already in use :::3000", "port=3000"},
	{PortInUse, "address already in use|address in use",
		`[:\]](?P<port>\d{2,5})\)?"?:? (?:failed \(98: |bind: |\(98\))?(?:bind: )?addres[^\n]* in use`,
		"listen tcp 0.0.0.0:8080: bind: address already in use", "port=8080"},
	{PortInUse, "port", `port[ :=]+(?P<port>\d{2,5}) (?:was|is) already (?:in use|being used|allocated)`,
		"Web server failed to start. Port 8080 was already in use.", "port=8080"},
	{PortInUse, "address already in use|address in use", `\('[^']*', (?P<port>\d+)\).*in use`,
		"OSError: [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use", "port=8000"},
	{PortInUse, "address already in use|eaddrinuse|address in use", ``, "OSError: [Errno 98] Address already in use", ""},

	{LockHeld, "database is locked", ``, "sqlite3.OperationalError: database is locked", ""},
	{LockHeld, "lock file", `lock file ` + quotedPath + ` already exists`,
		`FATAL:  lock file "/var/run/postgresql/.s.PGSQL.5432.lock" already exists`, "path=/var/run/postgresql/.s.PGSQL.5432.lock"},
	{LockHeld, "resource temporarily unavailable", `lock[^/]*` + somePath + `.*resource temporarily unavailable`,
		"opening storage failed: lock DB directory: /prometheus/lock: resource temporarily unavailable", "path=/prometheus/lock"},
	{LockHeld, "failed to obtain node lock", `failed to obtain node locks?, tried \[+` + barePath,
		"java.lang.IllegalStateException: failed to obtain node locks, tried [[/usr/share/elasticsearch/data]] with lock id [0]",
		"path=/usr/share/elasticsearch/data"},
	{LockHeld, "unable to lock", `unable to lock (?P<path>\./\w+)`, "[ERROR] [MY-012574] [InnoDB] Unable to lock ./ibdata1 error: 11",
		"path=./ibdata1"},
	{LockHeld, "dblocked|unable to lock the lock file", `lock file:?` + somePath,
		"DBPathInUse: Unable to lock the lock file: /data/db/mongod.lock (Resource temporarily unavailable). Another mongod instance is " +
			"already running", "path=/data/db/mongod.lock"},
}

package logs

var stateForms = []form{
	{MigrationFailed, "dirty database version", `dirty database version (?P<name>\d+)`, "error: Dirty database version 7. Fix and force version.", "name=7"},
	{MigrationFailed, "migration of schema", `migration of schema .* to version "?(?P<name>[\w.]+)`, `ERROR: Migration of schema "public" to version "5 - add orders" failed! Please restore backups and roll back database and code!`, "name=5"},
	{MigrationFailed, "flywayvalidateexception|flywaymigrateexception", ``, "org.flywaydb.core.api.exception.FlywayValidateException: Validate failed: Migrations have failed validation", ""},
	{MigrationFailed, "migration checksum mismatch|detected failed migration", `version (?P<name>[\w.]+)`, "Migration checksum mismatch for migration version 3", "name=3"},
	{MigrationFailed, "migrationfailedexception", `migration failed for changeset (?P<name>[^\s:]\S*)`, "liquibase.exception.MigrationFailedException: Migration failed for changeset db/changelog.xml::2::bob", "name=db/changelog.xml::2::bob"},
	{MigrationFailed, "migrationfailedexception|validationfailedexception|could not acquire change log lock", ``, "liquibase.exception.LockException: Could not acquire change log lock. Currently locked by web-1 (10.42.0.9)", ""},
	{MigrationFailed, "can't locate revision", `can't locate revision identified by '(?P<name>[^']+)'`, "alembic.util.exc.CommandError: Can't locate revision identified by '3f2a1b'", "name=3f2a1b"},
	{MigrationFailed, "multiple head revisions", ``, "alembic.util.exc.CommandError: Multiple head revisions are present for given argument 'head'", ""},
	{MigrationFailed, "inconsistentmigrationhistory|nodenotfounderror", `migration (?P<name>[\w.]+)`, "django.db.migrations.exceptions.InconsistentMigrationHistory: Migration admin.0001_initial is applied before its dependency", "name=admin.0001_initial"},
	{MigrationFailed, "p3009|p3018|p3005", `\b(?P<name>p30\d\d)\b`, "Error: P3009 migrate found failed migrations in the target database", "name=P3009"},
	{MigrationFailed, "pendingmigrationerror", ``, "ActiveRecord::PendingMigrationError: Migrations are pending. To resolve this issue, run: bin/rails db:migrate", ""},
	{MigrationFailed, "an error has occurred, this and all later migrations canceled", ``, "StandardError: An error has occurred, this and all later migrations canceled:", ""},
	{MigrationFailed, "migration failed|failed to run migrations|migrations failed|failed to migrate|error running migrations|failed to apply migration|could not run migrations", ``, "panic: failed to run migrations: 0005_orders.up.sql", ""},

	{DatabaseMissing, "database", `database ` + q + `(?P<name>[^"\\]+)` + q + ` does not exist`, `FATAL:  database "shop" does not exist`, "name=shop"},
	{DatabaseMissing, "relation", `relation ` + q + `(?P<name>[^"\\]+)` + q + ` does not exist`, `ERROR:  relation "orders" does not exist at character 15`, "name=orders"},
	{DatabaseMissing, "schema", `schema ` + q + `(?P<name>[^"\\]+)` + q + ` does not exist`, `ERROR:  schema "shop" does not exist`, "name=shop"},
	{DatabaseMissing, "unknown database", `unknown database '(?P<name>[^']+)'`, "ERROR 1049 (42000): Unknown database 'shop'", "name=shop"},
	{DatabaseMissing, "no such table", `no such table: (?P<name>\S+)`, "sqlite3.OperationalError: no such table: users", "name=users"},
	{DatabaseMissing, "doesn't exist", `table '(?P<name>[^']+)' doesn't exist`, "ERROR 1146 (42S02): Table 'shop.orders' doesn't exist", "name=shop.orders"},
	{DatabaseMissing, "index_not_found_exception", `no such index \[(?P<name>[^\]]+)\]`, "index_not_found_exception: no such index [orders]", "name=orders"},

	{Exhausted, "too many open files|emfile", `(?P<name>too many open files|emfile)`, "http: Accept error: accept tcp [::]:8080: accept4: too many open files; retrying in 1s", "name=too many open files"},
	{Exhausted, "no file descriptors available", `(?P<name>no file descriptors available)`, "OSError: [Errno 24] No file descriptors available", "name=No file descriptors available"},
	{Exhausted, "file watchers reached", `(?P<name>file watchers) reached`, "Error: ENOSPC: System limit for number of file watchers reached, watch '/app/src'", "name=file watchers"},
	{Exhausted, "native thread|can't start new thread|pthread_create|newosproc", `(?P<name>unable to create (?:new )?native thread|can't start new thread|pthread_create failed|failed to create new os thread)`,
		"java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or process/resource limits reached", "name=unable to create native thread"},
	{Exhausted, "resource temporarily unavailable", `fork: (?:retry: )?(?P<name>resource temporarily unavailable)`, "/entrypoint.sh: fork: retry: Resource temporarily unavailable", "name=Resource temporarily unavailable"},

	{OutOfMemory, "outofmemoryerror", ``, "java.lang.OutOfMemoryError: Java heap space", ""},
	{OutOfMemory, "javascript heap out of memory", ``, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", ""},
	{OutOfMemory, "memoryerror", `(?:^|\s)memoryerror\b`, "MemoryError: Unable to allocate 2.00 GiB for an array", ""},
	{OutOfMemory, "cannot allocate memory|out of memory", `cannot allocate memory|runtime: out of memory|\bout of memory\b`, "fatal error: runtime: out of memory", ""},
	{OutOfMemory, "allowed memory size of", ``, "PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes)", ""},
	{OutOfMemory, "outofmemoryexception", ``, "System.OutOfMemoryException: Exception of type 'System.OutOfMemoryException' was thrown.", ""},
	{OutOfMemory, "failed to allocate memory|memory allocation of|std::bad_alloc|nomemoryerror", ``, "memory allocation of 8589934592 bytes failed", ""},

	{ExecFormat, "exec format error", somePath + `["'\x60]?: (?:cannot execute(?: binary file)?: )?exec format error`, "exec /app/server: exec format error", "path=/app/server"},
	{ExecFormat, "exec format error|wrong elf class", ``, "standard_init_linux.go:228: exec user process caused: exec format error", ""},

	{CommandMissing, "command not found", `(?P<name>[^\s:]+): command not found`, "/entrypoint.sh: line 3: psql: command not found", "name=psql"},
	{CommandMissing, "not found", `(?:^|/)(?:ba|da|a|z)?sh: (?:line )?(?:\d+: )?(?:exec: )?(?:line )?(?:\d+: )?(?P<name>[^\s:]+): (?:not found|exec: not found)`, "sh: 1: gunicorn: not found", "name=gunicorn"},
	{CommandMissing, "not found", `\.sh: (?:line )?\d+: (?:exec: )?(?P<name>[^\s:]+): not found`, "/docker-entrypoint.sh: 12: exec: node: not found", "name=node"},
	{CommandMissing, "executable file not found", `exec: "(?P<name>[^"]+)": executable file not found`, `exec: "serve": executable file not found in $PATH`, "name=serve"},
	{CommandMissing, "no such file or directory", `^env: (?:can't execute )?['‘\x60]?(?P<name>[\w./+-]+)['’]?: no such file`, "env: can't execute 'python': No such file or directory", "name=python"},
}

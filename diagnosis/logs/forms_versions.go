package logs

// versionForms are how programs say that they find data which another version has written: an older one that they cannot take over from, or
// a newer one.
var versionForms = []form{
	{DataOfAnotherVersion, "which is not compatible with this version",
		`initialized by \w+ version (?P<name>[\d.]+), which is not compatible with this version [\d.]+`,
		"DETAIL:  The data directory was initialized by PostgreSQL version 16, which is not compatible with this version 17.4.", "name=16"},
	{DataOfAnotherVersion, "cannot upgrade|can't upgrade|invalid mysql server upgrade",
		`(?:cannot|can't) upgrade (?:[a-z]+ )*from (?:[a-z]+ )*\[?(?P<name>\d[\w.-]*)\]? (?:[a-z]+ )*to `,
		"[ERROR] [MY-014061] [Server] Invalid MySQL server upgrade: Cannot upgrade from 50744 to 80400. Upgrade to next major version is " +
			"only allowed from the last LTS release.", "name=50744"},
	{DataOfAnotherVersion, "downgrad",
		`(?:cannot|can't|unable to|not possible to) downgrade\b.*?from (?:[a-z]+ )*\[?(?P<name>\d[\w.-]*)\]? (?:[a-z]+ )*to `,
		"java.lang.IllegalStateException: cannot downgrade a node from version [8.15.0] to version [7.17.9]", "name=8.15.0"},
	{DataOfAnotherVersion, "downgrad", `\((?P<name>\d[\w.-]*)\) is (?:higher|newer|greater) than .* downgrad\w* is not supported`,
		"Can't start Nextcloud because the version of the data (28.0.1.1) is higher than the docker image version (27.1.4.1) and downgrading " +
			"is not supported. Are you sure you have pulled the newest image version?", "name=28.0.1.1"},
	{DataOfAnotherVersion, "downgrad",
		`downgrad\w*\b.{0,60}?\b(?:is |are )?(?:not|n't|never) (?:supported|allowed|possible|permitted)|cannot be downgraded|(?:cannot|can't) downgrade`,
		"[ERROR] [MY-013171] [InnoDB] Cannot boot server version 80036 on data directory built by version 80300. Downgrade is not supported",
		""},
	{DataOfAnotherVersion, "is for a newer|is from a newer", `version:? (?P<name>\d[\w.-]*)\)? is (?:for|from) a newer\b`,
		"Your database (migration version: 305) is for a newer Gitea, you can not use the newer database for this old Gitea release (299).",
		"name=305"},
	{DataOfAnotherVersion, "for a newer version|by a newer version|from a newer version",
		`(?:database|schema|data|index|store|file|state)\b.*\b(?:is for|by|from) a newer version\b`,
		"sqlite: the database was created by a newer version of this program", ""},
	{DataOfAnotherVersion, "schema version",
		`schema version:? (?P<name>\d[\w.-]*) is (?:newer|higher|greater|too new|not supported|unsupported)`,
		"sqlalchemy: The database schema version 50 is newer than 48, which this release supports", "name=50"},
	{DataOfAnotherVersion, "handle rdb format version", `can't handle rdb format version (?P<name>\d+)`,
		"# Can't handle RDB format version 12", "name=12"},
	{DataOfAnotherVersion, "featurecompatibilityversion",
		`(?:invalid|unsupported|wrong mongod version|unrecognized)\b.*featurecompatibilityversion|featurecompatibilityversion\b.*(?:invalid|not (?:valid|supported)|expected)`,
		"UPGRADE PROBLEM: Found an invalid featureCompatibilityVersion document (ERROR: Location4926900: Invalid featureCompatibilityVersion " +
			"document in admin.system.version)", ""},
	{DataOfAnotherVersion, "files are incompatible with|file format is incompatible|is too recent to start up on", ``,
		"FATAL:  database files are incompatible with server", ""},
}

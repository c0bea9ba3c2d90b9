package logs

import (
	"slices"
	"strconv"
	"strings"
)

// Kind is what went wrong, going by a log line.
type Kind string

// The kinds, and which fields of a [Fact] they fill where the line names them.
const (
	NameUnresolved    Kind = "name"       // Host did not resolve
	ConnectionRefused Kind = "refused"    // Host:Port, or what stands in for it, refused the connection
	ConnectionTimeout Kind = "timeout"    // Host:Port did not answer
	ConnectionReset   Kind = "reset"      // Host:Port broke the connection off
	PermissionDenied  Kind = "denied"     // by the file system: Path
	NotFound          Kind = "nofile"     // Path does not exist
	ReadOnly          Kind = "readonly"   // Path is on a read-only file system
	NoSpace           Kind = "nospace"    // no space is left for Path
	PortInUse         Kind = "portinuse"  // another process listens on Port already
	Forbidden         Kind = "forbidden"  // by RBAC: Subject may not Verb Resource of Group in Namespace (empty: in the cluster)
	MissingEnv        Kind = "env"        // Name is an environment variable or setting that the program needs
	MigrationFailed   Kind = "migration"  // of a database's schema; Name is the migration or its version
	AuthFailed        Kind = "auth"       // a service refused the credentials; Name is the user
	DatabaseMissing   Kind = "nodatabase" // Name is a database, a schema or a table that does not exist
	TLSFailed         Kind = "tls"        // Name is the name that the certificate is not for, where that is the reason
	OutOfMemory       Kind = "memory"     // within the process: its heap, or what the system gave it
	ExecFormat        Kind = "execformat" // Path is built for another architecture, or no program
	ConfigInvalid     Kind = "config"     // Path cannot be parsed, at LineNo
	UnknownFlag       Kind = "flag"       // Name is a flag that the program does not know
	LockHeld          Kind = "lock"       // Path is locked by another process
	RateLimited       Kind = "limit"      // a service answers that there were too many requests, or that a quota is used up
	// the operating system gives out no more of something: open files, threads; Name is the system's word for it
	Exhausted      Kind = "exhausted"
	LinkTaken      Kind = "link"     // a setting holds tcp://Host:Port, as Kubernetes sets it for a Service; Name is the variable
	CommandMissing Kind = "command"  // Name is a command that a script calls and the image lacks
	NotEmpty       Kind = "notempty" // Path is to be initialised as a data directory, and has something in it
	DeviceLost     Kind = "gpu"      // the process cannot use a GPU; Name is the library that says so
	// the data on the volume was written by another version than this program reads; Name is the version that wrote them
	DataOfAnotherVersion Kind = "dataversion"
	// a value that the program is given (a token, a key, an address) has a form that it cannot use: a line end behind it, no base64, no PEM;
	// Name is what it was to be used for, where the line says so
	ValueMalformed Kind = "value"
)

// Fact is what one line says, in typed fields; a field is empty where the line does not name it.
type Fact struct {
	Kind Kind

	Host, Port string // as the log has it: a name, or an address
	Path       string
	LineNo     int    // of Path, from 1
	Name       string // see Kind

	Subject, Verb, Resource, Group, Namespace string // Forbidden

	Telling bool   // it is said by the lines that tell why the program ended, or right before the log's end
	Says    string // what the line says, without stamp and level, for a title
	Line    string // the line that says so, bounded; two lines where only both together say it
}

// Network says whether the fact is about reaching another program.
func (k Kind) Network() bool {
	return k == NameUnresolved || k == ConnectionRefused || k == ConnectionTimeout || k == ConnectionReset
}

// Same says whether two facts say the same, wherever they stand.
func (f Fact) Same(g Fact) bool {
	f.Telling, f.Says, f.Line, g.Telling, g.Says, g.Line = false, "", "", false, "", ""
	return f == g
}

// Unanswered says of a name that was not resolved that no name server answered, rather than that there is no such name.
func (f Fact) Unanswered() bool { return f.Kind == NameUnresolved && Unanswered(f.Line) }

// Unanswered says whether a resolver's complaint is that no name server answered.
func Unanswered(complaint string) bool {
	low := strings.ToLower(complaint)
	return slices.ContainsFunc(noServer, func(words string) bool { return strings.Contains(low, words) })
}

// noServer are the words of resolvers (Go, glibc, musl, Node, Java) to which no name server answered.
var noServer = []string{"i/o timeout", "timed out", "timeout", "eai_again", "temporary failure in name resolution", "try again",
	"connection refused", "server misbehaving", "bad address", "no servers could be reached"}

// vague says that the line names nothing.
func (f Fact) vague() bool { return f.Same(Fact{Kind: f.Kind}) }

// String is the fact as a part of a sentence whose subject is the program: "cannot resolve x"; and for what is about another, "x:1
// refuses connections".
func (f Fact) String() string {
	host := f.Host
	if f.Port != "" {
		host += ":" + f.Port
	}
	switch f.Kind {
	case NameUnresolved:
		return "cannot resolve " + or(f.Host, "a name")
	case ConnectionRefused:
		return or(host, "another program") + " refuses connections"
	case ConnectionTimeout:
		return or(host, "another program") + " does not answer"
	case ConnectionReset:
		return or(host, "another program") + " breaks connections off"
	case PermissionDenied:
		return "may not access " + or(f.Path, "a file")
	case NotFound:
		return "does not find " + or(f.Path, "a file")
	case ReadOnly:
		return "cannot write " + or(f.Path, "a file") + " on a read-only file system"
	case NoSpace:
		return "has no space left" + with(" for ", f.Path)
	case PortInUse:
		return "cannot listen on port " + or(f.Port, "(unknown)") + ", which is in use already"
	case Forbidden:
		return f.forbidden()
	case MissingEnv:
		return "needs " + or(f.Name, "an environment variable") + ", which is not set"
	case MigrationFailed:
		return "cannot migrate its database" + with(" (", f.Name, ")")
	case AuthFailed:
		return "is refused its credentials" + with(" (user ", f.Name, ")")
	case DatabaseMissing:
		return "does not find " + or(f.Name, "its database") + " in the database"
	case TLSFailed:
		return "does not trust a certificate" + with(" for ", f.Name)
	case OutOfMemory:
		return "runs out of memory by itself"
	case ExecFormat:
		return "cannot execute " + or(f.Path, "a program") + ", built for another architecture"
	case ConfigInvalid:
		return "cannot read its configuration" + with(" ", f.Path) + with(", line ", f.line())
	case UnknownFlag:
		return "does not know the flag " + or(f.Name, "that it is given")
	case LockHeld:
		return "finds " + or(f.Path, "a file") + " locked by another process"
	case RateLimited:
		return "is told that it asks too much"
	case Exhausted:
		return "is given no more by its operating system" + with(" (", f.Name, ")")
	case LinkTaken:
		return "cannot use " + or(f.Name, "a setting") + " = tcp://" + host
	case CommandMissing:
		return "calls " + or(f.Name, "a command") + ", which is not in the image"
	case NotEmpty:
		return "finds its new data directory" + with(" ", f.Path) + " not empty"
	case DeviceLost:
		return "cannot use its GPU"
	case DataOfAnotherVersion:
		return "cannot read its data, which another version wrote" + with(" (", f.Name, ")")
	case ValueMalformed:
		return "cannot use a value that it is given" + with(" (for ", f.Name, ")") + ", by its form"
	}
	return string(f.Kind)
}

func (f Fact) forbidden() string {
	what := f.Resource
	if f.Group != "" {
		what += "." + f.Group
	}
	where := " in the cluster"
	if f.Namespace != "" {
		where = " in namespace " + f.Namespace
	}
	return f.Subject + " may not " + f.Verb + " " + what + where
}

func (f Fact) line() string {
	if f.LineNo == 0 {
		return ""
	}
	return strconv.Itoa(f.LineNo)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// with is s between other words, or nothing without s.
func with(before, s string, after ...string) string {
	if s == "" {
		return ""
	}
	for _, a := range after {
		s += a
	}
	return before + s
}

package slackapp

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// sourceOf parses the files of a package, the tests' left out.
func sourceOf(t *testing.T, dir string) (*token.FileSet, map[string]*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset, files := token.NewFileSet(), map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[filepath.Base(name)], err = parser.ParseFile(fset, name, nil, parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 10 {
		t.Fatalf("%s has %d files only", dir, len(files))
	}
	return fset, files
}

// Every command is asked.
func TestNoCommandIsForgotten(t *testing.T) {
	asked := map[string]bool{}
	for _, line := range append(judgedQuestions(), judgedLines(&incident.State{})...) {
		asked[first(line)] = true
	}
	_, files := sourceOf(t, "../../commands")
	n := 0
	ast.Inspect(files["set.go"], func(node ast.Node) bool {
		f, ok := node.(*ast.FuncDecl)
		if !ok || f.Name.Name != "commandTable" {
			return true
		}
		ast.Inspect(f, func(node ast.Node) bool {
			row, ok := node.(*ast.CompositeLit)
			if !ok || len(row.Elts) < 7 || row.Type != nil {
				return true
			}
			n++
			if name := strings.Trim(row.Elts[0].(*ast.BasicLit).Value, `"`); !asked[name] {
				t.Errorf("no judge hears the command %s: add a line with it to judgedQuestions or judgedLines", name)
			}
			return false
		})
		return false
	})
	if n < 20 {
		t.Errorf("the table shows %d commands only", n)
	}
}

// What is shown goes to Slack by these calls and no others; each has its kind of payload.
func TestNoWayToSlackIsForgotten(t *testing.T) {
	known := []string{"PostMessageContext", "UpdateMessageContext", // messages
		"OpenViewContext", "PushViewContext", "UpdateViewContext", // modals
		"PublishViewContext",                                                          // Home tabs
		"GetUploadURLExternalContext", "UploadToURL", "CompleteUploadExternalContext", // a postmortem's text and pictures, no blocks
		"GetPermalinkContext", "GetUsersContext",
		"AuthTestContext", "GetConversationHistoryContext", "GetConversationRepliesContext", "GetConversationsContext", "GetUserInfoContext",
		"GetConversationInfoContext", "StartSocketModeContext"}
	_, files := sourceOf(t, ".")
	seen := map[string]bool{}
	for name, file := range files {
		ast.Inspect(file, func(node ast.Node) bool {
			sel, ok := node.(*ast.SelectorExpr)
			if ok && isAPI(sel.X) {
				seen[sel.Sel.Name] = true
				if !slices.Contains(known, sel.Sel.Name) {
					t.Errorf("%s calls %s: if it shows something, the sheet must hold it, and then this list", name, sel.Sel.Name)
				}
			}
			return true
		})
	}
	for _, name := range known {
		if !seen[name] {
			t.Errorf("nobody calls %s any more", name)
		}
	}
}

// isAPI says that an expression is the Web API's client: a variable, a field or a method of the name api.
func isAPI(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "api"
	case *ast.SelectorExpr:
		return x.Sel.Name == "api"
	case *ast.CallExpr:
		return isAPI(x.Fun)
	}
	return false
}

// shows are the types of what is shown.
var shows = regexp.MustCompile(`^(commands\.)?(Reply|Message|Header|Paragraph|Fields|List|Code|Table|Note|Actions|Divider|Button|Confirm|` +
	`Form|FormField)$|^slack\.\w*(Block|View|Object|Element)\w*$|^body$|^Rendered$`)

// places are where a file writes something that is shown: where a literal of such a type stands, by its line and column.
func places(fset *token.FileSet, file *ast.File) map[token.Position]string {
	out := map[token.Position]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		var of ast.Expr
		switch node := node.(type) {
		case *ast.CompositeLit:
			if of = node.Type; len(node.Elts) == 0 {
				return true // says nothing: an error stands beside it
			}
		case *ast.CallExpr:
			if sel, ok := node.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(sel.Sel.Name, "New") {
				of = sel
			}
		}
		if name := typeName(of); shows.MatchString(name) {
			out[fset.Position(node.Pos())] = name
		}
		return true
	})
	return out
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.ArrayType:
		return typeName(e.Elt)
	case *ast.StarExpr:
		return typeName(e.X)
	}
	return ""
}

// stretch is a part of a file that is run as a whole.
type stretch struct {
	from, to [2]int // line and column
	ran      bool
}

// covered reads a profile: the stretches of each file by its name.
func covered(t *testing.T, profile string) map[string][]stretch {
	t.Helper()
	file, err := os.Open(profile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out := map[string][]stretch{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var s stretch
		name, rest, _ := strings.Cut(lines.Text(), ":")
		var statements, count int
		if n, _ := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &s.from[0], &s.from[1], &s.to[0], &s.to[1], &statements, &count); n == 6 {
			s.ran = count > 0
			name = name[strings.Index(name, "paramedic-bot/paramedic/")+len("paramedic-bot/paramedic/"):]
			out[name] = append(out[name], s)
		}
	}
	return out
}

// neverSaid are the places that no payload needs, with the reason why.
var neverSaid = map[string]string{
	"commands/policy.go Reply":                                  "it is told in the terminal alone",
	"commands/policy.go Header":                                 "it is told in the terminal alone",
	"commands/policy.go Note":                                   "it is told in the terminal alone",
	"internal/slackapp/home.go slack.PublishViewContextRequest": "it carries a Home tab, which is judged by itself",
}

// No place in the source that writes something to be shown is left out of what the judges hear: whoever adds one, and no scene in which it
// is said, is told here. PARAMEDIC_COVERED names the profile of TestEveryPayloadIsTaken; make judge-slack makes it.
func TestNoBuilderIsForgotten(t *testing.T) {
	profile := os.Getenv("PARAMEDIC_COVERED")
	if profile == "" {
		t.Skip("make judge-slack says what was run")
	}
	ran := covered(t, profile)
	n := 0
	for _, dir := range []string{"commands", "internal/slackapp"} {
		fset, files := sourceOf(t, "../../"+dir)
		for name, file := range files {
			for at, what := range places(fset, file) {
				n++
				if missed(ran[dir+"/"+name], at) && neverSaid[dir+"/"+name+" "+what] == "" {
					t.Errorf("%s/%s:%d: no judge hears this %s: add a scene or a line in which it is said", dir, name, at.Line, what)
				}
			}
		}
	}
	if n < 200 {
		t.Errorf("only %d places were found", n)
	}
	t.Logf("%d places say something", n)
}

// missed says whether the innermost stretch around a position was not run.
func missed(all []stretch, at token.Position) bool {
	p := [2]int{at.Line, at.Column}
	var inner *stretch
	for i, s := range all {
		if slices.Compare(s.from[:], p[:]) <= 0 && slices.Compare(p[:], s.to[:]) < 0 && (inner == nil ||
			slices.Compare(inner.from[:], s.from[:]) < 0) {
			inner = &all[i]
		}
	}
	return inner != nil && !inner.ran
}

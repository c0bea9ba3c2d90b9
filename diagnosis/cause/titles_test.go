package cause

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// proseFields are for people: names in them are the same in several namespaces, and they quote logs.
var proseFields = []string{"Title", "Because"}

// No rule goes by what people are told: the package hands titles on as text, and does nothing else with them.
func TestTitlesAreHandedOnAlone(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		handed, judged := titlesIn(f)
		read += handed
		for _, at := range judged {
			t.Errorf("%s goes by a title: give what it wants to know a field of the finding's Detail", set.Position(at))
		}
	}
	if read == 0 {
		t.Error("no title is read at all: does the test see what it should?")
	}
}

func TestTitlesInSeesJudgements(t *testing.T) {
	for line, want := range map[string]int{
		`x := f.Title; _ = x`:                                        0,
		`_ = T{Title: f.Title}`:                                      0,
		`_ = "a" + f.Title + "b"`:                                    0,
		`_ = fmt.Sprintf("%s", f.Title)`:                             0,
		`return f.Title`:                                             0,
		`f.Title = "x"`:                                              0,
		`_ = strings.Contains(f.Title, "x")`:                         1,
		`_ = strings.ToLower("a" + f.Title)`:                         1,
		`_ = dns.MatchString(f.Title)`:                               1,
		`_ = spells(f.Title)`:                                        1,
		`_ = cmp.Compare(a.Title, b.Title)`:                          2,
		`_ = f.Title == "x"`:                                         1,
		`if f.Title != "" {}`:                                        1,
		`switch f.Title {}`:                                          1,
		`_ = len(f.Title) > 3`:                                       1,
		`_ = reasons[f.Title]`:                                       1,
		`for range f.Title {}`:                                       1,
		`if f.Because == "" { f.Because = f.Title }`:                 0,
		`if strings.HasPrefix(f.Because, "x") && f.Because != "" {}`: 1,
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc y() string {\n"+line+"\n}", 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, judged := titlesIn(f); len(judged) != want {
			t.Errorf("%s: %d judgements are seen, want %d", line, len(judged), want)
		}
	}
}

// titlesIn counts where a file hands a title on, and lists where it does anything else with one.
func titlesIn(f *ast.File) (handed int, judged []token.Pos) {
	var within []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			within = within[:len(within)-1]
			return true
		}
		if x, ok := n.(*ast.SelectorExpr); ok && slices.Contains(proseFields, x.Sel.Name) {
			if handsOn(x, within) {
				handed++
			} else {
				judged = append(judged, x.Pos())
			}
		}
		within = append(within, n)
		return true
	})
	return handed, judged
}

// handsOn says whether a title becomes part of a text, a field, a variable or a result, whole. Whether there is a sentence of a
// finding's own may be asked.
func handsOn(title *ast.SelectorExpr, within []ast.Node) bool {
	for _, n := range slices.Backward(within) {
		switch x := n.(type) {
		case *ast.ParenExpr:
		case *ast.BinaryExpr:
			if title.Sel.Name == "Because" && isEmptyText(x.Y) {
				return true
			}
			if x.Op != token.ADD {
				return false
			}
		case *ast.CallExpr:
			fun, ok := x.Fun.(*ast.SelectorExpr)
			if !ok {
				return false
			}
			from, ok := fun.X.(*ast.Ident)
			return ok && from.Name == "fmt"
		case *ast.KeyValueExpr, *ast.CompositeLit, *ast.AssignStmt, *ast.ReturnStmt, *ast.ValueSpec:
			return true
		default:
			return false
		}
	}
	return false
}

func isEmptyText(e ast.Expr) bool {
	x, ok := e.(*ast.BasicLit)
	return ok && x.Value == `""`
}

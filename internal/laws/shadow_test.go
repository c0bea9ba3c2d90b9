package laws

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// A name means one thing within a file: no local variable is called like a function of its package, nor like a package that the file
// imports.
func TestNoLocalShadows(t *testing.T) {
	all := sources(t)
	functions := map[string]map[string]bool{} // by package
	for _, s := range all {
		for _, f := range s.functions() {
			if f.Recv != nil || s.isTest() {
				continue
			}
			if functions[s.dir()] == nil {
				functions[s.dir()] = map[string]bool{}
			}
			functions[s.dir()][f.Name.Name] = true
		}
	}
	for _, s := range all {
		if s.isTest() {
			continue
		}
		packages := imported(s.file)
		for _, name := range locals(s.file) {
			switch {
			case packages[name.Name]:
				t.Errorf("%s:%d: the local %s shadows an imported package", s.path, s.line(name.Pos()), name.Name)
			case functions[s.dir()][name.Name]:
				t.Errorf("%s:%d: the local %s shadows a function of its package", s.path, s.line(name.Pos()), name.Name)
			}
		}
	}
}

var version = regexp.MustCompile(`[/.]v\d+$`)

// imported are the names by which a file knows other packages.
func imported(file *ast.File) map[string]bool {
	names := map[string]bool{}
	for _, i := range file.Imports {
		if i.Name != nil {
			names[i.Name.Name] = true
			continue
		}
		p := version.ReplaceAllString(strings.Trim(i.Path.Value, `"`), "")
		names[p[strings.LastIndex(p, "/")+1:]] = true
	}
	return names
}

// locals are the names that a file's functions declare: parameters and results, variables and constants.
func locals(file *ast.File) []*ast.Ident {
	var out []*ast.Ident
	add := func(e ast.Expr) {
		if name, ok := e.(*ast.Ident); ok && name.Name != "_" {
			out = append(out, name)
		}
	}
	fields := func(list *ast.FieldList) {
		if list == nil {
			return
		}
		for _, f := range list.List {
			for _, name := range f.Names {
				add(name)
			}
		}
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		fields(f.Recv)
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				fields(n.Type.Params)
				fields(n.Type.Results)
			case *ast.FuncLit:
				fields(n.Type.Params)
				fields(n.Type.Results)
			case *ast.AssignStmt:
				if n.Tok == token.DEFINE {
					for _, e := range n.Lhs {
						add(e)
					}
				}
			case *ast.RangeStmt:
				if n.Tok == token.DEFINE {
					add(n.Key)
					add(n.Value)
				}
			case *ast.ValueSpec:
				for _, name := range n.Names {
					add(name)
				}
			}
			return true
		})
	}
	return out
}

// The test above can only hold what it sees.
func TestLocalsAreSeen(t *testing.T) {
	file := parsed(t, `package p
func (r T) f(a int) (b int) {
	c, _ := 1, 2
	for d, e := range g { var h = func(i int) {} }
	const j = 1
	switch k := x.(type) {}
	return b
}`)
	var names []string
	for _, name := range locals(file) {
		names = append(names, name.Name)
	}
	if got := fmt.Sprint(names); got != "[r a b c d e h i j k]" {
		t.Error(got)
	}
}

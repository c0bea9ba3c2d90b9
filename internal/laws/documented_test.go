package laws

import (
	"go/ast"
	"testing"
)

// Whoever uses a package reads what each of its names promises.
func TestExportedNamesAreDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() || s.file.Name.Name == "main" {
			continue
		}
		for _, name := range undocumented(s.file) {
			t.Errorf("%s:%d: %s is exported and has no comment", s.path, s.line(name.Pos()), name.Name)
		}
	}
}

// undocumented are the exported names of a file that no comment says anything about. What a block declares may share the block's.
func undocumented(file *ast.File) []*ast.Ident {
	var out []*ast.Ident
	exported := func(names []*ast.Ident, comments ...*ast.CommentGroup) {
		for _, c := range comments {
			if c != nil {
				return
			}
		}
		for _, n := range names {
			if n.IsExported() {
				out = append(out, n)
			}
		}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || receiver(d).IsExported() {
				exported([]*ast.Ident{d.Name}, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					exported([]*ast.Ident{spec.Name}, d.Doc, spec.Doc)
				case *ast.ValueSpec:
					exported(spec.Names, d.Doc, spec.Doc, spec.Comment)
				}
			}
		}
	}
	return out
}

// receiver is the name of the type that a method is of.
func receiver(f *ast.FuncDecl) *ast.Ident {
	e := f.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x
		default:
			return ast.NewIdent("_")
		}
	}
}

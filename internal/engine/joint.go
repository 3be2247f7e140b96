package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/engine/specialize"
)

// joint is a number of entries of rules with arguments. The Rego of each is copied,
// with its arguments, into one package that they all share, and one query asks those
// that want to judge an object: what their copies have in common is worked out once.
// Rules of one dialect only have arguments.
type joint struct {
	entries []int
	meter   meter
}

// member is what makes an entry part of joints.
type member struct {
	copy     *specialize.Copy
	variable ast.Var
	query    ast.Body // binds what the entry has found to the variable
}

// constantsKey is the field of the input that copies find their arguments in.
var constantsKey = ast.StringTerm(specialize.ConstantsField)

// specialized makes entries of rules with arguments members, and returns the
// specializer that has copied them. Those that cannot be copied stand alone.
func specialized(set *compiled, entries []*entry) *specialize.Specializer {
	var modules map[string]*ast.Module
	if slices.ContainsFunc(entries, func(e *entry) bool { return e.rule.Arguments != nil }) {
		modules = set.modules()
	}
	specializer := specialize.New(modules)
	for number, entry := range entries {
		if entry.alone || entry.rule.Arguments == nil {
			continue
		}
		made, err := specializer.Entry(entry.ref(), entry.rule.Arguments)
		if err != nil {
			entry.alone = true
			continue
		}
		entry.joint = &member{copy: made, variable: ast.Var(fmt.Sprintf("e%d", number))}
	}
	return specializer
}

// standsIn tells whether the Rego of an entry, or of its copy, is written in a file.
func (e *entry) standsIn(file string) bool {
	return e.rule.File == file || e.joint != nil && e.joint.copy.Files[file]
}

// compileJoint fills in the queries of members.
func compileJoint(compiler *ast.Compiler, entries []*entry) error {
	for _, entry := range entries {
		if entry.joint == nil {
			continue
		}
		var err error
		if entry.joint.query, err = compileQuery(compiler, entry.joint.variable, entry.joint.copy.Ref); err != nil {
			return err
		}
	}
	return nil
}

// judgeJoint asks all entries of a joint that want to judge the object at once, and
// one by one if anything goes wrong.
func (v *evaluation) judgeJoint(ctx context.Context, joint *joint, left int) {
	asked := make([]int, 0, len(joint.entries))
	for _, number := range joint.entries {
		if v.wants(v.engine.entries[number]) {
			asked = append(asked, number)
		}
	}
	if len(asked) == 0 {
		return
	}
	body := make(ast.Body, 0, len(asked))
	for _, number := range asked {
		body = append(body, v.engine.entries[number].joint.query...)
	}
	result := v.together(ctx, &joint.meter, asked, left, body, v.jointInput(v.engine.entries[asked[0]]))
	for _, number := range asked {
		entry := v.engine.entries[number]
		v.each(entry, result[entry.joint.variable])
	}
}

// jointInput returns what all entries of a joint see as input.
func (v *evaluation) jointInput(entry *entry) *ast.Term {
	input := entry.rule.Dialect.Input(v.subject, nil).Value.(ast.Object)
	pairs := make([][2]*ast.Term, 0, input.Len()+1)
	input.Foreach(func(key, value *ast.Term) { pairs = append(pairs, ast.Item(key, value)) })
	return ast.ObjectTerm(append(pairs, ast.Item(constantsKey, v.engine.constants))...)
}

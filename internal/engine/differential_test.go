package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/kubereeve/reeve/internal/engine"
	"github.com/kubereeve/reeve/internal/engine/enginetest"
	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
	"github.com/kubereeve/reeve/internal/ruletest"
)

// plainEngine runs rules the way OPA documents it: unchanged modules, one query
// per rule, parameters in input.parameters, inventory in data.inventory.
type plainEngine struct {
	set     *rule.Set
	overlay map[string]map[string]any
	store   storage.Store
	queries map[*rule.Rule][]rego.PreparedEvalQuery
}

func newPlainEngine(t *testing.T, set *rule.Set, overlay map[string]map[string]any) *plainEngine {
	t.Helper()
	modules := make(map[string]*ast.Module)
	for _, file := range set.Files() {
		modules[file.Name] = file.Module
	}
	compiler := ast.NewCompiler()
	compiler.Compile(modules)
	if compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	plain := &plainEngine{set: set, overlay: overlay, store: inmem.New(), queries: make(map[*rule.Rule][]rego.PreparedEvalQuery)}
	for _, r := range set.Rules() {
		for _, entrypoint := range r.Entrypoints {
			query, err := rego.New(
				rego.Compiler(compiler),
				rego.Store(plain.store),
				rego.StrictBuiltinErrors(true),
				rego.ParsedQuery(ast.NewBody(ast.NewExpr(ast.NewTerm(r.Package.Append(ast.StringTerm(entrypoint.Name)))))),
			).PrepareForEval(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			plain.queries[r] = append(plain.queries[r], query)
		}
	}
	return plain
}

// know makes an inventory what rules see in data.inventory.
func (p *plainEngine) know(t *testing.T, inventory map[string]any) {
	t.Helper()
	if err := storage.WriteOne(context.Background(), p.store, storage.AddOp, storage.MustParsePath("/inventory"), inventory); err != nil {
		t.Fatal(err)
	}
}

// evaluate returns what each rule that judges the resource found, one line per
// finding, sorted.
func (p *plainEngine) evaluate(t *testing.T, res *resource.Resource, input map[string]any) []string {
	t.Helper()
	var lines []string
	for _, r := range p.set.Rules() {
		if !r.Judges(res.GroupKind()) {
			continue
		}
		parameters := make(map[string]any)
		for name, parameter := range r.Parameters {
			parameters[name] = parameter.Default
		}
		maps.Copy(parameters, p.overlay[r.ID])
		input["parameters"] = parameters
		for _, query := range p.queries[r] {
			results, err := query.Eval(context.Background(), rego.EvalInput(input))
			if err != nil {
				t.Fatalf("%s: %v", r.ID, err)
			}
			for _, found := range results[0].Expressions[0].Value.([]any) {
				object := found.(map[string]any)
				lines = append(lines, line(r.ID, asText(object["container"]), asText(object["path"]), asText(object["msg"])))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func asText(value any) string {
	s, _ := value.(string)
	return s
}

func line(rule, container, path, message string) string {
	return fmt.Sprintf("%s | %s | %s | %s", rule, container, path, message)
}

func decodeJSON(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// plainInput builds a rule's input with maps, independently of the engine.
func plainInput(t *testing.T, res *resource.Resource) map[string]any {
	t.Helper()
	object := decodeJSON(t, res.Object)
	return map[string]any{"object": object, "operation": string(res.Operation), "workload": plainWorkload(res, object)}
}

func plainWorkload(res *resource.Resource, object map[string]any) any {
	path, ok := resource.TemplatePath(res.GroupKind())
	if !ok {
		return nil
	}
	template := object
	for _, field := range path {
		if template, ok = template[field].(map[string]any); !ok {
			return nil
		}
	}
	spec, ok := template["spec"].(map[string]any)
	if !ok {
		return nil
	}
	metadata, ok := template["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
	}
	specPath := strings.Join(append(slices.Clone(path), "spec"), ".")
	containers := []any{}
	for _, list := range [][2]string{{"containers", "main"}, {"initContainers", "init"}, {"ephemeralContainers", "ephemeral"}} {
		items, _ := spec[list[0]].([]any)
		for i, item := range items {
			container, ok := item.(map[string]any)
			if !ok {
				continue
			}
			kind := list[1]
			if kind == "init" && container["restartPolicy"] == "Always" {
				kind = "sidecar"
			}
			containers = append(containers, map[string]any{
				"name": asText(container["name"]), "kind": kind, "spec": container,
				"path":  fmt.Sprintf("%s.%s[%d]", specPath, list[0], i),
				"image": engine.ParseImage(asText(container["image"])),
			})
		}
	}
	return map[string]any{"kind": res.Kind, "metadata": metadata, "spec": spec, "path": specPath, "containers": containers}
}

// plainInventory builds data.inventory with maps.
func plainInventory(t *testing.T, resources []*resource.Resource) map[string]any {
	t.Helper()
	root := map[string]any{}
	in := func(m map[string]any, name string) map[string]any {
		below, ok := m[name].(map[string]any)
		if !ok {
			below = map[string]any{}
			m[name] = below
		}
		return below
	}
	for _, res := range resources {
		at := in(root, "cluster")
		if namespace := res.EffectiveNamespace(); namespace != "" {
			at = in(in(root, "namespace"), namespace)
		}
		in(in(at, res.APIVersion), res.Kind)[res.Name] = decodeJSON(t, res.Object)
	}
	return root
}

// TestLinkedAndPlainEngineAgreeOnEveryFixture judges all objects of all fixtures
// with all rules, in the engine without cache, with an empty cache, with
// a full one, and in the plain engine. A fixture with parameters is judged with
// its own rule alone.
func TestLinkedAndPlainEngineAgreeOnEveryFixture(t *testing.T) {
	set := enginetest.Builtin(t)
	fixtures := enginetest.Fixtures(t, "../../policies")
	if len(fixtures) < len(set.Rules()) {
		t.Fatalf("%d fixtures for %d rules", len(fixtures), len(set.Rules()))
	}
	defaults := newTrio(t, set, engine.Options{Inventory: engine.NewInventory()})
	for _, fixture := range fixtures {
		engines := defaults
		if fixture.Parameters != nil {
			engines = newTrio(t, fixture.Set(set), fixture.Options(engine.Options{Inventory: engine.NewInventory()}))
		}
		engines.compare(t, fixture)
	}
}

// trio is a plain engine beside two engines that should agree with it.
type trio struct {
	plain            *plainEngine
	uncached, cached *engine.Engine
	inventory        *engine.Inventory
}

func newTrio(t *testing.T, set *rule.Set, options engine.Options) *trio {
	t.Helper()
	engines := &trio{plain: newPlainEngine(t, set, options.Parameters), cached: newEngine(t, set, options), inventory: options.Inventory}
	options.CacheSize = -1
	engines.uncached = newEngine(t, set, options)
	return engines
}

// compare judges all objects of a fixture.
func (e *trio) compare(t *testing.T, fixture *ruletest.Fixture) {
	t.Helper()
	enginetest.Fill(t, e.inventory, e.plain.set, fixture.Resources())
	e.plain.know(t, plainInventory(t, fixture.Resources()))
	for _, res := range fixture.Resources() {
		t.Run(fixture.File+"/"+res.Kind+"/"+res.Name, func(t *testing.T) {
			want := e.plain.evaluate(t, res, plainInput(t, res))
			for _, door := range []struct {
				name   string
				engine *engine.Engine
			}{{"uncached", e.uncached}, {"cache miss", e.cached}, {"cache hit", e.cached}} {
				if diff := cmp.Diff(want, engineLines(t, door.engine, res)); diff != "" {
					t.Errorf("%s differs from the plain engine (-plain +engine):\n%s", door.name, diff)
				}
			}
		})
	}
}

func newEngine(t testing.TB, set *rule.Set, options engine.Options) *engine.Engine {
	t.Helper()
	e, problems, err := engine.New(set, options)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Fatal(problem)
	}
	return e
}

// engineLines returns what the engine finds, in the plain engine's form:
// without the container's name before the message.
func engineLines(t *testing.T, e *engine.Engine, res *resource.Resource) []string {
	t.Helper()
	matches, failures, err := e.Evaluate(context.Background(), res, engine.Scan)
	if err != nil || len(failures) > 0 {
		t.Fatal(err, failures)
	}
	var lines []string
	for _, match := range matches {
		message := match.Message
		if match.Container != "" {
			_, message, _ = strings.Cut(message, fmt.Sprintf("container %q: ", match.Container))
		}
		if match.Mode != finding.Warn {
			t.Errorf("%s: mode %s; built-in rules warn", match.Rule.ID, match.Mode)
		}
		lines = append(lines, line(match.Rule.ID, match.Container, match.Path, message))
	}
	slices.Sort(lines)
	return lines
}

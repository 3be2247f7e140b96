package engine

import (
	"strconv"
	"strings"

	"github.com/distribution/reference"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// workload is the pod template view of a resource: what rules see as
// input.workload, and the containers' kinds, which messages name.
type workload struct {
	view       *ast.Term
	containers map[string]string // kind by name
}

// containerLists are the lists of a pod spec that hold containers.
var containerLists = []struct{ field, kind string }{
	{"containers", "main"},
	{"initContainers", "init"},
	{"ephemeralContainers", "ephemeral"},
}

// images parses image references and remembers the most recent ones: most
// containers of a cluster run few different images.
type images struct {
	parsed *lru.Cache[string, *ast.Term]
}

// imageCacheSize bounds the remembered image references.
const imageCacheSize = 4096

func newImages() *images {
	parsed, err := lru.New[string, *ast.Term](imageCacheSize)
	if err != nil {
		panic(err) // the size is a constant above zero
	}
	return &images{parsed: parsed}
}

// term returns what rules see as a container's image.
func (i *images) term(image string) *ast.Term {
	if term, ok := i.parsed.Get(image); ok {
		return term
	}
	registry, repository, tag, digest := "", "", "", ""
	named, err := reference.ParseNormalizedNamed(image)
	if err == nil {
		registry, repository = reference.Domain(named), reference.Path(named)
		if tagged, ok := named.(reference.Tagged); ok {
			tag = tagged.Tag()
		}
		if digested, ok := named.(reference.Digested); ok {
			digest = digested.Digest().String()
		}
	}
	term := ast.ObjectTerm(
		rule.Field("reference", ast.StringTerm(image)),
		rule.Field("registry", ast.StringTerm(registry)),
		rule.Field("repository", ast.StringTerm(repository)),
		rule.Field("tag", ast.StringTerm(tag)),
		rule.Field("digest", ast.StringTerm(digest)),
		rule.Field("invalid", ast.InternedTerm(err != nil)),
	)
	i.parsed.Add(image, term)
	return term
}

// newWorkload builds the view of an object, or returns nil when the kind
// carries no pod template or the object has no pod spec where it belongs.
func newWorkload(object ast.Object, identity resource.Identity, images *images) *workload {
	path, ok := resource.TemplatePath(identity.GroupKind())
	if !ok {
		return nil
	}
	template := object
	for _, field := range path {
		if template = child(template, field); template == nil {
			return nil
		}
	}
	spec := child(template, "spec")
	if spec == nil {
		return nil
	}
	metadata := child(template, "metadata")
	if metadata == nil {
		metadata = ast.NewObject()
	}
	specPath := strings.Join(append(append([]string{}, path...), "spec"), ".")
	w := &workload{containers: make(map[string]string)}
	w.view = ast.ObjectTerm(
		rule.Field("kind", ast.InternedTerm(identity.Kind)),
		rule.Field("metadata", ast.NewTerm(metadata)),
		rule.Field("spec", ast.NewTerm(spec)),
		rule.Field("path", ast.InternedTerm(specPath)),
		rule.Field("containers", w.list(spec, specPath, images)),
	)
	return w
}

// list returns all containers of a pod spec in one array. Anything in the
// containers' place that is no container is passed over: the API server refuses
// it anyway, and a file may hold anything.
func (w *workload) list(spec ast.Object, specPath string, images *images) *ast.Term {
	var terms []*ast.Term
	for _, list := range containerLists {
		containers, ok := value(spec, list.field).(*ast.Array)
		if !ok {
			continue
		}
		for i := range containers.Len() {
			container, ok := containers.Elem(i).Value.(ast.Object)
			if !ok {
				continue
			}
			kind := list.kind
			if kind == "init" && text(container, "restartPolicy") == "Always" {
				kind = "sidecar" // KEP-753
			}
			name := text(container, "name")
			w.containers[name] = kind
			terms = append(terms, ast.ObjectTerm(
				rule.Field("name", ast.StringTerm(name)),
				rule.Field("kind", ast.InternedTerm(kind)),
				rule.Field("path", ast.StringTerm(specPath+"."+list.field+"["+strconv.Itoa(i)+"]")),
				rule.Field("image", images.term(text(container, "image"))),
				rule.Field("spec", containers.Elem(i)),
			))
		}
	}
	return ast.ArrayTerm(terms...)
}

// term returns what rules see as input.workload.
func (w *workload) term() *ast.Term {
	if w == nil {
		return ast.InternedNullTerm
	}
	return w.view
}

// prefix returns how a message begins that blames a container.
func (w *workload) prefix(container string) string {
	kind := ""
	if w != nil {
		if known := w.containers[container]; known != "" && known != "main" {
			kind = known + " "
		}
	}
	return kind + "container " + strconv.Quote(container) + ": "
}

// value returns the value of a field, or nil.
func value(object ast.Object, field string) ast.Value {
	term := object.Get(rule.Name(field))
	if term == nil {
		return nil
	}
	return term.Value
}

// child returns the object in a field, or nil when the field holds anything
// else.
func child(object ast.Object, field string) ast.Object {
	o, _ := value(object, field).(ast.Object)
	return o
}

// text returns the string in a field, or "".
func text(object ast.Object, field string) string {
	s, _ := value(object, field).(ast.String)
	return string(s)
}

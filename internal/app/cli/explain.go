package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubereeve/reeve/internal/app/cli/output"
	"github.com/kubereeve/reeve/internal/app/cli/terminal"
	"github.com/kubereeve/reeve/internal/app/exception"
	"github.com/kubereeve/reeve/internal/kube"
	"github.com/kubereeve/reeve/internal/manifest"
	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/review"
	"github.com/kubereeve/reeve/internal/rule"
)

// explainOptions are the flags of reeve rules explain.
type explainOptions struct {
	rulesOptions
	kubeconfig *genericclioptions.ConfigFlags
	files      []string
	kind       string
	operation  string
	user       string
	groups     []string
	labels     string
}

// namespaceKind is the kind of namespaces.
var namespaceKind = schema.GroupKind{Kind: "Namespace"}

func newRulesExplain(streams Streams) *cobra.Command {
	options := &explainOptions{kubeconfig: &genericclioptions.ConfigFlags{KubeConfig: new(string), Context: new(string), Namespace: new(string)}}
	command := &cobra.Command{
		Use:   "explain RULE",
		Short: "Tell what findings of a rule do in a namespace, and what decides it",
		Long: `Tell what findings of a rule do in a namespace, and what decides it: the rule
itself, an entry of the configuration or a flag, or the label ` + review.ModeLabel + ` of
the namespace. Every entry about the rule is shown, and why it does not count.

Labels of the namespace and exceptions are read from the manifests of -f, or from
the cluster when --kubeconfig or --context is given. --namespace-labels takes the
place of the labels.`,
		Args:              oneRule,
		ValidArgsFunction: completeRuleID(&options.rules),
	}
	flags := command.Flags()
	flags.SortFlags = false
	options.kubeconfig.AddFlags(flags)
	flags.Lookup("namespace").Usage = "namespace of the object; empty for objects without one"
	flags.StringArrayVarP(&options.files, "filename", "f", nil, "file, directory or - with the namespace and exceptions (repeatable)")
	flags.StringVar(&options.kind, "kind", "", "kind of the object, as Kind or Kind.group (default: Pod, or a kind that the rule judges)")
	flags.StringVar(&options.operation, "operation", string(resource.Create), "operation: CREATE, UPDATE or SCAN")
	flags.StringVar(&options.user, "user", "", "user who sends the request (default: nobody in particular)")
	flags.StringSliceVar(&options.groups, "group", nil, "groups of the user")
	flags.StringVar(&options.labels, "namespace-labels", "", "labels of the namespace, as in team=shop,stage=prod")
	options.addFlags(command)
	completeWords(command, "operation", string(resource.Create), string(resource.Update), string(resource.Scan))
	command.RunE = run(func(command *cobra.Command, arguments []string) error {
		return options.run(command, streams, arguments[0])
	})
	return command
}

func (o *explainOptions) run(command *cobra.Command, streams Streams, id string) error {
	if err := checkWord("--operation", o.operation, string(resource.Create), string(resource.Update), string(resource.Scan)); err != nil {
		return err
	}
	live := command.Flags().Changed("kubeconfig") || command.Flags().Changed("context")
	if live && len(o.files) > 0 {
		return usageError("--kubeconfig and --context speak of a cluster, and --filename of files; use one of them")
	}
	set, policy, _, err := o.load(command.Context(), streams.Err)
	if err != nil {
		return err
	}
	r, err := findRule(set, id)
	if err != nil {
		return err
	}
	res, err := o.resource(r)
	if err != nil {
		return err
	}
	around := &surroundings{}
	switch {
	case live:
		err = around.fromCluster(command.Context(), o.kubeconfig)
	case len(o.files) > 0:
		err = around.fromFiles(command.Context(), streams, o.files, *o.kubeconfig.Namespace)
	}
	if err != nil {
		return err
	}
	if command.Flags().Changed("namespace-labels") {
		if around.labels, err = labels.ConvertSelectorToLabelsMap(o.labels); err != nil {
			return usageError("--namespace-labels: %w", err)
		}
	}
	if around.labels != nil {
		res.Namespace = &resource.Namespace{Name: *o.kubeconfig.Namespace, Labels: around.labels}
	}
	explained := newExplained(set, r, res, policy, around)
	if o.output == output.JSON {
		return output.EncodeJSON(streams.Out, explained)
	}
	return look{terminal.NewLook(streams.Out, o.color, o.width)}.explain(streams.Out, explained)
}

// oneRule wants one argument.
func oneRule(command *cobra.Command, arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("name one rule, as in %s privileged-container", command.CommandPath())
	}
	return nil
}

// findRule returns the rule of an id, or an error with those that are near.
func findRule(set *rule.Set, id string) (*rule.Rule, error) {
	if r := set.Rule(id); r != nil {
		return r, nil
	}
	hint := didYouMean(id, set)
	if hint == "" {
		hint = "reeve rules list lists them all"
	}
	return nil, fmt.Errorf("there is no rule %q; %s", id, hint)
}

// resource returns the resource whose finding is asked about.
func (o *explainOptions) resource(r *rule.Rule) (*resource.Resource, error) {
	pod := schema.GroupKind{Kind: "Pod"}
	kind := pod
	switch {
	case o.kind != "":
		kind = schema.ParseGroupKind(o.kind)
		if !r.Judges(kind) && kind.Group == "" {
			// Kind alone means the kind in any group.
			if i := slices.IndexFunc(r.Kinds, func(judged schema.GroupKind) bool { return judged.Kind == kind.Kind }); i >= 0 {
				kind = r.Kinds[i]
			}
		}
		if !r.Judges(kind) {
			return nil, fmt.Errorf("--kind: rule %s does not judge %s; it judges %s", r.ID, o.kind, strings.Join(kindsOf(r, schema.GroupKind.String), ", "))
		}
	case !r.Judges(pod) && len(r.Kinds) > 0:
		kind = r.Kinds[0]
	}
	namespace, name := *o.kubeconfig.Namespace, "explained"
	if kind == namespaceKind {
		namespace, name = "", namespace
	}
	apiVersion, kindName := kind.WithVersion("v1").ToAPIVersionAndKind()
	res := &resource.Resource{
		Identity:  resource.Identity{APIVersion: apiVersion, Kind: kindName, Namespace: namespace, Name: name},
		Operation: resource.Operation(o.operation),
	}
	if o.user != "" || len(o.groups) > 0 {
		if res.Operation == resource.Scan {
			return nil, usageError("--user: what a scan finds is sent by nobody; use another --operation")
		}
		res.User = &resource.User{Name: o.user, Groups: o.groups}
	}
	return res, nil
}

// surroundings are what decides beside the configuration.
type surroundings struct {
	labels     map[string]string // of the namespace; nil when not known
	exceptions *review.Exceptions
}

// fromFiles reads what manifests say of a namespace.
func (s *surroundings) fromFiles(ctx context.Context, streams Streams, files []string, namespace string) error {
	read := manifest.Read(ctx, files, manifest.Options{Stdin: streams.In, Namespace: namespace})
	for _, problem := range read.Problems {
		say(streams.Err, "warning: %s\n", terminal.Clean(problem.Error()))
	}
	resources := manifest.Place(read.Objects)
	given, problems := exception.Given(resources)
	for _, problem := range problems {
		say(streams.Err, "warning: %s\n", terminal.Clean(problem.Message))
	}
	s.exceptions = given
	for _, res := range resources {
		if res.GroupKind() == namespaceKind && res.Name == namespace {
			return s.read(res.Object)
		}
	}
	return nil
}

// fromCluster reads what a cluster says of a namespace.
func (s *surroundings) fromCluster(ctx context.Context, flags *genericclioptions.ConfigFlags) error {
	namespace := *flags.Namespace
	config, _, err := clusterConfig(flags, "name a kubeconfig with --kubeconfig or $KUBECONFIG")
	if err != nil {
		return err
	}
	cluster, err := kube.NewCluster(config)
	if err != nil || namespace == "" {
		return err
	}
	found, failed, err := cluster.Discover(ctx, []schema.GroupKind{namespaceKind})
	if err = errors.Join(err, failed[namespaceKind]); err != nil {
		return err
	}
	raw, err := cluster.Get(ctx, found[namespaceKind], "", namespace)
	if err != nil {
		return fmt.Errorf("namespace %s: %w", namespace, err)
	}
	listed, err := exception.List(ctx, cluster, namespace, 0)
	if err != nil {
		return err
	}
	s.exceptions, _ = new(exception.Compiler).Compile(listed.Exceptions)
	return s.read(raw)
}

// read takes the labels of a namespace.
func (s *surroundings) read(namespace []byte) (err error) {
	if s.labels, err = resource.Labels(namespace); s.labels == nil && err == nil {
		s.labels = map[string]string{}
	}
	return err
}

package oci

import (
	"bytes"
	"context"
	"path"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/kubereeve/reeve/internal/rule/source/bundle"
)

// The layers that are read. Conftest pushes one layer per file, named by its
// title; OPA, oras and Flux push archives.
const (
	policyLayer = "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego"
	dataLayer   = "application/vnd.cncf.openpolicyagent.data.layer.v1+json"
)

// unpackAnnotation marks an archive that oras has made of a directory.
const unpackAnnotation = "io.deis.oras.content.unpack"

// archiveTypes are the media types of archives whose name does not tell.
var archiveTypes = []string{
	ocispec.MediaTypeImageLayer,
	"application/vnd.docker.image.rootfs.diff.tar.gzip",
	"application/tar", "application/gzip", "application/x-tar", "application/x-gzip",
}

// addLayer adds the rule files of one layer; other layers have none.
func (f *fetcher) addLayer(ctx context.Context, tree *bundle.Tree, layer ocispec.Descriptor) error {
	title := layer.Annotations[ocispec.AnnotationTitle]
	archive := isArchive(layer, title)
	if !archive && !isFile(layer, title) {
		return nil
	}
	raw, err := f.blob(ctx, layer)
	if err != nil {
		return err
	}
	if archive {
		return tree.AddArchive(bytes.NewReader(raw))
	}
	if title == "" { // it has to have some name
		title = layer.Digest.Encoded()[:12] + ".rego"
		if layer.MediaType == dataLayer {
			title = layer.Digest.Encoded()[:12] + ".json"
		}
	}
	return tree.Add(title, int64(len(raw)), bytes.NewReader(raw))
}

// isArchive tells whether a layer is an archive of files.
func isArchive(layer ocispec.Descriptor, title string) bool {
	switch {
	case layer.Annotations[unpackAnnotation] == "true":
		return true
	case layer.MediaType == policyLayer, layer.MediaType == dataLayer:
		return false
	case title != "" && !bundle.IsArchive(title) && path.Ext(title) != ".tar":
		return false // oras pushes single files as image layers
	}
	return slices.Contains(archiveTypes, layer.MediaType) || bundle.IsArchive(title) || strings.HasSuffix(layer.MediaType, "tar+gzip")
}

// isFile tells whether a layer is one rule file, or data.
func isFile(layer ocispec.Descriptor, title string) bool {
	return layer.MediaType == policyLayer || layer.MediaType == dataLayer || slices.Contains([]string{".rego", ".json", ".yaml", ".yml"}, path.Ext(title))
}

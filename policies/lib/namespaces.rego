# Package namespaces knows the namespaces that come with Kubernetes.
package reeve.lib.namespaces

# Nobody creates them, and what is in them is not for their users to arrange.
kubernetes := {"default", "kube-node-lease", "kube-public", "kube-system"}

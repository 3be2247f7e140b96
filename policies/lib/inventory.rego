# Package inventory finds what belongs together in the cluster.
package reeve.lib.inventory

# The namespace of the object that is judged. A manifest may leave it out.
namespace := name if {
	name := input.object.metadata.namespace
	is_string(name)
	name != ""
} else := "default"

# The HorizontalPodAutoscalers of that namespace that scale a workload of the group apps. One that
# names no apiVersion is taken to mean it.
autoscalers(kind, name) := {autoscaler |
	some version, kinds in data.inventory.namespace[namespace]
	startswith(version, "autoscaling/")
	some autoscaler in kinds.HorizontalPodAutoscaler
	autoscaler.spec.scaleTargetRef.name == name
	autoscaler.spec.scaleTargetRef.kind == kind
	of_apps(object.get(autoscaler.spec.scaleTargetRef, "apiVersion", ""))
}

of_apps("")

of_apps(version) if {
	is_string(version)
	startswith(version, "apps/")
}

# Something in the namespace runs pods.
runs_pods(place) if {
	some version, kinds in data.inventory.namespace[place]
	some kind in workloads[split(version, "/")[0]]
	some _ in kinds[kind]
}

# The kinds that run pods, by the first part of their apiVersion. A PodTemplate runs nothing.
workloads := {
	"v1": {"Pod", "ReplicationController"},
	"apps": {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
	"batch": {"CronJob", "Job"},
}

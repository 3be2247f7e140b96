package podsecurity_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// entropy decides what a generated pod is like. n returns a number from 0 to
// limit-1; the lower, the plainer the pod.
type entropy interface {
	n(limit int) int
}

// seeded is the entropy of one pod of a seed, so that every pod can be made
// again by itself.
type seeded struct{ *rand.Rand }

func newSeeded(seed, pod uint64) seeded { return seeded{rand.New(rand.NewPCG(seed, pod))} }

func (s seeded) n(limit int) int { return s.IntN(limit) }

// bytesOf is the entropy of a fuzzer's input: one byte a decision, and zeros
// after its end.
type bytesOf struct{ rest []byte }

func (b *bytesOf) n(limit int) int {
	if len(b.rest) == 0 {
		return 0
	}
	value := int(b.rest[0])
	b.rest = b.rest[1:]
	return value % limit
}

func pick[T any](e entropy, values ...T) T { return values[e.n(len(values))] }

// chance is true once in so many times.
func chance(e entropy, once int) bool { return e.n(once) == once-1 }

// maybe returns nil or a pointer to one of the values.
func maybe[T any](e entropy, values ...T) *T {
	if i := e.n(len(values) + 1); i > 0 {
		return &values[i-1]
	}
	return nil
}

// sample returns nil, or some of the values, each any number of times.
func sample[T any](e entropy, values []T) []T {
	n := pick(e, 0, 1, 1, 2, 3)
	if n == 0 {
		return pick(e, nil, []T{})
	}
	sampled := make([]T, n)
	for i := range sampled {
		sampled[i] = pick(e, values...)
	}
	return sampled
}

var (
	capabilities = []corev1.Capability{
		"NET_BIND_SERVICE", "ALL", "CHOWN", "AUDIT_WRITE", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "SETFCAP", "SETGID",
		"SETPCAP", "SETUID", "SYS_CHROOT", "NET_RAW", "SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "all", "All", "CAP_ALL", "CAP_CHOWN",
		"chown", "net_bind_service", "CAP_NET_BIND_SERVICE", " NET_BIND_SERVICE", "",
	}
	sysctls = []string{
		"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
		"net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
		"net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
		"net.ipv4.tcp_wmem", "net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat", "net/ipv4/tcp_syncookies",
		"kernel.msgmax", "net.core.somaxconn", "KERNEL.shm_rmid_forced", "net.ipv4.*", "",
	}
	profileTypes = []string{"RuntimeDefault", "Localhost", "Unconfined", "", "runtimeDefault", "runtime/default", "localhost/x", " RuntimeDefault"}
	selinuxTypes = []string{"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t", "CONTAINER_T", "container_t "}
	profiles     = []string{
		"runtime/default", "localhost/app", "localhost/", "docker/default", "unconfined", "", "localhost", "Localhost/app",
		"runtime/default ", "RuntimeDefault",
	}
	hosts           = []string{"", "127.0.0.1", "localhost", "node.example.com", " ", "0"}
	containerNames  = []string{"web", "web", "init", "mesh", "debug", "", "pod"}
	annotationNames = []string{
		"seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/", "container.seccomp.security.alpha.kubernetes.io/web",
		"container.seccomp.security.alpha.kubernetes.io/init", "container.seccomp.security.alpha.kubernetes.io/debug",
		"container.seccomp.security.alpha.kubernetes.io/other", "seccomp.security.alpha.kubernetes.io/web", "container.apparmor.security.beta.kubernetes.io/",
		"container.apparmor.security.beta.kubernetes.io/web", "container.apparmor.security.beta.kubernetes.io/other",
		"apparmor.security.beta.kubernetes.io/pod", "container.apparmor.security.beta.kubernetes.io", "prometheus.io/scrape",
		"kubectl.kubernetes.io/last-applied-configuration",
	}
)

// newPod returns a pod: one of a few that are near a standard's edge, changed
// in up to a handful of places.
func newPod(e entropy) *corev1.Pod {
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"},
	}
	harden := pick(e, nothing, hardenPod, hardenContainers, hardenWindows)
	pod.Spec.Containers = newContainers(e, pick(e, 1, 1, 1, 2, 3, 0))
	pod.Spec.InitContainers = newContainers(e, pick(e, 0, 0, 0, 1, 2))
	for _, container := range newContainers(e, pick(e, 0, 0, 0, 0, 1, 2)) {
		pod.Spec.EphemeralContainers = append(pod.Spec.EphemeralContainers, corev1.EphemeralContainer{
			EphemeralContainerCommon: corev1.EphemeralContainerCommon(container),
		})
	}
	harden(pod)
	for range pick(e, 0, 1, 1, 1, 2, 2, 3, 4, 6, 9) {
		changes[e.n(len(changes))](e, pod)
	}
	return pod
}

func newContainers(e entropy, count int) []corev1.Container {
	var containers []corev1.Container
	for range count {
		container := corev1.Container{Name: pick(e, containerNames...), Image: "registry.example.com/shop/web:1.4.2"}
		if chance(e, 4) {
			container.Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}
		}
		containers = append(containers, container)
	}
	return containers
}

func nothing(*corev1.Pod) {}

// hardenPod makes a pod pass the restricted standard by its pod-level fields as
// far as there are any.
func hardenPod(pod *corev1.Pod) {
	yes, no := true, false
	pod.Spec.SecurityContext = &corev1.PodSecurityContext{
		RunAsNonRoot:   &yes,
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	for _, container := range containersOf(pod) {
		container.SecurityContext = &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no,
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		}
	}
}

// hardenContainers does the same with every container's own fields.
func hardenContainers(pod *corev1.Pod) {
	hardenPod(pod)
	yes, user := true, int64(65532)
	pod.Spec.SecurityContext = nil
	for _, container := range containersOf(pod) {
		container.SecurityContext.RunAsNonRoot = &yes
		container.SecurityContext.RunAsUser = &user
		container.SecurityContext.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeLocalhost}
	}
}

// hardenWindows does it for a Windows pod, where Linux' fields are not set.
func hardenWindows(pod *corev1.Pod) {
	yes := true
	pod.Spec.OS = &corev1.PodOS{Name: corev1.Windows}
	pod.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: &yes}
}

// containersOf returns all containers of a pod, ephemeral ones too.
func containersOf(pod *corev1.Pod) []*corev1.Container {
	var all []*corev1.Container
	for i := range pod.Spec.InitContainers {
		all = append(all, &pod.Spec.InitContainers[i])
	}
	for i := range pod.Spec.Containers {
		all = append(all, &pod.Spec.Containers[i])
	}
	for i := range pod.Spec.EphemeralContainers {
		all = append(all, (*corev1.Container)(&pod.Spec.EphemeralContainers[i].EphemeralContainerCommon))
	}
	return all
}

// changes each set one thing that some control looks at, or that it might look
// at by mistake.
var changes = []func(entropy, *corev1.Pod){
	onPod(func(e entropy, c *corev1.PodSecurityContext) { c.RunAsNonRoot = maybe(e, true, false) }),
	onPod(func(e entropy, c *corev1.PodSecurityContext) { c.RunAsUser = maybe[int64](e, 65532, 0, 1, -1) }),
	onPod(func(e entropy, c *corev1.PodSecurityContext) { c.RunAsGroup = maybe[int64](e, 0, 65532) }),
	onPod(func(e entropy, c *corev1.PodSecurityContext) { c.SeccompProfile = seccompProfile(e) }),
	onPod(func(e entropy, c *corev1.PodSecurityContext) { c.AppArmorProfile = appArmorProfile(e) }),
	onPod(func(e entropy, c *corev1.PodSecurityContext) { c.SELinuxOptions = seLinuxOptions(e) }),
	onPod(func(e entropy, c *corev1.PodSecurityContext) { c.WindowsOptions = windowsOptions(e) }),
	onPod(changeSysctls),
	onPod(changeSysctls),
	func(e entropy, pod *corev1.Pod) {
		pod.Spec.SecurityContext = pick(e, nil, &corev1.PodSecurityContext{}, pod.Spec.SecurityContext)
	},
	onContainer(func(e entropy, c *corev1.SecurityContext) { c.RunAsNonRoot = maybe(e, true, false) }),
	onContainer(func(e entropy, c *corev1.SecurityContext) { c.RunAsUser = maybe[int64](e, 65532, 0, 1, -1) }),
	onContainer(func(e entropy, c *corev1.SecurityContext) { c.SeccompProfile = seccompProfile(e) }),
	onContainer(func(e entropy, c *corev1.SecurityContext) { c.AppArmorProfile = appArmorProfile(e) }),
	onContainer(func(e entropy, c *corev1.SecurityContext) { c.SELinuxOptions = seLinuxOptions(e) }),
	onContainer(func(e entropy, c *corev1.SecurityContext) { c.WindowsOptions = windowsOptions(e) }),
	onContainer(func(e entropy, c *corev1.SecurityContext) { c.Privileged = maybe(e, false, true) }),
	onContainer(func(e entropy, c *corev1.SecurityContext) { c.AllowPrivilegeEscalation = maybe(e, false, true) }),
	onContainer(func(e entropy, c *corev1.SecurityContext) { c.ReadOnlyRootFilesystem = maybe(e, false, true) }),
	onContainer(func(e entropy, c *corev1.SecurityContext) {
		c.ProcMount = maybe(e, corev1.DefaultProcMount, corev1.UnmaskedProcMount, "", "default")
	}),
	onContainer(changeCapabilities),
	onContainer(changeCapabilities),
	changeContainer(func(e entropy, c *corev1.Container) {
		c.SecurityContext = pick(e, nil, &corev1.SecurityContext{}, c.SecurityContext)
	}),
	changeContainer(func(e entropy, c *corev1.Container) {
		c.Ports = append(c.Ports, corev1.ContainerPort{ContainerPort: 80, HostPort: pick[int32](e, 0, 80, 65535, -1)})
	}),
	changeContainer(func(e entropy, c *corev1.Container) {
		*pick(e, &c.LivenessProbe, &c.ReadinessProbe, &c.StartupProbe) = probe(e)
	}),
	changeContainer(changeLifecycle),
	changeContainer(func(e entropy, c *corev1.Container) { c.Name = pick(e, containerNames...) }),
	changeContainer(func(e entropy, c *corev1.Container) { c.RestartPolicy = maybe(e, corev1.ContainerRestartPolicyAlways) }),
	func(e entropy, pod *corev1.Pod) {
		*pick(e, &pod.Spec.HostNetwork, &pod.Spec.HostPID, &pod.Spec.HostIPC) = true
	},
	func(e entropy, pod *corev1.Pod) { pod.Spec.HostUsers = maybe(e, false, true) },
	func(e entropy, pod *corev1.Pod) { pod.Spec.HostUsers = maybe(e, false, true) },
	func(e entropy, pod *corev1.Pod) {
		pod.Spec.OS = pick(e, nil, &corev1.PodOS{Name: corev1.Windows}, &corev1.PodOS{Name: corev1.Linux}, &corev1.PodOS{}, &corev1.PodOS{Name: "Windows"})
	},
	changeVolumes,
	changeVolumes,
	changeAnnotations,
	changeAnnotations,
}

func onPod(change func(entropy, *corev1.PodSecurityContext)) func(entropy, *corev1.Pod) {
	return func(e entropy, pod *corev1.Pod) {
		if pod.Spec.SecurityContext == nil {
			pod.Spec.SecurityContext = &corev1.PodSecurityContext{}
		}
		change(e, pod.Spec.SecurityContext)
	}
}

func changeContainer(change func(entropy, *corev1.Container)) func(entropy, *corev1.Pod) {
	return func(e entropy, pod *corev1.Pod) {
		if containers := containersOf(pod); len(containers) > 0 {
			change(e, pick(e, containers...))
		}
	}
}

func onContainer(change func(entropy, *corev1.SecurityContext)) func(entropy, *corev1.Pod) {
	return changeContainer(func(e entropy, c *corev1.Container) {
		if c.SecurityContext == nil {
			c.SecurityContext = &corev1.SecurityContext{}
		}
		change(e, c.SecurityContext)
	})
}

func seccompProfile(e entropy) *corev1.SeccompProfile {
	if name := maybe(e, profileTypes...); name != nil {
		return &corev1.SeccompProfile{Type: corev1.SeccompProfileType(*name)}
	}
	return nil
}

func appArmorProfile(e entropy) *corev1.AppArmorProfile {
	if name := maybe(e, profileTypes...); name != nil {
		return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileType(*name)}
	}
	return nil
}

func seLinuxOptions(e entropy) *corev1.SELinuxOptions {
	return maybe(e,
		corev1.SELinuxOptions{},
		corev1.SELinuxOptions{Level: "s0:c123,c456"},
		corev1.SELinuxOptions{Type: pick(e, selinuxTypes...)},
		corev1.SELinuxOptions{Type: pick(e, selinuxTypes...), User: pick(e, "", "system_u"), Role: pick(e, "", "system_r")},
	)
}

func windowsOptions(e entropy) *corev1.WindowsSecurityContextOptions {
	return maybe(e,
		corev1.WindowsSecurityContextOptions{},
		corev1.WindowsSecurityContextOptions{HostProcess: maybe(e, false, true)},
		corev1.WindowsSecurityContextOptions{HostProcess: maybe(e, true)},
	)
}

func changeSysctls(e entropy, c *corev1.PodSecurityContext) {
	c.Sysctls = nil
	for _, name := range sample(e, sysctls) {
		c.Sysctls = append(c.Sysctls, corev1.Sysctl{Name: name, Value: "1"})
	}
}

func changeCapabilities(e entropy, c *corev1.SecurityContext) {
	c.Capabilities = pick(e, nil, &corev1.Capabilities{}, c.Capabilities)
	if c.Capabilities != nil && chance(e, 2) {
		c.Capabilities.Add = sample(e, capabilities)
	}
	if c.Capabilities != nil && chance(e, 2) {
		c.Capabilities.Drop = sample(e, capabilities)
	}
}

// handler returns the parts that probes and hooks have in common.
func handler(e entropy) corev1.LifecycleHandler {
	switch e.n(4) {
	case 0:
		return corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}}
	case 1:
		return corev1.LifecycleHandler{HTTPGet: &corev1.HTTPGetAction{Port: intstr.FromInt32(80), Host: pick(e, hosts...)}}
	case 2:
		return corev1.LifecycleHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("http"), Host: pick(e, hosts...)}}
	default:
		return corev1.LifecycleHandler{
			HTTPGet:   &corev1.HTTPGetAction{Host: pick(e, hosts...)},
			TCPSocket: &corev1.TCPSocketAction{Host: pick(e, hosts...)},
		}
	}
}

func probe(e entropy) *corev1.Probe {
	if chance(e, 8) {
		return pick(e, nil, &corev1.Probe{}, &corev1.Probe{ProbeHandler: corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 80}}})
	}
	h := handler(e)
	return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: h.Exec, HTTPGet: h.HTTPGet, TCPSocket: h.TCPSocket}}
}

func changeLifecycle(e entropy, c *corev1.Container) {
	c.Lifecycle = &corev1.Lifecycle{}
	if chance(e, 2) {
		h := handler(e)
		c.Lifecycle.PostStart = &h
	}
	if chance(e, 2) {
		h := handler(e)
		c.Lifecycle.PreStop = &h
	}
}

// changeVolumes adds a volume of any type that the API knows, sometimes of two
// types or of none, which the API server refuses.
func changeVolumes(e entropy, pod *corev1.Pod) {
	volume := corev1.Volume{Name: fmt.Sprintf("volume-%d", len(pod.Spec.Volumes))}
	source := reflect.ValueOf(&volume.VolumeSource).Elem()
	for range pick(e, 1, 1, 1, 1, 1, 2, 0) {
		field := source.Field(e.n(source.NumField()))
		if chance(e, 6) {
			field = source.FieldByName("HostPath")
		}
		field.Set(reflect.New(field.Type().Elem()))
	}
	pod.Spec.Volumes = append(pod.Spec.Volumes, volume)
}

func changeAnnotations(e entropy, pod *corev1.Pod) {
	if pod.Annotations == nil {
		pod.Annotations = make(map[string]string)
	}
	pod.Annotations[pick(e, annotationNames...)] = pick(e, profiles...)
}

// sources returns how many types a volume has.
func sources(volume corev1.Volume) int {
	count := 0
	source := reflect.ValueOf(volume.VolumeSource)
	for i := range source.NumField() {
		if !source.Field(i).IsNil() {
			count++
		}
	}
	return count
}

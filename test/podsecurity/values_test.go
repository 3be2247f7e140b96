package podsecurity_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"testing"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// single returns changes that each set one field to one value.
func single() []func(*corev1.Pod) {
	var all []func(*corev1.Pod)
	pod := func(change func(*corev1.PodSecurityContext)) {
		all = append(all, func(p *corev1.Pod) { change(p.Spec.SecurityContext) })
	}
	container := func(change func(*corev1.SecurityContext)) {
		all = append(all, func(p *corev1.Pod) { change(p.Spec.Containers[0].SecurityContext) })
	}
	for _, name := range sysctls {
		pod(func(c *corev1.PodSecurityContext) { c.Sysctls = []corev1.Sysctl{{Name: name, Value: "1"}} })
	}
	for _, name := range capabilities {
		container(func(c *corev1.SecurityContext) { c.Capabilities.Add = []corev1.Capability{name} })
		container(func(c *corev1.SecurityContext) { c.Capabilities.Drop = []corev1.Capability{name} })
	}
	for _, name := range selinuxTypes {
		pod(func(c *corev1.PodSecurityContext) { c.SELinuxOptions = &corev1.SELinuxOptions{Type: name} })
		container(func(c *corev1.SecurityContext) { c.SELinuxOptions = &corev1.SELinuxOptions{Type: name} })
	}
	for _, name := range profileTypes {
		seccomp, appArmor := corev1.SeccompProfile{Type: corev1.SeccompProfileType(name)}, corev1.AppArmorProfile{Type: corev1.AppArmorProfileType(name)}
		pod(func(c *corev1.PodSecurityContext) { c.SeccompProfile = &seccomp })
		pod(func(c *corev1.PodSecurityContext) { c.AppArmorProfile = &appArmor })
		container(func(c *corev1.SecurityContext) { c.SeccompProfile = &seccomp })
		container(func(c *corev1.SecurityContext) { c.AppArmorProfile = &appArmor })
	}
	for _, mount := range []corev1.ProcMountType{"", corev1.DefaultProcMount, corev1.UnmaskedProcMount, "default"} {
		container(func(c *corev1.SecurityContext) { c.ProcMount = &mount })
	}
	for _, user := range []int64{0, 1, -1} {
		pod(func(c *corev1.PodSecurityContext) { c.RunAsUser = &user })
		container(func(c *corev1.SecurityContext) { c.RunAsUser = &user })
	}
	for _, value := range []bool{false, true} {
		pod(func(c *corev1.PodSecurityContext) { c.RunAsNonRoot = &value })
		container(func(c *corev1.SecurityContext) { c.RunAsNonRoot = &value })
		container(func(c *corev1.SecurityContext) { c.Privileged = &value })
		container(func(c *corev1.SecurityContext) { c.AllowPrivilegeEscalation = &value })
	}
	all = append(all, func(p *corev1.Pod) {
		p.Spec.Containers[0].LivenessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Host: "node"}}}
	})
	for i := range reflect.TypeFor[corev1.VolumeSource]().NumField() {
		all = append(all, func(p *corev1.Pod) {
			volume := corev1.Volume{Name: "volume"}
			field := reflect.ValueOf(&volume.VolumeSource).Elem().Field(i)
			field.Set(reflect.New(field.Type().Elem()))
			p.Spec.Volumes = []corev1.Volume{volume}
		})
	}
	for _, name := range annotationNames {
		for _, value := range profiles {
			all = append(all, func(p *corev1.Pod) { p.Annotations = map[string]string{name: value} })
		}
	}
	return all
}

// TestEveryValueIsJudgedAlikeAtEveryVersion leaves nothing to chance where
// versions differ: pods that pass the restricted standard, on Linux, on Windows
// and in a user namespace, are changed in one field and judged at every version.
func TestEveryValueIsJudgedAlikeAtEveryVersion(t *testing.T) {
	var pods [][]byte
	add := func(pod *corev1.Pod) {
		raw, err := json.Marshal(pod)
		if err != nil {
			t.Fatal(err)
		}
		pods = append(pods, raw)
	}
	for _, change := range single() {
		pod := compliant()
		change(pod)
		add(pod)
		if pod.Annotations != nil || pod.Spec.Volumes != nil || pod.Spec.SecurityContext.Sysctls != nil {
			continue // nothing that Windows or a user namespace is exempt from
		}
		own := false
		pod.Spec.HostUsers = &own
		add(pod)
		pod.Spec.HostUsers, pod.Spec.OS = nil, &corev1.PodOS{Name: corev1.Windows}
		add(pod)
	}
	for _, spec := range written {
		pods = append(pods, []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":`+spec+`}`))
	}
	var judging errgroup.Group
	judging.SetLimit(runtime.GOMAXPROCS(0))
	for _, j := range newJudges(t).all {
		judging.Go(func() error {
			for _, raw := range pods {
				if _, d := j.compare(raw, "Pod"); d != nil {
					return fmt.Errorf("what remains of a pod that is judged differently:\n%s", describe(j.minimise(raw, "Pod", d)))
				}
			}
			return nil
		})
	}
	if err := judging.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d pods judged alike at every version", len(pods))
}

// written are pod specs with what Go's encoder leaves out, as manifests may have
// it: empty and null values, and fields nobody knows.
var written = []string{
	`{"containers":[{"name":"web","livenessProbe":{"httpGet":{"host":"","port":80}},"readinessProbe":{"tcpSocket":{"host":null,"port":80}}}]}`,
	`{"containers":[{"name":"web","lifecycle":{"preStop":{"httpGet":{"host":"","port":80}},"postStart":{"tcpSocket":{"host":null,"port":80}}}}]}`,
	`{"containers":[{"name":"web","someProbe":{"httpGet":{"host":"node"}},"livenessProbe":{"grpc":{"host":"node","port":80}}}]}`,
	`{"containers":[{"name":"web","lifecycle":{"atEnd":{"httpGet":{"host":"node"}},"preStop":{"sleep":{"host":"node","seconds":1}}}}]}`,
	`{"securityContext":{"seLinuxOptions":{"type":"","user":"","role":""}},"containers":[{"securityContext":{"seLinuxOptions":{"type":null,"user":null,"role":null}}}]}`,
	`{"securityContext":{"seccompProfile":null,"appArmorProfile":null,"seLinuxOptions":null,"windowsOptions":null,"sysctls":null,"runAsUser":null}}`,
	`{"securityContext":{"seccompProfile":{},"appArmorProfile":{},"seLinuxOptions":{},"windowsOptions":{"hostProcess":null},"sysctls":[{}]}}`,
	`{"securityContext":null,"containers":[{"securityContext":null},{"securityContext":{"capabilities":null,"procMount":null,"seccompProfile":null}}]}`,
	`{"containers":[{"securityContext":{"capabilities":{"add":null,"drop":null}}},{"securityContext":{"capabilities":{"add":[],"drop":[]}}}]}`,
	`{"containers":[{"ports":[{"hostPort":-0},{"hostPort":null}],"securityContext":{"runAsUser":-0}}],"hostUsers":null,"hostNetwork":null,"os":null}`,
	`{"volumes":[{"emptyDir":null}],"initContainers":null}`,
	`{"volumes":[{"emptyDir":null,"hostPath":{}}],"ephemeralContainers":[]}`,
	`{"volumes":[{"hostPath":null,"secret":{}},{"csi":{"driver":"x"},"nfs":null},{"image":{},"rbd":null},{"ephemeral":{},"fc":null}]}`,
	`{"volumes":[{"configMap":{},"x":null},{"downwardAPI":{},"x":null},{"persistentVolumeClaim":{},"x":null},{"projected":{},"x":null}]}`,
	`{"volumes":[{"x":{}}]}`,
	`{"volumes":[{}]}`,
}

// compliant returns a pod that passes the restricted standard at every version.
func compliant() *corev1.Pod {
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "registry.example.com/shop/web:1.4.2"}}},
	}
	hardenPod(pod)
	return pod
}

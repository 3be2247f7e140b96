package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// bringUp starts everything in order. The state is on disk before the first
// thing happens, so that `down` can undo whatever this got to.
func (s *state) bringUp(ctx context.Context, r repo) error {
	t := steps{started: time.Now()}
	if err := s.save(); err != nil {
		return err
	}
	for _, dir := range []string{"log", "pids", "etcd"} {
		if err := os.MkdirAll(s.path(dir), 0o700); err != nil {
			return err
		}
	}
	if err := s.pki().create(s.nodeName(), nodeIP); err != nil {
		return err
	}
	if err := writeKubeconfigs(s); err != nil {
		return err
	}
	t.done("certificates and kubeconfigs written")
	w, err := newWaiter(s)
	if err != nil {
		return err
	}
	if s.Tier == 2 {
		if err := s.prepareHost(ctx); err != nil {
			return err
		}
		t.done("bridge " + s.bridge() + " and cgroup " + s.cgroup() + " created")
	}
	if err := s.startAPI(ctx, w, t); err != nil {
		return err
	}
	if s.Tier == 2 {
		if err := s.startNode(ctx, r, w, t); err != nil {
			return err
		}
	}
	s.Complete = true
	return s.save()
}

func (s *state) prepareHost(ctx context.Context) error {
	// Unix socket paths end at 107 bytes; the error would name no reason.
	if len(s.criSocket()) > 107 {
		return fmt.Errorf("%s is too long for a socket path; choose a shorter --dir", s.criSocket())
	}
	if err := recordHost(s); err != nil {
		return err
	}
	if err := createBridge(ctx, s); err != nil {
		return err
	}
	return createCgroup(s)
}

func (s *state) startAPI(ctx context.Context, w *waiter, t steps) error {
	if err := etcdProcess(s).start(s); err != nil {
		return err
	}
	if err := apiserverProcess(s).start(s); err != nil {
		return err
	}
	err := w.wait(ctx, "a ready API server", "kube-apiserver", 90*time.Second, func(ctx context.Context) error {
		if err := w.get(ctx, "/api/v1/namespaces/default", nil); err != nil {
			return err
		}
		return w.get(ctx, "/readyz", nil)
	})
	if err != nil {
		return err
	}
	t.done("etcd and kube-apiserver ready at " + s.apiURL())
	return nil
}

// startNode starts the daemons in parallel where they do not need each other.
func (s *state) startNode(ctx context.Context, r repo, w *waiter, t steps) error {
	if err := writeNodeConfig(s); err != nil {
		return err
	}
	containerd, err := containerdProcess(s)
	if err != nil {
		return err
	}
	for _, p := range []process{controllerManagerProcess(s), schedulerProcess(s), containerd} {
		if err := p.start(s); err != nil {
			return err
		}
	}
	tarballs, err := buildOwnImages(ctx, r, s)
	if err != nil {
		return err
	}
	err = w.wait(ctx, "containerd's socket", "containerd", 30*time.Second, func(ctx context.Context) error {
		_, err := s.ctr(ctx, "version")
		return err
	})
	if err != nil {
		return err
	}
	if err := s.loadImages(ctx, tarballs...); err != nil {
		return w.failure(err, "containerd")
	}
	t.done("containerd up, images " + pauseImage + " and " + testloadImage + " loaded")
	// kube-proxy makes chains as soon as it runs.
	s.OwnsIPTables = true
	if err := s.save(); err != nil {
		return err
	}
	for _, p := range []process{kubeletProcess(s), proxyProcess(s)} {
		if err := p.start(s); err != nil {
			return err
		}
	}
	return s.awaitNode(ctx, w, t)
}

func (s *state) awaitNode(ctx context.Context, w *waiter, t steps) error {
	for _, step := range []struct {
		what, culprit string
		check         func(context.Context) error
	}{
		{"a healthy controller manager", "kube-controller-manager", w.healthy("https", "controller-manager")},
		{"a healthy scheduler", "kube-scheduler", w.healthy("https", "scheduler")},
		{"a healthy kubelet", "kubelet", w.healthy("http", "kubelet-health")},
		{"the default service account", "kube-controller-manager", func(ctx context.Context) error {
			return w.get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", nil)
		}},
		{"the node to be Ready", "kubelet", w.nodeReady},
		{"a healthy kube-proxy", "kube-proxy", w.healthy("http", "proxy-health")},
	} {
		if err := w.wait(ctx, step.what, step.culprit, 90*time.Second, step.check); err != nil {
			return err
		}
	}
	t.done("node " + s.nodeName() + " Ready, kube-proxy healthy")
	return nil
}

package main

import (
	"strings"
	"testing"
)

func TestEveryPinnedVersionIsReadFromItsWrapperModule(t *testing.T) {
	r, err := findRepo()
	if err != nil {
		t.Fatal(err)
	}
	versions, err := readVersions(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"kubernetes", "etcd", "kwok"} {
		if !strings.HasPrefix(versions[m], "v") {
			t.Errorf("%s has version %q", m, versions[m])
		}
	}
}

func TestAModuleThatPinsNothingIsAnError(t *testing.T) {
	if v, err := pinnedVersion("go.mod", []byte("module x\n\nrequire a.example/b v1.0.0\n"), "a.example/c"); err == nil {
		t.Errorf("got version %q", v)
	}
}

func TestKubernetesBinariesReportTheirVersion(t *testing.T) {
	flags := versionFlags("v1.36.3")
	for _, want := range []string{"version.gitVersion=v1.36.3", "version.gitMajor=1", "version.gitMinor=36"} {
		if !strings.Contains(flags, want) {
			t.Errorf("%s is missing in %s", want, flags)
		}
	}
}

func TestComponentsAreBuiltInAFixedOrder(t *testing.T) {
	picked := pick(t, "kubectl", "etcd")
	if len(picked) != 2 || picked[0].binary != "etcd" || picked[1].binary != "kubectl" {
		t.Errorf("got %+v", picked)
	}
}

func TestAnUnknownComponentIsAUsageError(t *testing.T) {
	_, err := selectComponents([]string{"etcd", "kube-apisever"})
	e, ok := err.(*exitError)
	if !ok || e.code != exitUsage {
		t.Errorf("got %v", err)
	}
}

func TestEveryTierNamesKnownComponents(t *testing.T) {
	for tier := 1; tier <= 2; tier++ {
		names := componentNames(tier)
		if got := len(pick(t, names...)); got != len(names) {
			t.Errorf("tier %d: %d of %d names are known", tier, got, len(names))
		}
	}
}

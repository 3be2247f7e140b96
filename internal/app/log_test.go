package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/kubereeve/reeve/internal/app"
)

func logOptions(t testing.TB, flags ...string) *app.LogOptions {
	t.Helper()
	var o app.LogOptions
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	o.AddFlags(set)
	if err := set.Parse(flags); err != nil {
		t.Fatal(err)
	}
	return &o
}

func TestLoggerWritesJSONAtLevelInfoUnlessToldOtherwise(t *testing.T) {
	var out bytes.Buffer
	log, err := logOptions(t).Logger(&out)
	if err != nil {
		t.Fatal(err)
	}
	log.V(4).Info("not seen")
	log.Info("seen", "rule", "host-pid")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%s: %v", &out, err)
	}
	if line["msg"] != "seen" || line["rule"] != "host-pid" || line["level"] != "INFO" {
		t.Errorf("logged %v", line)
	}
}

func TestLoggerWritesWhatItsLevelLetsThrough(t *testing.T) {
	for _, test := range []struct{ level, want string }{
		{"debug", "debug info error"},
		{"info", "info error"},
		{"INFO", "info error"},
		{"warn", "error"},
		{"error", "error"},
	} {
		var out bytes.Buffer
		log, err := logOptions(t, "--log-format=text", "--log-level="+test.level).Logger(&out)
		if err != nil {
			t.Fatal(err)
		}
		log.V(4).Info("debug")
		log.Info("info")
		log.Error(errors.New("reason"), "error")
		var seen []string
		for line := range strings.Lines(out.String()) {
			_, message, _ := strings.Cut(line, "msg=")
			seen = append(seen, strings.Fields(message)[0])
		}
		if got := strings.Join(seen, " "); got != test.want {
			t.Errorf("%s: logged %q, want %q", test.level, got, test.want)
		}
	}
}

func TestLoggerSaysWhatIsWrongWithAFlag(t *testing.T) {
	for flag, want := range map[string]string{
		"--log-level=loud": `--log-level: "loud" is not a level; use debug, info, warn or error`,
		"--log-level=":     `--log-level: "" is not a level; use debug, info, warn or error`,
		"--log-format=xml": `--log-format: "xml" is not a format; use json or text`,
		"--log-format=":    `--log-format: "" is not a format; use json or text`,
	} {
		if _, err := logOptions(t, flag).Logger(&bytes.Buffer{}); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", flag, err, want)
		}
	}
}

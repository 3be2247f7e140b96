package app

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
)

// LogOptions say how a daemon logs.
type LogOptions struct {
	Format string
	Level  string
}

// AddFlags adds the options' flags.
func (o *LogOptions) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.Format, "log-format", "json", "log format: json or text")
	flags.StringVar(&o.Level, "log-level", "info", "log level: debug, info, warn or error")
}

// Logger returns a logger that writes to w.
func (o *LogOptions) Logger(w io.Writer) (logr.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.Level)); err != nil {
		return logr.Logger{}, fmt.Errorf("--log-level: %q is not a level; use debug, info, warn or error", o.Level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch o.Format {
	case "json":
		return logr.FromSlogHandler(slog.NewJSONHandler(w, options)), nil
	case "text":
		return logr.FromSlogHandler(slog.NewTextHandler(w, options)), nil
	}
	return logr.Logger{}, fmt.Errorf("--log-format: %q is not a format; use json or text", o.Format)
}

package output

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// writeCSV writes one record per finding, as in RFC 4180, below a header.
func writeCSV(w io.Writer, r *Report, _ Options) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	records := make([][]string, 1, 1+len(r.Findings))
	records[0] = []string{
		"severity", "mode", "rule", "apiVersion", "kind", "namespace", "name", "container", "path", "message", "file", "line",
	}
	for _, f := range r.Findings {
		file, line := "", ""
		if f.Source != nil {
			file, line = f.Source.File, strconv.Itoa(f.Source.Line)
		}
		record := []string{
			f.Severity.String(), f.Mode.String(), f.Rule, f.Resource.APIVersion, f.Resource.Kind, f.Resource.Namespace,
			f.Resource.Name, f.Container, f.Path, f.Message, file, line,
		}
		for i, field := range record {
			record[i] = harmless(field)
		}
		records = append(records, record)
	}
	return out.WriteAll(records) // flushes
}

// harmless returns a field that spreadsheets take for text: a field that begins
// like a formula gets an apostrophe before it. NUL, which ends the text in some
// programs, is made visible.
func harmless(field string) string {
	field = strings.ReplaceAll(field, "\x00", "\uFFFD")
	if field != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(field)[0]) {
		return "'" + field
	}
	return field
}

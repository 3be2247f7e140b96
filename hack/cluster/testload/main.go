// Command testload is a workload for tests on a real node: it sleeps, crashes,
// serves, or asks another server, as its arguments say.
//
//	testload sleep
//	testload crash [exit code [milliseconds]]
//	testload http [address]
//	testload get URL
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	args := append(os.Args[1:], "sleep")
	switch args[0] {
	case "sleep":
		fmt.Println("testload: sleeping")
		<-ctx.Done()
	case "crash":
		os.Exit(crash(ctx, os.Args[2:]))
	case "get":
		os.Exit(get(ctx, os.Args[2:]))
	case "http":
		os.Exit(serve(ctx, os.Args[2:]))
	default:
		fmt.Fprintf(os.Stderr, "testload: unknown command %q; want sleep, crash, http or get\n", args[0])
		os.Exit(2)
	}
}

// crash writes to both streams first, so that a test can look for the logs.
func crash(ctx context.Context, args []string) int {
	code, ms := number(args, 0, 1), number(args, 1, 100)
	fmt.Printf("testload: ending with exit code %d in %d ms\n", code, ms)
	select {
	case <-ctx.Done():
		return 0
	case <-time.After(time.Duration(ms) * time.Millisecond):
	}
	fmt.Fprintln(os.Stderr, "testload: crashing as asked")
	return code
}

func serve(ctx context.Context, args []string) int {
	addr := ":8080"
	if len(args) > 0 {
		addr = args[0]
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "testload: ok")
	})
	server := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	fmt.Println("testload: serving on", addr)
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		fmt.Fprintln(os.Stderr, "testload:", err)
		return 1
	}
	return 0
}

// get shows from inside a pod whether a Service can be reached.
func get(ctx context.Context, args []string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "testload: get wants one URL")
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testload:", err)
		return 2
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testload:", err)
		return 1
	}
	defer resp.Body.Close()
	if _, err := io.Copy(os.Stdout, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		fmt.Fprintln(os.Stderr, "testload:", resp.Status, err)
		return 1
	}
	return 0
}

func number(args []string, i, fallback int) int {
	if i >= len(args) {
		return fallback
	}
	n, err := strconv.Atoi(args[i])
	if err != nil {
		fmt.Fprintf(os.Stderr, "testload: %q is no number\n", args[i])
		os.Exit(2)
	}
	return n
}

// Command gotest runs `go test` with its own arguments and says at the end how many tests passed, failed and were
// left out, and why. Otherwise it prints what go test prints: a line for each package, and all that a failed test
// said.
//
//	go run ./internal/test/gotest -race ./...
//
// Leaving a test out is a failure when PURSER_TEST_REQUIRE is 1.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	_, code, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (r result, code int, err error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	events, err := cmd.StdoutPipe()
	if err != nil {
		return r, 1, err
	}
	if err := cmd.Start(); err != nil {
		return r, 1, err
	}
	r, errRead := read(events, stdout)
	failed := cmd.Wait() != nil || r.Failed > 0
	if errRead != nil {
		return r, 1, errRead
	}
	r.print(stdout)
	switch {
	case failed:
		return r, 1, nil // go test has said why.
	case len(r.LeftOut) > 0 && os.Getenv("PURSER_TEST_REQUIRE") == "1":
		return r, 1, fmt.Errorf("every test must run here, and %d were left out", len(r.LeftOut))
	}
	return r, 0, nil
}

// Command withpostgres runs a command beside a throw-away PostgreSQL server, whose URL it passes on in
// PURSER_TEST_POSTGRES, and ends with the command's exit code:
//
//	go run ./internal/test/withpostgres go test ./...
//	go run ./internal/test/withpostgres sh -c 'go run ./cmd/purser serve --demo --db "$PURSER_TEST_POSTGRES"'
//
// Where that variable is set already, that server is used. Where there is no PostgreSQL, the command runs
// without, and leaves out what needs one.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"purser/internal/test/pgcluster"
)

const variable = "PURSER_TEST_POSTGRES"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: withpostgres COMMAND [ARGUMENT ...]")
		os.Exit(2)
	}
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpostgres:", err)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if os.Getenv(variable) == "" {
		server, err := pgcluster.Start(ctx)
		switch {
		case errors.Is(err, pgcluster.ErrMissing):
			fmt.Fprintln(os.Stderr, "withpostgres:", err)
		case err != nil:
			return 1, err
		default:
			defer server.Stop() //nolint:errcheck // A folder that stays behind in the temporary folder is no failure.
			if err := os.Setenv(variable, server.URL("postgres")); err != nil {
				return 1, err
			}
		}
	}

	// At a signal the command gets it too, and the time to end by itself; then the server stops.
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil // -1 stands for a signal.
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}

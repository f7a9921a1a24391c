// Package pgcluster starts a throw-away PostgreSQL server from the machine's own binaries, for tests and trials.
//
// The server has its own data folder, listens on a unix socket in that folder and on no network port, and
// trusts whoever can enter the folder (its owner and root), so it can neither meet nor harm a PostgreSQL that
// the machine already runs. It does not sync to disk: it is quick and loses everything in a power cut.
package pgcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrMissing says that this machine has no PostgreSQL server binaries.
var ErrMissing = errors.New("no PostgreSQL server binaries (initdb, postgres) on this machine: `make postgres` as root installs them on Debian and Ubuntu")

// startTimeout bounds the wait for a new server's first answer; on an idle machine that takes a tenth of a second.
const startTimeout = time.Minute

// Server is a running PostgreSQL server. It stops when Stop is called, and also when this process ends in any
// other way.
type Server struct {
	dir        string
	supervisor *exec.Cmd
	lifeline   io.Closer
}

// running keeps servers reachable: the garbage collector would close a forgotten server's lifeline.
var running sync.Map

// Start makes a new, empty cluster and waits until it answers. The error is ErrMissing when there is nothing to
// start.
func Start(ctx context.Context) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := newDir()
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if err := s.start(ctx, bin); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// URL is the connection URL of one database of the server, for its superuser. "postgres" is always there.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + database}
	u.RawQuery = url.Values{"host": {s.dir}, "port": {"5432"}}.Encode()
	return u.String()
}

// Stop ends the server at once and removes its files. A second call does nothing.
func (s *Server) Stop() error {
	if s.lifeline != nil {
		s.lifeline.Close()
		s.supervisor.Wait() //nolint:errcheck // The supervisor ends by being told to; its exit code says nothing.
		s.lifeline = nil
		running.Delete(s)
	}
	return os.RemoveAll(s.dir)
}

// supervise runs the server until standard input ends, which happens when the process that holds the other end
// of the pipe closes it or dies, even by SIGKILL. No signal handler is needed, and nothing is left behind.
const supervise = `
dir=$1; shift
"$@" >"$dir/log" 2>&1 </dev/null &
read -r _
kill -QUIT $!
wait $!
rm -rf "$dir"
`

// settings trade durability for speed and make the server private to its folder.
var settings = []string{
	"listen_addresses=", "port=5432", "max_connections=300",
	"fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0",
	"autovacuum_naptime=10min", "checkpoint_timeout=1h", "max_wal_size=512MB",
	"logging_collector=off", "timezone=UTC", "log_timezone=UTC",
}

func (s *Server) start(ctx context.Context, bin string) error {
	data := filepath.Join(s.dir, "data")
	initdb, err := s.command(ctx, filepath.Join(bin, "initdb"),
		"-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C")
	if err != nil {
		return err
	}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}

	args := []string{"-c", supervise, "sh", s.dir, filepath.Join(bin, "postgres"), "-D", data, "-k", s.dir}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	// Not bound to ctx: the server lives until Stop.
	if s.supervisor, err = s.command(context.WithoutCancel(ctx), "/bin/sh", args...); err != nil {
		return err
	}
	stdin, err := s.supervisor.StdinPipe()
	if err != nil {
		return err
	}
	if err := s.supervisor.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	s.lifeline = stdin
	running.Store(s, struct{}{})
	return s.wait(ctx)
}

func (s *Server) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		log, _ := os.ReadFile(filepath.Join(s.dir, "log")) // Not there yet: nothing to show.
		if ctx.Err() != nil || bytes.Contains(log, []byte("FATAL:  could not")) {
			return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// command prepares a command that runs in the cluster's folder, as its owner, apart from this process's
// terminal, and without the PG* variables of whoever runs the tests.
func (s *Server) command(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = s.dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
	cmd.Env = append(cmd.Env, "LC_ALL=C")
	return cmd, detach(cmd)
}

// memory is where Linux keeps a file system in memory.
const memory = "/dev/shm"

// newDir makes the cluster's folder: in memory where there is room, which makes new databases four times as fast,
// else in the temporary folder. A unix socket's path has about 100 characters at most, so a deep TMPDIR is not
// used.
func newDir() (string, error) {
	const pattern = "purser-postgres-"
	dir, err := "", errors.ErrUnsupported
	if roomy(memory) {
		dir, err = os.MkdirTemp(memory, pattern)
	}
	if err != nil {
		parent := os.TempDir()
		if len(parent) > 60 {
			parent = "/tmp"
		}
		if dir, err = os.MkdirTemp(parent, pattern); err != nil {
			return "", fmt.Errorf("make a folder for PostgreSQL: %w", err)
		}
	}
	if err := giveAway(dir); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// places are where PostgreSQL's server binaries lie when they are not on the PATH: Debian, Red Hat, Homebrew.
var places = []string{
	"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
}

// binaries finds the folder that holds both initdb and postgres, the newest version first.
func binaries() (string, error) {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range places {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) + strings.Compare(b, a) })
		dirs = append(dirs, found...)
	}
	for _, dir := range dirs {
		if executable(filepath.Join(dir, "initdb")) && executable(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", ErrMissing
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

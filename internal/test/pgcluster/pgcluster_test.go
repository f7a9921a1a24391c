package pgcluster_test

import (
	"errors"
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"purser/internal/test/pgcluster"
)

func TestServerLivesFromStartToStop(t *testing.T) {
	t.Setenv("PGPORT", "1") // Whatever the developer's own settings are.
	server, err := pgcluster.Start(t.Context())
	if errors.Is(err, pgcluster.ErrMissing) && os.Getenv("PURSER_TEST_REQUIRE") != "1" {
		t.Skipf("LEFT OUT: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })

	conn, err := pgx.Connect(t.Context(), server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	var listen, zone, encoding string
	err = conn.QueryRow(t.Context(), `SELECT current_setting('listen_addresses'), current_setting('TimeZone'), current_setting('server_encoding')`).
		Scan(&listen, &zone, &encoding)
	if err != nil {
		t.Fatal(err)
	}
	if listen != "" || zone != "UTC" || encoding != "UTF8" {
		t.Errorf("listen_addresses %q, TimeZone %q, encoding %q; want none, UTC, UTF8", listen, zone, encoding)
	}

	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("the server answers after Stop")
	}
	u, err := url.Parse(server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(u.Query().Get("host")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the server's folder is still there: %v", err)
	}
	if err := server.Stop(); err != nil {
		t.Errorf("second Stop: %v", err)
	}
}

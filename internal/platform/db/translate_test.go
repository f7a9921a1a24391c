package db

import "testing"

func TestTranslate(t *testing.T) {
	for _, c := range []struct{ query, postgres, sqlite string }{
		{"a = ? AND b = ?", "a = $1 AND b = $2", "a = ? AND b = ?"},
		{"(?::uuid, ?::bigint)", "($1::uuid, $2::bigint)", "(?, ?)"},
		{"x = '?::uuid' AND y = ?", "x = '?::uuid' AND y = $1", "x = '?::uuid' AND y = ?"},
		{"n::text = ?", "n::text = $1", "n::text = ?"},
	} {
		if got := translate(c.query, true); got != c.postgres {
			t.Errorf("PostgreSQL: %s became %s", c.query, got)
		}
		if got := translate(c.query, false); got != c.sqlite {
			t.Errorf("SQLite: %s became %s", c.query, got)
		}
	}
}

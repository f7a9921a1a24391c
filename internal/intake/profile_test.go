package intake

import (
	"os"
	"testing"

	"purser/internal/test/dbtest"
)

func TestProfile(t *testing.T) {
	file := os.Getenv("PROFILE_FILE")
	if file == "" {
		t.Skip()
	}
	d := dbtest.SQLite(t)
	s := take(t, d, Orders, file, ImportOptions{Mode: Mode(os.Getenv("PROFILE_MODE"))})
	t.Logf("%v %d", s.Seconds, s.Rate)
}

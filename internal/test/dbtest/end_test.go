package dbtest_test

import (
	"fmt"
	"testing"

	"purser/internal/test/dbtest"
)

// ending is a testing.TB that keeps how it was ended instead of ending the test.
type ending struct {
	testing.TB
	skipped, failed string
}

func (e *ending) Helper() {}

func (e *ending) Skip(args ...any) {
	e.skipped = fmt.Sprint(args...)
	panic(e)
}

func (e *ending) Fatalf(format string, args ...any) {
	e.failed = fmt.Sprintf(format, args...)
	panic(e)
}

// missing asks for data that is not there.
func missing(t *testing.T) (end *ending) {
	end = &ending{TB: t}
	defer func() {
		if got := recover(); got != any(end) {
			t.Errorf("ended with %v", got)
		}
	}()
	dbtest.Data(end, "uci/none")
	return end
}

package code_test

import (
	"strings"
	"testing"

	"purser/internal/base/code"
)

func TestCodeIsFoundHoweverItIsTyped(t *testing.T) {
	made := code.New(16)
	if len(made) != 16 || made == code.New(16) {
		t.Errorf("%q is no new code of 16", made)
	}
	for _, typed := range []string{made, strings.ToLower(made), code.Grouped(made), " " + code.Grouped(made)} {
		if code.Clean(typed) != made {
			t.Errorf("%q is read as %q", typed, code.Clean(typed))
		}
	}
	if got := code.Clean("oil 1-L"); got != "01111" {
		t.Errorf("letters that look like digits are read as %q", got)
	}
	if got := code.Grouped("ABCDEFGH12"); got != "ABCD-EFGH-12" {
		t.Errorf("grouped %q", got)
	}
}

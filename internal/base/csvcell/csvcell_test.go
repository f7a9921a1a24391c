package csvcell

import "testing"

func TestCellsAreNoFormulas(t *testing.T) {
	for s, want := range map[string]string{
		"=1+1": "'=1+1", "+49 30 1": "'+49 30 1", "-x": "'-x", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\rx": "'\rx", "-": "'-", "-1.": "'-1.",
		"-1": "-1", "-1.50": "-1.50", "12": "12", "": "", "plain": "plain", "a=b": "a=b", "-1+2": "'-1+2",
		"'=1": "''=1", "'-1": "''-1", "'tis": "'tis", "'": "'",
	} {
		got := Write(s)
		if got != want {
			t.Errorf("%q becomes %q, want %q", s, got, want)
		}
		if back := Read(got); back != s {
			t.Errorf("%q comes back as %q", s, back)
		}
	}
}

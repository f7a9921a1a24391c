// Package check is how areas report what `purser verify` finds: a stored number
// that is not the one its rows give.
package check

import "fmt"

// Difference is a stored value that differs from the one recomputed from rows.
type Difference struct {
	Rule     string `json:"rule" doc:"Id of the invariant, e.g. INV-1."`
	Object   string `json:"object" doc:"What it is about, e.g. MUG-RED at RENO."`
	Field    string `json:"field"`
	Stored   string `json:"stored"`
	Computed string `json:"computed"`
}

// String is the difference in one line.
func (d Difference) String() string {
	return fmt.Sprintf("%s %s: %s is %s, its rows give %s", d.Rule, d.Object, d.Field, d.Stored, d.Computed)
}

// Report takes differences as they are found.
type Report func(Difference)

// Equal reports a difference unless stored equals computed.
func (r Report) Equal(rule, object, field string, stored, computed any) {
	if stored != computed {
		r(Difference{rule, object, field, fmt.Sprint(stored), fmt.Sprint(computed)})
	}
}

package returns

import (
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// Release says when the replacements of an exchange may leave.
type Release string

// When they may.
const (
	ReleaseAtOnce     Release = "at_once"
	ReleaseInTransit  Release = "in_transit" // the goods are on their way back
	ReleaseReceipt    Release = "receipt"    // all that is exchanged has come
	ReleaseInspection Release = "inspection"
)

var releases = []Release{ReleaseAtOnce, ReleaseInTransit, ReleaseReceipt, ReleaseInspection}

// CheckRelease refuses what is no moment to release replacements at.
func CheckRelease(r Release) error {
	if slices.Contains(releases, r) {
		return nil
	}
	return fault.Fields{"release": "is none of at_once, in_transit, receipt, inspection"}.Err("return.bad_release", "The exchange does not say when its replacements may leave.")
}

// Exchange says that replacements of what comes back are on the order, by a change.
func (r *Return) Exchange(by id.Change, when Release, replacements []id.Line) error {
	if r.Status.Done() {
		return r.forbids("exchanged")
	}
	if !r.Change.IsZero() {
		return fault.New(fault.Conflict, "return.exchanged", "Replacements for this return are on the order already: undo that change first.").
			With(map[string]id.Change{"change_id": r.Change})
	}
	if r.Exchanged() == 0 {
		return fault.New(fault.Conflict, "return.no_exchange", "No line of the return is resolved as an exchange: say so first.")
	}
	if err := CheckRelease(when); err != nil {
		return err
	}
	r.Change, r.ReleaseOn, r.Replacements = by, when, db.JSON[[]id.Line]{V: replacements}
	return nil
}

// Detach says that no replacements are on the order any more.
func (r *Return) Detach() {
	r.Change, r.ReleaseOn, r.Replacements = id.Change{}, "", db.JSON[[]id.Line]{V: []id.Line{}}
}

// Exchanged is the value of the goods that are exchanged and were not credited yet;
// none once the return is over.
func (r *Return) Exchanged() (sum int64) {
	if r.Status.Done() {
		return 0
	}
	for _, l := range r.Lines {
		if l.Resolution == Exchange && !l.Credited {
			total, _ := l.Credit()
			sum += total
		}
	}
	return sum
}

// Awaited is Exchanged of a return whose replacements are on the order.
func (r *Return) Awaited() int64 {
	if r.Change.IsZero() {
		return 0
	}
	return r.Exchanged()
}

// Releases tells whether the replacements may leave.
func (r *Return) Releases() bool {
	switch r.ReleaseOn {
	case ReleaseAtOnce:
		return true
	case ReleaseInTransit:
		return slices.Contains([]Status{InTransit, Received, Inspected, Closed}, r.Status)
	case ReleaseReceipt:
		return slices.Contains([]Status{Received, Inspected, Closed}, r.Status) &&
			!slices.ContainsFunc(r.Lines, func(l *Line) bool { return l.Resolution == Exchange && l.Reception == Expected })
	case ReleaseInspection:
		return r.Status == Inspected || r.Status == Closed
	}
	return false
}

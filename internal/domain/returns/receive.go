package returns

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// Arrival is what came of a line.
type Arrival struct {
	Line        id.ReturnLine `json:"line_id"`
	Quantity    int64         `json:"quantity"`
	Reception   Reception     `json:"reception" doc:"received, missing or wrong_item"`
	Disposition Disposition   `json:"disposition,omitempty" doc:"What becomes of the goods, where that is known already."`
	Location    id.Location   `json:"location_id,omitzero" doc:"Where they came; the return's location, if it is left out."`
}

// Receive notes what came; it may be said again of what is still expected. A
// line of which a part came is split. It returns the lines that are here now
// and were not: the flow books their goods by their disposition; pending ones are
// not in stock yet.
func (r *Return) Receive(arrivals []Arrival, now time.Time) ([]*Line, error) {
	if r.Status != Approved && r.Status != InTransit && r.Status != Received {
		return nil, r.forbids("received")
	}
	if err := r.checkArrivals(arrivals); err != nil {
		return nil, err
	}
	var here []*Line
	for _, a := range arrivals {
		l := r.split(r.Line(a.Line), a.Quantity, now)
		l.Reception = a.Reception
		if a.Reception.Here() {
			l.Location = cmp.Or(a.Location, r.Location)
			if a.Disposition != "" && a.Disposition != Pending {
				l.Disposition = a.Disposition
				r.facts = append(r.facts, Disposed{r.about(), l.ID, l.Variant, l.Quantity, Pending, l.Disposition})
			}
			here = append(here, l)
		}
	}
	r.refresh()
	r.Status = Received
	r.say()
	return here, nil
}

// ReceiveAll notes that all that is expected came, with one disposition.
func (r *Return) ReceiveAll(d Disposition, now time.Time) ([]*Line, error) {
	var all []Arrival
	for _, l := range r.Lines {
		if l.Reception == Expected {
			all = append(all, Arrival{Line: l.ID, Quantity: l.Quantity, Reception: Arrived, Disposition: d})
		}
	}
	return r.Receive(all, now)
}

func (r *Return) checkArrivals(arrivals []Arrival) error {
	f := fault.Fields{}
	if len(arrivals) == 0 {
		f.Add("lines", "there must be at least one")
	}
	left := map[id.ReturnLine]int64{}
	for _, l := range r.Lines {
		if l.Reception == Expected {
			left[l.ID] = l.Quantity
		}
	}
	for i, a := range arrivals {
		at := fmt.Sprintf("lines[%d].", i)
		have, expected := left[a.Line]
		switch {
		case r.Line(a.Line) == nil:
			f.Add(at+"line_id", "is not a line of the return")
		case !expected:
			f.Add(at+"line_id", "has come already")
		case a.Quantity <= 0 || a.Quantity > have:
			f.Add(at+"quantity", "must be from 1 to %d, which are still expected", have)
		}
		left[a.Line] = have - a.Quantity
		if a.Reception != Arrived && a.Reception != Missing && a.Reception != WrongItem {
			f.Add(at+"reception", "%q is none of received, missing, wrong_item", a.Reception)
		}
		if a.Disposition != "" && !slices.Contains(dispositions, a.Disposition) {
			f.Add(at+"disposition", "%q is none of pending, restock, refurbish, quarantine, scrap, return_to_vendor", a.Disposition)
		}
	}
	return f.Err("return.bad_arrival", "What came does not fit the return.")
}

// split takes n units out of a line into one of their own, with their share of
// its value; the last units take the rest. All of a line is the line itself.
func (r *Return) split(l *Line, n int64, now time.Time) *Line {
	if n == l.Quantity {
		return l
	}
	part := *l
	part.ID, part.Position, part.was = id.New[id.ReturnLine](now), int64(len(r.Lines)+1), fate{}
	part.Quantity = n
	part.Total, part.Tax = money.Share(l.Total, 0, n, l.Quantity), money.Share(l.Tax, 0, n, l.Quantity)
	l.Quantity, l.Total, l.Tax = l.Quantity-n, l.Total-part.Total, l.Tax-part.Tax
	r.Lines = append(r.Lines, &part)
	return &part
}

// AddExtra notes units that came without having been announced; they are worth
// what l says.
func (r *Return) AddExtra(l Line, d Disposition, now time.Time) (*Line, error) {
	if r.Status != Approved && r.Status != InTransit && r.Status != Received {
		return nil, r.forbids("added to")
	}
	f := fault.Fields{}
	l.ID, l.Return, l.Position, l.was = id.New[id.ReturnLine](now), r.ID, int64(len(r.Lines)+1), fate{}
	l.Reception, l.Disposition, l.Location = Extra, d, cmp.Or(l.Location, r.Location)
	l.check(f, "")
	if !slices.Contains(dispositions, d) {
		f.Add("disposition", "%q is none of pending, restock, refurbish, quarantine, scrap, return_to_vendor", d)
	}
	if err := f.Err("return.invalid", "The line's data is not complete."); err != nil {
		return nil, err
	}
	r.Lines = append(r.Lines, &l)
	if d != Pending {
		r.facts = append(r.facts, Disposed{r.about(), l.ID, l.Variant, l.Quantity, Pending, d})
	}
	r.refresh()
	r.Status = Received
	r.say()
	return &l, nil
}

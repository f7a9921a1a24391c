package returns

import "purser/internal/base/id"

// about is what every fact about a return tells. It belongs to the timeline of
// the sales order, or, for a blind return, to the return's own.
type about struct {
	Return id.Return `json:"return_id"`
	Order  id.Order  `json:"order_id,omitzero"`
	Number int64     `json:"number"`
}

func (r *Return) about() about { return about{r.ID, r.Order, r.Number} }

// Subject is the sales order, or else the return.
func (a about) Subject() id.UUID {
	if a.Order.IsZero() {
		return a.Return
	}
	return a.Order
}

func (a about) numbered(n int64) about {
	a.Number = n
	return a
}

// Changed says that a return has a new state, or that more of it came.
type Changed struct {
	about
	Status   Status `json:"-"`
	Units    int64  `json:"units"`
	Here     int64  `json:"units_received"`
	Total    int64  `json:"total"`
	Currency string `json:"currency"`
	Reason   string `json:"reason,omitempty"` // why it was declined
	Tracking string `json:"tracking_number,omitempty"`
}

// Kind names the fact by the state: return.requested, return.received ...
func (c Changed) Kind() string { return "return." + string(c.Status) }

// say adds the fact of the return's state.
func (r *Return) say() {
	c := Changed{about: r.about(), Status: r.Status, Total: r.Total, Currency: string(r.Currency)}
	for _, l := range r.Lines {
		c.Units += l.Quantity
		if l.Reception.Here() {
			c.Here += l.Quantity
		}
	}
	r.facts = append(r.facts, c)
}

// Disposed says what becomes of goods that came back, and what was to before.
type Disposed struct {
	about
	Line     id.ReturnLine `json:"line_id"`
	Variant  id.Variant    `json:"variant_id"`
	Quantity int64         `json:"quantity"`
	From     Disposition   `json:"from"`
	To       Disposition   `json:"to"`
}

// Kind names the fact.
func (Disposed) Kind() string { return "return.disposed" }

// Resolved says what becomes of the money of units, and what was to before.
type Resolved struct {
	about
	Line     id.ReturnLine `json:"line_id"`
	Quantity int64         `json:"quantity"`
	From     Resolution    `json:"from"`
	To       Resolution    `json:"to"`
}

// Kind names the fact.
func (Resolved) Kind() string { return "return.resolved" }

package change

import "purser/internal/base/id"

// about is what every fact of a set tells.
type about struct {
	Set   id.Change `json:"change_id"`
	Order id.Order  `json:"order_id"`
	For   Kind      `json:"for"`
}

// Subject is the order.
func (a about) Subject() id.UUID { return a.Order }

func (s *Set) about() about { return about{s.ID, s.Order, s.Kind} }

// Changed says that a set has a new state.
type Changed struct {
	about
	Status  Status `json:"-"`
	Actions int    `json:"actions"`
}

// Kind names the fact by the state: change.requested, change.confirmed ...
func (c Changed) Kind() string { return "change." + string(c.Status) }

func (s *Set) say() {
	s.facts = append(s.facts, Changed{s.about(), s.Status, len(s.Actions.V)})
}

// Undone says that another set undid a set.
type Undone struct {
	about
	By id.Change `json:"undone_by"`
}

// Kind is change.undone.
func (Undone) Kind() string { return "change.undone" }

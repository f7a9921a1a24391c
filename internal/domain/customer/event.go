package customer

import "purser/internal/base/id"

// Added says that somebody became a customer.
type Added struct {
	Customer id.Customer `json:"customer_id"`
	Number   string      `json:"number,omitempty"`
}

// Kind is customer.added.
func (Added) Kind() string { return "customer.added" }

// Subject is the customer.
func (f Added) Subject() id.UUID { return f.Customer }

// Changed says which fields of a customer were changed, without what they hold.
type Changed struct {
	Customer id.Customer `json:"customer_id"`
	Fields   []string    `json:"fields"`
}

// Kind is customer.changed.
func (Changed) Kind() string { return "customer.changed" }

// Subject is the customer.
func (f Changed) Subject() id.UUID { return f.Customer }

// Erased says that a customer's personal data were erased.
type Erased struct {
	Customer id.Customer `json:"customer_id"`
}

// Kind is customer.erased.
func (Erased) Kind() string { return "customer.erased" }

// Subject is the customer.
func (f Erased) Subject() id.UUID { return f.Customer }

// InteractionAdded says that something was said, written or is to be done; the
// words stay with the interaction.
type InteractionAdded struct {
	Customer    id.Customer    `json:"customer_id"`
	Interaction id.Interaction `json:"interaction_id"`
	Form        string         `json:"kind"`
	DueOn       string         `json:"due_on,omitempty"`
}

// Kind is customer.interaction_added.
func (InteractionAdded) Kind() string { return "customer.interaction_added" }

// Subject is the customer.
func (f InteractionAdded) Subject() id.UUID { return f.Customer }

// TaskDone says that a task about a customer was done.
type TaskDone struct {
	Customer    id.Customer    `json:"customer_id"`
	Interaction id.Interaction `json:"interaction_id"`
}

// Kind is customer.task_done.
func (TaskDone) Kind() string { return "customer.task_done" }

// Subject is the customer.
func (f TaskDone) Subject() id.UUID { return f.Customer }

// CompanyAdded says that a company became a customer.
type CompanyAdded struct {
	Company id.Company `json:"company_id"`
	Name    string     `json:"name"`
}

// Kind is company.added.
func (CompanyAdded) Kind() string { return "company.added" }

// Subject is the company.
func (f CompanyAdded) Subject() id.UUID { return f.Company }

// CompanyChanged says which fields of a company were changed; their values
// stand in the audit.
type CompanyChanged struct {
	Company id.Company `json:"company_id"`
	Fields  []string   `json:"fields"`
}

// Kind is company.changed.
func (CompanyChanged) Kind() string { return "company.changed" }

// Subject is the company.
func (f CompanyChanged) Subject() id.UUID { return f.Company }

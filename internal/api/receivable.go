package api

import (
	"cmp"
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/customer"
	"purser/internal/domain/receivable"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
	"purser/internal/view"
)

// Ageing is what somebody owes in a currency, by how late it is.
type Ageing struct {
	Company   id.Company   `json:"company_id,omitzero"`
	Customer  id.Customer  `json:"customer_id,omitzero"`
	Name      string       `json:"name"`
	Current   money.Amount `json:"current" doc:"Not due yet."`
	Days30    money.Amount `json:"days_1_30"`
	Days60    money.Amount `json:"days_31_60"`
	Days90    money.Amount `json:"days_61_90"`
	Older     money.Amount `json:"days_over_90"`
	Credit    money.Amount `json:"credit" doc:"Orders that are paid ahead or owed back; negative."`
	OnAccount money.Amount `json:"on_account" doc:"Received, and for no order yet; negative."`
	Total     money.Amount `json:"total"`
}

// AgeingReport is what was owed at the end of a business day.
type AgeingReport struct {
	AsOf  string     `json:"as_of"`
	Items []Ageing   `json:"items"`
	Open  []OpenItem `json:"open,omitempty" doc:"The open items, where one company is asked for."`
}

// OpenItem is what is owed by an invoice, or to a customer.
type OpenItem struct {
	view.OpenItem
	Open money.Amount `json:"open" doc:"Negative: we owe it."`
}

// Statement is what a company owed, what came to it, and what it owes then.
type Statement struct {
	Company id.Company      `json:"company_id"`
	Name    string          `json:"name"`
	From    string          `json:"from"`
	To      string          `json:"to"`
	Opening money.Amount    `json:"opening"`
	Lines   []StatementLine `json:"lines"`
	Closing money.Amount    `json:"closing"`
}

// StatementLine is one entry of the books in what a company owes.
type StatementLine struct {
	Journal id.Journal           `json:"journal_id"`
	Kind    accounting.EntryKind `json:"kind"`
	Memo    string               `json:"memo,omitempty"`
	Date    string               `json:"date"`
	Order   id.Order             `json:"order_id,omitzero"`
	Amount  money.Amount         `json:"amount" doc:"Positive: the company owes it."`
	Balance money.Amount         `json:"balance" doc:"After it."`
}

// DueReminder is an invoice that is due for a reminder.
type DueReminder struct {
	Invoice  id.Invoice   `json:"invoice_id"`
	Number   int64        `json:"number"`
	Order    id.Order     `json:"order_id,omitzero"`
	Company  id.Company   `json:"company_id,omitzero"`
	Customer id.Customer  `json:"customer_id,omitzero"`
	Name     string       `json:"name"`
	Open     money.Amount `json:"open"`
	DueOn    string       `json:"due_on"`
	Late     int64        `json:"days_late"`
	Level    int64        `json:"level"`
	Title    string       `json:"title"`
}

func showAgeing(a view.Ageing) Ageing {
	of := func(minor int64) money.Amount { return money.Of(minor, a.Currency) }
	return Ageing{
		Company: a.Company, Customer: a.Customer, Name: a.Name, Current: of(a.Current), Days30: of(a.Days30), Days60: of(a.Days60),
		Days90: of(a.Days90), Older: of(a.Older), Credit: of(a.Credit), OnAccount: of(a.OnAccount), Total: of(a.Total),
	}
}

func (s *Server) registerReceivables() {
	type ageingInput struct {
		AsOf    string     `query:"as_of" format:"date" doc:"Business day; today, if it is left out."`
		Company id.Company `query:"company" doc:"Of one company, with its open items."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/receivables", id: "get-receivables", summary: "What is owed at the end of a day, by how late it is", tag: receivableTag, permission: auth.BooksRead},
		func(ctx context.Context, in *ageingInput) (out AgeingReport, err error) {
			err = s.DB.Read(ctx, func(r *db.Snapshot) error {
				company, err := setting.LoadCompany(ctx, r)
				if err != nil {
					return err
				}
				out.AsOf = cmp.Or(in.AsOf, company.Day(s.DB.Now()))
				items, err := view.OpenItems(ctx, r, out.AsOf, in.Company)
				if err != nil {
					return err
				}
				sums, err := view.AgeOf(ctx, r, items)
				out.Items = make([]Ageing, len(sums))
				for i, a := range sums {
					out.Items[i] = showAgeing(a)
				}
				for _, x := range items {
					if !in.Company.IsZero() {
						out.Open = append(out.Open, OpenItem{x, money.Of(x.Open, x.Currency)})
					}
				}
				return err
			})
			return out, err
		})

	type statementInput struct {
		Company  id.Company     `path:"company"`
		From     string         `query:"from" format:"date" required:"true"`
		To       string         `query:"to" format:"date" doc:"Today, if it is left out."`
		Currency money.Currency `query:"currency" doc:"The company's, if it is left out."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/companies/{company}/statement", id: "get-statement", summary: "What a company owed, what came to it, and what it owes then", tag: receivableTag, permission: auth.BooksRead},
		func(ctx context.Context, in *statementInput) (out Statement, err error) {
			err = s.DB.Read(ctx, func(r *db.Snapshot) error {
				c, err := customer.GetCompany(ctx, r, in.Company)
				if err != nil {
					return err
				}
				company, err := setting.LoadCompany(ctx, r)
				if err != nil {
					return err
				}
				currency, to := cmp.Or(in.Currency, c.Currency), cmp.Or(in.To, company.Day(s.DB.Now()))
				opening, lines, err := view.Statement(ctx, r, c.ID, currency, in.From, to)
				of := func(minor int64) money.Amount { return money.Of(minor, currency) }
				out = Statement{Company: c.ID, Name: c.Name, From: in.From, To: to, Opening: of(opening), Closing: of(opening), Lines: []StatementLine{}}
				for _, l := range lines {
					out.Lines = append(out.Lines, StatementLine{l.Journal, l.Kind, l.Memo, l.Date, l.Order, of(l.Amount), of(l.Balance)})
					out.Closing = of(l.Balance)
				}
				return err
			})
			return out, err
		})
}

// DunningLevels are when reminders are due.
type DunningLevels struct {
	Levels []receivable.DunningLevel `json:"levels" maxItems:"9" doc:"The mildest first."`
}

func (s *Server) registerReminders() {
	read(s, route{method: http.MethodGet, path: "/v1/dunning-levels", id: "get-dunning-levels", summary: "When reminders are due", tag: receivableTag, permission: auth.BooksRead},
		func(ctx context.Context, _ *struct{}) (DunningLevels, error) {
			levels, err := receivable.Dunning(ctx, s.DB)
			return DunningLevels{levels}, err
		})

	type changeInput struct {
		Keyed
		Body DunningLevels
	}
	write(s, route{method: http.MethodPut, path: "/v1/dunning-levels", id: "change-dunning-levels", summary: "Change when reminders are due", tag: receivableTag, permission: auth.BooksWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (DunningLevels, error) {
			return in.Body, receivable.SaveDunning(ctx, tx, in.Body.Levels)
		})

	type dueInput struct {
		Level int64 `query:"level" minimum:"1" doc:"Only those due for this level."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/reminders/due", id: "list-due-reminders", summary: "Invoices that are due for a reminder today, the longest due first", tag: receivableTag, permission: auth.BooksRead},
		func(ctx context.Context, in *dueInput) (list[DueReminder], error) {
			company, err := setting.LoadCompany(ctx, s.DB)
			if err != nil {
				return list[DueReminder]{}, err
			}
			rows, err := view.RemindersDue(ctx, s.DB, company.Day(s.DB.Now()), in.Level)
			shown := make([]DueReminder, len(rows))
			for i, x := range rows {
				shown[i] = DueReminder{x.Invoice, x.Number, x.Order, x.Company, x.Customer, x.Name, money.Of(x.Open, x.Currency), x.DueOn, x.Late, x.Level, x.Title}
			}
			return listOf(shown, ""), err
		})

	type remindInput struct {
		Once
		Body struct {
			Invoices []id.Invoice `json:"invoice_ids" minItems:"1" maxItems:"200"`
			Note     string       `json:"note,omitempty" maxLength:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/reminders", id: "record-reminders", summary: "Record that reminders were sent, each of the level that its invoice is due for", tag: receivableTag, permission: auth.ReceiptWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *remindInput) (list[receivable.Reminder], error) {
			rows, err := flow.Remind(ctx, tx, in.Body.Invoices, in.Body.Note)
			return listOf(rows, ""), err
		})
}

package api

import (
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// Invoice is an invoice or a credit note.
type Invoice struct {
	accounting.Invoice
	Subtotal  money.Amount  `json:"subtotal" doc:"Before tax."`
	Tax       money.Amount  `json:"tax"`
	Total     money.Amount  `json:"total"`
	BaseTotal money.Amount  `json:"base_total" doc:"The total in the base currency."`
	Paid      money.Amount  `json:"paid" doc:"Payments and credits that count for it."`
	Lines     []InvoiceLine `json:"lines"`
}

func (i Invoice) version() int64 { return i.Version }

// InvoiceLine bills units of an order line, or a charge.
type InvoiceLine struct {
	accounting.InvoiceLine
	Subtotal money.Amount `json:"subtotal" doc:"Before tax, after discount."`
	Discount money.Amount `json:"discount" doc:"Taken off before the subtotal, without the tax in it."`
	Tax      money.Amount `json:"tax"`
	Total    money.Amount `json:"total"`
}

func showInvoice(i *accounting.Invoice, base money.Currency) Invoice {
	of := func(minor int64) money.Amount { return money.Of(minor, i.Currency) }
	out := Invoice{
		Invoice: *i, Subtotal: of(i.Subtotal), Tax: of(i.Tax), Total: of(i.Total), BaseTotal: money.Of(i.BaseTotal, base), Paid: of(i.Paid), Lines: []InvoiceLine{},
	}
	for _, l := range i.Lines {
		out.Lines = append(out.Lines, InvoiceLine{l, of(l.Subtotal), of(l.Discount), of(l.Tax), of(l.Total)})
	}
	return out
}

func showInvoices(all []*accounting.Invoice, base money.Currency) []Invoice {
	out := make([]Invoice, len(all))
	for i, doc := range all {
		out[i] = showInvoice(doc, base)
	}
	return out
}

// JournalEntry is what one business event did to the accounts.
type JournalEntry struct {
	accounting.Journal
	Lines []JournalLine `json:"lines"`
}

// JournalLine moves an amount into an account, or out of it when negative.
type JournalLine struct {
	Account string       `json:"account"`
	Amount  money.Amount `json:"amount" doc:"Debit positive, credit negative."`
	Base    money.Amount `json:"base" doc:"The same in the base currency."`
}

// Balance is what an account has in a currency.
type Balance struct {
	Account string                 `json:"account"`
	Name    string                 `json:"name"`
	Kind    accounting.AccountKind `json:"kind" enum:"asset,liability,equity,income,expense"`
	Amount  money.Amount           `json:"amount" doc:"Debit positive, credit negative."`
	Base    money.Amount           `json:"base" doc:"The same in the base currency."`
}

const booksTag = "Books"

func (s *Server) registerInvoices() {
	type listInput struct {
		Paged
		Series   accounting.Series          `query:"series" enum:"invoice,credit_note"`
		Orders   []id.Order                 `query:"order" maxItems:"200"`
		Customer id.Customer                `query:"customer"`
		Company  id.Company                 `query:"company"`
		Number   int64                      `query:"number"`
		Statuses []accounting.InvoiceStatus `query:"status" enum:"draft,issued,part_paid,paid,void"`
		From     string                     `query:"from" format:"date" doc:"First business day."`
		To       string                     `query:"to" format:"date" doc:"Last business day."`
		Overdue  string                     `query:"overdue_on" format:"date" doc:"Only what is owed after its due day on this day."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/invoices", id: "list-invoices", summary: "List invoices and credit notes, newest first", tag: booksTag, permission: auth.BooksRead},
		func(ctx context.Context, in *listInput) (list[Invoice], error) {
			rows, next, err := accounting.Invoices(ctx, s.DB, accounting.InvoiceFilter{
				Series: in.Series, Orders: in.Orders, Customer: in.Customer, Company: in.Company, Number: in.Number, Statuses: in.Statuses,
				From: in.From, To: in.To, OverdueOn: in.Overdue, Limit: in.Limit, After: in.After,
			})
			if err != nil || len(rows) == 0 {
				return listOf[Invoice](nil, ""), err
			}
			company, err := setting.LoadCompany(ctx, s.DB)
			return listOf(showInvoices(rows, company.BaseCurrency), next), err
		})

	type getInput struct {
		Invoice id.Invoice `path:"invoice"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/invoices/{invoice}", id: "get-invoice", summary: "An invoice or credit note", tag: booksTag, permission: auth.BooksRead},
		func(ctx context.Context, in *getInput) (Invoice, error) {
			doc, err := accounting.GetInvoice(ctx, s.DB, in.Invoice)
			if err != nil {
				return Invoice{}, err
			}
			company, err := setting.LoadCompany(ctx, s.DB)
			return showInvoice(doc, company.BaseCurrency), err
		})
}

func (s *Server) registerJournal() {
	read(s, route{method: http.MethodGet, path: "/v1/accounts", id: "list-accounts", summary: "The chart of accounts", tag: booksTag, permission: auth.BooksRead},
		func(ctx context.Context, _ *struct{}) (list[accounting.Account], error) {
			all, err := accounting.Chart(ctx, s.DB)
			return listOf(all, ""), err
		})

	type listInput struct {
		Paged
		Order   id.Order               `query:"order"`
		Source  id.Any                 `query:"source" doc:"The row that entries come from, by its source_id."`
		Kinds   []accounting.EntryKind `query:"kind" doc:"E.g. invoice, capture, receive."`
		Account string                 `query:"account" doc:"Entries with a line in it."`
		From    string                 `query:"from" format:"date" doc:"First business day."`
		To      string                 `query:"to" format:"date" doc:"Last business day."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/journal", id: "list-journal", summary: "The journal, newest business day first", tag: booksTag, permission: auth.BooksRead},
		func(ctx context.Context, in *listInput) (list[JournalEntry], error) {
			rows, next, err := accounting.Journals(ctx, s.DB, accounting.JournalFilter{
				Order: in.Order, Source: in.Source, Kinds: in.Kinds, Account: in.Account, From: in.From, To: in.To, Limit: in.Limit, After: in.After,
			})
			if err != nil || len(rows) == 0 {
				return listOf[JournalEntry](nil, ""), err
			}
			company, err := setting.LoadCompany(ctx, s.DB)
			shown := make([]JournalEntry, len(rows))
			for i, j := range rows {
				shown[i].Journal = j
				for _, l := range j.Lines {
					shown[i].Lines = append(shown[i].Lines, JournalLine{l.Account, money.Of(l.Amount, l.Currency), money.Of(l.Base, company.BaseCurrency)})
				}
			}
			return listOf(shown, next), err
		})

	type balanceInput struct {
		From string `query:"from" format:"date" doc:"First business day; from the beginning, if it is left out."`
		To   string `query:"to" format:"date" doc:"Last business day; up to now, if it is left out."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/trial-balance", id: "get-trial-balance", summary: "What each account has in each currency", tag: booksTag, permission: auth.BooksRead},
		func(ctx context.Context, in *balanceInput) (list[Balance], error) {
			rows, err := accounting.TrialBalance(ctx, s.DB, in.From, in.To)
			if err != nil || len(rows) == 0 {
				return listOf[Balance](nil, ""), err
			}
			company, err := setting.LoadCompany(ctx, s.DB)
			shown := make([]Balance, len(rows))
			for i, b := range rows {
				shown[i] = Balance{b.Account, b.Name, b.Kind, money.Of(b.Amount, b.Currency), money.Of(b.Base, company.BaseCurrency)}
			}
			return listOf(shown, ""), err
		})

	type closeBooksInput struct {
		Keyed
		Body struct {
			Through string `json:"through" format:"date" doc:"The last day of the closed periods; an earlier one opens them again."`
		}
	}
	write(s, route{method: http.MethodPut, path: "/v1/closed-periods", id: "close-books", summary: "Close the books up to and with a day", tag: booksTag, permission: auth.BooksWrite},
		func(ctx context.Context, tx *db.Tx, in *closeBooksInput) (ClosedPeriods, error) {
			return ClosedPeriods{in.Body.Through}, accounting.Close(ctx, tx, in.Body.Through)
		})
	read(s, route{method: http.MethodGet, path: "/v1/closed-periods", id: "get-closed-periods", summary: "Up to when the books are closed", tag: booksTag, permission: auth.BooksRead},
		func(ctx context.Context, _ *struct{}) (ClosedPeriods, error) {
			day, err := accounting.ClosedThrough(ctx, s.DB)
			return ClosedPeriods{day}, err
		})
}

// ClosedPeriods tells up to when nothing is posted any more.
type ClosedPeriods struct {
	Through string `json:"through" doc:"Last day of the closed periods; empty: none is closed."`
}

// NewRate is a rate of exchange into the base currency.
type NewRate struct {
	Currency money.Currency `json:"currency"`
	Date     string         `json:"date" format:"date" doc:"The rate counts from this day until there is a newer one."`
	Rate     string         `json:"rate" doc:"Base currency for one unit of the currency, as a decimal number."`
	Source   string         `json:"source,omitempty" default:"manual" doc:"Where it comes from: ecb, manual ..."`
}

func (s *Server) registerRates() {
	type listInput struct {
		Paged
		Currency money.Currency `query:"currency"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/exchange-rates", id: "list-exchange-rates", summary: "Rates of exchange, newest first", tag: booksTag, permission: auth.BooksRead},
		func(ctx context.Context, in *listInput) (list[accounting.Rate], error) {
			rows, next, err := accounting.Rates(ctx, s.DB, accounting.RateFilter{Currency: in.Currency, Limit: in.Limit, After: in.After})
			return listOf(rows, next), err
		})

	type setRatesInput struct {
		Once
		Body struct {
			Rates []NewRate `json:"rates" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/exchange-rates", id: "set-exchange-rates", summary: "Set rates of exchange, all or none; documents keep theirs", tag: booksTag, permission: auth.BooksWrite},
		func(ctx context.Context, tx *db.Tx, in *setRatesInput) (list[accounting.Rate], error) {
			company, err := setting.LoadCompany(ctx, tx)
			if err != nil {
				return list[accounting.Rate]{}, err
			}
			rates := make([]accounting.Rate, len(in.Body.Rates))
			for i, r := range in.Body.Rates {
				rates[i] = accounting.Rate{Base: company.BaseCurrency, Currency: r.Currency, Date: r.Date, Rate: r.Rate, Source: r.Source}
			}
			return listOf(rates, ""), accounting.SaveRates(ctx, tx, rates)
		})
}

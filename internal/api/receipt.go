package api

import (
	"context"
	"fmt"
	"net/http"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/order"
	"purser/internal/domain/receivable"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Receipt is money that came on account.
type Receipt struct {
	receivable.Receipt
	Amount  money.Amount   `json:"amount" doc:"What came."`
	Balance money.Amount   `json:"balance" doc:"What of it is on account: neither allocated nor paid back."`
	Entries []ReceiptEntry `json:"entries"`
}

func (r Receipt) version() int64 { return r.Version }

// ReceiptEntry is one step in the life of a receipt.
type ReceiptEntry struct {
	receivable.Entry
	Amount money.Amount `json:"amount" doc:"Signed."`
}

func showReceipt(r *receivable.Receipt) Receipt {
	out := Receipt{*r, money.Of(r.Amount, r.Currency), money.Of(r.Balance, r.Currency), []ReceiptEntry{}}
	for _, e := range r.Entries {
		out.Entries = append(out.Entries, ReceiptEntry{e, money.Of(e.Amount, r.Currency)})
	}
	return out
}

// received is the answer of a flow that gives one receipt.
func received(r *receivable.Receipt, err error) (Receipt, error) {
	if err != nil {
		return Receipt{}, err
	}
	return showReceipt(r), nil
}

// Allocation is an amount that counts for an invoice, or for an order.
type Allocation struct {
	Invoice id.Invoice    `json:"invoice_id,omitzero"`
	Order   id.Order      `json:"order_id,omitzero" doc:"Where no invoice is named: paid ahead, or its invoices, oldest first."`
	Amount  *money.Amount `json:"amount,omitempty" doc:"As much as is owed and there is, if it is left out."`
}

// allocations reads what is to be allocated in a receipt's currency.
func allocations(in []Allocation, currency money.Currency) ([]flow.Allocation, error) {
	f := fault.Fields{}
	out := make([]flow.Allocation, len(in))
	for i, a := range in {
		out[i] = flow.Allocation{Invoice: a.Invoice, Order: a.Order}
		path := fmt.Sprintf("allocations[%d]", i)
		if a.Invoice.IsZero() == a.Order.IsZero() {
			f.Add(path, "name an invoice_id or an order_id, one of them")
		}
		if a.Amount != nil {
			if out[i].Amount = minorOf(f, path+".amount", *a.Amount, currency); out[i].Amount <= 0 {
				f.Add(path+".amount.minor", "must be more than zero")
			}
		}
	}
	return out, f.Err("receipt.invalid", "It cannot be allocated like this.")
}

const receivableTag = "Receivables"

func (s *Server) registerReceipts() {
	type listInput struct {
		Paged
		Company   id.Company  `query:"company"`
		Customer  id.Customer `query:"customer"`
		Reference string      `query:"reference"`
		Open      bool        `query:"open" doc:"Only those of which something is on account."`
		From      string      `query:"from" format:"date" doc:"Paid on this day or later."`
		To        string      `query:"to" format:"date" doc:"Paid on this day or earlier."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/receipts", id: "list-receipts", summary: "List money that came on account, newest first", tag: receivableTag, permission: auth.BooksRead},
		func(ctx context.Context, in *listInput) (list[Receipt], error) {
			rows, next, err := receivable.List(ctx, s.DB, receivable.Filter{
				Company: in.Company, Customer: in.Customer, Reference: in.Reference, Open: in.Open, From: in.From, To: in.To, Limit: in.Limit, After: in.After,
			})
			shown := make([]Receipt, len(rows))
			for i := range rows {
				shown[i] = showReceipt(&rows[i])
			}
			return listOf(shown, next), err
		})

	type getInput struct {
		Receipt id.Receipt `path:"receipt"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/receipts/{receipt}", id: "get-receipt", summary: "A receipt, with what it counts for", tag: receivableTag, permission: auth.BooksRead},
		func(ctx context.Context, in *getInput) (Receipt, error) {
			return received(receivable.Get(ctx, s.DB, in.Receipt))
		})

	type addInput struct {
		Once
		Body struct {
			Company     id.Company        `json:"company_id,omitzero"`
			Customer    id.Customer       `json:"customer_id,omitzero" doc:"Who buys for no company."`
			Method      receivable.Method `json:"method" enum:"bank,cheque,cash"`
			Amount      money.Amount      `json:"amount"`
			PaidOn      string            `json:"paid_on,omitempty" format:"date" doc:"By the statement; today, if it is left out."`
			Source      string            `json:"source,omitempty" doc:"Where references are unique: an account at a bank, a till. The method, if it is left out."`
			Reference   string            `json:"reference,omitempty" doc:"What the statement calls it. A source has each once."`
			Note        string            `json:"note,omitempty"`
			Allocate    string            `json:"allocate,omitempty" enum:"oldest,none" default:"oldest" doc:"What it counts for where no allocations are named: what is due the longest, or nothing yet."`
			Allocations []Allocation      `json:"allocations,omitempty" maxItems:"200"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/receipts", id: "add-receipt", summary: "Book money that a company or customer paid on account", tag: receivableTag, permission: auth.ReceiptWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (Receipt, error) {
			b := in.Body
			wanted, err := allocations(b.Allocations, b.Amount.Currency)
			if err != nil {
				return Receipt{}, err
			}
			return received(flow.ReceiveOnAccount(ctx, tx, flow.ReceiptIn{
				Company: b.Company, Customer: b.Customer, Method: b.Method, Amount: b.Amount, PaidOn: b.PaidOn, Source: b.Source, Reference: b.Reference,
				Note: b.Note, OldestFirst: b.Allocate != "none", Allocations: wanted,
			}))
		})
}

// ReceiptStep is what the input of a step of a receipt embeds.
type ReceiptStep struct {
	Once
	IfMatch
	Receipt id.Receipt `path:"receipt"`
}

// minor is an amount in a receipt's currency; 0 where it is left out.
func (in *ReceiptStep) minor(ctx context.Context, r db.Reader, a *money.Amount) (int64, error) {
	if a == nil {
		return 0, nil
	}
	rc, err := receivable.Get(ctx, r, in.Receipt)
	if err != nil {
		return 0, err
	}
	f := fault.Fields{}
	n := minorOf(f, "amount", *a, rc.Currency)
	if n <= 0 {
		f.Add("amount.minor", "must be more than zero")
	}
	return n, f.Err("receipt.bad_amount", "The amount cannot be taken.")
}

func (s *Server) registerReceiptSteps() {
	type allocateInput struct {
		ReceiptStep
		Body struct {
			Allocations []Allocation `json:"allocations,omitempty" maxItems:"200" doc:"What is due the longest, if it is left out."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/receipts/{receipt}/allocate", id: "allocate-receipt", summary: "Count what is on account for invoices and orders", tag: receivableTag, permission: auth.ReceiptWrite},
		func(ctx context.Context, tx *db.Tx, in *allocateInput) (Receipt, error) {
			seen, err := in.want()
			if err != nil {
				return Receipt{}, err
			}
			rc, err := receivable.Get(ctx, tx, in.Receipt)
			if err != nil {
				return Receipt{}, err
			}
			wanted, err := allocations(in.Body.Allocations, rc.Currency)
			if err != nil {
				return Receipt{}, err
			}
			return received(flow.AllocateReceipt(ctx, tx, in.Receipt, seen, wanted))
		})

	type unallocateInput struct {
		ReceiptStep
		Body struct {
			Payment id.Payment    `json:"payment_id" doc:"The order's payment, as the receipt's entry names it."`
			Amount  *money.Amount `json:"amount,omitempty" doc:"All of it, if it is left out."`
			Reason  string        `json:"reason"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/receipts/{receipt}/unallocate", id: "unallocate-receipt", summary: "Take an amount off an order again: it is owed, and on account", tag: receivableTag, permission: auth.ReceiptWrite},
		func(ctx context.Context, tx *db.Tx, in *unallocateInput) (Receipt, error) {
			n, err := in.minor(ctx, tx, in.Body.Amount)
			if err != nil {
				return Receipt{}, err
			}
			return received(flow.UnallocateReceipt(ctx, tx, in.Receipt, in.Body.Payment, n, in.Body.Reason))
		})

	type payBackInput struct {
		ReceiptStep
		Body struct {
			Amount *money.Amount `json:"amount,omitempty" doc:"All that is on account, if it is left out."`
			Reason string        `json:"reason" doc:"Such as how it was paid back."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/receipts/{receipt}/pay-back", id: "pay-back-receipt", summary: "Give money that is on account back to who paid it", tag: receivableTag, permission: auth.PaymentRefund},
		func(ctx context.Context, tx *db.Tx, in *payBackInput) (Receipt, error) {
			seen, err := in.want()
			if err != nil {
				return Receipt{}, err
			}
			n, err := in.minor(ctx, tx, in.Body.Amount)
			if err != nil {
				return Receipt{}, err
			}
			return received(flow.PayBackReceipt(ctx, tx, in.Receipt, seen, n, in.Body.Reason))
		})

	type reverseInput struct {
		ReceiptStep
		Body struct {
			Reason string `json:"reason" doc:"Such as a cheque that bounced."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/receipts/{receipt}/reverse", id: "reverse-receipt", summary: "Take a receipt back whose money did not come: all that it paid is owed again", tag: receivableTag, permission: auth.ReceiptWrite},
		func(ctx context.Context, tx *db.Tx, in *reverseInput) (Receipt, error) {
			seen, err := in.want()
			if err != nil {
				return Receipt{}, err
			}
			return received(flow.ReverseReceipt(ctx, tx, in.Receipt, seen, in.Body.Reason))
		})
	s.registerDebts()
}

func (s *Server) registerDebts() {
	type putInput struct {
		Once
		Order id.Order `path:"order"`
		Body  struct {
			Amount *money.Amount `json:"amount,omitempty" doc:"All that we owe by the order, if it is left out."`
			Reason string        `json:"reason"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/put-on-account", id: "put-on-account", summary: "Put what we owe by an order on the account of who bought, to count for other invoices", tag: receivableTag, permission: auth.ReceiptWrite},
		func(ctx context.Context, tx *db.Tx, in *putInput) (list[Receipt], error) {
			var n int64
			if in.Body.Amount != nil {
				o, err := order.Get(ctx, tx, in.Order)
				if err != nil {
					return list[Receipt]{}, err
				}
				f := fault.Fields{}
				if n = minorOf(f, "amount", *in.Body.Amount, o.Currency); n <= 0 {
					f.Add("amount.minor", "must be more than zero")
				}
				if err := f.Err("receipt.bad_amount", "The amount cannot be taken."); err != nil {
					return list[Receipt]{}, err
				}
			}
			made, err := flow.PutOnAccount(ctx, tx, in.Order, n, in.Body.Reason)
			shown := make([]Receipt, len(made))
			for i, r := range made {
				shown[i] = showReceipt(r)
			}
			return listOf(shown, ""), err
		})

	type writeOffInput struct {
		Once
		Invoice id.Invoice `path:"invoice"`
		Body    struct {
			Minor  int64  `json:"amount_minor,omitempty" minimum:"0" doc:"In minor units of the invoice's currency; all that is owed, if it is left out."`
			Reason string `json:"reason"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/invoices/{invoice}/write-off", id: "write-off", summary: "Give up what is owed of an invoice, or a part of it, as a loss", tag: receivableTag, permission: auth.DebtWriteOff, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *writeOffInput) (Payment, error) {
			return paid(flow.WriteOff(ctx, tx, in.Invoice, in.Body.Minor, in.Body.Reason))
		})
}

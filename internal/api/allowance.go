package api

import (
	"context"
	"fmt"
	"net/http"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// Allowed is an amount that is granted back of a line or a charge.
type Allowed struct {
	LineID   id.Line      `json:"line_id,omitzero"`
	ChargeID id.Charge    `json:"charge_id,omitzero" doc:"Instead of a line."`
	Amount   money.Amount `json:"amount" doc:"Tax included, in the order's currency. The tax in it is that of the invoice."`
}

func (s *Server) registerAllowances() {
	type creditOrderInput struct {
		Once
		IfMatch
		Order id.Order `path:"order"`
		Body  struct {
			Lines  []Allowed `json:"lines" minItems:"1" maxItems:"200"`
			Reason string    `json:"reason,omitempty" maxLength:"200" doc:"Shown on the credit note."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/credit-notes", id: "credit-order", summary: "Grant money back of what was invoiced, without a return", tag: booksTag, permission: auth.PaymentRefund, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *creditOrderInput) (Invoice, error) {
			seen, err := in.want()
			if err != nil {
				return Invoice{}, err
			}
			o, err := order.Get(ctx, tx, in.Order)
			if err != nil {
				return Invoice{}, err
			}
			f := fault.Fields{}
			a := flow.Allowance{Order: in.Order, Version: seen, Reason: in.Body.Reason}
			for i, l := range in.Body.Lines {
				at := fmt.Sprintf("lines[%d].", i)
				if l.LineID.IsZero() == l.ChargeID.IsZero() {
					f.Add(at+"line_id", "name a line or a charge, and not both")
				}
				a.Lines = append(a.Lines, flow.Allowed{Line: l.LineID, Charge: l.ChargeID, Amount: minorOf(f, at+"amount", l.Amount, o.Currency)})
			}
			if err := f.Err("order.bad_credit", "The amounts cannot be credited."); err != nil {
				return Invoice{}, err
			}
			_, doc, err := flow.Credit(ctx, tx, a)
			if err != nil {
				return Invoice{}, err
			}
			company, err := setting.LoadCompany(ctx, tx)
			return showInvoice(doc, company.BaseCurrency), err
		})
}

package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// ReturnStep is what the input of a step of a return embeds.
type ReturnStep struct {
	Once
	ReturnSeen
}

// ReturnSeen is a return, and the version of it that the caller saw.
type ReturnSeen struct {
	IfMatch
	Return id.Return `path:"return"`
}

// may is the version that the caller saw, if he may work at the return's location.
func (in *ReturnSeen) may(ctx context.Context, r db.Reader, p auth.Permission) (int64, error) {
	seen, err := in.want()
	if err != nil {
		return 0, err
	}
	ret, err := returns.Get(ctx, r, in.Return)
	if err != nil {
		return 0, err
	}
	return seen, auth.RequireAt(ctx, p, ret.Location)
}

// returned is the answer of a flow that gives one return.
func returned(r *returns.Return, err error) (Return, error) {
	if err != nil {
		return Return{}, err
	}
	return showReturn(r), nil
}

// AskedBack is units that somebody wants to send back.
type AskedBack struct {
	LineID     id.Line            `json:"line_id,omitzero" doc:"The order line; a kit's stands for all of its components."`
	VariantID  id.Variant         `json:"variant_id,omitzero" doc:"Without an order: what it is."`
	Quantity   int64              `json:"quantity" minimum:"1" doc:"Base units."`
	Total      *money.Amount      `json:"total,omitempty" doc:"Without an order: what is given back for them, tax included."`
	Tax        *money.Amount      `json:"tax,omitempty" doc:"Without an order: the tax in it."`
	Resolution returns.Resolution `json:"resolution,omitempty" enum:"refund,store_credit,exchange,repair,reject" default:"refund"`
	Reason     string             `json:"reason,omitempty"`
}

// returnStep registers a step of a return that asks for nothing more than the return.
func (s *Server) returnStep(name, summary string, step func(ctx context.Context, tx *db.Tx, ret id.Return, version int64) (*returns.Return, error)) {
	write(s, route{method: http.MethodPost, path: "/v1/returns/{return}/" + name, id: name + "-return", summary: summary, tag: returnTag, permission: auth.ReturnWrite},
		func(ctx context.Context, tx *db.Tx, in *ReturnStep) (Return, error) {
			seen, err := in.may(ctx, tx, auth.ReturnWrite)
			if err != nil {
				return Return{}, err
			}
			return returned(step(ctx, tx, in.Return, seen))
		})
}

func (s *Server) registerReturnSteps() {
	s.registerRequestReturn()
	s.returnStep("cancel", "Drop a return of which nothing has arrived", flow.CancelReturn)
	s.returnStep("inspect", "Say that all goods were looked at: what is still expected is missing", flow.InspectReturn)
	s.returnStep("close", "End a return of which all was credited that is to be", flow.CloseReturn)

	type approveReturnInput struct {
		ReturnStep
		Body struct {
			Until time.Time `json:"until,omitzero" doc:"When the permission runs out; never, if it is left out."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/returns/{return}/approve", id: "approve-return", summary: "Allow the customer to send the goods", tag: returnTag, permission: auth.ReturnWrite},
		func(ctx context.Context, tx *db.Tx, in *approveReturnInput) (Return, error) {
			seen, err := in.may(ctx, tx, auth.ReturnWrite)
			if err != nil {
				return Return{}, err
			}
			return returned(flow.ApproveReturn(ctx, tx, in.Return, seen, in.Body.Until.UTC()))
		})

	type declineReturnInput struct {
		ReturnStep
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"For the customer to read."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/returns/{return}/decline", id: "decline-return", summary: "Refuse a return", tag: returnTag, permission: auth.ReturnWrite},
		func(ctx context.Context, tx *db.Tx, in *declineReturnInput) (Return, error) {
			seen, err := in.may(ctx, tx, auth.ReturnWrite)
			if err != nil {
				return Return{}, err
			}
			return returned(flow.DeclineReturn(ctx, tx, in.Return, seen, in.Body.Reason))
		})

	type sendReturnInput struct {
		ReturnStep
		Body struct {
			Carrier        string `json:"carrier,omitempty" maxLength:"100"`
			TrackingNumber string `json:"tracking_number,omitempty" maxLength:"100"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/returns/{return}/send", id: "send-return", summary: "Say that the goods are on their way", tag: returnTag, permission: auth.ReturnWrite},
		func(ctx context.Context, tx *db.Tx, in *sendReturnInput) (Return, error) {
			seen, err := in.may(ctx, tx, auth.ReturnWrite)
			if err != nil {
				return Return{}, err
			}
			return returned(flow.SendReturn(ctx, tx, in.Return, seen, in.Body.Carrier, in.Body.TrackingNumber))
		})
	s.registerReturnGoods()
}

func (s *Server) registerRequestReturn() {
	type requestReturnInput struct {
		Once
		Body struct {
			OrderID     id.Order       `json:"order_id,omitzero" doc:"None: the sale is not known (a blind return)."`
			CustomerID  id.Customer    `json:"customer_id,omitzero" doc:"The order's, if it is left out."`
			LocationID  id.Location    `json:"location_id" doc:"Where the goods shall arrive."`
			Currency    money.Currency `json:"currency,omitempty" doc:"Of a blind return."`
			ExternalID  string         `json:"external_id,omitempty" doc:"The id that the return has where it comes from; unique."`
			RequestedBy string         `json:"requested_by,omitempty" enum:"staff,customer" default:"staff"`
			Note        string         `json:"note,omitempty"`
			Override    string         `json:"override_policy,omitempty" maxLength:"500" doc:"Why staff takes it against the return policy; needs return:override. A customer cannot."`
			Lines       []AskedBack    `json:"lines" minItems:"1" maxItems:"1000"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/returns", id: "request-return", summary: "Ask for the permission to send goods back", tag: returnTag, permission: auth.ReturnWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *requestReturnInput) (Return, error) {
			b := in.Body
			if err := auth.RequireAt(ctx, auth.ReturnWrite, b.LocationID); err != nil {
				return Return{}, err
			}
			if err := mayOverride(ctx, b.Override); err != nil {
				return Return{}, err
			}
			asked := flow.ReturnRequest{
				Order: b.OrderID, Customer: b.CustomerID, Location: b.LocationID, ExternalID: b.ExternalID, Currency: b.Currency, RequestedBy: b.RequestedBy, Note: b.Note, Override: b.Override,
			}
			f := fault.Fields{}
			for i, l := range b.Lines {
				units := flow.RequestedUnits{Line: l.LineID, Variant: l.VariantID, Quantity: l.Quantity, Resolution: l.Resolution, Reason: l.Reason}
				if l.Total != nil {
					units.Total = minorOf(f, item("lines", i, "total"), *l.Total, b.Currency)
				}
				if l.Tax != nil {
					units.Tax = minorOf(f, item("lines", i, "tax"), *l.Tax, b.Currency)
				}
				asked.Lines = append(asked.Lines, units)
			}
			if err := f.Err("return.invalid", "The return's data is not complete."); err != nil {
				return Return{}, err
			}
			return returned(flow.RequestReturn(ctx, tx, asked))
		})
}

func (s *Server) registerReturnGoods() {
	type extraUnits struct {
		LineID      id.Line             `json:"line_id,omitzero"`
		VariantID   id.Variant          `json:"variant_id,omitzero" doc:"Where it is of no line of the order."`
		Quantity    int64               `json:"quantity" minimum:"1"`
		LocationID  id.Location         `json:"location_id,omitzero"`
		Disposition returns.Disposition `json:"disposition,omitempty" enum:"pending,restock,refurbish,quarantine,scrap,return_to_vendor"`
		Resolution  returns.Resolution  `json:"resolution,omitempty" enum:"refund,store_credit,exchange,repair,reject"`
	}
	type receiveReturnInput struct {
		ReturnStep
		Body struct {
			Lines []returns.Arrival `json:"lines,omitempty" maxItems:"1000" doc:"What came of what was announced."`
			Extra []extraUnits      `json:"extra,omitempty" maxItems:"1000" doc:"What came without having been announced."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/returns/{return}/receive", id: "receive-return", summary: "Note what came, at whatever location; as often as something does", tag: returnTag, permission: auth.ReturnWrite},
		func(ctx context.Context, tx *db.Tx, in *receiveReturnInput) (Return, error) {
			seen, err := in.may(ctx, tx, auth.ReturnWrite)
			if err != nil {
				return Return{}, err
			}
			var extras []flow.ExtraUnits
			at := map[id.Location]bool{}
			for _, x := range in.Body.Extra {
				extras = append(extras, flow.ExtraUnits{Line: x.LineID, Variant: x.VariantID, Quantity: x.Quantity, Location: x.LocationID, Disposition: x.Disposition, Resolution: x.Resolution})
				at[x.LocationID] = true
			}
			for _, l := range in.Body.Lines {
				at[l.Location] = true
			}
			for l := range at {
				if l.IsZero() {
					continue
				}
				if err := auth.RequireAt(ctx, auth.ReturnWrite, l); err != nil {
					return Return{}, err
				}
			}
			return returned(flow.ReceiveReturn(ctx, tx, in.Return, seen, in.Body.Lines, extras))
		})

	type judgeReturnInput struct {
		ReturnStep
		Body struct {
			Lines []struct {
				LineID      id.ReturnLine       `json:"line_id"`
				Quantity    int64               `json:"quantity,omitempty" minimum:"0" doc:"0 or left out: all of the line. A part becomes a line of its own."`
				Disposition returns.Disposition `json:"disposition,omitempty" enum:"restock,refurbish,quarantine,scrap,return_to_vendor" doc:"What becomes of the goods; changeable, also after the end."`
				Resolution  returns.Resolution  `json:"resolution,omitempty" enum:"refund,store_credit,exchange,repair,reject" doc:"What becomes of the money, until it was credited."`
			} `json:"lines" minItems:"1" maxItems:"1000"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/returns/{return}/judge", id: "judge-return", summary: "Say what becomes of goods that came back, and of their money", tag: returnTag, permission: auth.ReturnWrite},
		func(ctx context.Context, tx *db.Tx, in *judgeReturnInput) (Return, error) {
			seen, err := in.may(ctx, tx, auth.ReturnWrite)
			if err != nil {
				return Return{}, err
			}
			var verdicts []flow.ReturnVerdict
			for _, l := range in.Body.Lines {
				verdicts = append(verdicts, flow.ReturnVerdict{Line: l.LineID, Quantity: l.Quantity, Disposition: l.Disposition, Resolution: l.Resolution})
			}
			return returned(flow.JudgeReturn(ctx, tx, in.Return, seen, verdicts))
		})
}

// RefundOfReturn is what a refund of a return comes to.
type RefundOfReturn struct {
	Return   Return       `json:"return"`
	Goods    money.Amount `json:"goods" doc:"Tax included."`
	Shipping money.Amount `json:"shipping"`
	Fees     money.Amount `json:"fees" doc:"Kept back."`
	Refund   money.Amount `json:"refund" doc:"What goes back on payments: with the store credit never more than was paid and is not owed."`
	Credit   money.Amount `json:"store_credit" doc:"What is given as store credit."`
	Parts    []refundPart `json:"parts"`
}

type refundPart struct {
	PaymentID id.Payment `json:"payment_id"`
	Minor     int64      `json:"amount_minor" minimum:"1" doc:"Minor units of the payment's currency."`
}

// version is that of the return.
func (r RefundOfReturn) version() int64 { return r.Return.Version }

// ReturnRefundFields are a refund of a return in a request.
type ReturnRefundFields struct {
	Lines    []id.ReturnLine `json:"lines,omitempty" maxItems:"1000" doc:"Lines of the return; all that is here and gives something back, if it is left out."`
	Shipping bool            `json:"shipping,omitempty" doc:"Give back the goods' share of what shipping cost, too."`
	Fees     []struct {
		Code   string       `json:"code" enum:"restocking,return_shipping"`
		Title  string       `json:"title" minLength:"1" maxLength:"200"`
		Amount money.Amount `json:"amount" doc:"With or without tax, as the order's prices are."`
	} `json:"fees,omitempty" maxItems:"10" doc:"What is kept back, and billed. Left out: what the return policy says; an empty list: nothing."`
	Parts []refundPart `json:"parts,omitempty" maxItems:"50" doc:"What goes back on which payment, of what is not store credit. Left out: by the order of the payment policy."`
}

// refund is what is asked for.
func (in *ReturnSeen) refund(ctx context.Context, r db.Reader, body ReturnRefundFields) (flow.ReturnRefund, error) {
	seen, err := in.may(ctx, r, auth.PaymentRefund)
	if err != nil {
		return flow.ReturnRefund{}, err
	}
	ret, err := returns.Get(ctx, r, in.Return)
	if err != nil {
		return flow.ReturnRefund{}, err
	}
	out := flow.ReturnRefund{Return: in.Return, Version: seen, Lines: body.Lines, Shipping: body.Shipping}
	if body.Fees != nil {
		out.Fees = []flow.ReturnFee{}
	}
	f := fault.Fields{}
	for i, x := range body.Fees {
		n := minorOf(f, item("fees", i, "amount"), x.Amount, ret.Currency)
		if n <= 0 {
			f.Add(item("fees", i, "amount"), "must be more than zero")
		}
		out.Fees = append(out.Fees, flow.ReturnFee{Code: x.Code, Title: x.Title, Amount: n})
	}
	for _, p := range body.Parts {
		out.Parts = append(out.Parts, flow.RefundPart{Payment: p.PaymentID, Amount: p.Minor})
	}
	return out, f.Err("return.bad_refund", "The refund cannot be made like this.")
}

func showReturnRefund(r flow.ReturnRefunded, err error) (RefundOfReturn, error) {
	if err != nil {
		return RefundOfReturn{}, err
	}
	of := func(minor int64) money.Amount { return money.Of(minor, r.Return.Currency) }
	out := RefundOfReturn{Return: showReturn(r.Return), Goods: of(r.Goods), Shipping: of(r.Shipping), Fees: of(r.Fees), Refund: of(r.Refund), Credit: of(r.Credit), Parts: []refundPart{}}
	for _, p := range r.Parts {
		out.Parts = append(out.Parts, refundPart{p.Payment, p.Amount})
	}
	return out, nil
}

func (s *Server) registerReturnRefunds() {
	type refundReturnInput struct {
		ReturnStep
		Body ReturnRefundFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/returns/{return}/refund", id: "refund-return", summary: "Credit goods that came back, and give their money back as each line is resolved", tag: returnTag, permission: auth.PaymentRefund},
		func(ctx context.Context, tx *db.Tx, in *refundReturnInput) (RefundOfReturn, error) {
			what, err := in.refund(ctx, tx, in.Body)
			if err != nil {
				return RefundOfReturn{}, err
			}
			return showReturnRefund(flow.RefundReturn(ctx, tx, what))
		})
	type previewReturnRefundInput struct {
		ReturnSeen
		Body ReturnRefundFields
	}
	read(s, route{method: http.MethodPost, path: "/v1/returns/{return}/refund/preview", id: "preview-return-refund", summary: "Tell what a refund would come to; nothing is changed", tag: returnTag, permission: auth.PaymentRefund},
		func(ctx context.Context, in *previewReturnRefundInput) (RefundOfReturn, error) {
			what, err := in.refund(ctx, s.DB, in.Body)
			if err != nil {
				return RefundOfReturn{}, err
			}
			return showReturnRefund(flow.PreviewReturnRefund(ctx, s.DB, what))
		})

	type cancelRefundInput struct {
		Once
		Refund id.Refund `path:"refund"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/refunds/{refund}/cancel", id: "cancel-refund", summary: "Give up a refund that is pending or has failed", tag: paymentTag, permission: auth.PaymentRefund},
		func(ctx context.Context, tx *db.Tx, in *cancelRefundInput) (Payment, error) {
			return paid(flow.CancelRefund(ctx, tx, in.Refund))
		})
}

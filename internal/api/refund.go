package api

import (
	"context"
	"net/http"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

func (s *Server) registerRefunds() {
	type refundPaymentInput struct {
		PaymentStep
		Body struct {
			Amount   money.Amount `json:"amount"`
			Reason   string       `json:"reason,omitempty"`
			AsCredit bool         `json:"as_store_credit,omitempty" doc:"As store credit of the order's customer, whatever it was paid with."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/payments/{payment}/refunds", id: "refund-payment", summary: "Give money back on a payment", tag: paymentTag, permission: auth.PaymentRefund, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *refundPaymentInput) (Payment, error) {
			n, err := in.minor(ctx, tx, &in.Body.Amount)
			if err != nil {
				return Payment{}, err
			}
			p, err := payment.Get(ctx, tx, in.Payment)
			if err != nil {
				return Payment{}, err
			}
			if err := flow.Refund(ctx, tx, []flow.Refunding{{Order: p.Order, Payment: p.ID, Amount: n, Reason: in.Body.Reason, AsCredit: in.Body.AsCredit}}); err != nil {
				return Payment{}, err
			}
			return paid(payment.Get(ctx, tx, in.Payment))
		})

	type refundOrderInput struct {
		Once
		Order id.Order `path:"order"`
		Body  struct {
			Amount   money.Amount `json:"amount" doc:"In the order's currency."`
			Reason   string       `json:"reason,omitempty"`
			AsCredit bool         `json:"as_store_credit,omitempty" doc:"As store credit of the order's customer, whatever it was paid with."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/refunds", id: "refund-order", summary: "Give money back over the payments of an order", tag: paymentTag, permission: auth.PaymentRefund, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *refundOrderInput) (list[Payment], error) {
			o, err := order.Get(ctx, tx, in.Order)
			if err != nil {
				return list[Payment]{}, err
			}
			f := fault.Fields{}
			n := minorOf(f, "amount", in.Body.Amount, o.Currency)
			if err := f.Err("payment.bad_amount", "The amount cannot be refunded."); err != nil {
				return list[Payment]{}, err
			}
			if err := flow.Refund(ctx, tx, []flow.Refunding{{Order: in.Order, Amount: n, Reason: in.Body.Reason, AsCredit: in.Body.AsCredit}}); err != nil {
				return list[Payment]{}, err
			}
			payments, err := payment.ByOrder(ctx, tx, []id.Order{in.Order})
			return listOf(showPayments(payments[in.Order]), ""), err
		})

	type retryInput struct {
		Once
		Refund id.Refund `path:"refund"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/refunds/{refund}/retry", id: "retry-refund", summary: "Send a refund that was proposed, or that failed", tag: paymentTag, permission: auth.PaymentRefund},
		func(ctx context.Context, tx *db.Tx, in *retryInput) (Payment, error) {
			return paid(flow.RetryRefund(ctx, tx, in.Refund))
		})

	type listInput struct {
		Paged
		Order    id.Order               `query:"order"`
		Statuses []payment.RefundStatus `query:"status" enum:"pending,processing,succeeded,failed,cancelled" doc:"Pending ones were proposed and wait for somebody to send or cancel them."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/refunds", id: "list-refunds", summary: "List refunds, newest first", tag: paymentTag, permission: auth.PaymentRead},
		func(ctx context.Context, in *listInput) (list[Refund], error) {
			rows, next, err := payment.Refunds(ctx, s.DB, payment.RefundFilter{Order: in.Order, Statuses: in.Statuses, Limit: in.Limit, After: in.After})
			shown := make([]Refund, len(rows))
			for i, r := range rows {
				shown[i] = Refund{r, money.Of(r.Amount, r.Currency)}
			}
			return listOf(shown, next), err
		})
}

func (s *Server) registerPaymentPolicy() {
	read(s, route{method: http.MethodGet, path: "/v1/payment-policy", id: "get-payment-policy", summary: "How payments are dealt with", tag: paymentTag, permission: auth.SettingRead},
		func(ctx context.Context, _ *struct{}) (payment.Policy, error) { return payment.LoadPolicy(ctx, s.DB) })

	type changeInput struct {
		Keyed
		Body payment.Policy
	}
	write(s, route{method: http.MethodPut, path: "/v1/payment-policy", id: "change-payment-policy", summary: "Change how payments are dealt with from now on", tag: paymentTag, permission: auth.SettingWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (payment.Policy, error) {
			return in.Body, payment.SavePolicy(ctx, tx, in.Body)
		})
}

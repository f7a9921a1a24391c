package flow_test

import (
	"pgregory.net/rapid"

	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// moneyVerbs are what happens to money beside paying and giving back.
func (h *history) moneyVerbs() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){"decide on an offer": h.decideOffer}
}

// decideOffer sends or cancels a refund of money that came after the order was cancelled.
func (h *history) decideOffer(t *rapid.T) {
	for _, s := range h.sales {
		for _, in := range s.payments {
			if in.offered == 0 {
				continue
			}
			refunds := h.Payment(&payment.Payment{ID: in.id}).Refunds
			var offer *payment.Refund
			for _, r := range refunds {
				if r.Status == payment.RefundPending {
					offer = r
				}
			}
			if offer == nil || offer.Amount != in.offered {
				t.Fatalf("%d came late, and the refunds are %+v", in.offered, refunds)
			}
			send := rapid.Bool().Draw(t, "send")
			h.want(t, h.Try(func(tx *db.Tx) (err error) {
				if send {
					_, err = flow.RetryRefund(h.Ctx, tx, offer.ID)
				} else {
					_, err = flow.CancelRefund(h.Ctx, tx, offer.ID)
				}
				return err
			}), "")
			if send {
				in.refunded += in.offered
			}
			in.offered = 0
			return
		}
	}
	t.Skip("nothing came late")
}

package flow_test

import (
	"testing"

	"purser/internal/domain/accounting"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func allow(s *shop.Shop, o *order.Order, lines ...flow.Allowed) (doc *accounting.Invoice, err error) {
	err = s.Try(func(tx *db.Tx) (err error) {
		_, doc, err = flow.Credit(s.Ctx, tx, flow.Allowance{Order: o.ID, Lines: lines, Reason: "scratched"})
		return err
	})
	return doc, err
}

// Any order of partial credits ends at exactly what was invoiced, and so does the tax (PROP-RFD).
func TestAllowancesEndAtZero(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("TEA", shop.Berlin, 9)
		o := s.PlaceWith(func(p *flow.Placement) {
			p.Charges = []order.DraftCharge{{Kind: order.ChargeShipping, Title: "Post", Amount: 490, TaxRate: shop.VAT}}
		}, shop.Of("SET", 1), shop.Of("MUG", 3).At("3.333"))
		set, mug := s.Line(o, "SET").ID, o.Lines[len(o.Lines)-1].ID
		_, err := allow(s, o, flow.Allowed{Line: mug, Amount: 1})
		shop.Want(t, err, "order.too_much") // nothing is invoiced yet
		s.Ship(o)

		tax := int64(0)
		for _, in := range []flow.Allowed{
			{Line: mug, Amount: 333}, {Line: set, Amount: 1}, {Line: mug, Amount: 334}, {Charge: o.Charges[0].ID, Amount: 90},
			{Line: set, Amount: 2999}, {Line: mug, Amount: 333}, {Charge: o.Charges[0].ID, Amount: 400},
		} {
			doc, err := allow(s, o, in)
			shop.Want(t, err, "")
			shop.Equal(t, "credited", doc.Total, in.Amount)
			tax += doc.Tax
		}
		now := s.Order(o)
		shop.Equal(t, "balance", now.Balance(), 0)
		shop.Equal(t, "credited", now.Credited, now.Total)
		shop.Equal(t, "tax", tax, now.TaxTotal)
		shop.Equal(t, "shipped", s.Line(o, "SET").Returned, 0)
		_, err = allow(s, o, flow.Allowed{Line: mug, Amount: 1})
		shop.Want(t, err, "order.too_much")
	})
}

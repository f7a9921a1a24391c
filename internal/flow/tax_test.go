package flow_test

import (
	"fmt"
	"testing"

	"purser/internal/base/address"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/channel"
	"purser/internal/domain/order"
	"purser/internal/domain/tax"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func TestOrdersAreTaxedAsTheTablesSay(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		s.Write(func(tx *db.Tx) error {
			_, err := tax.Save(s.Ctx, tx, []tax.Rate{
				{Country: "DE", Name: "VAT", Rate: 190_000, ValidFrom: "2007-01-01"},
				{Country: "DE", Name: "VAT", Class: tax.Shipping, Rate: 70_000, ValidFrom: "2007-01-01"},
				{Country: "FR", Name: "TVA", Rate: 200_000, ValidFrom: "2014-01-01"},
			})
			return err
		})
		market := s.AddChannel("market", func(c *channel.Channel) { c.TaxCollected = true })
		inParis := address.Address{Name: "Ada Byron", Line1: "Rue de Rivoli 1", City: "Paris", PostalCode: "75001", Country: "FR"}
		place := func(more func(*flow.Placement)) *order.Order {
			t.Helper()
			return s.PlaceWith(func(p *flow.Placement) {
				p.Charges = []order.DraftCharge{{Kind: order.ChargeShipping, Title: "Post", Amount: 4_90}}
				p.Taxing = flow.Taxing{Lines: []int{0}, Charges: []int{0}}
				more(p)
			}, shop.Of("MUG", 4)) // 50.00 with what tax is in it
		}
		for name, c := range map[string]struct {
			more func(*flow.Placement)
			line string // rate, reason, tax, total
			post string
		}{
			"at home":     {func(*flow.Placement) {}, "190000 rate 798 5000", "70000 rate 32 490"},
			"in France":   {func(p *flow.Placement) { p.ShipTo = inParis }, "200000 rate 833 5000", "200000 rate 82 490"},
			"no place":    {func(p *flow.Placement) { p.ShipTo = address.Address{} }, "190000 rate 798 5000", "70000 rate 32 490"},
			"no tables":   {func(p *flow.Placement) { p.ShipTo.Country = "NO" }, "0 no_rate 0 5000", "0 no_rate 0 490"},
			"given":       {func(p *flow.Placement) { p.Taxing = flow.Taxing{}; p.Lines[0].TaxRate = 1 }, "1 given 0 5000", "0 given 0 490"},
			"marketplace": {func(p *flow.Placement) { p.Channel = market }, "0 channel_collected 0 5000", "0 channel_collected 0 490"},
			"exempt": {func(p *flow.Placement) {
				p.Taxing.Buyer = tax.Buyer{Exempt: true, Certificate: "X", Until: "2026-03-02"}
			},
				"0 exempt 0 4202", "0 exempt 0 490"}, // the price list's price without the tax in it; the post as it is
			"exempt no more": {func(p *flow.Placement) {
				p.Taxing.Buyer = tax.Buyer{Exempt: true, Certificate: "X", Until: "2026-03-01"}
			},
				"190000 rate 798 5000", "70000 rate 32 490"},
			"reverse charge": {func(p *flow.Placement) {
				p.ShipTo, p.Taxing.Buyer = inParis, tax.Buyer{Company: true, VATNumber: "FR12345678901"}
			}, "0 reverse_charge 0 4167", "0 reverse_charge 0 490"},
		} {
			o := place(c.more)
			l, post := o.Lines[0], o.Charges[0]
			shop.Equal(t, name+": line", fmt.Sprint(l.TaxRate, " ", l.TaxReason, " ", l.Tax, " ", l.Total), c.line)
			shop.Equal(t, name+": post", fmt.Sprint(post.TaxRate, " ", post.TaxReason, " ", post.Tax, " ", post.Total), c.post)
		}
		o := place(func(*flow.Placement) {})
		stored := s.Line(o, "MUG")
		shop.Equal(t, "stored reason", stored.TaxReason+": "+stored.TaxNote, "rate: VAT 19 % (DE, standard)")
		s.Ship(o)
		shop.Equal(t, "tax payable", s.Balance(accounting.Tax), -(7_98 + 32))
		s.Write(func(tx *db.Tx) error { // a kit's parts are taxed as the kit
			_, err := tax.Save(s.Ctx, tx, []tax.Rate{{Country: "AT", Name: "USt", Rate: money.Rate(200_000), ValidFrom: "2007-01-01"}})
			return err
		})
		s.Receive("TEA", shop.Berlin, 9)
		kit := s.PlaceWith(func(p *flow.Placement) { p.ShipTo.Country, p.Taxing.Lines = "AT", []int{0} }, shop.Of("SET", 1))
		shop.Equal(t, "part", s.Line(kit, "TEA").TaxReason, "rate")
	})
}

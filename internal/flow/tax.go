package flow

import (
	"context"
	"slices"

	"purser/internal/base/money"
	"purser/internal/domain/channel"
	"purser/internal/domain/order"
	"purser/internal/domain/tax"
	"purser/internal/platform/db"
)

// Taxing says what of an order is taxed as the tables say, and what tax asks about
// who buys.
type Taxing struct {
	Lines   []int // indexes
	Charges []int
	Buyer   tax.Buyer
}

func (t Taxing) any() bool { return len(t.Lines)+len(t.Charges) > 0 }

// taxGiftCard is why the sale of a gift card is not taxed: what it buys is.
const taxGiftCard = "gift_card"

// learnTaxes reads the rates that the batch needs.
func (d *desk) learnTaxes(ctx context.Context, r db.Reader, placements []Placement) error {
	var places []tax.Place
	for i := range placements {
		if p := &placements[i]; p.Taxing.any() {
			places = append(places, d.taxedAt(&p.Draft))
		}
	}
	var err error
	d.taxes, err = tax.TableFor(ctx, r, places)
	return err
}

// taxedAt is where a draft's goods go; where nobody knows yet, they stay at home.
func (d *desk) taxedAt(draft *order.Draft) tax.Place {
	to := draft.ShipTo.Clean()
	if to.Country == "" {
		to.Country = d.books.Country
	}
	return tax.PlaceOf(to.Country, to.Region, to.PostalCode)
}

// tax decides how lines and charges are taxed. A price of a price list that
// contains a tax which the buyer does not pay goes without it.
func (d *desk) tax(draft *order.Draft, p *Placement, ch channel.Channel) {
	if !p.Taxing.any() {
		return
	}
	sale := tax.Sale{Seller: d.books.Country, To: d.taxedAt(draft), Buyer: p.Taxing.Buyer, Collected: ch.TaxCollected, Day: d.books.Day(draft.PlacedAt)}
	for _, i := range p.Taxing.Lines {
		l := &draft.Lines[i]
		if l.GiftCard {
			continue
		}
		class := d.variants[l.Variant].TaxClass
		if class == "" {
			class = tax.Standard
		}
		is := d.taxes.Decide(sale, class)
		l.TaxRate, l.TaxReason, l.TaxNote, l.Tax = is.Rate, string(is.Reason), is.Note, nil
		if draft.TaxInclusive && is.Within > 0 && slices.Contains(p.ListPriced, i) {
			l.UnitPrice -= money.Micros(is.Within.Within(int64(l.UnitPrice)))
		}
	}
	draft.Charges = slices.Clone(draft.Charges)
	for _, i := range p.Taxing.Charges {
		c := &draft.Charges[i]
		is := d.taxes.Decide(sale, string(c.Kind))
		c.TaxRate, c.TaxReason, c.TaxNote, c.Tax = is.Rate, string(is.Reason), is.Note, nil
	}
}

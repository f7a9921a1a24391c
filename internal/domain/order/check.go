package order

import (
	"fmt"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/money"
)

// check adds to f what is wrong with a draft.
func (d *Draft) check(f fault.Fields) {
	if d.Channel.IsZero() {
		f.Add("channel_id", "is missing")
	}
	if d.Status != StatusDraft && d.Status != StatusPending && d.Status != StatusOpen {
		f.Add("status", "%q is none of draft, pending and open", d.Status)
	}
	if !d.ExpiresAt.IsZero() && d.Status == StatusOpen {
		f.Add("expires_at", "is for a draft or a pending order")
	}
	checkText(f, "external_id", d.ExternalID, maxCode)
	checkText(f, "external_number", d.ExternalNumber, maxCode)
	checkText(f, "phone", d.Phone, maxCode)
	checkText(f, "shipping_method", d.ShippingMethod, maxTitle)
	checkText(f, "customer_note", d.CustomerNote, maxNote)
	checkEmail(f, d.Email)
	checkTags(f, d.Tags)
	d.ShipTo.CheckForm(f, "ship_to.")
	d.BillTo.CheckForm(f, "bill_to.")
	if d.Terms != nil && (d.Terms.Days < 0 || d.Terms.Days > 3650) {
		f.Add("terms.days", "is not between 0 and 3650")
	}
	d.checkCurrency(f)
	switch n := len(d.Lines); {
	case n == 0:
		f.Add("lines", "are missing: an order needs at least one")
	case n > MaxLines:
		f.Add("lines", "are %d: an order has at most %d", n, MaxLines)
		return
	}
	for i := range d.Lines {
		d.Lines[i].check(f, fmt.Sprintf("lines[%d].", i))
	}
	if len(d.Charges) > MaxCharges {
		f.Add("charges", "are %d: an order has at most %d", len(d.Charges), MaxCharges)
		return
	}
	for i := range d.Charges {
		d.Charges[i].check(f, fmt.Sprintf("charges[%d].", i))
	}
	checkDiscounts(f, "discounts", d.Discounts)
}

func (d *Draft) checkCurrency(f fault.Fields) {
	if !d.Currency.Valid() {
		f.Add("currency", "%q is not an ISO 4217 currency code", d.Currency)
	}
	if !d.Base.Valid() {
		f.Add("base_currency", "%q is not an ISO 4217 currency code", d.Base)
	}
	if d.Currency != d.Base {
		if _, err := (money.Exchange{From: d.Currency, To: d.Base, Rate: strings.TrimSpace(d.Rate)}).Convert(1); err != nil {
			f.Add("exchange_rate", "%q is not the rate of exchange from %s to %s", d.Rate, d.Currency, d.Base)
		}
	}
	if _, err := time.Parse(time.DateOnly, d.RateDate); err != nil {
		f.Add("exchange_date", "%q is not a day such as 2026-01-31", d.RateDate)
	}
}

func (in *DraftLine) check(f fault.Fields, at string) {
	kind := in.kind()
	switch kind {
	case KindItem, KindService:
		if len(in.Components) > 0 {
			f.Add(at+"components", "are for a kit")
		}
	case KindKit:
		switch n := len(in.Components); {
		case n == 0:
			f.Add(at+"components", "are missing: a kit needs at least one")
		case n > MaxComponents:
			f.Add(at+"components", "are %d: a kit has at most %d", n, MaxComponents)
			return
		}
		if in.Variant.IsZero() {
			f.Add(at+"variant_id", "is missing for a kit")
		}
	default:
		f.Add(at+"kind", "%q is none of item, kit and service", in.Kind)
	}
	if strings.TrimSpace(in.SKU+in.Title) == "" {
		f.Add(at+"sku", "is missing: give a SKU or a title")
	}
	checkText(f, at+"sku", in.SKU, maxCode)
	checkText(f, at+"title", in.Title, maxTitle)
	checkText(f, at+"external_id", in.ExternalID, maxCode)
	checkText(f, at+"listing", in.Listing, maxCode)
	checkQuantity(f, at+"quantity", in.Quantity)
	if in.UnitPrice < 0 {
		f.Add(at+"unit_price", "is negative: give it back with a charge or a discount")
	}
	checkTaxed(f, at, in.TaxRate, in.Tax)
	if in.GiftCard {
		in.checkGiftCard(f, at)
	}
	checkDiscounts(f, at+"discounts", in.Discounts)
	for i, c := range in.Components {
		field := fmt.Sprintf("%scomponents[%d].", at, i)
		if c.Variant.IsZero() {
			f.Add(field+"variant_id", "is missing")
		}
		checkText(f, field+"sku", c.SKU, maxCode)
		checkText(f, field+"title", c.Title, maxTitle)
		checkQuantity(f, field+"quantity", c.Quantity)
		if in.Quantity > 0 && c.Quantity > MaxQuantity/in.Quantity {
			f.Add(field+"quantity", "times %d kits is more than %d", in.Quantity, MaxQuantity)
		}
		if c.Weight < 0 || c.Weight > MaxQuantity {
			f.Add(field+"price_weight", "is not between 0 and %d", MaxQuantity)
		}
	}
}

// checkGiftCard holds a line to what a promise of money is: nothing is taxed
// before it is spent.
func (in *DraftLine) checkGiftCard(f fault.Fields, at string) {
	if in.kind() != KindService {
		f.Add(at+"kind", "is service for a gift card")
	}
	if in.TaxRate != 0 || in.Tax != nil && *in.Tax != 0 {
		f.Add(at+"tax_ppm", "must be 0 for a gift card, whose goods are taxed when it is spent")
	}
	if in.Quantity > MaxGiftCards {
		f.Add(at+"quantity", "is more than %d gift cards", MaxGiftCards)
	}
}

func (in *DraftCharge) check(f fault.Fields, at string) {
	if in.Kind != ChargeShipping && in.Kind != ChargeFee {
		f.Add(at+"kind", "%q is none of shipping and fee", in.Kind)
	}
	if strings.TrimSpace(in.Code+in.Title) == "" {
		f.Add(at+"title", "is missing")
	}
	checkText(f, at+"code", in.Code, maxCode)
	checkText(f, at+"title", in.Title, maxTitle)
	if abs(max(in.Quantity, -MaxQuantity-1)) > MaxQuantity {
		f.Add(at+"quantity", "is beyond %d", MaxQuantity)
	}
	checkTaxed(f, at, in.TaxRate, in.Tax)
}

func checkTaxed(f fault.Fields, at string, rate money.Rate, tax *int64) {
	if rate < 0 || rate > maxTaxRate {
		f.Add(at+"tax_ppm", "is not between 0 and %d %%", maxTaxRate/money.One*100)
	}
	if tax != nil && (*tax < -MaxTotal || *tax > MaxTotal) {
		f.Add(at+"tax", "is more than can be counted")
	}
}

func checkDiscounts(f fault.Fields, field string, discounts []DraftDiscount) {
	if len(discounts) > MaxDiscounts {
		f.Add(field, "are %d: there may be %d", len(discounts), MaxDiscounts)
		return
	}
	for i, d := range discounts {
		at := fmt.Sprintf("%s[%d].", field, i)
		switch d.Kind {
		case DiscountPercent:
			if d.Rate <= 0 || d.Rate > money.One {
				f.Add(at+"rate_ppm", "is not above 0 and up to 100 %%")
			}
		case DiscountAmount:
			if d.Amount <= 0 {
				f.Add(at+"amount", "is not above 0")
			}
		default:
			f.Add(at+"kind", "%q is none of percent and amount", d.Kind)
		}
		checkText(f, at+"code", d.Code, maxCode)
		checkText(f, at+"title", d.Title, maxTitle)
	}
}

func checkQuantity(f fault.Fields, field string, n int64) {
	if n < 1 || n > MaxQuantity {
		f.Add(field, "is %d: it must be between 1 and %d", n, MaxQuantity)
	}
}

func checkText(f fault.Fields, field, s string, limit int) {
	if long(s, limit) {
		f.Add(field, "is longer than %d characters", limit)
	}
}

// checkEmail takes what may be an address: channels mask them in many ways.
func checkEmail(f fault.Fields, email string) {
	email = strings.TrimSpace(email)
	if email == "" {
		return
	}
	name, host, ok := strings.Cut(email, "@")
	if !ok || name == "" || host == "" || strings.ContainsAny(email, " \t\r\n") || len(email) > 254 {
		f.Add("email", "%q is not an e-mail address", shorten(email))
	}
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

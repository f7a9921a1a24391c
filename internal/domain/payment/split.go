package payment

import (
	"slices"

	"purser/internal/base/money"
)

// Part is a part of a payment, in its own currency and in the order's.
type Part struct {
	Payment     *Payment
	Amount      int64
	OrderAmount int64
}

// SplitCapture spreads what an order wants captured, in minor units of the
// order's currency, over its payments, oldest first. rest is what they cannot
// give.
func SplitCapture(payments []*Payment, want int64) (parts []Part, rest int64) {
	for _, p := range byAge(payments) {
		open := p.Capturable()
		part := p.part(p.Authorized-open, open, want)
		want -= part.OrderAmount
		if part.Amount > 0 {
			parts = append(parts, part)
		}
	}
	return parts, max(0, want)
}

// SplitRefund spreads what is paid back over payments, by the merchant's order of
// tenders. Of tenders that are alike, one that can give all that is left goes before
// several. rest is what they cannot give.
func SplitRefund(payments []*Payment, want int64, by Tenders) (parts []Part, rest int64) {
	for _, alike := range by.groups(payments) {
		for _, p := range alike {
			if left := p.Refundable(); p.inOrder(p.Captured)-p.inOrder(p.Captured-left) >= want {
				alike = []*Payment{p}
				break
			}
		}
		for _, p := range alike {
			left := p.Refundable()
			part := p.part(p.Captured-left, left, want)
			want -= part.OrderAmount
			if part.Amount > 0 {
				parts = append(parts, part)
			}
		}
	}
	return parts, max(0, want)
}

func byAge(payments []*Payment) []*Payment {
	sorted := slices.Clone(payments)
	slices.SortFunc(sorted, func(a, b *Payment) int { return a.ID.Compare(b.ID) })
	return sorted
}

// part finds how much of the next open minor units, behind the first used ones,
// pays want of the order.
func (p *Payment) part(used, open, want int64) Part {
	if open <= 0 || want <= 0 {
		return Part{Payment: p}
	}
	amount := open
	if p.inOrder(used+open)-p.inOrder(used) > want {
		amount = want
		if p.Amount != p.OrderAmount {
			amount = min(open, max(1, money.Share(p.Amount, 0, p.inOrder(used)+want, p.OrderAmount)-used))
		}
	}
	return Part{Payment: p, Amount: amount, OrderAmount: p.inOrder(used+amount) - p.inOrder(used)}
}

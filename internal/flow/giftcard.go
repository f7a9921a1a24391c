package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/credit"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/platform/db"
)

// credits finds and locks the gift cards and store credits that payments are to be
// made with, and completes those payments: in the credit's currency, and as much
// as there is where no amount is given, up to what is owed. The others have nil.
func (b books) credits(ctx context.Context, tx *db.Tx, orders map[id.Order]*order.Order, payings []Paying) ([]*credit.Credit, error) {
	out := make([]*credit.Credit, len(payings))
	var found []id.Credit
	for i := range payings {
		in := &payings[i]
		if !payment.Local(in.Gateway) {
			continue
		}
		in.Method = payment.Method(in.Gateway)
		var err error
		if in.Gateway == payment.GiftCards {
			out[i], err = credit.ByCode(ctx, tx, in.Token)
		} else {
			o := orders[in.Order]
			out[i], err = credit.OfCustomer(ctx, tx, o.Customer, firstCurrency(in.Currency, o.Currency))
		}
		if err != nil {
			return nil, err
		}
		found = append(found, out[i].ID)
	}
	if len(found) == 0 {
		return out, nil
	}
	taken, err := credit.Take(ctx, tx, found...)
	if err != nil {
		return nil, err
	}
	for i, c := range out {
		if c == nil {
			continue
		}
		out[i] = taken[c.ID]
		if err := b.complete(ctx, tx, orders[payings[i].Order], out[i], &payings[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func firstCurrency(a, b money.Currency) money.Currency {
	if a != "" {
		return a
	}
	return b
}

func (b books) complete(ctx context.Context, tx *db.Tx, o *order.Order, c *credit.Credit, in *Paying) error {
	if in.Currency != "" && in.Currency != c.Currency {
		return fault.New(fault.Conflict, "credit.other_currency", "%s is in %s, and pays in no other currency.", c.Label(), c.Currency)
	}
	in.Currency = c.Currency
	if in.Amount != 0 {
		return nil
	}
	x, _, err := accounting.ExchangeOn(ctx, tx, b.BaseCurrency, o.Currency, c.Currency, b.Day(tx.Now()))
	if err != nil {
		return err
	}
	owed, err := x.Convert(max(0, o.Asked()-o.Authorized))
	if err != nil {
		return err
	}
	in.Amount = min(owed, c.Spendable(b.Day(tx.Now())))
	if in.Amount == 0 && owed > 0 {
		in.Amount = owed // which is refused with the reason
	}
	return nil
}

// create stores new payments, and save changed ones, with what they do to gift
// cards and store credit.
func (b books) create(ctx context.Context, tx *db.Tx, payments []*payment.Payment) ([]payment.Change, error) {
	changes, err := payment.Create(ctx, tx, payments)
	if err != nil {
		return nil, err
	}
	return changes, b.spend(ctx, tx, changes)
}

func (b books) save(ctx context.Context, tx *db.Tx, payments []*payment.Payment) ([]payment.Change, error) {
	changes, err := payment.Save(ctx, tx, payments)
	if err != nil {
		return nil, err
	}
	return changes, b.spend(ctx, tx, changes)
}

// spend moves the credits and receipts of transactions that nobody else is asked
// for.
func (b books) spend(ctx context.Context, tx *db.Tx, changes []payment.Change) error {
	if err := b.moveReceipts(ctx, tx, changes); err != nil {
		return err
	}
	kinds := map[payment.Kind]credit.EntryKind{
		payment.KindAuthorize: credit.Reserve, payment.KindCapture: credit.Redeemed, payment.KindVoid: credit.Release, payment.KindRefund: credit.Refunded,
	}
	var moves []credit.Move
	for _, c := range changes {
		t := c.Transaction
		if !payment.Local(t.Gateway) {
			continue
		}
		hold := t.Parent
		if t.Kind == payment.KindAuthorize {
			hold = t.ID
		}
		moves = append(moves, credit.Move{
			Credit: t.Credit, Kind: kinds[t.Kind], Amount: t.Amount, Hold: hold, Order: c.Payment.Order, CauseKind: "transaction", CauseID: id.Any(t.ID),
		})
	}
	_, err := credit.Apply(ctx, tx, b.Day(tx.Now()), moves)
	return err
}

// giftCards makes the gift cards that documents of taken orders sell, each of the
// price of a unit, and takes back those that they credit: these must not have been
// spent.
func (b books) giftCards(ctx context.Context, tx *db.Tx, orders map[id.Order]*order.Order, docs []*accounting.Invoice) error {
	var sales []credit.Sale
	var sold []*order.Line // of each sale
	credited := map[id.Line]int64{}
	for _, doc := range docs {
		o := orders[doc.Order]
		for _, d := range doc.Lines {
			l := o.Line(id.Line(d.Line))
			switch {
			case l == nil || !l.GiftCard:
			case doc.Series == accounting.CreditSeries:
				credited[l.ID] += d.Quantity
			default:
				sales = append(sales, credit.Sale{
					Order: o.ID, Line: l.ID, Currency: o.Currency, Rate: o.Rate, RateDate: o.RateDate, Quantity: d.Quantity, Pending: true,
				})
				sold = append(sold, l)
			}
		}
	}
	if err := b.sellCards(ctx, tx, sales, sold); err != nil || len(credited) == 0 {
		return err
	}
	return b.unsellCards(ctx, tx, credited)
}

func (b books) sellCards(ctx context.Context, tx *db.Tx, sales []credit.Sale, sold []*order.Line) error {
	cards, err := credit.Issue(ctx, tx, sales)
	if err != nil || len(cards) == 0 {
		return err
	}
	price := map[id.Line]int64{}
	for i, s := range sales {
		if price[s.Line], err = sold[i].UnitPrice.Times(1, s.Currency); err != nil {
			return err
		}
	}
	var moves []credit.Move
	for _, c := range cards {
		if n := price[c.Line]; n > 0 { // a card that was given away is worth nothing
			moves = append(moves, credit.Move{Credit: c.ID, Kind: credit.Issued, Amount: n, Order: c.Order, CauseKind: "line", CauseID: id.Any(c.Line)})
		}
	}
	return b.bookCredit(ctx, tx, accounting.SellGiftCard, accounting.Sales, moves)
}

func (b books) unsellCards(ctx context.Context, tx *db.Tx, credited map[id.Line]int64) error {
	cards, err := credit.OfLines(ctx, tx, unique(keys(credited)))
	if err != nil {
		return err
	}
	ids, of := make([]id.Credit, len(cards)), map[id.Line]bool{}
	for i, c := range cards {
		ids[i], of[c.Line] = c.ID, true
	}
	taken, err := credit.Take(ctx, tx, ids...)
	if err != nil {
		return err
	}
	var moves []credit.Move
	for _, seen := range slices.Backward(cards) {
		c := taken[seen.ID]
		spent, err := credit.Spent(ctx, tx, c)
		if err != nil {
			return err
		}
		if credited[c.Line] == 0 || spent || c.Balance == 0 {
			continue
		}
		credited[c.Line]--
		moves = append(moves, credit.Move{Credit: c.ID, Kind: credit.Voided, Amount: c.Balance, Order: c.Order, CauseKind: "line", CauseID: id.Any(c.Line), Reason: "The sale was credited"})
	}
	for line, n := range credited {
		if n > 0 && of[line] {
			return fault.New(fault.Conflict, "credit.spent", "%d of the gift cards have been spent already, in part or whole: what is left of them can be voided or paid out.", n)
		}
	}
	return b.bookCredit(ctx, tx, accounting.VoidCredit, accounting.SalesReturns, moves)
}

// bookCredit applies moves of one kind and posts them against an account.
func (b books) bookCredit(ctx context.Context, tx *db.Tx, kind accounting.EntryKind, account string, moves []credit.Move) error {
	made, err := credit.Apply(ctx, tx, b.Day(tx.Now()), moves)
	if err != nil || len(made) == 0 {
		return err
	}
	ids := make([]id.Credit, len(made))
	for i, e := range made {
		ids[i] = e.Credit
	}
	credits, err := credit.Take(ctx, tx, ids...)
	if err != nil {
		return err
	}
	entries := make([]accounting.Entry, len(made))
	for i, e := range made {
		c := credits[e.Credit]
		entries[i], err = accounting.Credit(accounting.Posting{
			Source: accounting.Source{Kind: "credit_entry", ID: id.Any(e.ID)}, Order: e.Order, Date: e.Day, Memo: e.Reason,
		}, kind, money.Exchange{From: c.Currency, To: b.BaseCurrency, Rate: c.Rate}, e.Amount, account)
		if err != nil {
			return err
		}
	}
	return accounting.Post(ctx, tx, entries)
}

// activateGiftCards lets the gift cards of taken orders be spent that are paid for,
// or sold on terms.
func activateGiftCards(ctx context.Context, tx *db.Tx, orders []*order.Order) error {
	var lines []id.Line
	for _, o := range orders {
		if o.Status == order.StatusCancelled || o.Balance() > 0 && !o.OnTerms() {
			continue
		}
		for _, l := range o.Lines {
			if l.GiftCard && l.Invoiced > 0 && l.RefundedTotal == 0 {
				lines = append(lines, l.ID)
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return credit.Activate(ctx, tx, lines)
}

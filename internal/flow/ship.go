package flow

import (
	"context"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/channel"
	"purser/internal/domain/credit"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/platform/db"
)

// Shipping says what left of a fulfillment order.
type Shipping struct {
	Fulfillment id.Fulfillment
	Version     int64                  // the version that the caller saw; 0: any
	Lines       fulfillment.Quantities // by order line; empty: all that can be shipped
	Carriage    fulfillment.Carriage
}

// Ship books goods that left: their reservations are consumed and on hand falls,
// the cost of sales is posted, what left is invoiced, and its part of the
// payment is captured. A part may be shipped; the rest stays open.
func Ship(ctx context.Context, tx *db.Tx, shippings []Shipping) ([]*fulfillment.Shipment, error) {
	fids := make([]id.Fulfillment, len(shippings))
	for i, s := range shippings {
		fids[i] = s.Fulfillment
	}
	d, err := openDock(ctx, tx, fids)
	if err != nil {
		return nil, err
	}
	shipments := make([]*fulfillment.Shipment, len(shippings))
	for i, s := range shippings {
		f := d.fulfillments[s.Fulfillment]
		if err := f.CheckVersion(s.Version); err != nil {
			return nil, err
		}
		what := s.Lines
		if len(what) == 0 {
			what = f.Free()
		}
		if err := sentByUs(f); err != nil {
			return nil, err
		}
		shipments[i], err = d.load(f, func() (*fulfillment.Shipment, error) { return f.Ship(what, s.Carriage, tx.Now()) })
		if err != nil {
			return nil, err
		}
	}
	return shipments, d.send(ctx, tx, shipments)
}

// send stores new shipments that left, and does what follows from that.
func (d *dock) send(ctx context.Context, tx *db.Tx, shipments []*fulfillment.Shipment) error {
	if err := fulfillment.Save(ctx, tx, d.saved()); err != nil {
		return err
	}
	if err := fulfillment.InsertShipments(ctx, tx, shipments); err != nil {
		return err
	}
	return d.depart(ctx, tx, shipments)
}

// sentByUs refuses to send goods that their customer fetches, or that a partner
// sends.
func sentByUs(f *fulfillment.Order) error {
	switch {
	case f.Kind == fulfillment.KindPickup:
		return fault.New(fault.Conflict, "fulfillment.pickup", "The customer fetches these goods: hand them over.")
	case f.Outside():
		return fault.New(fault.Conflict, "fulfillment.at_partner", "A partner sends these goods: take in what he says he has sent.")
	}
	return nil
}

// Dispatch books that packed shipments left, and what is in one parcel with them.
// Those that were named come first in what it returns.
func Dispatch(ctx context.Context, tx *db.Tx, ids ...id.Shipment) ([]*fulfillment.Shipment, error) {
	seen, err := fulfillment.Shipments(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	all, err := wholeParcels(ctx, tx, seen)
	if err != nil {
		return nil, err
	}
	var fids []id.Fulfillment
	for _, s := range all {
		fids = append(fids, s.Fulfillment)
	}
	for _, s := range all[len(seen):] {
		ids = append(ids, s.ID)
	}
	d, err := openDock(ctx, tx, fids)
	if err != nil {
		return nil, err
	}
	shipments, err := fulfillment.TakeShipments(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	for _, s := range shipments {
		f := d.fulfillments[s.Fulfillment]
		if err := d.mayLeave(f); err != nil {
			return nil, err
		}
		err := withWork(d.orders[f.Order], f, func() error {
			if err := f.Dispatch(s, tx.Now()); err != nil {
				return err
			}
			return d.shipLines(s)
		})
		if err != nil {
			return nil, err
		}
	}
	if err := fulfillment.Save(ctx, tx, d.saved()); err != nil {
		return nil, err
	}
	if err := fulfillment.SaveShipments(ctx, tx, shipments); err != nil {
		return nil, err
	}
	named := func(s *fulfillment.Shipment) int { return slices.Index(ids, s.ID) }
	slices.SortFunc(shipments, func(a, b *fulfillment.Shipment) int { return named(a) - named(b) })
	return shipments, d.depart(ctx, tx, shipments)
}

// dock is what goods that leave in one transaction share.
type dock struct {
	books        books
	orders       map[id.Order]*order.Order
	channels     map[id.Channel]channel.Channel
	fulfillments map[id.Fulfillment]*fulfillment.Order
}

// openDock takes the sales orders and fulfillment orders that ship.
func openDock(ctx context.Context, tx *db.Tx, fids []id.Fulfillment) (*dock, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	sales, err := fulfillment.OrdersOf(ctx, tx, unique(fids)...)
	if err != nil {
		return nil, err
	}
	d := &dock{books: b, fulfillments: map[id.Fulfillment]*fulfillment.Order{}}
	if d.orders, err = takeOrders(ctx, tx, sales, func(o id.Order) id.Order { return o }); err != nil {
		return nil, err
	}
	if d.channels, err = channel.Many(ctx, tx, channelsOf(sorted(d.orders))); err != nil {
		return nil, err
	}
	taken, err := fulfillment.Take(ctx, tx, unique(fids)...)
	if err != nil {
		return nil, err
	}
	for _, f := range taken {
		d.fulfillments[f.ID] = f
	}
	return d, nil
}

func (d *dock) saved() []*fulfillment.Order {
	list := make([]*fulfillment.Order, 0, len(d.fulfillments))
	for _, f := range d.fulfillments {
		list = append(list, f)
	}
	return list
}

// mayLeave refuses goods of an order that is on hold or not open: a hold that was
// placed after the work began still keeps the goods here.
func (d *dock) mayLeave(f *fulfillment.Order) error {
	o := d.orders[f.Order]
	if o.Status != order.StatusOpen {
		return fault.New(fault.Conflict, "order."+string(o.Status), "Order %d is %s: nothing of it can be shipped.", o.Number, o.Status)
	}
	if holds := o.HoldsOn(f.ID, linesOf(f)); len(holds) > 0 {
		return fault.New(fault.Conflict, "order.on_hold", "Order %d is on hold (%s): release the hold first.", o.Number, holds[0].Reason)
	}
	return nil
}

func linesOf(f *fulfillment.Order) []id.Line {
	lines := make([]id.Line, len(f.Lines))
	for i, l := range f.Lines {
		lines[i] = l.Line
	}
	return lines
}

// load lets units of a fulfillment order leave.
func (d *dock) load(f *fulfillment.Order, leave func() (*fulfillment.Shipment, error)) (*fulfillment.Shipment, error) {
	if err := d.mayLeave(f); err != nil {
		return nil, err
	}
	return d.leave(f, leave)
}

// leave is load of goods that have left already, whatever should have kept them.
func (d *dock) leave(f *fulfillment.Order, leave func() (*fulfillment.Shipment, error)) (*fulfillment.Shipment, error) {
	var s *fulfillment.Shipment
	err := withWork(d.orders[f.Order], f, func() (err error) {
		if s, err = leave(); err != nil {
			return err
		}
		return d.shipLines(s)
	})
	return s, err
}

func (d *dock) shipLines(s *fulfillment.Shipment) error {
	o := d.orders[s.Order]
	for _, l := range s.Lines {
		if err := o.Ship(l.Line, l.Quantity); err != nil {
			return err
		}
		if s.Status != fulfillment.ShipmentDelivered {
			continue
		}
		if err := o.Deliver(l.Line, l.Quantity); err != nil {
			return err
		}
	}
	return nil
}

// depart does what follows from goods having left: stock, costs, invoices, money.
func (d *dock) depart(ctx context.Context, tx *db.Tx, shipments []*fulfillment.Shipment) error {
	if err := d.takeFromStock(ctx, tx, shipments); err != nil {
		return err
	}
	payments, err := d.payments(ctx, tx)
	if err != nil {
		return err
	}
	due, err := d.invoice(ctx, tx, shipments)
	if err != nil {
		return err
	}
	for _, o := range d.orders {
		o.Refresh(tx.Now())
	}
	changes, err := d.capture(ctx, tx, shipments, payments, due)
	if err != nil {
		return err
	}
	if err := d.books.settle(ctx, tx, d.orders, changes); err != nil {
		return err
	}
	return d.passOn(ctx, tx, shipments)
}

// passOn gives stock to the rest of lines of which a part has left: it had to wait
// where that part was, and may come from anywhere now.
func (d *dock) passOn(ctx context.Context, tx *db.Tx, shipments []*fulfillment.Shipment) error {
	var variants []id.Variant
	for _, s := range shipments {
		o := d.orders[s.Order]
		for _, shipped := range s.Lines {
			l := o.Line(shipped.Line)
			for _, other := range o.Lines {
				if other.Backordered > 0 && (other == l || !l.Parent.IsZero() && other.Parent == l.Parent) {
					variants = append(variants, other.Variant)
				}
			}
		}
	}
	if len(variants) == 0 {
		return nil
	}
	return newQueue().fill(ctx, tx, unique(variants))
}

// takeFromStock consumes the reservations and books the cost of what left.
func (d *dock) takeFromStock(ctx context.Context, tx *db.Tx, shipments []*fulfillment.Shipment) error {
	var outs []inventory.Out
	for _, s := range shipments {
		outs = append(outs, outsOf(s)...)
	}
	movements, err := inventory.Ship(ctx, tx, d.books.stock(), outs)
	if err != nil {
		return err
	}
	return d.costOfSales(ctx, tx, shipments, movements)
}

// outsOf is what a shipment takes from stock.
func outsOf(s *fulfillment.Shipment) []inventory.Out {
	outs := make([]inventory.Out, len(s.Lines))
	for i, l := range s.Lines {
		outs[i] = inventory.Out{
			Demand: id.Any(l.Line), Order: s.Order, Variant: l.Variant, Location: s.Location, Quantity: l.Quantity,
			Cause: inventory.Cause{Kind: "shipment", ID: id.Any(s.ID)},
		}
	}
	return outs
}

// costOfSales books what goods that left were worth.
func (d *dock) costOfSales(ctx context.Context, tx *db.Tx, shipments []*fulfillment.Shipment, movements []inventory.Movement) error {
	value := map[id.Any]int64{}
	for _, m := range movements {
		value[m.Cause().ID] += m.Value
	}
	entries := make([]accounting.Entry, len(shipments))
	for i, s := range shipments {
		entries[i] = accounting.Ship(d.books.posting(tx, "shipment", id.Any(s.ID), d.orders[s.Order]), d.books.value(value[id.Any(s.ID)]))
	}
	return accounting.Post(ctx, tx, entries)
}

// posting names an event of an order, on the business day of now.
func (b books) posting(tx *db.Tx, kind string, source id.Any, o *order.Order) accounting.Posting {
	return accounting.Posting{Source: accounting.Source{Kind: kind, ID: source}, Order: o.ID, Date: b.Day(tx.Now()), Memo: memo(o)}
}

// invoice bills what left: a document for each shipment; the first of an order
// carries its services and charges. It returns what each order owes by them.
func (d *dock) invoice(ctx context.Context, tx *db.Tx, shipments []*fulfillment.Shipment) (map[id.Order]int64, error) {
	var docs []*accounting.Invoice
	for _, s := range shipments {
		o := d.orders[s.Order]
		doc := d.books.document(tx, accounting.InvoiceSeries, o)
		doc.Shipment = s.ID
		for _, l := range s.Lines {
			line := o.Line(l.Line)
			before := line.Invoiced
			a, err := o.Invoice(l.Line, l.Quantity)
			if err != nil {
				return nil, err
			}
			doc.Lines = append(doc.Lines, itemLine(o, line, before, a))
		}
		if err := billRest(o, doc); err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return d.books.issue(ctx, tx, d.orders, docs)
}

// billRest adds services and charges that were not invoiced to a document.
func billRest(o *order.Order, doc *accounting.Invoice) error {
	services, err := o.InvoiceServices()
	if err != nil {
		return err
	}
	for _, s := range services {
		doc.Lines = append(doc.Lines, itemLine(o, s.Line, s.Line.Invoiced-s.Quantity, s.Amount))
	}
	charges, err := o.InvoiceCharges()
	if err != nil {
		return err
	}
	for _, c := range charges {
		doc.Lines = append(doc.Lines, chargeLine(c.Charge, c.Amount))
	}
	return nil
}

// document begins an invoice or credit note of an order.
func (b books) document(tx *db.Tx, series accounting.Series, o *order.Order) *accounting.Invoice {
	doc := &accounting.Invoice{
		Series: series, Order: o.ID, Customer: o.Customer, Company: o.Company, Currency: o.Currency, Rate: o.Rate,
		BusinessDate: b.Day(tx.Now()), IssuedAt: tx.Now(),
	}
	doc.BillTo.V = o.BillTo.V
	doc.DueOn = doc.BusinessDate
	if o.OnTerms() {
		doc.DueOn = dueOn(doc.BusinessDate, *o.TermsDays, o.TermsEndOfMonth)
	}
	return doc
}

// dueOn is a number of days after a business day, or after the end of its month.
func dueOn(day string, days int64, endOfMonth bool) string {
	from, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	if endOfMonth {
		from = time.Date(from.Year(), from.Month()+1, 0, 0, 0, 0, 0, time.UTC)
	}
	return from.AddDate(0, 0, int(days)).Format(time.DateOnly)
}

// itemLine bills units of an order line, behind those that were billed before.
func itemLine(o *order.Order, l *order.Line, before int64, a order.Amount) accounting.InvoiceLine {
	discount := money.Share(l.LineDiscount+l.OrderDiscount, before, before+a.Quantity, l.Quantity)
	if o.TaxInclusive {
		discount -= l.TaxRate.Within(discount)
	}
	return accounting.InvoiceLine{
		Kind: accounting.ItemLine, Line: id.Any(l.ID), SKU: l.SKU, Title: l.Title, Quantity: a.Quantity, UnitPrice: l.UnitPrice,
		Subtotal: a.Net(), Discount: discount, TaxRate: l.TaxRate, Tax: a.Tax, Total: a.Total,
	}
}

func chargeLine(c *order.Charge, a order.Amount) accounting.InvoiceLine {
	kind := accounting.FeeLine
	if c.Kind == order.ChargeShipping {
		kind = accounting.ShippingLine
	}
	return accounting.InvoiceLine{
		Kind: kind, Line: id.Any(c.ID), SKU: c.Code, Title: c.Title, Quantity: max(a.Quantity, 1), UnitPrice: c.UnitPrice,
		Subtotal: a.Net(), TaxRate: c.TaxRate, Tax: a.Tax, Total: a.Total,
	}
}

// issue numbers, stores and books documents of taken orders, with the gift cards
// among what they bill. It returns the sum of each order's.
func (b books) issue(ctx context.Context, tx *db.Tx, orders map[id.Order]*order.Order, docs []*accounting.Invoice) (map[id.Order]int64, error) {
	sums, err := b.issueDocs(ctx, tx, orders, docs)
	if err != nil {
		return nil, err
	}
	return sums, b.giftCards(ctx, tx, orders, docs)
}

// issueDocs is issue without the gift cards that a document sells or takes back.
func (b books) issueDocs(ctx context.Context, tx *db.Tx, orders map[id.Order]*order.Order, docs []*accounting.Invoice) (map[id.Order]int64, error) {
	owed := map[id.Order]int64{} // as the documents before have changed it
	for oid, o := range orders {
		owed[oid] = o.Invoiced - o.Credited - o.Captured + o.Refunded
	}
	if err := accounting.Issue(ctx, tx, b.BaseCurrency, docs); err != nil {
		return nil, err
	}
	sums := map[id.Order]int64{}
	entries := make([]accounting.Entry, len(docs))
	for i, doc := range docs {
		o := orders[doc.Order]
		before := accounting.Owed{Exchange: o.Exchange(), Before: owed[o.ID]}
		p := b.posting(tx, string(doc.Series), id.Any(doc.ID), o)
		p.Memo = doc.Name() + ", " + memo(o)
		var err error
		switch {
		case !doc.Reverses.IsZero():
			entries[i], err = accounting.Reversed(p, before, doc.Bill())
			owed[o.ID] -= doc.Total
		case doc.Series == accounting.CreditSeries:
			entries[i], err = accounting.Credited(p, before, doc.Bill())
			owed[o.ID] -= doc.Total
		default:
			entries[i], err = accounting.Invoiced(p, before, doc.Bill())
			owed[o.ID] += doc.Total
		}
		if err != nil {
			return nil, err
		}
		sums[o.ID] += doc.Total
	}
	return sums, accounting.Post(ctx, tx, entries)
}

// payments takes the payments of which something is captured as goods leave, and
// the gift cards and store credits among them: those before the numbers of
// documents, as [Pay] takes them.
func (d *dock) payments(ctx context.Context, tx *db.Tx) (map[id.Order][]*payment.Payment, error) {
	var paying []id.Order
	for oid, o := range d.orders {
		if o.Authorized > 0 && d.channels[o.Channel].CaptureWhen == channel.CaptureShipped {
			paying = append(paying, oid)
		}
	}
	byOrder, err := payment.TakeByOrder(ctx, tx, unique(paying)...)
	if err != nil {
		return nil, err
	}
	var credits []id.Credit
	for _, payments := range byOrder {
		for _, p := range payments {
			if p.Capturable() > 0 && !p.Credit.IsZero() {
				credits = append(credits, p.Credit)
			}
		}
	}
	_, err = credit.Take(ctx, tx, credits...)
	return byOrder, err
}

// capture asks for the money of what left, where the channel takes it then.
func (d *dock) capture(ctx context.Context, tx *db.Tx, shipments []*fulfillment.Shipment, byOrder map[id.Order][]*payment.Payment, due map[id.Order]int64) ([]payment.Change, error) {
	var touched []*payment.Payment
	for _, oid := range unique(keys(byOrder)) {
		o := d.orders[oid]
		want := min(due[oid], o.Balance())
		cause := payment.Cause{Kind: payment.CauseOrder, ID: id.Any(oid)}
		for _, s := range shipments {
			if s.Order == oid {
				cause = payment.Cause{Kind: payment.CauseShipment, ID: id.Any(s.ID)}
			}
		}
		parts, _ := payment.SplitCapture(byOrder[oid], want) // what they cannot give stays owed
		for _, part := range parts {
			if _, err := part.Payment.Capture(tx.Now(), d.books.Day(tx.Now()), part.Amount, cause); err != nil {
				return nil, err
			}
			touched = append(touched, part.Payment)
		}
	}
	return d.books.save(ctx, tx, touched)
}

package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// trade is one day: orders come in and are paid, what was released before
// leaves, some of it arrives, some comes back. left is how many days are still
// to come: the last ones leave work to be done.
func (s *day) trade(ctx context.Context, d *db.DB, at time.Time, left int) error {
	steps := []func(context.Context, *db.Tx) error{
		func(ctx context.Context, tx *db.Tx) error { return s.takeOrders(ctx, tx, at, left) },
		func(ctx context.Context, tx *db.Tx) error { return s.send(ctx, tx, left) },
		func(ctx context.Context, tx *db.Tx) error { return s.arrive(ctx, tx, at) },
	}
	if at.YearDay()%14 == 0 {
		steps = append(steps, func(ctx context.Context, tx *db.Tx) error { return s.deliver(ctx, tx, false) })
	}
	if at.YearDay()%9 == 0 {
		steps = append(steps, s.lose, s.comeBack)
	}
	if left == 3 {
		steps = append(steps, s.transfer)
	}
	for _, step := range steps {
		err := d.Write(ctx, func(tx *db.Tx) error {
			tx.At(at)
			return step(ctx, tx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// takeOrders places a day's orders, and pays those that are paid by hand.
func (s *day) takeOrders(ctx context.Context, tx *db.Tx, at time.Time, left int) error {
	var batch []flow.Placement
	for range 6 + s.rand.IntN(7) {
		batch = append(batch, s.retail(at.Add(time.Duration(s.rand.IntN(36000))*-time.Second), left))
	}
	if at.Weekday() == time.Tuesday || at.Weekday() == time.Thursday {
		batch = append(batch, s.wholesale(at))
	}
	placed, err := flow.PlaceOrders(ctx, tx, batch)
	if err != nil {
		return err
	}
	var payings []flow.Paying
	for i, p := range placed {
		if p.Err != nil { // sold out: the customer went elsewhere
			s.pending = s.pending && batch[i].Status != order.StatusPending
			continue
		}
		o := p.Order
		switch {
		case o.Status != order.StatusOpen || o.OnTerms() || o.Total == 0:
		case left < 2 && i%5 == 0:
			payings = append(payings, flow.Paying{Order: o.ID, Gateway: "test", Method: payment.Card, Token: "tok_visa", Label: "Visa ending 4242"})
		case left < 5 && i%6 == 1: // not paid yet
		default:
			payings = append(payings, flow.Paying{Order: o.ID, Method: payment.Bank, Received: true, Reference: fmt.Sprintf("TRANSFER %d", o.Number)})
		}
	}
	if _, err := flow.Pay(ctx, tx, payings); err != nil {
		return err
	}
	return s.changeMinds(ctx, tx, placed)
}

// changeMinds cancels a few orders and holds a few.
func (s *day) changeMinds(ctx context.Context, tx *db.Tx, placed []flow.Placed) error {
	for i, p := range placed {
		if p.Err != nil {
			continue
		}
		var err error
		switch chance := s.rand.IntN(40); {
		case chance == 0 && p.Order.Status == order.StatusOpen:
			_, err = flow.Cancel(ctx, tx, []flow.Cancellation{{Order: p.Order.ID, Reason: order.CancelCustomer}})
		case chance == 1 && i%2 == 0 && p.Order.Status == order.StatusOpen:
			_, err = flow.Hold(ctx, tx, p.Order.ID, 0, order.Hold{Reason: order.HoldFraudReview, Source: "manual", Note: "Unusual amount for a first order."})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *day) retail(at time.Time, left int) flow.Placement {
	who := s.people[s.rand.IntN(len(s.people))]
	ch := s.channels[who.market]
	s.orders++
	p := flow.Placement{Draft: order.Draft{
		Channel: ch.ID, ExternalID: fmt.Sprintf("%s-%05d", ch.Code, s.orders), ExternalNumber: fmt.Sprintf("#%d", 5000+s.orders),
		Customer: who.id, Email: who.email, Phone: who.address.Phone, ShipTo: who.address, Currency: ch.Currency, TaxInclusive: ch.TaxInclusive,
		PlacedAt: at, ShippingMethod: "Standard",
	}}
	first := left < 4 && !s.pending // one pending order is there to be seen, whatever the dice say
	if who.market == "web" && (s.rand.IntN(6) == 0 || first) {
		market := s.channels["marketplace"]
		p.Channel, p.ExternalID = market.ID, fmt.Sprintf("mp-%05d", s.orders)
		if left < 4 && (s.rand.IntN(2) == 0 || first) {
			p.Status, s.pending = order.StatusPending, true
		}
	}
	if s.rand.IntN(30) == 0 && left < 10 {
		p.Status = order.StatusDraft
	}
	rate := money.Rate(80_000)
	if ch.TaxInclusive {
		rate = 200_000
	}
	s.fillCart(&p, 1+s.rand.IntN(4), 3, rate)
	p.Charges = []order.DraftCharge{{Kind: order.ChargeShipping, Title: "Shipping", Amount: 595, TaxRate: rate}}
	if s.rand.IntN(12) == 0 {
		p.Discounts = []order.DraftDiscount{{Kind: order.DiscountPercent, Rate: 100_000, Code: "HELLO10", Title: "10 % off"}}
	}
	if s.rand.IntN(25) == 0 {
		p.Tags = []string{"gift"}
	}
	return p
}

// fillCart puts lines into an order, at list prices.
func (s *day) fillCart(p *flow.Placement, lines, most int, rate money.Rate) {
	for i := range lines {
		v := s.goods[s.rand.IntN(len(s.goods))].ID
		if s.rand.IntN(14) == 0 {
			v = s.kits[s.rand.IntN(len(s.kits))].ID
		}
		p.Lines = append(p.Lines, order.DraftLine{Variant: v, Quantity: int64(1 + s.rand.IntN(most)), TaxRate: rate})
		p.ListPriced = append(p.ListPriced, i)
	}
	if s.rand.IntN(20) == 0 {
		p.Lines = append(p.Lines, order.DraftLine{Variant: s.wrap, Quantity: 1, TaxRate: rate})
		p.ListPriced = append(p.ListPriced, lines)
	}
}

func (s *day) wholesale(at time.Time) flow.Placement {
	f := s.firms[s.rand.IntN(len(s.firms))]
	p := flow.Placement{
		Draft: order.Draft{
			Channel: s.channels["wholesale"].ID, Company: f.company, CompanyLocation: f.location, ShipTo: f.address, Currency: "USD", PlacedAt: at,
			Terms: &order.Terms{Days: f.terms.DueDays, EndOfMonth: f.terms.EndOfMonth}, Priority: 1, Tags: []string{"wholesale"},
		},
		Prices: []id.PriceList{s.list},
	}
	for i := range 3 + s.rand.IntN(6) {
		p.Lines = append(p.Lines, order.DraftLine{Variant: s.goods[s.rand.IntN(len(s.goods))].ID, Quantity: int64(6 + s.rand.IntN(12)), MaySplit: true})
		p.ListPriced = append(p.ListPriced, i)
	}
	return p
}

// send ships what is released. On the last days some of it stays to be picked.
func (s *day) send(ctx context.Context, tx *db.Tx, left int) error {
	queue, _, err := fulfillment.List(ctx, tx, fulfillment.Filter{Statuses: []fulfillment.Status{fulfillment.Open}, Limit: 200})
	if err != nil {
		return err
	}
	held, err := heldOrders(ctx, tx, queue)
	if err != nil {
		return err
	}
	var shippings []flow.Shipping
	for i, f := range queue {
		switch {
		case held[f.Order], left == 0, left < 3 && i%3 == 0:
			continue
		case left < 4 && i%7 == 1:
			if _, err := flow.Pick(ctx, tx, f.ID, 0, f.ToPick()); err != nil {
				return err
			}
			continue
		}
		sh := flow.Shipping{Fulfillment: f.ID, Carriage: fulfillment.Carriage{
			Carrier: "USPS", Service: "Ground", TrackingNumber: fmt.Sprintf("94001%015d", s.rand.Int64N(1e15)), Cost: int64(420 + s.rand.IntN(900)),
		}}
		if free := f.Free(); len(free) > 1 && s.rand.IntN(10) == 0 {
			lines := make([]id.Line, 0, len(free))
			for l := range free {
				lines = append(lines, l)
			}
			first := slices.MinFunc(lines, id.Line.Compare)
			sh.Lines = fulfillment.Quantities{first: free[first]}
		}
		shippings = append(shippings, sh)
	}
	_, err = flow.Ship(ctx, tx, shippings)
	return err
}

// heldOrders are the orders of a queue that are on hold.
func heldOrders(ctx context.Context, r db.Reader, queue []*fulfillment.Order) (map[id.Order]bool, error) {
	ids := make([]id.Order, len(queue))
	for i, f := range queue {
		ids[i] = f.Order
	}
	orders, err := order.Many(ctx, r, ids)
	held := map[id.Order]bool{}
	for _, o := range orders {
		held[o.ID] = o.ActiveHolds > 0
	}
	return held, err
}

// arrive lets carriers tell of parcels that left four days ago.
func (s *day) arrive(ctx context.Context, tx *db.Tx, at time.Time) error {
	sent, _, err := fulfillment.ListShipments(ctx, tx, fulfillment.ShipmentFilter{Statuses: []fulfillment.ShipmentStatus{fulfillment.ShipmentShipped}, Limit: 500})
	if err != nil {
		return err
	}
	var events []fulfillment.TrackingEvent
	for _, sh := range sent {
		status := fulfillment.TrackingInTransit
		if age := at.Sub(sh.ShippedAt); age >= 4*24*time.Hour {
			status = fulfillment.TrackingDelivered
		} else if age < 24*time.Hour || age >= 48*time.Hour {
			continue
		}
		events = append(events, fulfillment.TrackingEvent{Shipment: sh.ID, Status: status, Source: "USPS", At: at})
	}
	_, err = flow.Track(ctx, tx, events)
	return err
}

// lose writes a few broken things off.
func (s *day) lose(ctx context.Context, tx *db.Tx) error {
	var postings []inventory.Posting
	for range 3 {
		postings = append(postings, inventory.Posting{
			Variant: s.goods[s.rand.IntN(len(s.goods)/2)].ID, Location: s.warehouse[s.rand.IntN(len(s.warehouse))], Quantity: -1, Reason: "broken",
		})
	}
	levels, err := inventory.Levels(ctx, tx, variantsOf(postings))
	if err != nil {
		return err
	}
	postings = slices.DeleteFunc(postings, func(p inventory.Posting) bool {
		return !slices.ContainsFunc(levels, func(l inventory.Level) bool { return l.Key == p.Key() && l.Available() > 3 })
	})
	_, err = flow.AdjustStock(ctx, tx, postings)
	return err
}

func variantsOf(postings []inventory.Posting) []id.Variant {
	var out []id.Variant
	for _, p := range postings {
		out = append(out, p.Variant)
	}
	return out
}

// comeBack returns a line of a delivered order.
func (s *day) comeBack(ctx context.Context, tx *db.Tx) error {
	done, _, err := order.List(ctx, tx, order.Filter{FulfillmentStatuses: []order.FulfillmentStatus{order.FulfillmentDelivered}}, order.Page{Limit: 30})
	if err != nil || len(done) == 0 {
		return err
	}
	o, err := order.Get(ctx, tx, done[s.rand.IntN(len(done))].ID)
	if err != nil {
		return err
	}
	for _, l := range o.Lines {
		if !l.Goods() || l.Shipped == l.Returned || !l.Parent.IsZero() {
			continue
		}
		_, err := flow.TakeBack(ctx, tx, []flow.TakingBack{{
			Order: o.ID, Customer: o.Customer, Location: s.warehouse[0], Disposition: returns.Restock,
			Lines: []flow.TakenBack{{Line: l.ID, Quantity: 1, Reason: "not as expected"}},
		}})
		return err
	}
	return nil
}

// transfer sends goods from a warehouse to a store; they are still under way.
func (s *day) transfer(ctx context.Context, tx *db.Tx) error {
	n := inventory.NewTransfer{From: s.warehouse[1], To: s.stores[1], Reference: "Autumn window"}
	levels, err := inventory.Levels(ctx, tx, []id.Variant{s.goods[0].ID, s.goods[5].ID, s.goods[12].ID, s.goods[20].ID})
	if err != nil {
		return err
	}
	for _, l := range levels {
		if l.Location == n.From && l.Available() >= 6 {
			n.Lines = append(n.Lines, inventory.NewTransferLine{Variant: l.Variant, Quantity: 6})
		}
	}
	if len(n.Lines) == 0 {
		return nil
	}
	t, err := inventory.CreateTransfer(ctx, tx, n)
	if err != nil {
		return err
	}
	if _, err := flow.ReadyTransfer(ctx, tx, t.ID, 0); err != nil {
		return err
	}
	_, err = flow.ShipTransfer(ctx, tx, t.ID, 0, nil)
	return err
}

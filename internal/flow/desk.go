package flow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/domain/catalog"
	"purser/internal/domain/channel"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/domain/tax"
	"purser/internal/platform/db"
	"purser/internal/platform/postal"
)

// desk is what a batch of orders that need goods shares: what is known of
// channels, variants and locations, and the stock that is left as the batch is
// given out, order by order. What it decides is written by commit.
type desk struct {
	books    books
	now      time.Time
	channels map[id.Channel]channel.Channel
	variants map[id.Variant]catalog.Variant
	parts    map[id.Variant][]catalog.Component
	existing map[externalKey]id.Order
	rates    map[rateKey]rate
	prices   map[priceKey]map[id.Variant][]catalog.Price
	taxes    tax.Table

	locations []inventory.Location
	strategy  routing.Strategies
	handsOver map[id.Location]bool  // customers may fetch orders there
	capacity  capacities            // of locations that have one
	given     map[id.Location]int64 // parcels of today, of those
	over      postal.Overlay
	stock     routing.Stock
	owed      map[id.Variant]int64               // units backordered anywhere
	excluded  map[id.Line]map[id.Location]string // locations that would not ship a line, and why

	work         []*fulfillment.Order // nobody has begun with; what is added for their order and location leaves with them
	claims       []inventory.Claim
	fulfillments []*fulfillment.Order
	decisions    []routing.Entry
}

// placing is an order on its way through the desk.
type placing struct {
	order *order.Order
	owe   bool
	cause routing.Cause
	index int
}

func (p *placing) urgency() routing.Urgency {
	return routing.Urgency{Priority: int(p.order.Priority), Since: p.order.PlacedAt, Order: p.order.ID}
}

func openDesk(ctx context.Context, tx *db.Tx, placements []Placement) (*desk, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	d := &desk{books: b, now: tx.Now(), existing: map[externalKey]id.Order{}, rates: map[rateKey]rate{}, prices: map[priceKey]map[id.Variant][]catalog.Price{}}
	var channels []id.Channel
	var variants []id.Variant
	externals := map[id.Channel][]string{}
	for _, p := range placements {
		channels = append(channels, p.Channel)
		if p.ExternalID != "" {
			externals[p.Channel] = append(externals[p.Channel], p.ExternalID)
		}
		for _, l := range p.Lines {
			if !l.Variant.IsZero() {
				variants = append(variants, l.Variant)
			}
			for _, c := range l.Components {
				variants = append(variants, c.Variant)
			}
		}
	}
	if d.channels, err = channel.Many(ctx, tx, unique(channels)); err != nil {
		return nil, err
	}
	for ch, list := range externals {
		found, err := order.Existing(ctx, tx, ch, list)
		if err != nil {
			return nil, err
		}
		for external, o := range found {
			d.existing[externalKey{ch, external}] = o
		}
	}
	if err := d.learn(ctx, tx, unique(variants)); err != nil {
		return nil, err
	}
	if err := d.learnMoney(ctx, tx, placements); err != nil {
		return nil, err
	}
	if err := d.learnTaxes(ctx, tx, placements); err != nil {
		return nil, err
	}
	return d, nil
}

// learn reads variants, and the components of those that are kits.
func (d *desk) learn(ctx context.Context, r db.Reader, variants []id.Variant) error {
	var err error
	if d.variants, err = catalog.Variants(ctx, r, variants); err != nil {
		return err
	}
	var kits []id.Variant
	for _, v := range d.variants {
		if v.Kind == catalog.Kit {
			kits = append(kits, v.ID)
		}
	}
	if d.parts, err = catalog.Components(ctx, r, unique(kits)); err != nil {
		return err
	}
	var components []id.Variant
	for _, parts := range d.parts {
		for _, c := range parts {
			components = append(components, c.ComponentID)
		}
	}
	more, err := catalog.Variants(ctx, r, unique(components))
	for v, found := range more {
		d.variants[v] = found
	}
	return err
}

// learnMoney reads the exchange rates and the list prices that the batch needs.
func (d *desk) learnMoney(ctx context.Context, r db.Reader, placements []Placement) error {
	for i := range placements {
		p := &placements[i]
		at, currency := p.PlacedAt, p.Currency
		if at.IsZero() {
			at = d.now
		}
		if currency == "" {
			currency = d.channels[p.Channel].Currency
		}
		if key := (rateKey{currency, d.books.Day(at)}); p.Rate == "" && currency.Valid() {
			if _, known := d.rates[key]; !known {
				text, day, err := d.books.rateOn(ctx, r, currency, at)
				if _, refused := fault.As(err); err != nil && !refused {
					return err
				}
				d.rates[key] = rate{text, day, err}
			}
		}
		if len(p.ListPriced) == 0 {
			continue
		}
		var variants []id.Variant
		for _, l := range p.ListPriced {
			variants = append(variants, p.Lines[l].Variant)
		}
		found, err := catalog.Prices(ctx, r, unique(variants), p.Prices, currency, at)
		if err != nil {
			return err
		}
		key := priceKey{currency, firstOf(p.Prices)}
		if d.prices[key] == nil {
			d.prices[key] = map[id.Variant][]catalog.Price{}
		}
		for v, breaks := range found {
			d.prices[key][v] = breaks
		}
	}
	return nil
}

// route finds the locations that ship the orders which take stock, gives the
// stock out in the order of their urgency, and returns those that cannot be
// served, with the reason. Levels are locked once, sorted.
func (d *desk) route(ctx context.Context, tx *db.Tx, orders []*placing) (refused map[*placing]error, err error) {
	refused = map[*placing]error{}
	var needing []*placing
	var variants []id.Variant
	var addresses []geo.Address
	for _, p := range orders {
		if p.order.Status == order.StatusDraft {
			continue
		}
		needs := false
		for _, l := range p.order.Lines {
			if wanted(l) > 0 {
				variants, needs = append(variants, l.Variant), true
			}
		}
		if needs {
			needing = append(needing, p)
			addresses = append(addresses, placeOf(p.order))
		}
	}
	if len(needing) == 0 {
		return refused, nil
	}
	if err := d.openStock(ctx, tx, unique(variants), addresses); err != nil {
		return nil, err
	}
	slices.SortStableFunc(needing, func(a, b *placing) int {
		return a.urgency().Compare(b.urgency())
	})
	for _, p := range needing {
		if why := d.serve(p); why != nil {
			if _, ok := fault.As(why); !ok {
				return nil, why
			}
			refused[p] = why
		}
	}
	return refused, nil
}

// wanted is how many units of a line are still to be given a location.
func wanted(l *order.Line) int64 {
	if !l.Goods() || l.Variant.IsZero() {
		return 0
	}
	return l.Unallocated
}

func placeOf(o *order.Order) geo.Address {
	a := o.ShipTo.V
	return geo.Address{Country: a.Country, Region: a.Region, City: a.City, PostalCode: a.PostalCode}
}

func (d *desk) openStock(ctx context.Context, tx *db.Tx, variants []id.Variant, addresses []geo.Address) error {
	var err error
	if d.strategy, err = routing.LoadStrategies(ctx, tx); err != nil {
		return err
	}
	if d.over, err = postal.For(ctx, tx, addresses); err != nil {
		return err
	}
	all, err := inventory.Locations(ctx, tx)
	if err != nil {
		return err
	}
	d.handsOver = map[id.Location]bool{}
	for _, l := range all {
		d.handsOver[l.ID] = l.TakesPickups(d.now)
	}
	d.locations = slices.DeleteFunc(all, func(l inventory.Location) bool { return !l.ShipsOnline && !l.Pickup || !l.Kind.Sellable() })
	d.capacity = capacities{}
	for _, l := range d.locations {
		if l.Capacity == 0 {
			continue
		}
		made, err := fulfillment.Made(ctx, tx, l.ID, l.Today(d.now))
		if err != nil {
			return err
		}
		d.capacity[l.ID] = capacity{l, made}
	}
	d.given = d.capacity.counts()
	levels, err := inventory.Lock(ctx, tx, variants)
	if err != nil {
		return err
	}
	d.stock, d.owed = routing.Stock{}, map[id.Variant]int64{}
	for _, l := range levels {
		if n := l.Available(); n > 0 {
			d.stock[routing.At{Location: l.Location, Variant: l.Variant}] = n
		}
		d.owed[l.Variant] += l.Backordered
	}
	return nil
}

// serve routes one order over the stock that is left, and notes what follows.
func (d *desk) serve(p *placing) error {
	o := p.order
	if err := d.mayBeFetched(p); err != nil {
		return err
	}
	request, lines := d.request(o, wanted)
	route, err := routing.Plan(request)
	if err != nil {
		return err
	}
	if err := d.mayOwe(p, lines, route); err != nil {
		return err
	}
	d.stock.Take(route)
	entry := routing.NewEntry(d.now, o.ID, cmp.Or(p.cause, routing.CausePlaced), route.Decision)
	d.decisions = append(d.decisions, entry)
	for _, parcel := range route.Parcels {
		f := d.workAt(o, parcel.Location, entry.ID)
		for _, item := range parcel.Items {
			l := lines[item.Line]
			if err := f.Add(l.ID, l.Variant, item.Quantity); err != nil {
				return err
			}
			if err := o.Allocate(l.ID, item.Quantity); err != nil {
				return err
			}
			d.claim(o, l, parcel.Location, item.Quantity, inventory.Stock)
		}
	}
	for _, b := range route.Backorders {
		l, at := lines[b.Line], b.Location
		if at.IsZero() {
			at = d.parkingPlace(o)
		}
		owe := o.OweBackorder
		if p.owe {
			owe = o.Owe
		}
		if err := owe(l.ID, b.Quantity); err != nil {
			return err
		}
		d.owed[l.Variant] += b.Quantity
		d.claim(o, l, at, b.Quantity, inventory.Backorder)
	}
	return nil
}

// workAt is the work that goods of an order at a location are added to: new work,
// unless there is some that nobody has begun with.
func (d *desk) workAt(o *order.Order, at id.Location, why id.Decision) *fulfillment.Order {
	for _, f := range d.work {
		if f.Order == o.ID && f.Location == at {
			return f
		}
	}
	f := d.newWork(o, at, why)
	d.fulfillments = append(d.fulfillments, f)
	return f
}

// parkingPlace is where goods are awaited for which no location is eligible: the
// merchant's first that sends any, or where the customer will fetch them.
func (d *desk) parkingPlace(o *order.Order) id.Location {
	if !o.Pickup.IsZero() {
		return o.Pickup
	}
	var best *inventory.Location
	for i := range d.locations {
		if l := &d.locations[i]; asked(o, l) && (best == nil || l.Sequence < best.Sequence) {
			best = l
		}
	}
	return best.ID // mayOwe has seen that there is one
}

func (d *desk) claim(o *order.Order, l *order.Line, at id.Location, n int64, kind inventory.ClaimKind) {
	d.claims = append(d.claims, inventory.Claim{
		Demand: id.Any(l.ID), DemandKind: inventory.ForOrder, Order: id.Any(o.ID),
		Variant: l.Variant, Location: at, Quantity: n, Kind: kind, Priority: o.Priority,
	})
}

// mayOwe refuses an order of which goods are missing that may not be owed, or
// not so many.
func (d *desk) mayOwe(p *placing, lines []*order.Line, route routing.Route) error {
	if p.order.Pickup.IsZero() && !slices.ContainsFunc(d.locations, func(l inventory.Location) bool { return l.ShipsOnline }) {
		return fault.New(fault.Conflict, "routing.no_location", "There is no location that ships orders. Add one first.")
	}
	if p.owe {
		return nil
	}
	type missing struct {
		SKU     string `json:"sku"`
		Wanted  int64  `json:"wanted"`
		Missing int64  `json:"missing"`
	}
	var short []missing
	owed := map[id.Variant]int64{}
	for _, b := range route.Backorders {
		l := lines[b.Line]
		owed[l.Variant] += b.Quantity
		limit := d.variants[l.Variant].BackorderLimit
		if !l.Backorder || limit > 0 && d.owed[l.Variant]+owed[l.Variant] > limit {
			short = append(short, missing{l.SKU, wanted(l), b.Quantity})
		}
	}
	if len(short) == 0 {
		return nil
	}
	first := short[0]
	return fault.New(fault.Shortage, "order.out_of_stock", "Of %d %s only %d can be promised.", first.Wanted, first.SKU, first.Wanted-first.Missing).With(short)
}

// commit writes what the desk decided: the claims on stock, the work for the
// locations and the decisions.
func (d *desk) commit(ctx context.Context, tx *db.Tx) error {
	if err := fulfillment.Create(ctx, tx, d.fulfillments); err != nil {
		return err
	}
	if err := routing.Record(ctx, tx, d.decisions); err != nil {
		return err
	}
	return inventory.Reserve(ctx, tx, d.claims)
}

// unique sorts ids and drops repetitions: rows are read and locked in the order
// of their keys.
func unique[K id.Kind](in []id.ID[K]) []id.ID[K] {
	sorted := slices.Clone(in)
	slices.SortFunc(sorted, id.ID[K].Compare)
	return slices.Compact(sorted)
}

func field(list string, i int, name string) string { return fmt.Sprintf("%s[%d].%s", list, i, name) }

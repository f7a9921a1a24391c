package view

import (
	"context"
	"encoding/json"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Exports hand on rows one at a time, in a stable order, and hold a few of them
// in memory, however many there are. The fields of a row type, by their names in
// JSON and in their order, are the columns of the CSV file: new ones are added at
// the end and none is renamed.
//
// Read them from a snapshot. What fn returns ends the export.

// Decimal is a number written as text, since its decimals are exact.
type Decimal string

func decimal(minor int64, c money.Currency) Decimal { return Decimal(money.Format(minor, c)) }

// Period is a range of business days, both included; an empty one is without a border.
type Period struct{ From, To string }

// Check tells whether the days are days.
func (p Period) Check() error {
	f := fault.Fields{}
	for name, day := range map[string]string{"from": p.From, "to": p.To} {
		if _, err := time.Parse(time.DateOnly, day); err != nil && day != "" {
			f.Add(name, "%q is not a day like 2026-01-31", day)
		}
	}
	if len(f) == 0 && p.To != "" && p.To < p.From {
		f.Add("to", "%s is before %s", p.To, p.From)
	}
	return f.Err("export.bad_period", "The period is not one.")
}

// on limits a column of business days to the period.
func (p Period) on(w *db.Where, column string) {
	if p.From != "" {
		w.And(column+" >= ?", p.From)
	}
	if p.To != "" {
		w.And(column+" <= ?", p.To)
	}
}

// instants are the first instant of the period and the first one behind it, in
// the zone in which the business days are counted; zero is without a border.
func (p Period) instants(zone *time.Location) (from, to time.Time) {
	if p.From != "" {
		from, _ = time.ParseInLocation(time.DateOnly, p.From, zone)
	}
	if p.To != "" {
		to, _ = time.ParseInLocation(time.DateOnly, p.To, zone)
		to = to.AddDate(0, 0, 1)
	}
	return from, to
}

// StockRow is what is on hand of a variant at a location, in the columns that an
// import of stock reads, followed by others, which it leaves alone.
type StockRow struct {
	SKU      string  `json:"sku"`
	Location string  `json:"location"`
	Quantity int64   `json:"quantity"` // on hand
	Bin      string  `json:"bin"`
	Cost     Decimal `json:"cost"` // moving average of one unit

	Currency       money.Currency `json:"currency"` // of the cost: the base currency
	Title          string         `json:"title"`
	LocationName   string         `json:"location_name"`
	Available      int64          `json:"available"`
	Committed      int64          `json:"committed"`
	Damaged        int64          `json:"damaged"`
	QualityControl int64          `json:"quality_control"`
	Safety         int64          `json:"safety"`
	Incoming       int64          `json:"incoming"`
	Backordered    int64          `json:"backordered"`
}

// EachStock hands on the stock of all places by SKU and location. Goods in
// transit are at no place and not among them: they belong to their transfers.
func EachStock(ctx context.Context, r db.Reader, base money.Currency, fn func(StockRow) error) error {
	type row struct {
		Stock
		Cost money.Micros `db:"cost_micros"`
	}
	return db.Each(ctx, r, func(s row) error {
		return fn(StockRow{
			SKU: s.SKU, Location: s.LocationCode, Quantity: s.OnHand, Bin: s.BinCode, Cost: Decimal(s.Cost.String()), Currency: base,
			Title: s.Title, LocationName: s.LocationName, Available: s.Level.Available(), Committed: s.Committed, Damaged: s.Damaged,
			QualityControl: s.QualityControl, Safety: s.Safety, Incoming: s.Incoming, Backordered: s.Backordered,
		})
	}, `
		SELECT `+columnsOf[inventory.Level]("l")+`, v.sku, v.title, p.code AS location_code, p.name AS location_name,
			COALESCE(b.code, '') AS bin_code, COALESCE(c.cost_micros, v.cost_micros) AS cost_micros`+fromStock+`
		LEFT JOIN stock_value c ON c.variant_id = l.variant_id
		WHERE p.kind <> 'transit' ORDER BY v.sku, p.code`)
}

// CustomerRow is a customer, with the default address in columns of its own.
type CustomerRow struct {
	ID         string  `json:"id"`
	Number     string  `json:"number"`
	Name       string  `json:"name"`
	Email      string  `json:"email"`
	Phone      string  `json:"phone"`
	Group      string  `json:"group"`      // code
	PriceList  string  `json:"price_list"` // code
	Terms      string  `json:"terms"`      // code
	Discount   Decimal `json:"discount_percent"`
	TaxExempt  bool    `json:"tax_exempt"`
	Currency   string  `json:"currency"`
	Language   string  `json:"language"`
	Company    string  `json:"company"`
	Line1      string  `json:"line1"`
	Line2      string  `json:"line2"`
	City       string  `json:"city"`
	Region     string  `json:"region"`
	PostalCode string  `json:"postal_code"`
	Country    string  `json:"country"`

	Addresses db.JSON[[]address.Address] `json:"addresses"` // all of them
	Tags      db.JSON[[]string]          `json:"tags"`
	Custom    db.JSON[map[string]any]    `json:"custom"`
	Note      string                     `json:"note"`
	CreatedAt time.Time                  `json:"created_at"`
	ErasedAt  time.Time                  `json:"erased_at"` // zero: not erased
}

// EachCustomer hands on the customers that were added in a period, oldest first.
func EachCustomer(ctx context.Context, r db.Reader, p Period, zone *time.Location, fn func(CustomerRow) error) error {
	type row struct {
		ID        id.Customer                `db:"id"`
		Number    string                     `db:"number"`
		Name      string                     `db:"name"`
		Email     string                     `db:"email"`
		Phone     string                     `db:"phone"`
		Group     string                     `db:"group_code"`
		PriceList string                     `db:"list_code"`
		Terms     string                     `db:"terms_code"`
		Discount  money.Rate                 `db:"discount_ppm"`
		TaxExempt bool                       `db:"tax_exempt"`
		Currency  string                     `db:"currency"`
		Language  string                     `db:"language"`
		Addresses db.JSON[[]address.Address] `db:"addresses"`
		Tags      db.JSON[[]string]          `db:"tags"`
		Custom    db.JSON[map[string]any]    `db:"custom"`
		Note      string                     `db:"note"`
		CreatedAt time.Time                  `db:"created_at"`
		ErasedAt  time.Time                  `db:"erased_at"`
	}
	var w db.Where
	from, to := p.instants(zone)
	if !from.IsZero() {
		w.And("c.created_at >= ?", from)
	}
	if !to.IsZero() {
		w.And("c.created_at < ?", to)
	}
	return db.Each(ctx, r, func(c row) error {
		var a address.Address
		if len(c.Addresses.V) > 0 {
			a = c.Addresses.V[0]
		}
		return fn(CustomerRow{
			ID: c.ID.String(), Number: c.Number, Name: c.Name, Email: c.Email, Phone: c.Phone, Group: c.Group, PriceList: c.PriceList,
			Terms: c.Terms, Discount: Decimal(c.Discount.Percent()), TaxExempt: c.TaxExempt, Currency: c.Currency, Language: c.Language,
			Company: a.Company, Line1: a.Line1, Line2: a.Line2, City: a.City, Region: a.Region, PostalCode: a.PostalCode, Country: a.Country,
			Addresses: c.Addresses, Tags: c.Tags, Custom: c.Custom, Note: c.Note, CreatedAt: c.CreatedAt, ErasedAt: c.ErasedAt,
		})
	}, `
		SELECT c.id, c.number, c.name, c.email, c.phone, COALESCE(g.code, '') AS group_code, COALESCE(l.code, '') AS list_code,
			COALESCE(t.code, '') AS terms_code, c.discount_ppm, c.tax_exempt, c.currency, c.language, c.addresses, c.tags, c.custom,
			c.note, c.created_at, c.erased_at
		FROM customer c
		LEFT JOIN customer_group g ON g.id = c.group_id
		LEFT JOIN price_list l ON l.id = c.price_list_id
		LEFT JOIN payment_terms t ON t.id = c.terms_id`+w.SQL()+` ORDER BY c.id`, w.Args()...)
}

// EventRow is an event of the feed.
type EventRow struct {
	Cursor string          `json:"cursor"` // a reader of the feed goes on behind the last one
	ID     string          `json:"id"`
	At     time.Time       `json:"at"`
	Kind   string          `json:"kind"`
	Actor  string          `json:"actor"`
	Body   json.RawMessage `json:"body"`
}

// EachEvent hands on the events of a period in the order of the feed.
func EachEvent(ctx context.Context, r db.Reader, postgres bool, p Period, zone *time.Location, fn func(EventRow) error) error {
	const step = 1000
	from, to := p.instants(zone)
	for after := ""; ; {
		events, err := event.After(ctx, r, postgres, after, nil, step)
		if err != nil {
			return err
		}
		for _, e := range events {
			after = e.Cursor
			if e.At.Before(from) || !to.IsZero() && !e.At.Before(to) {
				continue
			}
			if err := fn(EventRow{Cursor: e.Cursor, ID: e.ID.String(), At: e.At, Kind: e.Kind, Actor: e.Actor, Body: e.Body}); err != nil {
				return err
			}
		}
		if len(events) < step {
			return nil
		}
	}
}

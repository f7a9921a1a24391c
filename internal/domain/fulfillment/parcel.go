package fulfillment

import (
	"context"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
)

// Parcel is shipments of several fulfillment orders that go to one customer in one
// box, under one label. Each stays the shipment of its order, with its own invoice.
type Parcel struct {
	ID             id.Parcel   `db:"id"`
	Location       id.Location `db:"location_id"`
	Carrier        string      `db:"carrier"`
	Service        string      `db:"service"`
	TrackingNumber string      `db:"tracking_number"`
	TrackingURL    string      `db:"tracking_url"`
	Cost           int64       `db:"cost_minor"` // of the label, in minor units of the base currency
	CreatedBy      string      `db:"created_by"`
	CreatedAt      time.Time   `db:"created_at"`
	Version        int64       `db:"version"`
	Shipments      []*Shipment
}

// ParcelStatus is where a parcel stands: it follows from its shipments.
type ParcelStatus string

// The states.
const (
	ParcelPacking   ParcelStatus = "packing"
	ParcelLabelled  ParcelStatus = "labelled"
	ParcelShipped   ParcelStatus = "shipped"
	ParcelDelivered ParcelStatus = "delivered"
	ParcelVoided    ParcelStatus = "voided"   // all of it was unpacked
	ParcelUnmerged  ParcelStatus = "unmerged" // its shipments are on their own
)

// Live are the shipments that are in the box.
func (p *Parcel) Live() []*Shipment {
	var live []*Shipment
	for _, s := range p.Shipments {
		if s.Status != ShipmentVoided {
			live = append(live, s)
		}
	}
	return live
}

// Status is the state of the shipment that has come least far.
func (p *Parcel) Status() ParcelStatus {
	live := p.Live()
	switch {
	case len(p.Shipments) == 0:
		return ParcelUnmerged
	case len(live) == 0:
		return ParcelVoided
	}
	order := map[ShipmentStatus]int{ShipmentPacking: 0, ShipmentLabelled: 1, ShipmentShipped: 2, ShipmentDelivered: 3}
	least := live[0].Status
	for _, s := range live {
		if order[s.Status] < order[least] {
			least = s.Status
		}
	}
	return ParcelStatus(least)
}

// NewParcel puts shipments that are being packed into one box.
func NewParcel(now time.Time, location id.Location, shipments []*Shipment) *Parcel {
	p := &Parcel{ID: id.New[id.Parcel](now), Location: location, CreatedAt: now, Version: 1, Shipments: shipments}
	for _, s := range shipments {
		s.Parcel = p.ID
	}
	return p
}

// Label gives the parcel its carrier, and its label if it has one. Every shipment
// in it bears that, and a share of what it costs by its units. What was unpacked
// before is in the parcel no more.
func (p *Parcel) Label(c Carriage) error {
	if s := p.Status(); s != ParcelPacking && s != ParcelLabelled {
		return p.forbids("labelled")
	}
	live := p.Live()
	var units int64
	for _, s := range live {
		units += s.Units()
	}
	from := int64(0)
	for _, s := range live {
		share := c
		share.Cost = money.Share(c.Cost, from, from+s.Units(), units)
		from += s.Units()
		if err := s.label(share); err != nil {
			return err
		}
	}
	for _, s := range p.Shipments {
		if s.Status == ShipmentVoided {
			s.leave()
		}
	}
	p.Shipments = live
	p.Carrier, p.Service, p.TrackingNumber, p.TrackingURL, p.Cost = live[0].Carrier, live[0].Service, live[0].TrackingNumber, live[0].TrackingURL, c.Cost
	return nil
}

// Unmerge lets the shipments of a parcel that has no label go on their own, packed
// as they are. It returns them.
func (p *Parcel) Unmerge() ([]*Shipment, error) {
	if p.Status() != ParcelPacking {
		return nil, p.forbids("unmerged")
	}
	all := p.Shipments
	for _, s := range all {
		s.leave()
	}
	p.Shipments = nil
	return all, nil
}

func (s *Shipment) leave() {
	s.say(LeftParcel{s.about(), s.Parcel})
	s.Parcel = id.Parcel{}
}

// MayVoid refuses to unpack a parcel that has left, or is none any more.
func (p *Parcel) MayVoid() error {
	if s := p.Status(); s != ParcelPacking && s != ParcelLabelled {
		return p.forbids("voided")
	}
	return nil
}

func (p *Parcel) forbids(verb string) error {
	s := p.Status()
	switch s {
	case ParcelLabelled:
		return fault.New(fault.Conflict, "parcel.labelled", "The parcel has its label: void it, which unpacks it.")
	case ParcelShipped, ParcelDelivered:
		return fault.New(fault.Conflict, "parcel."+string(s), "The parcel has left and cannot be %s: take its shipments back one by one.", verb)
	}
	return fault.New(fault.Conflict, "parcel."+string(s), "A parcel that is %s cannot be %s.", s, verb)
}

// CheckVersion refuses a change to a version other than the one that the caller
// saw; 0 is not checked.
func (p *Parcel) CheckVersion(seen int64) error { return checkVersion("parcel", p.Version, seen) }

// inParcel refuses what is done to a parcel as a whole.
func (s *Shipment) inParcel() error {
	if s.Parcel.IsZero() {
		return nil
	}
	return fault.New(fault.Conflict, "shipment.in_parcel", "Shipment %d goes in a parcel with others: label the parcel.", s.Number).
		With(map[string]id.Parcel{"parcel_id": s.Parcel})
}

// InsertParcel stores a new parcel with its shipments, which are new, too.
func InsertParcel(ctx context.Context, tx *db.Tx, p *Parcel) error {
	p.CreatedBy = actor.Name(ctx)
	row := *p
	if _, err := db.Insert(ctx, tx, "parcel", []Parcel{row}); err != nil {
		return err
	}
	return InsertShipments(ctx, tx, p.Shipments)
}

// GetParcel reads a parcel with its shipments.
func GetParcel(ctx context.Context, r db.Reader, parcel id.Parcel) (*Parcel, error) {
	return loadParcel(ctx, r, parcel, "")
}

// TakeParcel locks a parcel and its shipments. Take their sales orders and their
// fulfillment orders first.
func TakeParcel(ctx context.Context, tx *db.Tx, parcel id.Parcel) (*Parcel, error) {
	return loadParcel(ctx, tx, parcel, tx.ForUpdate())
}

func loadParcel(ctx context.Context, r db.Reader, parcel id.Parcel, lock string) (*Parcel, error) {
	p, err := db.Get[Parcel](ctx, r, `SELECT `+db.Columns[Parcel]()+` FROM parcel WHERE id = ?`+lock, parcel)
	if db.None(err) {
		return nil, fault.New(fault.NotFound, "parcel.not_found", "There is no parcel %s.", parcel)
	}
	if err != nil {
		return nil, err
	}
	p.Shipments, err = loadShipments(ctx, r, `WHERE parcel_id IN (/*in*/) ORDER BY id`+lock, []id.Parcel{parcel})
	return &p, err
}

// SaveParcel writes a taken parcel and shipments of it as its methods have left
// them.
func SaveParcel(ctx context.Context, tx *db.Tx, p *Parcel, shipments []*Shipment) error {
	n, err := tx.Exec(ctx, `
		UPDATE parcel SET version = version + 1, carrier = ?, service = ?, tracking_number = ?, tracking_url = ?, cost_minor = ? WHERE id = ? AND version = ?`,
		p.Carrier, p.Service, p.TrackingNumber, p.TrackingURL, p.Cost, p.ID, p.Version)
	if err == nil && n == 0 {
		err = stale("parcel", p.Version)
	}
	if err != nil {
		return err
	}
	p.Version++
	return SaveShipments(ctx, tx, shipments)
}

// Boxed returns the shipments that are in one box with others: those, and what is
// in their parcels besides.
func Boxed(ctx context.Context, r db.Reader, shipments []*Shipment) ([]*Shipment, error) {
	var parcels []id.Parcel
	for _, s := range shipments {
		if !s.Parcel.IsZero() {
			parcels = append(parcels, s.Parcel)
		}
	}
	if len(parcels) == 0 {
		return nil, nil
	}
	return loadShipments(ctx, r, `WHERE status <> 'voided' AND parcel_id IN (/*in*/) ORDER BY id`, unique(parcels))
}

// verifyParcels checks that shipments share what their parcel costs, and bear its
// label.
func verifyParcels(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		ID     id.Parcel `db:"id"`
		Cost   int64     `db:"cost_minor"`
		Shares int64     `db:"shares"`
		Odd    int64     `db:"odd"`
	}
	return db.Each(ctx, r, func(p row) error {
		report.Equal(ruleParcel, p.ID.String(), "cost", p.Cost, p.Shares)
		report.Equal(ruleParcel, p.ID.String(), "shipments elsewhere or with another label", p.Odd, 0)
		return nil
	}, `
		SELECT p.id, p.cost_minor, CAST(SUM(s.cost_minor) AS BIGINT) AS shares,
			CAST(SUM(CASE WHEN s.location_id <> p.location_id OR s.status <> 'voided' AND s.tracking_number <> p.tracking_number THEN 1 ELSE 0 END) AS BIGINT) AS odd
		FROM parcel p JOIN shipment s ON s.parcel_id = p.id
		GROUP BY p.id, p.cost_minor
		HAVING SUM(s.cost_minor) <> p.cost_minor
			OR SUM(CASE WHEN s.location_id <> p.location_id OR s.status <> 'voided' AND s.tracking_number <> p.tracking_number THEN 1 ELSE 0 END) > 0`)
}

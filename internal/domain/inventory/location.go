package inventory

import (
	"context"
	"slices"
	"sync"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

// LocationKind is what a location is.
type LocationKind string

// The kinds of locations.
const (
	Warehouse  LocationKind = "warehouse"
	Store      LocationKind = "store"
	ThirdParty LocationKind = "thirdparty" // somebody else's warehouse that ships for us
	Supplier   LocationKind = "supplier"   // ships its own goods for us
	Channel    LocationKind = "channel"    // a marketplace's warehouse
	Transit    LocationKind = "transit"    // between two locations
	Quarantine LocationKind = "quarantine" // what may not be sold until somebody looks at it
)

// Sellable tells whether stock at such a location can be promised at all.
func (k LocationKind) Sellable() bool { return k != Transit && k != Quarantine }

// LocationKinds are all kinds.
func LocationKinds() []LocationKind {
	return []LocationKind{Warehouse, Store, ThirdParty, Supplier, Channel, Transit, Quarantine}
}

// Exact is the precision of coordinates that somebody gave. Those that were
// found from the address bear a precision of geo.
const Exact geo.Precision = "exact"

// Location is a place where stock lies.
type Location struct {
	ID            id.Location              `db:"id" json:"id"`
	Code          string                   `db:"code" json:"code"`
	Name          string                   `db:"name" json:"name"`
	Kind          LocationKind             `db:"kind" json:"kind"`
	Address       db.JSON[address.Address] `db:"address" json:"address"`
	LatE6         int64                    `db:"lat_e6" json:"lat_e6" doc:"Latitude in millionths of a degree."`
	LonE6         int64                    `db:"lon_e6" json:"lon_e6" doc:"Longitude in millionths of a degree."`
	Precision     geo.Precision            `db:"precision" json:"precision" doc:"How the coordinates were found: exact where they were given, unknown where there are none."`
	TimeZone      string                   `db:"time_zone" json:"time_zone" doc:"IANA name."`
	Active        bool                     `db:"active" json:"active"`
	ShipsOnline   bool                     `db:"ships_online" json:"ships_online" doc:"Orders of customers may be routed to it at all."`
	Pickup        bool                     `db:"pickup" json:"pickup" doc:"Customers may fetch orders here."`
	TakesReturns  bool                     `db:"takes_returns" json:"takes_returns"`
	AllowNegative bool                     `db:"allow_negative" json:"allow_negative" doc:"Goods may leave that are not on hand, which is recorded. Otherwise it is refused."`
	Capacity      int64                    `db:"capacity" json:"capacity" doc:"Parcels a day; 0 is no limit."`
	Cutoff        string                   `db:"cutoff" json:"cutoff,omitempty" doc:"Time of the day, HH:MM in the location's zone, until which orders still leave on the same day."`
	ClosedDays    db.JSON[[]string]        `db:"closed_days" json:"closed_days" doc:"Weekdays (sun) and dates (2026-12-25) on which nothing leaves."`
	Groups        db.JSON[[]string]        `db:"group_codes" json:"groups" doc:"Names by which rules of routing call the location, with others."`
	Sequence      int64                    `db:"sequence" json:"sequence" doc:"The merchant's own order of preference, smallest first."`
	Partner       string                   `db:"partner" json:"partner,omitempty" doc:"The connector that asks who sends goods from a location of the kind thirdparty or supplier; missing: people do."`
	Version       int64                    `db:"version" json:"version"`
	CreatedAt     time.Time                `db:"created_at" json:"created_at"`
	Switch
}

// Point is where the location lies; ok is false where that is not known.
func (l Location) Point() (p geo.Point, ok bool) {
	return geo.Point{Lat: float64(l.LatE6) / 1e6, Lon: float64(l.LonE6) / 1e6}, l.Precision != geo.Unknown && l.Precision != ""
}

// Ships tells whether orders of customers may be routed to the location.
func (l Location) Ships() bool { return l.Active && l.ShipsOnline && l.Kind.Sellable() }

// TakesOrders tells whether orders are routed to the location at a time: it may
// ship, and is not switched off.
func (l Location) TakesOrders(now time.Time) bool { return l.Ships() && l.Why(now) == "" }

// TakesPickups tells whether orders to be fetched at the location are taken at a
// time. It need not ship any.
func (l Location) TakesPickups(now time.Time) bool {
	return l.Active && l.Pickup && l.Kind.Sellable() && l.Why(now) == ""
}

// Zone is the location's time zone.
func (l Location) Zone() *time.Location {
	if z, ok := zones.Load(l.TimeZone); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(l.TimeZone)
	if err != nil {
		return time.UTC
	}
	zones.Store(l.TimeZone, z)
	return z
}

// zones are those that were loaded: each loading reads a file.
var zones sync.Map

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// OpenOn tells whether anything leaves the location on the day of t in its zone.
func (l Location) OpenOn(t time.Time) bool {
	t = t.In(l.Zone())
	return !slices.Contains(l.ClosedDays.V, weekdays[t.Weekday()]) && !slices.Contains(l.ClosedDays.V, t.Format(time.DateOnly))
}

// BeforeCutoff tells whether what comes in at t can still leave on the same
// day: the location is open and its cutoff is not over.
func (l Location) BeforeCutoff(t time.Time) bool {
	return l.OpenOn(t) && (l.Cutoff == "" || t.In(l.Zone()).Format("15:04") < l.Cutoff)
}

// Leaves is when what comes in at t leaves at the latest: at the cutoff of the
// first day that is open and whose cutoff is not over, or at its end where there
// is no cutoff. It is zero where nothing leaves within a year.
func (l Location) Leaves(t time.Time) time.Time {
	zone := l.Zone()
	t = t.In(zone)
	if !l.BeforeCutoff(t) {
		t = dayAfter(t, zone)
	}
	for range 366 {
		if l.OpenOn(t) {
			cutoff, err := time.Parse("15:04", l.Cutoff)
			if err != nil {
				return dayAfter(t, zone).UTC()
			}
			return time.Date(t.Year(), t.Month(), t.Day(), cutoff.Hour(), cutoff.Minute(), 0, 0, zone).UTC()
		}
		t = dayAfter(t, zone)
	}
	return time.Time{}
}

// Today is when the day of t began at the location.
func (l Location) Today(t time.Time) time.Time {
	t = t.In(l.Zone())
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location()).UTC()
}

func dayAfter(t time.Time, zone *time.Location) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, zone)
}

const maxText = 200

// clean tidies l and tells what is wrong with it. Coordinates that nobody gave
// are taken from the address.
func (l *Location) clean() error {
	l.Partner = text.Clean(l.Partner)
	l.Code, l.Name, l.Address.V = text.Clean(l.Code), text.Clean(l.Name), l.Address.V.Clean()
	f := fault.Fields{}
	if l.Code == "" || len(l.Code) > maxText {
		f.Add("code", "is missing or too long")
	}
	if l.Name == "" || len(l.Name) > maxText {
		f.Add("name", "is missing or too long")
	}
	if !slices.Contains(LocationKinds(), l.Kind) {
		f.Add("kind", "%q is no kind of location", l.Kind)
	}
	if _, err := time.LoadLocation(l.TimeZone); err != nil || l.TimeZone == "" || l.TimeZone == "Local" {
		f.Add("time_zone", "%q is not an IANA time zone such as Europe/Paris", l.TimeZone)
	}
	if _, err := time.Parse("15:04", l.Cutoff); l.Cutoff != "" && (err != nil || len(l.Cutoff) != 5) {
		f.Add("cutoff", "%q is not a time of the day such as 14:30", l.Cutoff)
	}
	if len(l.Partner) > maxText || l.Partner != "" && l.Kind != ThirdParty && l.Kind != Supplier {
		f.Add("partner", "is too long, or the location is neither a thirdparty nor a supplier")
	}
	if l.Capacity < 0 {
		f.Add("capacity", "is negative")
	}
	for _, d := range l.ClosedDays.V {
		if _, err := time.Parse(time.DateOnly, d); err != nil && !slices.Contains(weekdays, d) {
			f.Add("closed_days", "%q is neither a weekday such as sun nor a date such as 2026-12-25", d)
		}
	}
	if l.ClosedDays.V == nil {
		l.ClosedDays.V = []string{}
	}
	l.cleanGroups(f)
	l.Address.V.CheckForm(f, "address.")
	l.locate()
	if abs(l.LatE6) > 90e6 || abs(l.LonE6) > 180e6 {
		f.Add("lat_e6", "the coordinates are not on Earth")
	}
	return f.Err("location.invalid", "The location cannot be saved like this.")
}

// cleanGroups sorts the names of groups, each once.
func (l *Location) cleanGroups(f fault.Fields) {
	groups := []string{}
	for _, g := range l.Groups.V {
		if g = text.Clean(g); g == "" || len(g) > maxText {
			f.Add("groups", "a name is missing or too long")
		}
		groups = append(groups, g)
	}
	slices.Sort(groups)
	l.Groups.V = slices.Compact(groups)
}

func (l *Location) locate() {
	if l.Precision == Exact {
		return
	}
	place := geo.Locate(l.Address.V.Place())
	l.Precision, l.LatE6, l.LonE6 = place.Precision, 0, 0
	if place.Known() {
		l.LatE6, l.LonE6 = int64(place.Lat*1e6), int64(place.Lon*1e6)
	}
}

func abs(n int64) int64 { return max(n, -n) }

// SaveLocation adds a location, or changes the one whose id it bears and whose
// version it was read at (0: any). Coordinates count if their precision is
// Exact; else they are found from the address. Stock that is below zero or
// oversold keeps a location from forbidding negative stock.
func SaveLocation(ctx context.Context, tx *db.Tx, l Location) (Location, error) {
	if l.TimeZone == "" {
		l.TimeZone = "UTC"
	}
	if err := l.clean(); err != nil {
		return Location{}, err
	}
	var before any
	if l.ID.IsZero() {
		l.ID, l.Version, l.CreatedAt, l.Switch = id.New[id.Location](tx.Now()), 1, tx.Now(), Switch{}
	} else {
		old, err := db.Get[Location](ctx, tx, `SELECT `+db.Columns[Location]()+` FROM location WHERE id = ?`+tx.ForUpdate(), l.ID)
		if db.None(err) {
			return Location{}, noLocation(l.ID)
		}
		if err != nil {
			return Location{}, err
		}
		if err := CheckVersion(old.Version, l.Version, "The location "+old.Code); err != nil {
			return Location{}, err
		}
		before, l.Version, l.CreatedAt, l.Switch = old, old.Version+1, old.CreatedAt, old.Switch // see SwitchLocation
		if err := setPolicy(ctx, tx, old, l); err != nil {
			return Location{}, err
		}
	}
	_, err := db.Insert(ctx, tx, "location", []Location{l}, `
		ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, kind = excluded.kind, address = excluded.address,
		lat_e6 = excluded.lat_e6, lon_e6 = excluded.lon_e6, precision = excluded.precision, time_zone = excluded.time_zone,
		active = excluded.active, ships_online = excluded.ships_online, pickup = excluded.pickup, takes_returns = excluded.takes_returns,
		allow_negative = excluded.allow_negative, capacity = excluded.capacity, cutoff = excluded.cutoff,
		closed_days = excluded.closed_days, group_codes = excluded.group_codes, sequence = excluded.sequence, partner = excluded.partner, version = excluded.version`)
	if _, taken := db.Violated(err); taken {
		return Location{}, fault.New(fault.Conflict, "location.exists", "There is a location with the code %s already.", l.Code)
	}
	if err != nil {
		return Location{}, err
	}
	return l, audit.Record(ctx, tx, "save", "location", l.ID.String(), before, l)
}

// setPolicy writes the copies of a location's policy that its levels bear.
func setPolicy(ctx context.Context, tx *db.Tx, old, l Location) error {
	if old.AllowNegative == l.AllowNegative && old.Kind.Sellable() == l.Kind.Sellable() {
		return nil
	}
	if !l.AllowNegative {
		n, err := db.Get[int64](ctx, tx, `
			SELECT COUNT(*) FROM stock_level
			WHERE location_id = ? AND (on_hand < 0 OR on_hand < committed + damaged + quality_control + safety)`, l.ID)
		if err != nil {
			return err
		}
		if n > 0 {
			return fault.New(fault.Conflict, "location.negative_stock", "%d variants are below zero or oversold at %s. Count them before you forbid negative stock.", n, old.Code)
		}
	}
	if old.Kind.Sellable() != l.Kind.Sellable() {
		if err := refuseInUse(ctx, tx, old); err != nil {
			return err
		}
	}
	forget(tx)
	_, err := tx.Exec(ctx, `UPDATE stock_level SET allow_negative = ?, sellable = ? WHERE location_id = ?`, l.AllowNegative, l.Kind.Sellable(), l.ID)
	return broken(err)
}

// refuseInUse keeps a location from becoming one whose stock may not be sold, or
// from being that no longer, while it matters: orders have claims there, or
// transfers have goods under way there.
func refuseInUse(ctx context.Context, tx *db.Tx, old Location) error {
	claims, err := db.Get[int64](ctx, tx, `
		SELECT COUNT(*) FROM reservation WHERE status = 'active' AND demand_kind = 'order' AND kind = 'stock' AND location_id = ?`, old.ID)
	if err != nil {
		return err
	}
	if claims > 0 {
		return fault.New(fault.Conflict, "location.in_use", "Orders have %d claims on stock at %s. Move them first.", claims, old.Code)
	}
	if old.Kind != Transit {
		return nil
	}
	levels, err := db.Get[int64](ctx, tx, `SELECT COUNT(*) FROM stock_level WHERE on_hand <> 0 AND location_id = ?`, old.ID)
	if err == nil && levels > 0 {
		err = fault.New(fault.Conflict, "location.in_use", "%d variants are in transit at %s. Receive their transfers first.", levels, old.Code)
	}
	return err
}

// Locations returns all locations in the merchant's order of preference.
func Locations(ctx context.Context, r db.Reader) ([]Location, error) {
	return db.Select[Location](ctx, r, `SELECT `+db.Columns[Location]()+` FROM location ORDER BY sequence, code`)
}

// GetLocation returns one location.
func GetLocation(ctx context.Context, r db.Reader, l id.Location) (Location, error) {
	out, err := db.Get[Location](ctx, r, `SELECT `+db.Columns[Location]()+` FROM location WHERE id = ?`, l)
	if db.None(err) {
		err = noLocation(l)
	}
	return out, err
}

// LocationByCode returns one location by its code.
func LocationByCode(ctx context.Context, r db.Reader, code string) (Location, error) {
	out, err := db.Get[Location](ctx, r, `SELECT `+db.Columns[Location]()+` FROM location WHERE code = ?`, code)
	if db.None(err) {
		err = fault.New(fault.NotFound, "location.not_found", "There is no location with the code %q.", code)
	}
	return out, err
}

// codeOf is how people call a location, for the sentence of a fault.
func codeOf(ctx context.Context, r db.Reader, l id.Location) (string, error) {
	code, err := db.Get[string](ctx, r, `SELECT code FROM location WHERE id = ?`, l)
	if db.None(err) {
		err = noLocation(l)
	}
	return code, err
}

func noLocation(l id.Location) error {
	return fault.New(fault.NotFound, "location.not_found", "There is no location %s.", l)
}

// InTransit returns the location where goods are between two others, and makes
// it where there is none yet.
func InTransit(ctx context.Context, tx *db.Tx) (id.Location, error) {
	const find = `SELECT id FROM location WHERE kind = 'transit' ORDER BY id LIMIT 1`
	found, err := db.Get[id.Location](ctx, tx, find)
	if !db.None(err) {
		return found, err
	}
	l := Location{
		ID: id.New[id.Location](tx.Now()), Code: "TRANSIT", Name: "In transit", Kind: Transit, Precision: geo.Unknown, TimeZone: "UTC",
		Active: true, ClosedDays: db.JSON[[]string]{V: []string{}}, Groups: db.JSON[[]string]{V: []string{}}, Version: 1, CreatedAt: tx.Now(),
	}
	if _, err := db.Insert(ctx, tx, "location", []Location{l}, `ON CONFLICT (code) DO NOTHING`); err != nil {
		return id.Location{}, err
	}
	found, err = db.Get[id.Location](ctx, tx, find)
	if db.None(err) {
		err = fault.New(fault.Conflict, "location.no_transit", "The location TRANSIT is not of the kind transit. Give it another code, or add one of that kind.")
	}
	return found, err
}

type policy struct {
	ID            id.Location  `db:"id"`
	Kind          LocationKind `db:"kind"`
	AllowNegative bool         `db:"allow_negative"`
}

// policiesOf reads what levels copy from their locations, and keeps it from
// being changed until they are written.
func policiesOf(ctx context.Context, tx *db.Tx, locations []id.Location) (map[id.Location]policy, error) {
	query := `SELECT id, kind, allow_negative FROM location WHERE id IN (/*in*/) ORDER BY id`
	if tx.Postgres() {
		query += ` FOR SHARE`
	}
	rows, err := db.SelectIn[policy](ctx, tx, query, unique(locations))
	out := make(map[id.Location]policy, len(rows))
	for _, p := range rows {
		out[p.ID] = p
	}
	return out, err
}

// Package postal keeps the postal codes that a merchant imported. They lie over
// the coordinates that the program carries in itself.
package postal

import (
	"context"
	"errors"
	"io"
	"math"

	"purser/internal/base/geo"
	"purser/internal/platform/db"
)

type row struct {
	Country string `db:"country"`
	Code    string `db:"code"`
	Place   string `db:"place"`
	Region  string `db:"region"`
	LatE6   int64  `db:"lat_e6"`
	LonE6   int64  `db:"lon_e6"`
}

const batch = 5000

// Imported is what an import did.
type Imported struct {
	Codes    int64 // postal codes written
	Rejected int64 // lines that could not be read
}

// Import reads a GeoNames postal file, or a CSV with country, postal_code, lat
// and lon, and stores its codes, over those that are there. A line that cannot
// be read goes to reject and the rest goes on.
func Import(ctx context.Context, d *db.DB, r io.Reader, reject func(error), progress func(codes int64)) (Imported, error) {
	var done Imported
	seen := map[[2]string]bool{} // a file names a code once for each place in it
	var rows []row
	flush := func() error {
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := db.Insert(ctx, tx, "postal_code", rows, `
				ON CONFLICT (country, code) DO UPDATE SET place = excluded.place, region = excluded.region, lat_e6 = excluded.lat_e6, lon_e6 = excluded.lon_e6`)
			return err
		})
		done.Codes += int64(len(rows))
		rows = rows[:0]
		progress(done.Codes)
		return err
	}
	for code, err := range geo.Import(r) {
		var line *geo.LineError
		if errors.As(err, &line) {
			done.Rejected++
			reject(err)
			continue
		}
		if err != nil {
			return done, err
		}
		key := [2]string{code.Country, geo.NormalizePostalCode(code.Country, code.Code)}
		if seen[key] {
			continue
		}
		seen[key] = true
		rows = append(rows, row{key[0], key[1], code.Place, code.Region, micro(code.Lat), micro(code.Lon)})
		if len(rows) == batch {
			if err := flush(); err != nil {
				return done, err
			}
		}
	}
	return done, flush()
}

func micro(degrees float64) int64 { return int64(math.Round(degrees * 1e6)) }

// Overlay answers geo.LocateWith from the imported codes.
type Overlay map[[2]string]geo.Point

// PostalCode finds an imported code.
func (o Overlay) PostalCode(country, code string) (geo.Point, bool) {
	p, ok := o[[2]string{country, geo.NormalizePostalCode(country, code)}]
	return p, ok
}

// For reads the imported codes among addresses in one query; where nothing was
// imported for them it is empty.
func For(ctx context.Context, r db.Reader, addresses []geo.Address) (Overlay, error) {
	var codes []string
	for _, a := range addresses {
		if country, ok := geo.Country(a.Country); ok && a.PostalCode != "" {
			codes = append(codes, geo.NormalizePostalCode(country, a.PostalCode))
		}
	}
	rows, err := db.SelectIn[row](ctx, r, `SELECT country, code, place, region, lat_e6, lon_e6 FROM postal_code WHERE code IN (/*in*/)`, codes)
	over := make(Overlay, len(rows))
	for _, s := range rows {
		over[[2]string{s.Country, s.Code}] = geo.Point{Lat: float64(s.LatE6) / 1e6, Lon: float64(s.LonE6) / 1e6}
	}
	return over, err
}

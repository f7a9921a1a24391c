package cli

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/platform/db"
	"purser/internal/platform/postal"
)

type geoCommand struct {
	Import geoImport `cmd:"" help:"Add a country's postal codes from a GeoNames file (unpacked or .gz)."`
	Locate geoLocate `cmd:"" help:"Tell where an address lies, as routing sees it."`
}

type geoImport struct {
	File string `arg:"" type:"existingfile" help:"File in GeoNames' postal format, or CSV with country, postal_code, lat, lon."`
}

// Run imports the codes.
func (g *geoImport) Run(c *console) error {
	f, err := os.Open(g.File)
	if err != nil {
		return fault.New(fault.Invalid, "geo.cannot_open", "%s cannot be opened: %v.", g.File, err)
	}
	defer f.Close()
	r, err := unpacked(f)
	if err != nil {
		return err
	}
	return c.withDB(func(d *db.DB) error {
		start := time.Now()
		done, err := postal.Import(c.ctx, d, r,
			func(err error) { fmt.Fprintln(c.err, "refused:", err) },
			func(codes int64) { fmt.Fprintf(c.err, "\r%d postal codes", codes) })
		fmt.Fprintln(c.err)
		if err != nil {
			return err
		}
		c.printf("Stored %d postal codes in %s; refused %d lines.\n", done.Codes, time.Since(start).Round(10*time.Millisecond), done.Rejected)
		if done.Rejected > 0 {
			c.status = exitRejected
		}
		return nil
	})
}

// unpacked reads f, through gzip if it is that.
func unpacked(f io.Reader) (io.Reader, error) {
	r := bufio.NewReaderSize(f, 1<<16)
	if magic, err := r.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		return gzip.NewReader(r)
	}
	return r, nil
}

type geoLocate struct {
	Country string `required:"" help:"Country, as code or name."`
	Region  string `help:"State or province."`
	City    string `help:"City."`
	Postal  string `help:"Postal code."`
}

// Run locates the address.
func (g *geoLocate) Run(c *console) error {
	a := geo.Address{Country: g.Country, Region: g.Region, City: g.City, PostalCode: g.Postal}
	return c.withReader(func(d *db.DB) error {
		over, err := postal.For(c.ctx, d, []geo.Address{a})
		if err != nil {
			return err
		}
		p := geo.LocateWith(over, a)
		c.printf("%.4f, %.4f (%s %s)\n", p.Lat, p.Lon, p.Precision, p.Name)
		return nil
	})
}

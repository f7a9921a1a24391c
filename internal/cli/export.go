package cli

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/domain/catalog"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
	"purser/internal/view"
)

type exportCommand struct {
	What   string `arg:"" enum:"products,stock,orders,customers,events,journal,invoices" help:"One of ${enum}."`
	Format string `default:"csv" enum:"csv,json" help:"csv, or json: one object a line."`
	Output string `short:"o" placeholder:"FILE" help:"File to write, instead of standard output; packed if its name ends in .gz. It appears when it is whole."`
	From   string `placeholder:"DAY" help:"First business day, as 2026-01-31."`
	To     string `placeholder:"DAY" help:"Last business day."`
}

// Help is the long help text.
func (*exportCommand) Help() string {
	return `Reads one consistent state, beside a server that may be running, in constant memory.

CSV is UTF-8 with a header; columns keep their names, and new ones come last. Products and stock have the columns that
import reads, so that an export can be edited and imported. A text that a spreadsheet would take for a formula has an
apostrophe before it. Amounts are decimal numbers, and the currency stands in a column of its own. Orders and invoices
have a row for each line; what belongs to the whole of them stands in the first row.

JSON has products and orders whole, as the API shows them, with amounts in minor units; all else is as in CSV.`
}

// exporter writes one kind of thing.
type exporter struct {
	dated bool // takes a period
	write func(x *export) error
}

// export is a running export.
type export struct {
	ctx      context.Context
	r        *db.Snapshot
	postgres bool
	company  setting.Company
	period   view.Period
	json     bool
	out      *table
	left     int // cells of products that CSV cannot hold
}

var exporters = map[string]exporter{
	"products": {false, (*export).products},
	"stock": {false, func(x *export) error {
		x.out.header(view.StockRow{})
		return view.EachStock(x.ctx, x.r, x.company.BaseCurrency, func(row view.StockRow) error { return x.out.row(row) })
	}},
	"orders": {true, (*export).orders},
	"customers": {true, func(x *export) error {
		x.out.header(view.CustomerRow{})
		return view.EachCustomer(x.ctx, x.r, x.period, x.company.Zone(), func(row view.CustomerRow) error { return x.out.row(row) })
	}},
	"events": {true, func(x *export) error {
		x.out.header(view.EventRow{})
		return view.EachEvent(x.ctx, x.r, x.postgres, x.period, x.company.Zone(), func(row view.EventRow) error { return x.out.row(row) })
	}},
	"journal": {true, func(x *export) error {
		x.out.header(view.PostingRow{})
		return view.EachPosting(x.ctx, x.r, x.company.BaseCurrency, x.period, func(row view.PostingRow) error { return x.out.row(row) })
	}},
	"invoices": {true, func(x *export) error {
		x.out.header(view.InvoiceRow{})
		return view.EachInvoiceLine(x.ctx, x.r, x.company.BaseCurrency, x.period, func(row view.InvoiceRow) error { return x.out.row(row) })
	}},
}

func (x *export) products() error {
	x.out.header(view.ProductRow{})
	return view.EachProduct(x.ctx, x.r, func(in catalog.ProductInput) error {
		if x.json {
			return x.out.row(in)
		}
		rows, left := view.ProductRows(in, x.company.BaseCurrency)
		x.left += left
		return rowsOf(x.out, rows)
	})
}

func (x *export) orders() error {
	x.out.header(view.OrderRow{})
	return view.EachOrder(x.ctx, x.r, x.period, func(o view.ExportedOrder) error {
		if x.json {
			return x.out.row(o)
		}
		return rowsOf(x.out, view.OrderRows(o))
	})
}

func rowsOf[T any](out *table, rows []T) error {
	for _, row := range rows {
		if err := out.row(row); err != nil {
			return err
		}
	}
	return nil
}

// Run writes the export.
func (e *exportCommand) Run(c *console) error {
	how := exporters[e.What]
	period := view.Period{From: e.From, To: e.To}
	if err := period.Check(); err != nil {
		return err
	}
	if !how.dated && period != (view.Period{}) {
		return fault.New(fault.Invalid, "export.no_period", "%s are of no day: leave --from and --to away.", strings.ToUpper(e.What[:1])+e.What[1:])
	}
	return c.withReader(func(d *db.DB) error {
		return d.Read(c.ctx, func(s *db.Snapshot) error {
			company, err := setting.LoadCompany(c.ctx, s)
			if err != nil {
				return err
			}
			x := &export{ctx: c.ctx, r: s, postgres: d.Postgres(), company: company, period: period, json: e.Format == "json"}
			err = e.into(c.out, func(w io.Writer) error {
				x.out = newTable(w, x.json)
				return errors.Join(how.write(x), x.out.flush())
			})
			if err == nil {
				e.report(c, x)
			}
			return err
		})
	})
}

func (e *exportCommand) report(c *console, x *export) {
	if e.Output != "" {
		fmt.Fprintf(c.err, "Wrote %d %s to %s.\n", x.out.rows, plural(x.out.rows, "row", "rows"), e.Output)
	}
	if x.left > 0 {
		fmt.Fprintf(c.err, "%d %s left empty, since CSV cannot hold what is there (barcodes of cases, shares of a kit's price, texts of pictures, commas in tags, more than three options): importing the file leaves it as it is, and --format json has it.\n",
			x.left, plural(x.left, "cell was", "cells were"))
	}
}

// into gives write the place that the export goes to. A file is written beside
// its place and put there when it is whole.
func (e *exportCommand) into(stdout io.Writer, write func(io.Writer) error) error {
	if e.Output == "" {
		return buffered(stdout, write)
	}
	f, err := os.CreateTemp(filepath.Dir(e.Output), "."+filepath.Base(e.Output)+".*")
	if err != nil {
		return fault.New(fault.Invalid, "export.cannot_write", "%s cannot be written: %v.", e.Output, err)
	}
	defer os.Remove(f.Name()) // it is gone when it was put in its place
	if strings.HasSuffix(e.Output, ".gz") {
		z := gzip.NewWriter(f)
		err = errors.Join(buffered(z, write), z.Close())
	} else {
		err = buffered(f, write)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), e.Output)
}

func buffered(w io.Writer, write func(io.Writer) error) error {
	b := bufio.NewWriterSize(w, 1<<16)
	return errors.Join(write(b), b.Flush())
}

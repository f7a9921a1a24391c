package cli

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"purser/internal/base/fault"
	"purser/internal/base/money"
	"purser/internal/flow"
	"purser/internal/intake"
	"purser/internal/platform/db"
)

type importCommand struct {
	Products importProducts `cmd:"" help:"Add and change products with their variants, barcodes, kits and prices."`
	Stock    importStock    `cmd:"" help:"Make stock levels what a file says."`
	Orders   importOrders   `cmd:"" help:"Take in orders, returns and what else an orders file holds."`
}

// Help is the long help text.
func (*importCommand) Help() string {
	return `The file is CSV, plain or packed with gzip, of any size; - is the standard input. Formats and columns are described in
docs/import.md. Rows that cannot be taken go to a file of errors beside it, with the reason, and the rest goes on; exit
code 4 tells that there are any. The same file twice changes nothing, and an import that was interrupted goes on where it
stopped. --dry-run does everything in transactions that are rolled back: the error file is the same, the database is
left as it was; what one part of the file would change is not seen by the next.`
}

// importFile is what all imports have in common.
type importFile struct {
	File      string `arg:"" help:"File to read, or - for the standard input."`
	Format    string `placeholder:"NAME" help:"purser, shopify or, for orders, uci; found out from the columns if it is left out."`
	Mapping   string `type:"existingfile" placeholder:"FILE" help:"JSON file that says which column holds what."`
	DryRun    bool   `help:"Try everything and roll it back."`
	Errors    string `placeholder:"FILE" help:"Where refused rows go; by default FILE.errors.csv beside the file."`
	Currency  string `placeholder:"CODE" help:"Currency of prices that name none; the company's by default."`
	Charset   string `placeholder:"NAME" help:"Character set of the file, such as windows-1252; UTF-8 by default."`
	Delimiter string `placeholder:"CHAR" help:"Character between fields, or tab; found out by default."`
	Timezone  string `placeholder:"ZONE" help:"IANA name of the zone of times without one; UTC by default."`
	JSON      bool   `name:"json" help:"Print the summary as JSON."`
}

type importProducts struct{ importFile }

// Run imports products.
func (p *importProducts) Run(c *console) error {
	return p.run(c, intake.ImportOptions{}, func(d *db.DB, o intake.ImportOptions) (*intake.Summary, error) {
		s, err := p.open()
		if err != nil {
			return nil, err
		}
		defer s.Close()
		return intake.ImportProducts(c.ctx, d, s, o)
	})
}

type importStock struct{ importFile }

// Help is the long help text.
func (*importStock) Help() string {
	return `Of goods that never moved, the number is booked as opening stock; of others, the difference as that of a count.`
}

// Run imports stock.
func (s *importStock) Run(c *console) error {
	return s.run(c, intake.ImportOptions{}, func(d *db.DB, o intake.ImportOptions) (*intake.Summary, error) {
		source, err := s.open()
		if err != nil {
			return nil, err
		}
		defer source.Close()
		return intake.ImportStock(c.ctx, d, source, o)
	})
}

type importOrders struct {
	importFile
	As       string `default:"new" enum:"new,history" help:"new: each order goes through the whole flow. history: finished business is booked."`
	Stock    string `default:"skip" enum:"skip,update,force" help:"With --as history: skip leaves the stock as it is; update takes what has left, and refuses orders whose goods are not there; force receives what is missing first."`
	Channel  string `placeholder:"CODE" help:"Channel of orders that name none."`
	Location string `placeholder:"CODE" help:"Location that goods come to and leave from; the first that ships orders by default."`
}

// Help is the long help text.
func (*importOrders) Help() string {
	return `Examples:
  purser import orders --format uci online_retail.csv.gz
  purser import orders --as history --stock force --format shopify orders_export.csv
  purser import orders --mapping webshop.json --channel web orders.csv`
}

// Run imports orders.
func (o *importOrders) Run(c *console) error {
	more := intake.ImportOptions{Mode: intake.Mode(o.As), Stock: flow.StockPolicy(o.Stock), Channel: o.Channel, Location: o.Location}
	return o.run(c, more, func(d *db.DB, options intake.ImportOptions) (*intake.Summary, error) {
		return intake.ImportOrders(c.ctx, d, o.open, options)
	})
}

func (f *importFile) open() (*intake.Source, error) {
	return intake.Open(f.File, intake.SourceOptions{Charset: f.Charset, Delimiter: f.Delimiter})
}

// options completes what a kind of import asks for.
func (f *importFile) options(o intake.ImportOptions) (intake.ImportOptions, error) {
	o.Format, o.File, o.DryRun, o.Errors = f.Format, f.File, f.DryRun, f.Errors
	if f.Currency != "" {
		currency, err := money.ParseCurrency(f.Currency)
		if err != nil {
			return o, err
		}
		o.Currency = currency
	}
	if f.Timezone != "" {
		zone, err := time.LoadLocation(f.Timezone)
		if err != nil {
			return o, fault.New(fault.Invalid, "import.bad_timezone", "%q is not an IANA time zone such as Europe/Paris.", f.Timezone)
		}
		o.Zone = zone
	}
	if f.Mapping != "" {
		file, err := os.Open(f.Mapping)
		if err != nil {
			return o, fault.New(fault.Invalid, "import.no_mapping", "The mapping cannot be read: %v.", err)
		}
		defer file.Close()
		if o.Mapping, err = intake.ParseMapping(file); err != nil {
			return o, err
		}
	}
	return o, nil
}

// run imports the file and prints what became of it.
func (f *importFile) run(c *console, o intake.ImportOptions, take func(*db.DB, intake.ImportOptions) (*intake.Summary, error)) error {
	o, err := f.options(o)
	if err != nil {
		return err
	}
	bar := newProgressBar(c)
	o.Progress = bar.show
	return c.withDB(func(d *db.DB) error {
		s, err := take(d, o)
		bar.end()
		if err != nil {
			return err
		}
		if s.ErrorLines > 0 {
			c.status = exitRejected
		}
		if f.JSON {
			return c.printJSON(s)
		}
		printSummary(c, s)
		return nil
	})
}

// progressBar tells at a terminal how far an import is.
type progressBar struct {
	c     *console
	on    bool
	shown bool
	last  time.Time
}

func newProgressBar(c *console) *progressBar {
	file, ok := c.err.(*os.File)
	return &progressBar{c: c, on: ok && term.IsTerminal(int(file.Fd()))}
}

func (b *progressBar) show(p intake.Progress) {
	const often = 100 * time.Millisecond
	if !b.on || time.Since(b.last) < often && p.Percent() < 100 {
		return
	}
	b.last, b.shown = time.Now(), true
	const width = 30
	filled := p.Percent() * width / 100
	where := fmt.Sprintf("[%s%s] %3d%%", strings.Repeat("#", filled), strings.Repeat(".", width-filled), p.Percent())
	if p.Size == 0 {
		where = fmt.Sprintf("%.1f MB", float64(p.Bytes)/1e6)
	}
	fmt.Fprintf(b.c.err, "\r%s %d documents, %d lines, %d lines/s, %d refused   ", where, p.Documents, p.Lines, p.Rate(), p.Errors)
}

func (b *progressBar) end() {
	if b.shown {
		fmt.Fprintln(b.c.err)
	}
}

func printSummary(c *console, s *intake.Summary) {
	what := "Imported"
	if s.DryRun {
		what = "Tried"
	}
	c.printf("%s %d %s of %s (%s) in %.1f s, %d lines/s, with at most %.0f MB of memory.\n", what, s.Lines, plural(int(s.Lines), "line", "lines"), s.Kind, s.Format,
		s.Seconds, s.Rate, float64(s.PeakMemory)/1e6)
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	for _, outcome := range slices.Sorted(maps.Keys(s.Outcomes)) {
		fmt.Fprintf(w, "  %s\t%d\n", outcome, s.Outcomes[outcome])
	}
	if t := s.Totals; t != nil {
		fmt.Fprintln(w, "In the database, of all imports from this source:")
		for _, row := range []struct {
			name  string
			value int64
		}{
			{"lines", t.Lines}, {"documents", t.Documents}, {"cancellations", t.Cancellations}, {"lines of cancellations", t.CancellationLines},
			{"order lines", t.OrderLines}, {"return lines", t.ReturnLines}, {"charge lines", t.ChargeLines}, {"stock adjustment lines", t.AdjustmentLines},
			{"of these, written off", t.WriteOffLines}, {"lines of the books alone", t.BookEntryLines}, {"refused lines", t.ErrorLines},
			{"lines without customer", t.LinesWithoutCustomer}, {"customers", t.Customers}, {"codes", t.Codes}, {"units", t.NetQuantity}, {"repeated lines", t.Duplicates},
		} {
			fmt.Fprintf(w, "  %s\t%d\n", row.name, row.value)
		}
		for _, currency := range slices.Sorted(maps.Keys(t.Values)) {
			v := t.Values[currency]
			fmt.Fprintf(w, "  exact sum, %s\t%s\n  booked sum\t%s\n  rounding between them\t%s\n  of it cancelled\t%s\n", currency, v.Net, v.Booked, v.Rounding, v.Cancelled)
		}
	}
	w.Flush()
	if s.ErrorLines > 0 {
		c.printf("%d %s refused: see %s.\n", s.ErrorLines, plural(int(s.ErrorLines), "line was", "lines were"), s.ErrorFile)
	}
}

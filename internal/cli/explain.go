package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"purser/internal/base/fault"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
	"purser/internal/view"
)

type explainCommand struct {
	Stock explainStock `cmd:"" help:"Print the movements and reservations that make the stock of a variant."`
}

type explainStock struct {
	SKU  string `arg:"" name:"sku" help:"SKU or barcode of the variant."`
	At   string `placeholder:"TIME" help:"As it was then: 2026-01-31, 2026-01-31 14:05 or 2026-01-31T14:05:09Z; a time without a zone is the company's, and a day is its end."`
	Last int    `default:"50" help:"How many movements of a location to print, the newest; 0 is all. Earlier ones are summed up."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Help is the long help text.
func (*explainStock) Help() string {
	return "Everything is computed from the rows and nothing is taken from the levels, so it is what the levels should say; verify compares them."
}

// Run explains the stock.
func (e *explainStock) Run(c *console) error {
	return c.withReader(func(d *db.DB) error {
		return d.Read(c.ctx, func(s *db.Snapshot) error {
			zone := time.UTC
			if company, err := setting.LoadCompany(c.ctx, s); err == nil {
				zone = company.Zone()
			}
			at, err := parseTime(e.At, zone)
			if err != nil {
				return err
			}
			x, err := view.ExplainStock(c.ctx, s, e.SKU, at, e.Last)
			if err != nil {
				return err
			}
			if e.JSON {
				return c.printJSON(x)
			}
			return printExplanation(c, x, zone)
		})
	})
}

// parseTime reads a time as people write it; "" is the zero time, and a day is
// the last instant of it.
func parseTime(s string, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, s, zone); err == nil {
		return day.AddDate(0, 0, 1).Add(-time.Microsecond).UTC(), nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "cli.bad_time", "%q is not a time: write it like 2026-01-31 14:05.", s)
}

func printExplanation(c *console, x view.StockExplanation, zone *time.Location) error {
	when := "now"
	if !x.At.IsZero() {
		when = "at " + x.At.In(zone).Format("2006-01-02 15:04:05 MST")
	}
	c.printf("%s  %s, %s\n", x.SKU, x.Title, when)
	if len(x.Locations) == 0 {
		c.printf("\nThere never was any, and nobody waits for it.\n")
	}
	for _, l := range x.Locations {
		if err := printLocation(c, l, zone); err != nil {
			return err
		}
	}
	return nil
}

func printLocation(c *console, l view.ExplainedLocation, zone *time.Location) error {
	c.printf("\n%s  %s\n  on hand %d", l.Code, l.Name, l.OnHand)
	for _, n := range []struct {
		name  string
		units int64
	}{
		{"committed", l.Committed}, {"damaged", l.Damaged}, {"in quality control", l.QualityControl}, {"safety stock", l.Safety},
	} {
		if n.units != 0 {
			c.printf(", %s %d", n.name, n.units)
		}
	}
	c.printf(", available %d", l.Available)
	if !l.Sellable {
		c.printf(" (nothing is sold from here)")
	}
	if l.Backordered != 0 {
		c.printf("; backordered %d", l.Backordered)
	}
	if l.Incoming != 0 {
		c.printf("; incoming %d", l.Incoming)
	}
	c.printf("\n")
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	printMovements(w, l, zone)
	if len(l.Reservations) > 0 {
		fmt.Fprintln(w, "\n  SINCE\tCLAIM\tFOR\tUNITS\tPRIORITY\t")
		for _, r := range l.Reservations {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%d\t%d\t\n", r.QueuedAt.In(zone).Format(time.DateTime), r.Kind, r.For, r.Quantity, r.Priority)
		}
	}
	if len(l.Transfers) > 0 {
		fmt.Fprintln(w, "\n  INCOMING BY\tUNITS\t")
		for _, t := range l.Transfers {
			fmt.Fprintf(w, "  transfer %d\t%d\t\n", t.Number, t.Quantity)
		}
	}
	return w.Flush()
}

func printMovements(w *tabwriter.Writer, l view.ExplainedLocation, zone *time.Location) {
	if len(l.Movements) == 0 {
		return
	}
	fmt.Fprintln(w, "\n  TIME\tMOVEMENT\tSTATE\tUNITS\tON HAND\tCAUSE\tREASON\tBY\t")
	if l.Earlier != (inventory.Counts{}) {
		fmt.Fprintf(w, "  before\t\t\t\t%d\t\t\t\t\n", l.Earlier.OnHand)
	}
	for _, m := range l.Movements {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%+d\t%d\t%s\t%s\t%s\t\n",
			m.At.In(zone).Format(time.DateTime), m.Kind, m.State, m.Quantity, m.OnHandAfter, m.CauseName, m.Reason, m.Actor)
	}
}

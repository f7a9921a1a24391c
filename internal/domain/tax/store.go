package tax

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

// MaxLimit bounds a page, and how many rates are saved at once.
const MaxLimit = 500

// TableFor reads the rates that sales to places may need.
func TableFor(ctx context.Context, r db.Reader, places []Place) (Table, error) {
	regions := map[string][]string{}
	for _, p := range places {
		if p.Country != "" && !slices.Contains(regions[p.Country], p.Region) {
			regions[p.Country] = append(regions[p.Country], p.Region)
		}
	}
	var t Table
	for country, in := range regions {
		rows, err := db.SelectIn[Rate](ctx, r, `SELECT `+db.Columns[Rate]()+` FROM tax_rate WHERE country = ? AND (region = '' OR region IN (/*in*/))`, in, country)
		if err != nil {
			return nil, err
		}
		t = append(t, rows...)
	}
	return t, nil
}

// Save adds rates, or changes those whose id they bear and whose version they were
// read at (0: any), all or none. Orders keep the tax that they were placed with.
// Errors: Invalid tax.invalid, with the fields; NotFound tax.not_found; Stale
// tax.stale; Conflict tax.rate_exists.
func Save(ctx context.Context, tx *db.Tx, rates []Rate) ([]Rate, error) {
	f := fault.Fields{}
	out := slices.Clone(rates)
	for i := range out {
		prefix := ""
		if len(out) > 1 {
			prefix = fmt.Sprintf("rates[%d].", i)
		}
		out[i].clean(f, prefix)
	}
	if err := f.Err("tax.invalid", "The tax rates cannot be saved like this."); err != nil {
		return nil, err
	}
	for i := range out {
		if err := out[i].save(ctx, tx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *Rate) save(ctx context.Context, tx *db.Tx) error {
	var before any
	if r.ID.IsZero() {
		r.ID, r.Version, r.CreatedAt = id.New[id.TaxRate](tx.Now()), 1, tx.Now()
	} else {
		old, err := take(ctx, tx, r.ID, r.Version)
		if err != nil {
			return err
		}
		before, r.Version, r.CreatedAt = old, old.Version+1, old.CreatedAt
	}
	_, err := db.Insert(ctx, tx, "tax_rate", []Rate{*r}, `
		ON CONFLICT (id) DO UPDATE SET country = excluded.country, region = excluded.region, postal_prefix = excluded.postal_prefix, tax_class = excluded.tax_class,
			name = excluded.name, rate_ppm = excluded.rate_ppm, valid_from = excluded.valid_from, valid_to = excluded.valid_to, version = excluded.version`)
	if _, taken := db.Violated(err); taken {
		return fault.New(fault.Conflict, "tax.rate_exists", "%s has a rate of the class %s from %s on already: change that one.",
			strings.TrimSpace(r.Country+" "+r.Region+" "+r.PostalPrefix), r.Class, r.ValidFrom)
	}
	if err != nil {
		return err
	}
	return audit.Record(ctx, tx, "save", "tax_rate", r.ID.String(), before, *r)
}

func take(ctx context.Context, tx *db.Tx, rate id.TaxRate, version int64) (Rate, error) {
	rows, err := db.Select[Rate](ctx, tx, `SELECT `+db.Columns[Rate]()+` FROM tax_rate WHERE id = ?`+tx.ForUpdate(), rate)
	switch {
	case err != nil:
		return Rate{}, err
	case len(rows) == 0:
		return Rate{}, fault.New(fault.NotFound, "tax.not_found", "There is no tax rate %s.", rate)
	case version != 0 && version != rows[0].Version:
		return Rate{}, fault.New(fault.Stale, "tax.stale", "The tax rate was changed meanwhile. Load it again.").With(map[string]int64{"version": rows[0].Version})
	}
	return rows[0], nil
}

// Remove deletes a rate. Errors are those of Save.
func Remove(ctx context.Context, tx *db.Tx, rate id.TaxRate, version int64) error {
	old, err := take(ctx, tx, rate, version)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM tax_rate WHERE id = ?`, rate); err != nil {
		return err
	}
	return audit.Record(ctx, tx, "remove", "tax_rate", rate.String(), old, nil)
}

// Get returns a rate. Errors: NotFound tax.not_found.
func Get(ctx context.Context, r db.Reader, rate id.TaxRate) (Rate, error) {
	found, err := db.Get[Rate](ctx, r, `SELECT `+db.Columns[Rate]()+` FROM tax_rate WHERE id = ?`, rate)
	if db.None(err) {
		err = fault.New(fault.NotFound, "tax.not_found", "There is no tax rate %s.", rate)
	}
	return found, err
}

// Filter selects rates; what is empty selects all.
type Filter struct {
	Country string
	Class   string
	On      string // valid on the day
	Limit   int    // 1 to MaxLimit; 0 is 50
	After   string // the cursor that the page before gave
}

// List returns a page of rates in the order in which they were made. next is empty
// on the last page.
func List(ctx context.Context, r db.Reader, f Filter) (page []Rate, next string, err error) {
	var w db.Where
	if f.Country != "" {
		w.And("country = ?", f.Country)
	}
	if f.Class != "" {
		w.And("tax_class = ?", f.Class)
	}
	if f.On != "" {
		w.And("valid_from <= ? AND (valid_to = '' OR valid_to >= ?)", f.On, f.On)
	}
	if f.After != "" {
		var last id.TaxRate
		if err := last.UnmarshalText([]byte(f.After)); err != nil {
			return nil, "", fault.New(fault.Invalid, "tax.bad_cursor", "%q is not a cursor: use the one that the page before gave.", f.After)
		}
		w.And("id > ?", last)
	}
	n := min(f.Limit, MaxLimit)
	if n <= 0 {
		n = 50
	}
	page, err = db.Select[Rate](ctx, r, `SELECT `+db.Columns[Rate]()+` FROM tax_rate`+w.SQL()+` ORDER BY id LIMIT ?`, w.Args(n+1)...)
	if len(page) > n {
		page = page[:n]
		next = page[n-1].ID.String()
	}
	return page, next, err
}

// columns of a file of rates, in any order.
var columns = []string{"country", "region", "postal_prefix", "tax_class", "name", "rate_percent", "valid_from", "valid_to"}

// Read reads a CSV file with a head line of the columns country, region,
// postal_prefix, tax_class, name, rate_percent, valid_from and valid_to. Errors:
// Invalid tax.bad_file, with what is wrong in which line.
func Read(file io.Reader) ([]Rate, error) {
	in := csv.NewReader(file)
	in.TrimLeadingSpace = true
	head, err := in.Read()
	at := map[string]int{}
	for i, name := range head {
		at[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))] = i
	}
	f := fault.Fields{}
	for name := range at {
		if !slices.Contains(columns, name) {
			f.Add("line 1", "%q is not a column: use %s", name, strings.Join(columns, ", "))
		}
	}
	if _, ok := at["country"]; err != nil || !ok {
		f.Add("line 1", "the head line with the columns' names is missing")
	}
	var rates []Rate
	for line := 2; len(f) == 0; line++ {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			f.Add(fmt.Sprintf("line %d", line), "cannot be read: %v", err)
			break
		}
		cell := func(name string) string {
			if i, ok := at[name]; ok {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		micros, err := money.ParseMicros(cell("rate_percent"))
		if err != nil || micros%100 != 0 {
			f.Add(fmt.Sprintf("line %d", line), "rate_percent %q is not a number with at most four decimals", cell("rate_percent"))
			break
		}
		rates = append(rates, Rate{
			Country: cell("country"), Region: cell("region"), PostalPrefix: cell("postal_prefix"), Class: cell("tax_class"), Name: cell("name"),
			Rate: money.Rate(micros / 100), ValidFrom: cell("valid_from"), ValidTo: cell("valid_to"),
		})
	}
	return rates, f.Err("tax.bad_file", "The file of tax rates cannot be read.")
}

package intake

import (
	"errors"
	"io"

	"purser/internal/base/fault"
	"purser/internal/base/money"
)

// builder makes a record of a document's rows, or says which rows are wrong.
type builder[T any] func(key string, rows []Row) (T, []*RowError)

// reader turns a source into records of one kind.
type reader[T any] struct {
	source  *Source
	options Options
	format  string
	groups  *groups
	build   builder[T]
	skip    func(T) bool // records that say nothing; may be nil
	done    Progress
	told    int64
}

// OrderReader gives the documents of an orders file.
type OrderReader struct{ reader[*OrderDocument] }

// ProductReader gives the products of a products file.
type ProductReader struct{ reader[*ProductRecord] }

// StockReader gives the levels of a stock file.
type StockReader struct{ reader[*StockRecord] }

// ReadOrders prepares to read orders. Columns that the format needs and the file
// lacks are a fault, with all of them named.
func ReadOrders(s *Source, o Options) (*OrderReader, error) {
	r := &OrderReader{}
	key, err := r.prepare(Orders, s, o, map[string]binder[*OrderDocument]{
		FormatUCI: bindUCI, FormatShopify: bindShopifyOrders, FormatMapping: bindOrders,
	})
	r.groups = newGroups(s, key, r.rejected)
	return r, err
}

// ReadProducts prepares to read products.
func ReadProducts(s *Source, o Options) (*ProductReader, error) {
	r := &ProductReader{}
	key, err := r.prepare(Products, s, o, map[string]binder[*ProductRecord]{
		FormatShopify: bindShopifyProducts, FormatMapping: bindProducts,
	})
	r.groups = newGroups(s, key, r.rejected)
	r.groups.limit = maxProductRows
	return r, err
}

// ReadStock prepares to read stock.
func ReadStock(s *Source, o Options) (*StockReader, error) {
	r := &StockReader{}
	key, err := r.prepare(Stock, s, o, map[string]binder[*StockRecord]{
		FormatShopify: bindShopifyStock, FormatMapping: bindStock,
	})
	r.groups = newGroups(s, key, r.rejected)
	r.groups.single = true
	r.skip = func(s *StockRecord) bool { return s == nil }
	return r, err
}

// binder finds a format's columns in a header and says how rows become records.
type binder[T any] func(columns, Options) (func(Row) (string, *RowError), builder[T], error)

func (r *reader[T]) prepare(k Kind, s *Source, o Options, binders map[string]binder[T]) (func(Row) (string, *RowError), error) {
	format, err := o.format(k, s.Header())
	if err != nil {
		return nil, err
	}
	if o.Currency != "" && !o.Currency.Valid() {
		_, err := money.ParseCurrency(string(o.Currency))
		return nil, err
	}
	header := index(s.Header())
	r.source, r.options, r.format = s, o, format
	if format == FormatPurser {
		o.Mapping, format = plainMapping(k, header), FormatMapping
	}
	if format == FormatMapping && o.Mapping.Kind != k {
		return nil, fault.New(fault.Invalid, "import.wrong_kind", "The mapping is for %s, not for %s.", o.Mapping.Kind, k)
	}
	key, build, err := binders[format](header, o)
	r.build = build
	return key, err
}

// Format is the format that the file is read in.
func (r *reader[T]) Format() string { return r.format }

// Source names where documents come from: what is known by its key in one
// source is not imported from it again.
func (r *reader[T]) Source() string {
	if m := r.options.Mapping; m != nil && m.Source != "" {
		return m.Source
	}
	return r.format
}

// Next is the next record; io.EOF at the end; or a fault if the file cannot be
// read on. Rows that are refused go to Options.Reject on the way.
func (r *reader[T]) Next() (T, error) {
	var none T
	for {
		g, err := r.groups.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				r.tell()
			}
			return none, err
		}
		record, wrong := r.build(g.key, g.rows)
		if len(wrong) > 0 {
			r.refuse(g, wrong)
			continue
		}
		if r.skip != nil && r.skip(record) {
			continue
		}
		r.done.Documents++
		const every = 2000
		if r.source.lines-r.told >= every {
			r.tell()
		}
		return record, nil
	}
}

// Refuse rejects all rows of a record that was read well and cannot be booked,
// each with the same reason. Wrong names the row that is to blame, as a position
// in the record's Rows; -1 is all of them.
func (r *reader[T]) Refuse(key string, rows []Row, wrong int, code, reason string) {
	for _, e := range refusals(key, rows, wrong, code, reason) {
		r.rejected(e)
	}
}

func refusals(key string, rows []Row, wrong int, code, reason string) []*RowError {
	out := make([]*RowError, len(rows))
	for i, row := range rows {
		if wrong < 0 || i == wrong {
			out[i] = &RowError{Row: row, Document: key, Code: code, Reason: reason}
		} else {
			out[i] = incomplete(key, row)
		}
	}
	return out
}

// refuse rejects a document with what is wrong with some of its rows.
func (r *reader[T]) refuse(g *group, wrong []*RowError) {
	next := 0
	for _, row := range g.rows {
		if next < len(wrong) && wrong[next].Row.Line == row.Line {
			wrong[next].Document = g.key
			r.rejected(wrong[next])
			next++
			continue
		}
		r.rejected(incomplete(g.key, row))
	}
}

func (r *reader[T]) rejected(e *RowError) {
	r.done.Errors++
	if r.options.Reject != nil {
		r.options.Reject(e)
	}
}

// Progress tells how far the file is read.
func (r *reader[T]) Progress() Progress {
	p := r.source.Progress()
	p.Documents, p.Errors = r.done.Documents, r.done.Errors
	return p
}

func (r *reader[T]) tell() {
	r.told = r.source.lines
	if r.options.Progress != nil {
		r.options.Progress(r.Progress())
	}
}

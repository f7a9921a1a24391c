// Package intake takes in files of other systems: products, stock and orders
// as CSV, plain or packed, of any size.
//
// It works in steps that each hold a few records at a time. A Source gives the
// rows of a file with their line numbers. A reader for the kind of file
// (OrderReader, ProductReader, StockReader) assembles rows into records that
// know nothing of the format they came in. Rows that make no sense go to the
// error file with their reason, and the rest goes on; only a file that cannot be
// read on at all is a fault.
//
// A document is taken whole or not at all: if one row of an order is wrong, all
// rows of that order are refused, since an order that lacks a line would be
// shipped and charged wrongly.
package intake

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/money"
)

// Kind is what a file is about.
type Kind string

// The kinds of files.
const (
	Products Kind = "products"
	Stock    Kind = "stock"
	Orders   Kind = "orders"
)

var kinds = []Kind{Products, Stock, Orders}

// The named formats.
const (
	FormatPurser  = "purser"  // Purser's own columns; see docs/import.md
	FormatShopify = "shopify" // Shopify's orders_export, products_export and inventory_export
	FormatUCI     = "uci"     // the UCI Online Retail file
	FormatMapping = "mapping" // any columns, as a Mapping names them
)

// Formats lists the named formats of a kind of file.
func Formats(k Kind) []string {
	if k == Orders {
		return []string{FormatPurser, FormatShopify, FormatUCI}
	}
	return []string{FormatPurser, FormatShopify}
}

// Options say how a file is read.
type Options struct {
	Format   string          // a named format; empty: by the mapping, else by the header
	Mapping  *Mapping        // columns of a file in a format of its own
	Currency money.Currency  // where the file names none
	Zone     *time.Location  // of times without a zone; nil: the format's own, else UTC
	Reject   func(*RowError) // gets each refused row; nil: they are counted only
	Progress func(Progress)  // gets a report every few thousand rows and at the end; may be nil
}

// Progress tells how far a file is read.
type Progress struct {
	Bytes     int64         `json:"bytes"`          // of the file as it lies on the disk
	Size      int64         `json:"size,omitempty"` // of the whole file; 0 if unknown
	Lines     int64         `json:"lines"`          // rows read, without the header
	Documents int64         `json:"documents"`      // records handed on
	Errors    int64         `json:"errors"`         // rows refused
	Elapsed   time.Duration `json:"elapsed"`
}

// Rate is the number of rows read in a second.
func (p Progress) Rate() int64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return int64(float64(p.Lines) / p.Elapsed.Seconds())
}

// Percent is the part of the file that is read, 0 if its size is unknown.
func (p Progress) Percent() int {
	if p.Size <= 0 {
		return 0
	}
	return int(min(100, p.Bytes*100/p.Size))
}

// RowError is why a row was refused.
type RowError struct {
	Row      Row
	Document string // the number of the document it belongs to, where it is known
	Code     string // stable, e.g. row.bad_value
	Reason   string // one sentence for a person
}

func (e *RowError) Error() string {
	return fmt.Sprintf("line %d: %s: %s", e.Row.Line, e.Code, e.Reason)
}

// The codes of rows that are refused.
const (
	CodeOpenQuote  = "row.open_quote"           // a quoted field is never closed
	CodeTooLong    = "row.too_long"             // a row of more than 4 MiB
	CodeNUL        = "row.nul"                  // a NUL character
	CodeEncoding   = "row.encoding"             // bytes that are no UTF-8
	CodeFieldCount = "row.field_count"          // more or fewer fields than the header
	CodeBadValue   = "row.bad_value"            // a value is missing or cannot be read
	CodeIncomplete = "document.incomplete"      // another row of the same document was refused
	CodeTorn       = "document.torn"            // the document's rows do not lie together
	CodeTooMany    = "document.too_large"       // more rows than a document may have
	CodeDisagrees  = "document.disagrees"       // its rows say different things of the whole
	CodeTotals     = "document.totals_disagree" // its parts do not sum to its total
)

// format finds the format to read a file of kind k in.
func (o Options) format(k Kind, header []string) (string, error) {
	if o.Mapping != nil {
		if o.Format != "" && o.Format != FormatMapping {
			return "", fault.New(fault.Invalid, "import.two_formats", "Give a named format or a mapping, not both.")
		}
		return FormatMapping, nil
	}
	if o.Format != "" {
		if !slices.Contains(Formats(k), o.Format) {
			return "", fault.New(fault.Invalid, "import.unknown_format", "There is no format %q for %s: use one of %s, or a mapping.",
				o.Format, k, strings.Join(Formats(k), ", "))
		}
		return o.Format, nil
	}
	columns := index(header)
	for _, name := range Formats(k) {
		if len(columns.missing(required(k, name))) == 0 {
			return name, nil
		}
	}
	return "", fault.New(fault.Invalid, "import.unknown_columns",
		"The columns fit none of the formats %s. Name the format to hear what is missing, or give a mapping. The columns are: %s.",
		strings.Join(Formats(k), ", "), list(header))
}

// required are the columns without which a file of kind k is not in a format.
func required(k Kind, format string) []string {
	switch {
	case format == FormatUCI:
		return uciColumns
	case format == FormatShopify && k == Orders:
		return shopifyOrderColumns
	case format == FormatShopify && k == Products:
		return shopifyProductColumns
	case format == FormatShopify:
		return shopifyStockColumns
	}
	var names []string
	for _, t := range targets(k) {
		if t.required {
			names = append(names, t.name)
		}
	}
	return names
}

// list writes names for a sentence, the first forty of them.
func list(names []string) string {
	const most = 40
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

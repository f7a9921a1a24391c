package view

import (
	"context"

	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/platform/db"
)

// Imported is what the documents of one source have become, recomputed from the
// rows that were booked for them.
type Imported struct {
	Documents            int64
	Lines                int64 // rows of the file
	Duplicates           int64 // of these, rows that say the same as another of their document
	Cancellations        int64
	CancellationLines    int64
	BookEntryLines       int64
	LinesWithoutCustomer int64
	Customers            int64
	Codes                int64 // different codes of goods and charges
	OrderLines           int64
	ChargeLines          int64
	AdjustmentLines      int64
	WriteOffLines        int64
	Units                int64 // sold, less what came back, was found or written off
	Money                []ImportedMoney
}

// ImportedMoney is money of one currency at one price, with its sign: what came
// back is negative.
type ImportedMoney struct {
	Currency money.Currency `db:"currency"`
	Returned bool           `db:"returned"` // in a cancellation
	Price    money.Micros   `db:"price"`
	Quantity int64          `db:"quantity"`
	Booked   int64          `db:"booked"`   // minor units
	Discount int64          `db:"discount"` // minor units, in neither price nor booked
}

// importedDocuments counts the documents of a source. Charges that have no code
// are not of a row of their own.
const importedDocuments = `
	SELECT COUNT(*) AS documents, CAST(COALESCE(SUM(lines), 0) AS BIGINT) AS lines, CAST(COALESCE(SUM(duplicates), 0) AS BIGINT) AS duplicates,
		COUNT(*) FILTER (WHERE outcome = 'return') AS cancellations,
		CAST(COALESCE(SUM(lines) FILTER (WHERE outcome = 'return'), 0) AS BIGINT) AS cancellation_lines,
		CAST(COALESCE(SUM(lines) FILTER (WHERE outcome = 'book_entry'), 0) AS BIGINT) AS book_entry_lines
	FROM import_document WHERE source = ?`

// importedPeople counts customers, and the rows of documents that have none.
const importedPeople = `
	WITH known AS (
		SELECT x.key, o.customer_id FROM import_object x JOIN sales_order o ON o.id = x.object_id WHERE x.source = ? AND x.kind = 'order' AND o.customer_id IS NOT NULL
		UNION SELECT x.key, r.customer_id FROM import_object x JOIN sales_return r ON r.id = x.object_id WHERE x.source = ? AND x.kind = 'return' AND r.customer_id IS NOT NULL
		UNION SELECT x.key, i.customer_id FROM import_object x JOIN invoice i ON i.id = x.object_id WHERE x.source = ? AND x.kind = 'invoice' AND i.customer_id IS NOT NULL
	)
	SELECT (SELECT COUNT(DISTINCT customer_id) FROM known) AS customers,
		(SELECT CAST(COALESCE(SUM(lines), 0) AS BIGINT) FROM import_document WHERE source = ? AND key NOT IN (SELECT key FROM known)) AS without`

const importedCodes = `
	SELECT COUNT(*) FROM (
		SELECT l.sku AS code FROM import_object x JOIN order_line l ON l.order_id = x.object_id WHERE x.source = ? AND x.kind = 'order' AND l.kind <> 'component' AND l.sku <> ''
		UNION SELECT c.code FROM import_object x JOIN order_charge c ON c.order_id = x.object_id WHERE x.source = ? AND x.kind = 'order' AND c.code <> ''
		UNION SELECT v.sku FROM import_object x JOIN return_line l ON l.return_id = x.object_id JOIN variant v ON v.id = l.variant_id WHERE x.source = ? AND x.kind = 'return'
		UNION SELECT l.sku FROM import_object x JOIN invoice_line l ON l.invoice_id = x.object_id WHERE x.source = ? AND x.kind = 'invoice' AND l.sku <> ''
		UNION SELECT v.sku FROM import_object x JOIN stock_movement m ON m.cause_id = x.object_id JOIN variant v ON v.id = m.variant_id WHERE x.source = ? AND x.kind = 'adjustment'
		UNION SELECT code FROM import_object WHERE source = ? AND code <> ''
	) AS codes`

// importedLines counts what rows have become, and their units.
const importedLines = `
	SELECT 'order' AS what, COUNT(*) AS lines, CAST(COALESCE(SUM(l.quantity), 0) AS BIGINT) AS units
		FROM import_object x JOIN order_line l ON l.order_id = x.object_id WHERE x.source = ? AND x.kind = 'order' AND l.kind <> 'component'
	UNION ALL SELECT 'charge', COUNT(*), CAST(COALESCE(SUM(c.quantity), 0) AS BIGINT)
		FROM import_object x JOIN order_charge c ON c.order_id = x.object_id WHERE x.source = ? AND x.kind = 'order' AND c.code <> ''
	UNION ALL SELECT 'charge', COUNT(*), CAST(COALESCE(SUM(CASE WHEN i.series = 'credit_note' THEN -l.quantity ELSE l.quantity END), 0) AS BIGINT)
		FROM import_object x JOIN invoice i ON i.id = x.object_id JOIN invoice_line l ON l.invoice_id = i.id WHERE x.source = ? AND x.kind = 'invoice' AND l.sku <> ''
	UNION ALL SELECT 'return', COUNT(*), CAST(COALESCE(SUM(-l.quantity), 0) AS BIGINT)
		FROM import_object x JOIN return_line l ON l.return_id = x.object_id WHERE x.source = ? AND x.kind = 'return'
	UNION ALL SELECT CASE WHEN m.quantity < 0 THEN 'write_off' ELSE 'find' END, COUNT(*), CAST(COALESCE(SUM(m.quantity), 0) AS BIGINT)
		FROM import_object x JOIN stock_movement m ON m.cause_id = x.object_id
		WHERE x.source = ? AND x.kind = 'adjustment' AND m.kind = 'adjust' GROUP BY CASE WHEN m.quantity < 0 THEN 'write_off' ELSE 'find' END
	UNION ALL SELECT CASE WHEN quantity < 0 THEN 'write_off' ELSE 'find' END, COUNT(*), CAST(COALESCE(SUM(quantity), 0) AS BIGINT)
		FROM import_object WHERE source = ? AND kind = 'unmoved' GROUP BY CASE WHEN quantity < 0 THEN 'write_off' ELSE 'find' END
	UNION ALL SELECT 'journal', COUNT(*), CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM import_object WHERE source = ? AND kind = 'journal'`

// importedMoney sums up amounts by price, so that the exact sum can be computed.
const importedMoney = `
	SELECT o.currency, FALSE AS returned, l.unit_price_micros AS price, CAST(SUM(l.quantity) AS BIGINT) AS quantity, CAST(SUM(l.subtotal) AS BIGINT) AS booked,
			CAST(SUM(l.line_discount + l.order_discount) AS BIGINT) AS discount
		FROM import_object x JOIN sales_order o ON o.id = x.object_id JOIN order_line l ON l.order_id = o.id
		WHERE x.source = ? AND x.kind = 'order' AND l.kind <> 'component' GROUP BY o.currency, l.unit_price_micros
	UNION ALL SELECT o.currency, FALSE, c.unit_price_micros, CAST(SUM(c.quantity) AS BIGINT), CAST(SUM(c.amount) AS BIGINT), CAST(SUM(c.discount) AS BIGINT)
		FROM import_object x JOIN sales_order o ON o.id = x.object_id JOIN order_charge c ON c.order_id = o.id
		WHERE x.source = ? AND x.kind = 'order' GROUP BY o.currency, c.unit_price_micros
	UNION ALL SELECT r.currency, TRUE, l.unit_price_micros, CAST(SUM(-l.quantity) AS BIGINT), CAST(SUM(-l.total) AS BIGINT), 0
		FROM import_object x JOIN sales_return r ON r.id = x.object_id JOIN return_line l ON l.return_id = r.id
		WHERE x.source = ? AND x.kind = 'return' GROUP BY r.currency, l.unit_price_micros
	UNION ALL SELECT i.currency, d.outcome = 'return', l.unit_price_micros, CAST(SUM(CASE WHEN i.series = 'credit_note' THEN -l.quantity ELSE l.quantity END) AS BIGINT),
			CAST(SUM(CASE WHEN i.series = 'credit_note' THEN -l.total ELSE l.total END) AS BIGINT), 0
		FROM import_object x JOIN import_document d ON d.source = x.source AND d.key = x.key JOIN invoice i ON i.id = x.object_id JOIN invoice_line l ON l.invoice_id = i.id
		WHERE x.source = ? AND x.kind = 'invoice' GROUP BY i.currency, d.outcome = 'return', l.unit_price_micros`

// importedDebts are corrections of the books: what is written off is lost.
const importedDebts = `
	SELECT l.currency, CAST(-l.amount AS BIGINT) AS amount
	FROM import_object x JOIN journal j ON j.source_id = x.object_id JOIN journal_line l ON l.journal_id = j.id
	WHERE x.source = ? AND x.kind = 'journal' AND l.account = '` + accounting.BadDebts + `'`

// ImportedFrom recomputes what the documents of a source have become.
func ImportedFrom(ctx context.Context, r db.Reader, source string) (Imported, error) {
	type documents struct {
		Documents         int64 `db:"documents"`
		Lines             int64 `db:"lines"`
		Duplicates        int64 `db:"duplicates"`
		Cancellations     int64 `db:"cancellations"`
		CancellationLines int64 `db:"cancellation_lines"`
		BookEntryLines    int64 `db:"book_entry_lines"`
	}
	type people struct {
		Customers int64 `db:"customers"`
		Without   int64 `db:"without"`
	}
	d, err := db.Get[documents](ctx, r, importedDocuments, source)
	if err != nil {
		return Imported{}, err
	}
	p, err := db.Get[people](ctx, r, importedPeople, source, source, source, source)
	if err != nil {
		return Imported{}, err
	}
	out := Imported{
		Documents: d.Documents, Lines: d.Lines, Duplicates: d.Duplicates, Cancellations: d.Cancellations, CancellationLines: d.CancellationLines,
		BookEntryLines: d.BookEntryLines, Customers: p.Customers, LinesWithoutCustomer: p.Without,
	}
	if out.Codes, err = db.Get[int64](ctx, r, importedCodes, source, source, source, source, source, source); err != nil {
		return Imported{}, err
	}
	if err := out.count(ctx, r, source); err != nil {
		return Imported{}, err
	}
	if out.Money, err = db.Select[ImportedMoney](ctx, r, importedMoney, source, source, source, source); err != nil {
		return Imported{}, err
	}
	type debt struct {
		Currency money.Currency `db:"currency"`
		Amount   int64          `db:"amount"`
	}
	debts, err := db.Select[debt](ctx, r, importedDebts, source)
	for _, x := range debts {
		out.Money = append(out.Money, ImportedMoney{Currency: x.Currency, Price: money.MicrosOf(x.Amount, x.Currency), Quantity: 1, Booked: x.Amount})
	}
	return out, err
}

func (out *Imported) count(ctx context.Context, r db.Reader, source string) error {
	type counted struct {
		What  string `db:"what"`
		Lines int64  `db:"lines"`
		Units int64  `db:"units"`
	}
	return db.Each(ctx, r, func(c counted) error {
		out.Units += c.Units
		switch c.What {
		case "order":
			out.OrderLines += c.Lines
		case "charge":
			out.ChargeLines += c.Lines
		case "write_off":
			out.WriteOffLines += c.Lines
			out.AdjustmentLines += c.Lines
		case "find":
			out.AdjustmentLines += c.Lines
		}
		return nil
	}, importedLines, source, source, source, source, source, source, source)
}

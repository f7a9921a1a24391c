package view

import (
	"cmp"
	"context"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
)

// PostingRow is a line of the journal.
type PostingRow struct {
	Entry        id.Journal     `db:"id" json:"entry"`
	Date         string         `db:"business_date" json:"date"`
	Kind         string         `db:"kind" json:"kind"`
	Line         int64          `db:"position" json:"line"`
	Account      string         `db:"account" json:"account"`
	AccountName  string         `db:"account_name" json:"account_name"`
	Currency     money.Currency `db:"currency" json:"currency"`
	Debit        Decimal        `json:"debit"`
	Credit       Decimal        `json:"credit"`
	BaseCurrency money.Currency `json:"base_currency"`
	BaseDebit    Decimal        `json:"base_debit"`
	BaseCredit   Decimal        `json:"base_credit"`
	Memo         string         `db:"memo" json:"memo"`
	OrderNumber  string         `db:"order_number" json:"order_number"`
	SourceKind   string         `db:"source_kind" json:"source_kind"`
	Source       id.Any         `db:"source_id" json:"source"`
	Actor        string         `db:"actor" json:"actor"`
	PostedAt     time.Time      `db:"posted_at" json:"posted_at"`
}

// EachPosting hands on the journal of a period, line by line, by business day.
func EachPosting(ctx context.Context, r db.Reader, base money.Currency, p Period, fn func(PostingRow) error) error {
	type row struct {
		PostingRow
		Amount int64 `db:"amount"`
		Base   int64 `db:"base"`
	}
	var w db.Where
	p.on(&w, "j.business_date")
	return db.Each(ctx, r, func(l row) error {
		l.BaseCurrency = base
		l.Debit, l.Credit = sides(l.Amount, l.Currency)
		l.BaseDebit, l.BaseCredit = sides(l.Base, base)
		return fn(l.PostingRow)
	}, `
		SELECT j.id, j.business_date, j.kind, l.position, l.account, a.name AS account_name, l.currency, l.amount, l.base, j.memo,
			COALESCE(CAST(o.number AS TEXT), '') AS order_number, j.source_kind, j.source_id, j.actor, j.posted_at
		FROM journal j
		JOIN journal_line l ON l.journal_id = j.id
		JOIN account a ON a.code = l.account
		LEFT JOIN sales_order o ON o.id = j.order_id`+w.SQL()+` ORDER BY j.business_date, j.id, l.position`, w.Args()...)
}

// sides writes a signed amount as debit and credit.
func sides(amount int64, c money.Currency) (debit, credit Decimal) {
	if amount < 0 {
		return decimal(0, c), decimal(-amount, c)
	}
	return decimal(amount, c), decimal(0, c)
}

// InvoiceRow is a line of an invoice or a credit note. What belongs to the whole
// document stands in its first line only, so that the column can be summed.
type InvoiceRow struct {
	Series         string         `db:"series" json:"series"`
	Number         int64          `db:"number" json:"number"`
	Date           string         `db:"business_date" json:"date"`
	DueOn          string         `db:"due_on" json:"due_on"`
	Status         string         `db:"status" json:"status"`
	OrderNumber    string         `db:"order_number" json:"order_number"`
	CustomerNumber string         `db:"customer_number" json:"customer_number"`
	BillTo         string         `json:"bill_to"`
	BillCountry    string         `json:"bill_country"`
	Company        string         `db:"company_name" json:"company"`
	VATNumber      string         `db:"vat_number" json:"vat_number"`
	Line           int64          `db:"position" json:"line"`
	Kind           string         `db:"kind" json:"kind"`
	SKU            string         `db:"sku" json:"sku"`
	Title          string         `db:"title" json:"title"`
	Quantity       int64          `db:"quantity" json:"quantity"`
	Currency       money.Currency `db:"currency" json:"currency"`
	UnitPrice      Decimal        `json:"unit_price"`
	Discount       Decimal        `json:"discount"`
	Subtotal       Decimal        `json:"subtotal"` // before tax
	TaxRate        Decimal        `json:"tax_rate"` // percent
	Tax            Decimal        `json:"tax"`
	Total          Decimal        `json:"total"`
	InvoiceTotal   Decimal        `json:"invoice_total"`
	InvoiceTax     Decimal        `json:"invoice_tax"`
	InvoicePaid    Decimal        `json:"invoice_paid"`
	BaseCurrency   money.Currency `json:"base_currency"`
	ExchangeRate   Decimal        `db:"exchange_rate" json:"exchange_rate"`
	BaseTotal      Decimal        `json:"base_total"`
	IssuedAt       time.Time      `db:"issued_at" json:"issued_at"`
}

// EachInvoiceLine hands on the invoices and credit notes of a period, line by
// line, by business day.
func EachInvoiceLine(ctx context.Context, r db.Reader, base money.Currency, p Period, fn func(InvoiceRow) error) error {
	type row struct {
		InvoiceRow
		Address      db.JSON[address.Address] `db:"bill_to"`
		Price        money.Micros             `db:"unit_price_micros"`
		Rate         money.Rate               `db:"tax_ppm"`
		LineDiscount int64                    `db:"line_discount"`
		LineSubtotal int64                    `db:"line_subtotal"`
		LineTax      int64                    `db:"line_tax"`
		LineTotal    int64                    `db:"line_total"`
		WholeTotal   int64                    `db:"whole_total"`
		WholeTax     int64                    `db:"whole_tax"`
		WholePaid    int64                    `db:"whole_paid"`
		WholeBase    int64                    `db:"whole_base"`
	}
	var w db.Where
	p.on(&w, "i.business_date")
	last := invoiceKey{}
	return db.Each(ctx, r, func(l row) error {
		c, a := l.Currency, l.Address.V
		l.BillTo, l.BillCountry, l.BaseCurrency = cmp.Or(a.Company, a.Name), a.Country, base
		l.UnitPrice, l.TaxRate = Decimal(l.Price.String()), Decimal(l.Rate.Percent())
		l.Discount, l.Subtotal, l.Tax, l.Total = decimal(l.LineDiscount, c), decimal(l.LineSubtotal, c), decimal(l.LineTax, c), decimal(l.LineTotal, c)
		if this := (invoiceKey{l.Series, l.Number}); this != last {
			last = this
			l.InvoiceTotal, l.InvoiceTax, l.InvoicePaid = decimal(l.WholeTotal, c), decimal(l.WholeTax, c), decimal(l.WholePaid, c)
			l.BaseTotal = decimal(l.WholeBase, base)
		}
		return fn(l.InvoiceRow)
	}, `
		SELECT i.series, i.number, i.business_date, i.due_on, i.status, COALESCE(CAST(o.number AS TEXT), '') AS order_number,
			COALESCE(c.number, '') AS customer_number, COALESCE(b.name, '') AS company_name, COALESCE(b.vat_number, '') AS vat_number,
			i.bill_to, i.currency, i.exchange_rate, i.issued_at,
			i.total AS whole_total, i.tax AS whole_tax, i.paid AS whole_paid, i.base_total AS whole_base,
			l.position, l.kind, l.sku, l.title, l.quantity, l.unit_price_micros, l.tax_ppm,
			l.discount AS line_discount, l.subtotal AS line_subtotal, l.tax AS line_tax, l.total AS line_total
		FROM invoice i
		JOIN invoice_line l ON l.invoice_id = i.id
		LEFT JOIN sales_order o ON o.id = i.order_id
		LEFT JOIN customer c ON c.id = i.customer_id
		LEFT JOIN company b ON b.id = i.company_id`+w.SQL()+`
		ORDER BY i.business_date, i.series, i.number, l.position`, w.Args()...)
}

type invoiceKey struct {
	series string
	number int64
}

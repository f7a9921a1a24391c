package intake

import (
	"strings"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/base/money"
)

// uciColumns are the columns of the UCI Online Retail file: order lines of a
// gift wholesaler in the United Kingdom, in pounds sterling and London time.
var uciColumns = []string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}

// uciServices are the codes among the products that are no goods, and what they
// charge for. PADS and the gift vouchers look like them and are sold like goods.
var uciServices = map[string]ChargeKind{
	"POST": ShippingCharge, "DOT": ShippingCharge, "C2": ShippingCharge, // carriage
	"M": FeeCharge, "m": FeeCharge, // entered by hand
	"D":            FeeCharge,                                            // discount
	"S":            FeeCharge,                                            // samples
	"BANK CHARGES": FeeCharge, "AMAZONFEE": FeeCharge, "CRUK": FeeCharge, // commissions
}

// uciBadDebt is the code of corrections of the books alone.
const uciBadDebt = "B"

type uciReader struct {
	invoice, sku, description, quantity, date, price, customer, country int

	dates *dates
}

// uciLine is a row of the file, read.
type uciLine struct {
	row      Row
	sku      string
	title    string
	quantity int64
	price    money.Micros
	amount   int64
}

// bindUCI reads the UCI Online Retail file. Each row becomes one of these:
//
//   - Invoices A… correct the books (bad debts).
//   - Invoices C… are cancellations: goods come back, charges are given back.
//   - Negative rows outside C… have no price: goods that are written off.
//   - An invoice without customer, price and service is stock that was found or
//     counted, one row each, with the reason as its description.
//   - Of all others, goods are order lines, at price 0 if they were a gift, and
//     services are charges. Without customer the order is a guest's.
func bindUCI(header columns, o Options) (func(Row) (string, *RowError), builder[*OrderDocument], error) {
	if err := header.check(uciColumns); err != nil {
		return nil, nil, err
	}
	zone := o.Zone
	if zone == nil {
		var err error
		if zone, err = time.LoadLocation("Europe/London"); err != nil {
			return nil, nil, err
		}
	}
	u := &uciReader{
		invoice: header.find("InvoiceNo"), sku: header.find("StockCode"), description: header.find("Description"), quantity: header.find("Quantity"),
		date: header.find("InvoiceDate"), price: header.find("UnitPrice"), customer: header.find("CustomerID"), country: header.find("Country"),
	}
	u.dates, _ = dateReader("", zone)
	key := func(row Row) (string, *RowError) {
		invoice := strings.TrimSpace(row.Fields[u.invoice])
		if invoice == "" {
			return "", &RowError{Row: row, Code: CodeBadValue, Reason: "InvoiceNo: is missing."}
		}
		return invoice, nil
	}
	return key, u.build, nil
}

const uciCurrency = money.Currency("GBP")

func (u *uciReader) build(key string, rows []Row) (*OrderDocument, []*RowError) {
	var errs []*RowError
	lines := make([]uciLine, len(rows))
	d := &OrderDocument{Key: key, ExternalID: key, Number: key, Channel: FormatUCI, Currency: uciCurrency, Rows: rows}
	for i, row := range rows {
		wrong := fault.Fields{}
		lines[i] = u.line(row, wrong)
		placed, err := u.dates.read(row.Fields[u.date])
		if err != nil {
			wrong.Add("InvoiceDate", "%v", err)
		}
		if i == 0 {
			d.PlacedAt = placed
			d.Customer.Number = u.number(row)
			d.ShipTo = address.Address{Country: uciCountry(short(wrong, "Country", row.Fields[u.country], maxShort))}
			d.BillTo = d.ShipTo
			short(wrong, "InvoiceNo", key, maxShort)
			short(wrong, "CustomerID", d.Customer.Number, maxShort)
		} else if u.number(row) != d.Customer.Number {
			errs = append(errs, &RowError{Row: row, Code: CodeDisagrees, Reason: "CustomerID: differs from that of the invoice's first row."})
			continue
		}
		if len(wrong) > 0 {
			errs = append(errs, &RowError{Row: row, Code: CodeBadValue, Reason: reasons(wrong)})
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	d.Kind = uciKind(key, d.Customer, lines)
	for i, l := range lines {
		if wrong := d.addUCI(i, l); wrong != "" {
			errs = append(errs, &RowError{Row: l.row, Code: CodeBadValue, Reason: wrong})
		}
	}
	if d.Kind == Sale && len(d.Lines) == 0 {
		d.Kind = ChargeOnly
	}
	d.settleUCI()
	return d, errs
}

// settleUCI says what the file does not: what was invoiced has left and was paid.
func (d *OrderDocument) settleUCI() {
	if d.Kind != Sale {
		return
	}
	d.FulfilledAt, d.Payment.Method = d.PlacedAt, "bank"
	for _, l := range d.Lines {
		d.Payment.Paid += l.Amount
	}
	for _, c := range d.Charges {
		d.Payment.Paid += c.Amount
	}
}

func (u *uciReader) line(row Row, wrong fault.Fields) uciLine {
	l := uciLine{row: row, sku: strings.TrimSpace(row.Fields[u.sku]), title: title(row.Fields[u.description])}
	if l.sku == "" {
		wrong.Add("StockCode", "is missing")
	}
	short(wrong, "StockCode", l.sku, maxShort)
	short(wrong, "Description", l.title, maxTitle)
	var err error
	if l.quantity, err = integer(row.Fields[u.quantity], '.'); err != nil {
		wrong.Add("Quantity", "%v", err)
	} else if l.quantity == 0 {
		wrong.Add("Quantity", "is 0")
	}
	if l.price, err = money.ParseMicros(row.Fields[u.price]); err != nil {
		wrong.Add("UnitPrice", "%s", sentence(err))
	} else if l.amount, err = l.price.Times(l.quantity, uciCurrency); err != nil {
		wrong.Add("UnitPrice", "%s", sentence(err))
	}
	return l
}

// number is a row's customer: 17850.0 is 17850.
func (u *uciReader) number(row Row) string {
	return strings.TrimSuffix(strings.TrimSpace(row.Fields[u.customer]), ".0")
}

// uciKind tells what an invoice is.
func uciKind(invoice string, c Customer, lines []uciLine) DocumentKind {
	switch invoice[0] {
	case 'C':
		return Cancellation
	case 'A':
		return BookEntry
	}
	written, valued, service := false, false, false
	for _, l := range lines {
		_, is := uciServices[l.sku]
		written = written || l.quantity < 0
		valued = valued || l.price != 0
		service = service || is
	}
	if written && !valued || !valued && !service && c.IsZero() {
		return Adjustment
	}
	return Sale
}

// addUCI books a row as what it is in the document, or says why it makes no
// sense there.
func (d *OrderDocument) addUCI(i int, l uciLine) (wrong string) {
	kind, service := uciServices[l.sku]
	switch {
	case d.Kind == BookEntry:
		if l.sku != uciBadDebt {
			return "StockCode: an invoice A… corrects bad debts and has the code B alone."
		}
		kind, service = FeeCharge, true
	case l.price < 0:
		return "UnitPrice: is negative."
	case d.Kind == Cancellation && l.quantity > 0:
		return "Quantity: is positive in a cancellation."
	case d.Kind == Sale && l.quantity < 0:
		return "Quantity: is negative in an invoice of goods that are sold."
	case d.Kind == Adjustment && service:
		return "StockCode: a service has no stock to adjust."
	}
	if service {
		d.Charges = append(d.Charges, DocumentCharge{Row: i, Kind: kind, Code: l.sku, Title: uciTitle(l), Quantity: l.quantity, UnitPrice: l.price, Amount: l.amount})
		return ""
	}
	line := DocumentLine{Row: i, SKU: l.sku, Title: uciTitle(l), Quantity: l.quantity, UnitPrice: l.price, Amount: l.amount}
	if d.Kind == Adjustment {
		line.Title, line.Remark, line.Reason = "", l.title, adjustmentReason(l.title, l.quantity)
	}
	d.Lines = append(d.Lines, line)
	return ""
}

func uciTitle(l uciLine) string {
	if l.title == "" {
		return l.sku
	}
	return l.title
}

// adjustmentReasons are beginnings of words in remarks by which a reason is
// known, first those of goods that go.
var adjustmentReasons = []struct{ word, reason string }{
	{"damag", "damaged"}, {"dagam", "damaged"}, {"broken", "damaged"}, {"wet", "damaged"}, {"rust", "damaged"}, {"moul", "damaged"},
	{"faulty", "damaged"}, {"crush", "damaged"}, {"smash", "damaged"}, {"crack", "damaged"}, {"throw", "damaged"},
	{"sample", "sample"}, {"showroom", "sample"}, {"display", "sample"}, {"given away", "sample"}, {"mailout", "sample"},
	{"lost", "lost"}, {"missing", "lost"}, {"mia ", "lost"},
	{"found", "found"},
}

// adjustmentReason sorts what was remarked on an adjustment under a reason.
func adjustmentReason(remark string, quantity int64) string {
	spaced := " " + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return ' '
	}, strings.ToLower(remark)) + " "
	for _, r := range adjustmentReasons {
		if (r.reason == "found") == (quantity > 0) && strings.Contains(spaced, " "+r.word) {
			return r.reason
		}
	}
	return "correction"
}

// uciCountry is a country's code, "" where the file names none or several.
func uciCountry(name string) string {
	code, _ := geo.Country(strings.TrimSpace(name))
	return code
}

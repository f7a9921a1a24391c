package intake

import (
	"cmp"
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/catalog"
	"purser/internal/domain/channel"
	"purser/internal/domain/customer"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// batchSize is how many documents are booked in one transaction, at most: those
// of one business day.
const batchSize = 150

// orderImport is the import of an orders file.
type orderImport struct {
	*importer
	company setting.Company
	source  string           // where documents are known from: orders:uci
	survey  map[string]Goods // of a file that comes without products; nil: none

	// goods are variants by SKU that transactions before have read, so that not
	// every day's are read anew: a SKU stays with its variant.
	goods map[string]catalog.Variant
}

// maxGoods bounds the variants that are kept in memory.
const maxGoods = 20_000

// ImportOrders takes in an orders file. open opens it, for a format that comes
// without a list of products twice: once to learn which goods it names.
//
// Each document is booked with a note of it in one transaction, so that the same
// file twice changes nothing, and an import that was interrupted goes on where
// it stopped. Documents that cannot be booked go to the error file.
func ImportOrders(ctx context.Context, d *db.DB, open func() (*Source, error), o ImportOptions) (*Summary, error) {
	o.Mode = cmp.Or(o.Mode, AsNew)
	if o.Mode == AsHistory {
		o.Stock = cmp.Or(o.Stock, flow.StockSkip)
	} else {
		o.Stock = ""
	}
	im := &orderImport{importer: newImporter(d, Orders, o), goods: map[string]catalog.Variant{}}
	im.summary.Mode, im.summary.Stock = o.Mode, o.Stock
	s, err := open()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	reader, err := im.prepare(ctx, s, open)
	if err != nil {
		return nil, err
	}
	usual, err := hurry(ctx, d)
	if err != nil {
		return nil, err
	}
	defer usual()
	sameDay := func(a, b *OrderDocument) bool { return im.company.Day(a.PlacedAt) == im.company.Day(b.PlacedAt) }
	err = pump(ctx, reader.Next, batchSize, sameDay, func(docs []*OrderDocument) error { return im.book(ctx, docs) })
	if err != nil {
		return nil, errors.Join(err, im.errors.Close())
	}
	if !o.DryRun {
		err := d.Read(ctx, func(s *db.Snapshot) (err error) {
			im.summary.Totals, err = TotalsOf(ctx, s, im.source)
			return err
		})
		if err != nil {
			return nil, err
		}
		im.summary.Totals.refused(im.errors.Rows())
	}
	return im.finish(ctx, reader.Progress())
}

// prepare finds out how the file is read, and what it needs that is not there.
func (im *orderImport) prepare(ctx context.Context, s *Source, open func() (*Source, error)) (*OrderReader, error) {
	format, err := im.o.format(Orders, s.Header())
	if err != nil {
		return nil, err
	}
	im.summary.Format = format
	if im.company, err = companyOf(ctx, im.d, format); err != nil {
		return nil, err
	}
	if im.o.Currency == "" {
		im.o.Currency = im.company.BaseCurrency
	}
	if im.o.Channel != "" {
		if _, err := channel.ByCode(ctx, im.d, im.o.Channel); err != nil {
			return nil, err
		}
	}
	if im.o.Location != "" {
		l, err := inventory.LocationByCode(ctx, im.d, im.o.Location)
		if err != nil {
			return nil, err
		}
		if !l.Ships() {
			return nil, fault.New(fault.Conflict, "import.location_closed", "No orders are shipped from %s. Name another location.", l.Name)
		}
	}
	if format == FormatUCI {
		if err := im.look(open); err != nil {
			return nil, err
		}
	}
	reader, err := ReadOrders(s, im.open(s))
	if err != nil {
		return nil, err
	}
	im.source = "orders:" + reader.Source()
	return reader, nil
}

// look reads the file once for the goods that it names.
func (im *orderImport) look(open func() (*Source, error)) error {
	s, err := open()
	if err != nil {
		return err
	}
	defer s.Close()
	read := im.o.Options
	read.Reject, read.Progress = nil, nil
	reader, err := ReadOrders(s, read)
	if err != nil {
		return err
	}
	survey := NewSurvey()
	for {
		d, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		survey.Add(d)
	}
	im.survey = map[string]Goods{}
	for _, g := range survey.Goods() {
		im.survey[g.SKU] = g
	}
	return nil
}

// book books documents of one business day.
func (im *orderImport) book(ctx context.Context, docs []*OrderDocument) error {
	return half(docs, func(part []*OrderDocument) error {
		var b *batch
		err := im.write(ctx, func(tx *db.Tx) error {
			b = &batch{im: im, results: make([]result, len(part))}
			for i, d := range part {
				b.results[i].doc = d
			}
			return b.book(ctx, tx)
		})
		if err != nil {
			return err
		}
		im.remember(b)
		for i := range b.results {
			r := &b.results[i]
			if r.fault != nil {
				im.refuse(r.doc.Key, r.doc.Rows, r.doc.blamed(r.fault), r.fault)
				continue
			}
			im.summary.Outcomes[r.outcome]++
		}
		return nil
	}, func(d *OrderDocument, f *fault.Error) {
		im.refuse(d.Key, d.Rows, d.blamed(f), f)
	})
}

// remember keeps the variants that a transaction has read or made.
func (im *orderImport) remember(b *batch) {
	if im.o.DryRun {
		return // what it made is not there
	}
	if len(im.goods) > maxGoods {
		clear(im.goods)
	}
	for _, v := range b.known {
		im.goods[v.SKU] = v
	}
}

var lineField = regexp.MustCompile(`^(lines|charges)\[(\d+)\]`)

// blamed is the row that a fault is about, or -1 for all.
func (d *OrderDocument) blamed(f *fault.Error) int {
	for field := range f.Fields {
		m := lineField.FindStringSubmatch(field)
		if m == nil {
			continue
		}
		i, err := strconv.Atoi(m[2])
		switch {
		case err != nil:
		case m[1] == "lines" && i < len(d.Lines):
			return d.Lines[i].Row
		case m[1] == "charges" && i < len(d.Charges):
			return d.Charges[i].Row
		}
	}
	return -1
}

// result is what became of a document.
type result struct {
	doc      *OrderDocument
	outcome  string
	customer id.Customer
	objects  []object
	fault    *fault.Error // why it is refused
}

// become notes a thing that the document has become.
func (r *result) become(kind string, of id.Any) {
	r.objects = append(r.objects, object{Kind: kind, ID: of})
}

// batch is documents that are booked in one transaction.
type batch struct {
	im      *orderImport
	results []result
	place   *place
	known   map[article]catalog.Variant
}

// book books the documents kind by kind: what is sold first, so that what came
// back on the same day finds it.
func (b *batch) book(ctx context.Context, tx *db.Tx) error {
	open, err := b.open(ctx, tx)
	if err != nil || len(open) == 0 {
		return err
	}
	byKind := map[DocumentKind][]*result{}
	for _, r := range open {
		byKind[r.doc.Kind] = append(byKind[r.doc.Kind], r)
	}
	for _, step := range []struct {
		kind DocumentKind
		book func(context.Context, *db.Tx, []*result) error
	}{
		{Sale, b.sales}, {Cancellation, b.cancellations}, {Adjustment, b.adjustments}, {ChargeOnly, b.charges}, {BookEntry, b.bookEntries},
	} {
		if len(byKind[step.kind]) == 0 {
			continue
		}
		if err := step.book(ctx, tx, byKind[step.kind]); err != nil {
			return err
		}
	}
	return b.note(ctx, tx, open)
}

// open finds the documents that are not booked yet, and what they need.
func (b *batch) open(ctx context.Context, tx *db.Tx) ([]*result, error) {
	keys := make([]string, len(b.results))
	for i, r := range b.results {
		keys[i] = r.doc.Key
	}
	before, err := known(ctx, tx, b.im.source, keys)
	if err != nil {
		return nil, err
	}
	var open []*result
	var docs []*OrderDocument
	for i := range b.results {
		r := &b.results[i]
		if before[r.doc.Key] {
			r.outcome = outcomeKnown
			continue
		}
		open, docs = append(open, r), append(docs, r.doc)
	}
	if len(open) == 0 {
		return nil, nil
	}
	tx.At(slices.MaxFunc(docs, func(x, y *OrderDocument) int { return x.PlacedAt.Compare(y.PlacedAt) }).PlacedAt)
	if b.place, err = b.im.openPlace(ctx, tx, docs); err != nil {
		return nil, err
	}
	if b.known, err = b.im.articles(ctx, tx, b.place, docs); err != nil {
		return nil, err
	}
	if err := b.resolve(ctx, tx, open); err != nil {
		return nil, err
	}
	return open, b.exchange(ctx, tx, open)
}

// resolve finds the customers. Who leaves neither number nor e-mail address nor
// telephone is a guest.
func (b *batch) resolve(ctx context.Context, tx *db.Tx, open []*result) error {
	identities := make([]customer.Identity, len(open))
	for i, r := range open {
		c, d := r.doc.Customer, r.doc
		if c.Number == "" && c.Email == "" && c.Phone == "" {
			continue
		}
		if c.Name == "" && c.Number != "" {
			c.Name = "Customer " + c.Number
		}
		to := d.BillTo
		if to.IsZero() {
			to = d.ShipTo
		}
		identities[i] = customer.Identity{Number: c.Number, Email: c.Email, Phone: c.Phone, Name: c.Name, Address: to, Currency: d.Currency}
	}
	found, err := customer.Resolve(ctx, tx, identities)
	for i := range found {
		open[i].customer = found[i]
	}
	return err
}

// exchange refuses documents in currencies of which there is no rate, and those
// of channels that there are not.
func (b *batch) exchange(ctx context.Context, tx *db.Tx, open []*result) error {
	type key struct {
		currency money.Currency
		day      string
	}
	seen := map[key]*fault.Error{}
	for _, r := range open {
		code := b.im.channelOf(r.doc)
		if b.place.channels[code].ID.IsZero() {
			r.fault = fault.New(fault.NotFound, "channel.not_found", "There is no channel %q. Add it first, or name another with --channel.", code)
			continue
		}
		k := key{r.doc.Currency, b.place.company.Day(r.doc.PlacedAt)}
		why, asked := seen[k]
		if !asked && k.currency != b.place.company.BaseCurrency {
			_, err := accounting.RateOn(ctx, tx, b.place.company.BaseCurrency, k.currency, k.day)
			if f, ok := blame(err); ok {
				why = f
			} else if err != nil {
				return err
			}
		}
		seen[k], r.fault = why, why
	}
	return nil
}

// note writes the documents that were booked.
func (b *batch) note(ctx context.Context, tx *db.Tx, open []*result) error {
	var documents []document
	var objects []object
	for _, r := range open {
		if r.fault != nil {
			continue
		}
		documents = append(documents, document{b.im.source, r.doc.Key, b.im.run, r.outcome, int64(len(r.doc.Rows)), duplicates(r.doc.Rows)})
		for i, o := range r.objects {
			o.Source, o.Key, o.Position = b.im.source, r.doc.Key, int64(i+1)
			objects = append(objects, o)
		}
	}
	return b.im.record(ctx, tx, documents, objects)
}

// good lists those of some results that were not refused.
func good(results []*result) []*result {
	return slices.DeleteFunc(slices.Clone(results), func(r *result) bool { return r.fault != nil })
}

// duplicates counts rows of a document that say the same as another of it.
func duplicates(rows []Row) int64 {
	if len(rows) == 1 {
		return 0
	}
	seen := make(map[string]bool, len(rows))
	for _, r := range rows {
		seen[r.Raw] = true
	}
	return int64(len(rows) - len(seen))
}

// variant is the variant of a line's code in a document.
func (b *batch) variant(d *OrderDocument, code string) catalog.Variant {
	return b.known[article{b.im.channelOf(d), code}]
}

func unknownArticle(sku string) *fault.Error {
	return fault.New(fault.NotFound, "import.unknown_article", "There is no variant %q: import the products first, or map the channel's article.", sku)
}

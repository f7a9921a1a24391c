package intake

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// productBatch is how many products are saved in one transaction.
const productBatch = 200

// ImportProducts takes in a products file. What is as it should be already stays
// untouched, so that the same file twice changes nothing.
func ImportProducts(ctx context.Context, d *db.DB, s *Source, o ImportOptions) (*Summary, error) {
	im := newImporter(d, Products, o)
	company, err := setting.LoadCompany(ctx, d)
	if err != nil {
		return nil, err
	}
	im.o.Currency = money.Currency(cmp.Or(string(o.Currency), string(company.BaseCurrency)))
	reader, err := ReadProducts(s, im.open(s))
	if err != nil {
		return nil, err
	}
	im.summary.Format = reader.Format()
	g := &goodsImport{importer: im}
	alike := func(_, _ *ProductRecord) bool { return true }
	err = pump(ctx, reader.Next, productBatch, alike, func(records []*ProductRecord) error { return g.book(ctx, records) })
	if err == nil {
		err = g.bookWaiting(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, im.errors.Close())
	}
	return im.finish(ctx, reader.Progress())
}

// goodsImport is the import of a products file.
type goodsImport struct {
	*importer
	waiting []*ProductRecord // kits that name what may stand further down
	last    bool             // nothing is further down
}

func (g *goodsImport) book(ctx context.Context, records []*ProductRecord) error {
	inputs := make([]catalog.ProductInput, len(records))
	for i, r := range records {
		inputs[i] = r.Product
	}
	var results []catalog.ProductResult
	err := g.write(ctx, func(tx *db.Tx) (err error) {
		if results, err = catalog.SaveProducts(ctx, tx, inputs); err != nil {
			return err
		}
		if slices.ContainsFunc(results, func(r catalog.ProductResult) bool {
			return r.Outcome == catalog.Created || r.Outcome == catalog.Updated
		}) {
			return g.begin(ctx, tx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, r := range results {
		f, refused := fault.As(r.Err)
		switch {
		case r.Err != nil && !refused:
			return r.Err
		case refused && !g.last && namesComponents(f):
			g.waiting = append(g.waiting, records[i])
		case refused:
			g.refuse(records[i].Key, records[i].Rows, records[i].blamed(f), f)
		default:
			g.summary.Outcomes[string(r.Outcome)]++
		}
	}
	return nil
}

// bookWaiting saves the kits whose components stood further down in the file.
func (g *goodsImport) bookWaiting(ctx context.Context) error {
	g.last = true
	for part := range slices.Chunk(g.waiting, productBatch) {
		if err := g.book(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

func namesComponents(f *fault.Error) bool {
	for field := range f.Fields {
		if strings.Contains(field, ".components[") {
			return true
		}
	}
	return false
}

var variantField = regexp.MustCompile(`^variants\[(\d+)\]`)

// blamed is the row that a fault is about, where each row is a variant; -1 is all.
func (r *ProductRecord) blamed(f *fault.Error) int {
	if len(r.Rows) != len(r.Product.Variants) {
		return -1
	}
	for field := range f.Fields {
		if m := variantField.FindStringSubmatch(field); m != nil {
			if i, err := strconv.Atoi(m[1]); err == nil && i < len(r.Rows) {
				return i
			}
		}
	}
	return -1
}

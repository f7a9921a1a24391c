package intake

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/catalog"
	"purser/internal/domain/channel"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// uciCompany is the company whose books the UCI Online Retail file is of, for an
// import into an empty database.
var uciCompany = setting.Company{Name: "Online Retail", BaseCurrency: uciCurrency, TimeZone: "Europe/London", Country: "GB"}

// companyOf reads the company. The UCI file brings its own.
func companyOf(ctx context.Context, r db.Reader, format string) (setting.Company, error) {
	c, err := setting.LoadCompany(ctx, r)
	if f, ok := fault.As(err); ok && f.Code == "company.not_set_up" && format == FormatUCI {
		return uciCompany, nil
	}
	return c, err
}

// ownChannels are those that are made where they are missing.
var ownChannels = map[string]string{FormatUCI: "Online Retail", FormatShopify: "Shopify"}

// place is where orders are booked: read, and where something is missing made,
// in each transaction.
type place struct {
	company  setting.Company
	location inventory.Location
	channels map[string]channel.Channel
}

func (im *orderImport) openPlace(ctx context.Context, tx *db.Tx, docs []*OrderDocument) (*place, error) {
	p := &place{company: im.company, channels: map[string]channel.Channel{}}
	if im.summary.Format == FormatUCI {
		if _, err := flow.EnsureCompany(ctx, tx, im.company); err != nil {
			return nil, err
		}
	}
	var err error
	if p.location, err = locationFor(ctx, tx, im.o.Location, im.company); err != nil {
		return nil, err
	}
	for _, d := range docs {
		code := im.channelOf(d)
		if _, read := p.channels[code]; read {
			continue
		}
		c, err := channel.ByCode(ctx, tx, code)
		if fault.KindOf(err) == fault.NotFound {
			c, err = im.newChannel(ctx, tx, code)
		}
		if err != nil {
			return nil, err
		}
		p.channels[code] = c
	}
	return p, nil
}

// newChannel makes a format's own channel. Others that are not there are left
// without an id: their documents are refused.
func (im *orderImport) newChannel(ctx context.Context, tx *db.Tx, code string) (channel.Channel, error) {
	name, own := ownChannels[code]
	if !own || code != im.summary.Format {
		return channel.Channel{}, nil
	}
	c := channel.Defaults()
	c.Code, c.Name, c.Kind, c.Currency = code, name, "csv", im.company.BaseCurrency
	return channel.Save(ctx, tx, c)
}

// channelOf is the code of a document's channel: the one that it names, except
// that a format's own gives way to the one that was asked for.
func (im *orderImport) channelOf(d *OrderDocument) string {
	if _, own := ownChannels[d.Channel]; im.o.Channel != "" && (d.Channel == "" || own) {
		return im.o.Channel
	}
	return cmp.Or(d.Channel, flow.ManualChannel)
}

// locationFor is the location with a code, or else the merchant's first that
// ships orders; where there is none, a warehouse is made.
func locationFor(ctx context.Context, tx *db.Tx, code string, c setting.Company) (inventory.Location, error) {
	if code != "" {
		return inventory.LocationByCode(ctx, tx, code)
	}
	all, err := inventory.Locations(ctx, tx)
	if err != nil {
		return inventory.Location{}, err
	}
	var best *inventory.Location
	for i := range all {
		if l := &all[i]; l.Ships() && (best == nil || l.Sequence < best.Sequence) {
			best = l
		}
	}
	if best != nil {
		return *best, nil
	}
	l := inventory.Location{Code: "MAIN", Name: "Main warehouse", Kind: inventory.Warehouse, TimeZone: c.TimeZone, Active: true, ShipsOnline: true, TakesReturns: true, Sequence: 1}
	l.Address.V.Country = c.Country
	return inventory.SaveLocation(ctx, tx, l)
}

// articles finds the variants that documents name by code: the channel's own
// articles first, then SKUs, then barcodes. Codes that a survey knows are made.
func (im *orderImport) articles(ctx context.Context, tx *db.Tx, p *place, docs []*OrderDocument) (map[article]catalog.Variant, error) {
	byChannel := map[string][]string{}
	var codes []string
	for _, d := range docs {
		for _, l := range d.Lines {
			if l.SKU != "" {
				byChannel[im.channelOf(d)] = append(byChannel[im.channelOf(d)], l.SKU)
				codes = append(codes, l.SKU)
			}
		}
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	found := make(map[string]catalog.Variant, len(codes))
	lacks := func(c string) bool { _, ok := found[c]; return !ok }
	for _, c := range codes {
		if v, ok := im.goods[c]; ok {
			found[c] = v
		}
	}
	fresh, err := catalog.BySKU(ctx, tx, slices.DeleteFunc(slices.Clone(codes), func(c string) bool { return !lacks(c) }))
	if err != nil {
		return nil, err
	}
	maps.Copy(found, fresh)
	unknown := slices.DeleteFunc(slices.Clone(codes), func(c string) bool { return !lacks(c) })
	if im.survey != nil {
		err = im.addGoods(ctx, tx, p, unknown, found)
	} else {
		err = addBarcodes(ctx, tx, unknown, found)
	}
	if err != nil {
		return nil, err
	}
	out := map[article]catalog.Variant{}
	for code, of := range byChannel {
		mapped, err := im.mapped(ctx, tx, p.channels[code], of)
		if err != nil {
			return nil, err
		}
		for _, sku := range of {
			if v, ok := mapped[sku]; ok {
				out[article{code, sku}] = v
			} else if v, ok := found[sku]; ok {
				out[article{code, sku}] = v
			}
		}
	}
	return out, nil
}

// article is a code as a channel uses it.
type article struct{ channel, code string }

func addBarcodes(ctx context.Context, r db.Reader, codes []string, found map[string]catalog.Variant) error {
	scanned, err := catalog.ByBarcode(ctx, r, codes)
	for code, s := range scanned {
		if s.Quantity == 1 { // a case is another quantity than the file says
			found[code] = s.Variant
		}
	}
	return err
}

func (im *orderImport) mapped(ctx context.Context, r db.Reader, c channel.Channel, codes []string) (map[string]catalog.Variant, error) {
	listed, err := channel.Resolve(ctx, r, c.ID, codes)
	if err != nil || len(listed) == 0 {
		return nil, err
	}
	ids := make([]id.Variant, 0, len(listed))
	for _, v := range listed {
		ids = append(ids, v)
	}
	variants, err := catalog.Variants(ctx, r, ids)
	out := make(map[string]catalog.Variant, len(listed))
	for code, v := range listed {
		out[code] = variants[v]
	}
	return out, err
}

// costShare is what a unit of goods is taken to cost where a file says only what
// it is sold for: so many percent of its usual price.
const costShare = 60

// addGoods makes products of codes that a survey knows, and receives what must
// have been there at first, unless the stock is left as it is.
func (im *orderImport) addGoods(ctx context.Context, tx *db.Tx, p *place, codes []string, found map[string]catalog.Variant) error {
	if len(codes) == 0 {
		return nil
	}
	inputs := make([]catalog.ProductInput, len(codes))
	for i, code := range codes {
		g := im.survey[code]
		cost := g.Price * costShare / 100
		v := catalog.VariantInput{SKU: code, Title: &g.Title, Cost: &cost}
		if g.Price > 0 {
			v.Prices = []catalog.PriceInput{{Currency: g.Currency, Amount: &g.Price}}
		}
		inputs[i] = catalog.ProductInput{Title: &g.Title, Variants: []catalog.VariantInput{v}}
	}
	results, err := catalog.SaveProducts(ctx, tx, inputs)
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.Err != nil {
			return r.Err
		}
	}
	made, err := catalog.BySKU(ctx, tx, codes)
	if err != nil {
		return err
	}
	var receipts []flow.Receipt
	for _, code := range codes {
		v := made[code]
		found[code] = v
		if n := im.survey[code].Opening; n > 0 && im.moves() {
			receipts = append(receipts, flow.Receipt{
				Variant: v.ID, Location: p.location.ID, Quantity: n, UnitCost: &v.Cost, Opening: true, Reason: "import", Cause: inventory.Cause{Kind: "import"},
			})
		}
	}
	_, err = flow.ReceiveGoods(ctx, tx, receipts)
	return err
}

// moves tells whether goods that the stock lacks are received.
func (im *orderImport) moves() bool {
	return im.o.Mode == AsNew || im.o.Stock == flow.StockForce
}

package intake

import (
	"strconv"

	"purser/internal/base/fault"
)

// lineKey makes each row a document of its own.
func lineKey(row Row) (string, *RowError) { return strconv.Itoa(row.Line), nil }

// bindStock reads stock by a mapping.
func bindStock(header columns, o Options) (func(Row) (string, *RowError), builder[*StockRecord], error) {
	c, err := o.Mapping.bind(header, o.Zone)
	if err != nil {
		return nil, nil, err
	}
	build := func(_ string, rows []Row) (*StockRecord, []*RowError) {
		f := &form{cells: c, row: rows[0], wrong: fault.Fields{}}
		s := &StockRecord{SKU: f.code("sku"), Location: title(f.text("location", maxShort)), OnHand: f.integer("quantity", 0),
			Bin: f.code("bin"), Reason: title(f.text("reason", maxShort)), Row: rows[0]}
		if c.get(rows[0], "quantity") == "" {
			f.wrong.Add("quantity", "is missing")
		}
		if c.get(rows[0], "cost") != "" {
			cost := f.price("cost")
			s.Cost = &cost
			if cost < 0 {
				f.wrong.Add("cost", "is negative")
			}
		}
		return s.checked(f.wrong, c.reasons)
	}
	return lineKey, build, nil
}

// checked is s with its key, or what is wrong with it.
func (s *StockRecord) checked(wrong fault.Fields, reasons func(fault.Fields) string) (*StockRecord, []*RowError) {
	if s.SKU == "" {
		wrong.Add("sku", "is missing")
	}
	if s.Location == "" {
		wrong.Add("location", "is missing")
	}
	if len(wrong) > 0 {
		return nil, []*RowError{{Row: s.Row, Document: s.SKU, Code: CodeBadValue, Reason: reasons(wrong)}}
	}
	s.Key = s.SKU + "@" + s.Location
	if s.Bin != "" {
		s.Key += "/" + s.Bin
	}
	return s, nil
}

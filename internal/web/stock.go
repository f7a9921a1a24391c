package web

import (
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/catalog"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/view"
	"purser/internal/web/ui"
)

// stockList is what the page of levels shows.
type stockList struct {
	rows      []view.Stock
	next      string
	locations []inventory.Location
	only      string // "": what there is; short: too little; all: the empty levels, too
}

// article is a variant with its stock at every place, and the rows that make it.
type article struct {
	catalog.Variant
	barcodes  []catalog.Barcode
	places    []view.ExplainedLocation
	locations []inventory.Location
	actors    map[string]string
}

// shownMovements is how many movements of each location a page shows.
const shownMovements = 30

func (s *Server) registerStock() {
	const page = "/stock/{variant}"
	s.page("/stock", auth.StockRead, s.showStock)
	s.page(page, auth.StockRead, s.showArticle)
	s.action(page+"/adjust", auth.StockAdjust, page, s.showArticle, adjustStock)
	s.action(page+"/undo", auth.StockAdjust, page, s.showArticle, undoMovement)
}

func (s *Server) showStock(v *visit) (templ.Component, error) {
	q := v.r.URL.Query()
	l := stockList{only: q.Get("only")}
	f := view.StockFilter{Text: q.Get("q"), Locations: v.user.Locations, Short: l.only == "short", Present: l.only == ""}
	if at := q.Get("location"); at != "" {
		var of id.Location
		if err := of.UnmarshalText([]byte(at)); err != nil || !auth.From(v.ctx).MayAt(of) {
			return nil, fault.New(fault.Invalid, "stock.bad_filter", "There is no such location.")
		}
		f.Locations = []id.Location{of}
	}
	var err error
	if l.locations, err = s.ownLocations(v); err != nil {
		return nil, err
	}
	l.rows, l.next, err = view.StockLevels(v.ctx, s.DB, f, view.Page{After: q.Get("after")})
	return stockPage(v, l), err
}

// ownLocations are those that the one who asks may act at.
func (s *Server) ownLocations(v *visit) (own []inventory.Location, err error) {
	all, err := inventory.Locations(v.ctx, s.DB)
	for _, l := range all {
		if l.Active && auth.From(v.ctx).MayAt(l.ID) {
			own = append(own, l)
		}
	}
	return own, err
}

func (s *Server) showArticle(v *visit) (templ.Component, error) {
	of, err := pathID[id.Variant](v, "variant")
	if err != nil {
		return nil, err
	}
	var a article
	err = s.DB.Read(v.ctx, func(r *db.Snapshot) error {
		if a.Variant, err = catalog.GetVariant(v.ctx, r, of); err != nil {
			return err
		}
		codes, err := catalog.Barcodes(v.ctx, r, []id.Variant{of})
		if err != nil {
			return err
		}
		a.barcodes = codes[of]
		found, err := view.ExplainStock(v.ctx, r, a.SKU, v.at, shownMovements)
		if err != nil {
			return err
		}
		var actors []string
		for _, l := range found.Locations {
			if !auth.From(v.ctx).MayAt(l.Location) {
				continue
			}
			a.places = append(a.places, l)
			for _, m := range l.Movements {
				actors = append(actors, m.Actor)
			}
		}
		a.actors, err = view.ActorNames(v.ctx, r, actors)
		return err
	})
	if err != nil {
		return nil, err
	}
	if a.locations, err = s.ownLocations(v); err != nil {
		return nil, err
	}
	a.locations = slices.DeleteFunc(a.locations, func(l inventory.Location) bool { return l.Kind == inventory.Transit }) // its goods belong to transfers
	return articlePage(v, a), nil
}

func adjustStock(v *visit, tx *db.Tx) (done, error) {
	of, err := pathID[id.Variant](v, "variant")
	if err != nil {
		return done{}, err
	}
	f := fault.Fields{}
	var at id.Location
	if err := at.UnmarshalText([]byte(v.typed("location"))); err != nil {
		f.Add("location", "is missing")
	}
	n, err := strconv.ParseInt(v.typed("quantity"), 10, 64)
	if err != nil || n == 0 {
		f.Add("quantity", "is not a number of units such as -2")
	}
	if v.typed("reason") == "" {
		f.Add("reason", "is missing")
	}
	if err := f.Err("stock.invalid", "The stock cannot be adjusted like this."); err != nil {
		return done{}, err
	}
	if err := auth.RequireAt(v.ctx, auth.StockAdjust, at); err != nil {
		return done{}, err
	}
	rows, err := flow.AdjustStock(v.ctx, tx, []inventory.Posting{{
		Variant: of, Location: at, Kind: inventory.KindAdjust, State: inventory.Sellable, Quantity: n, Reason: v.typed("reason"), Note: v.typed("note"),
	}})
	if err != nil {
		return done{}, err
	}
	page := "/stock/" + of.String()
	return done{To: page, Say: "The stock is adjusted by " + ui.Count(v.ctx, n) + ".", Undo: page + "/undo?movement=" + rows[0].ID.String()}, nil
}

// undoMovement books the reverse of an adjustment, once.
func undoMovement(v *visit, tx *db.Tx) (done, error) {
	of, err := pathID[id.Variant](v, "variant")
	if err != nil {
		return done{}, err
	}
	var movement id.Movement
	if err := movement.UnmarshalText([]byte(v.r.URL.Query().Get("movement"))); err != nil {
		return done{}, errNoPage
	}
	rows, err := flow.UndoAdjustments(v.ctx, tx, []id.Movement{movement}, "undone")
	if err != nil {
		return done{}, err
	}
	for _, m := range rows { // what it was of is known only now; a refusal undoes it
		if m.Variant != of {
			return done{}, errNoPage
		}
		if err := auth.RequireAt(v.ctx, auth.StockAdjust, m.Location); err != nil {
			return done{}, err
		}
	}
	return done{To: "/stock/" + of.String(), Say: "The adjustment is undone."}, nil
}

// sum adds up the stock of all places where it can be sold.
func (a article) sum() (n inventory.Counts, available int64) {
	for _, p := range a.places {
		n = n.Plus(p.Counts)
		if p.Sellable {
			available += p.Available
		}
	}
	return n, available
}

// adjustReasons are those that the form proposes; any other can be typed.
var adjustReasons = []string{"found", "lost", "damaged", "theft", "sample", "own use", "wrong count"}

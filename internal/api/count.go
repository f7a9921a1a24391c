package api

import (
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
	"purser/internal/view"
)

const countTag = "Stock counts"

// CountDetail is a stock count with its lines added up.
type CountDetail struct {
	*inventory.StockCount
	Sums *view.CountSums `json:"sums,omitempty" doc:"Of a blind count, only with stock:approve."`
}

func (c CountDetail) version() int64 { return c.Version }

// CountLine is a variant that is to be counted.
type CountLine struct {
	ID        id.CountLine  `json:"id"`
	VariantID id.Variant    `json:"variant_id"`
	SKU       string        `json:"sku"`
	Title     string        `json:"title"`
	BinID     id.Bin        `json:"bin_id,omitzero"`
	BinCode   string        `json:"bin_code,omitempty"`
	Class     string        `json:"class,omitempty" doc:"A, B or C by the value of sales, of a cycle count."`
	Round     int64         `json:"round" doc:"Grows when the line is to be counted again."`
	Entries   int64         `json:"entries" doc:"How often something was entered in this round; 0: it is not counted yet."`
	Counted   int64         `json:"counted" doc:"Units that were found."`
	Expected  *int64        `json:"expected,omitempty" doc:"Units in the shelf by the books when the line was last counted: on hand less what is picked. Of a blind count, only with stock:approve."`
	Variance  *int64        `json:"variance,omitempty" doc:"Counted less expected."`
	Value     *money.Amount `json:"value,omitempty" doc:"What the variance is worth; only with cost:read."`
	Moved     *bool         `json:"moved,omitempty" doc:"Stock moved between two entries: it is better counted again."`
	Posted    *int64        `json:"posted,omitempty" doc:"Units that on hand was changed by."`
}

// CountEntry is what one person found at one moment.
type CountEntry struct {
	ID       id.CountEntry `json:"id"`
	LineID   id.CountLine  `json:"line_id"`
	Round    int64         `json:"round"`
	Quantity int64         `json:"quantity" doc:"Base units; negative: some were taken back."`
	OnHand   *int64        `json:"on_hand,omitempty" doc:"By the ledger at that moment. Of a blind count, only with stock:approve."`
	Picked   *int64        `json:"picked,omitempty" doc:"Of these, picked for orders and not in the shelf."`
	BinID    id.Bin        `json:"bin_id,omitzero"`
	Key      string        `json:"key"`
	Actor    string        `json:"actor"`
	At       string        `json:"at" format:"date-time"`
}

// maySee tells whether the one who acts is shown what is expected.
func maySee(ctx context.Context, c *inventory.StockCount) bool {
	return !c.Blind || auth.From(ctx).May(auth.StockApprove)
}

// showCount adds the lines up, for those who may see it.
func showCount(ctx context.Context, r db.Reader, c *inventory.StockCount, err error) (CountDetail, error) {
	if err != nil {
		return CountDetail{}, err
	}
	out := CountDetail{StockCount: c}
	if maySee(ctx, c) {
		sums, err := view.SumCount(ctx, r, c.ID)
		if err != nil {
			return CountDetail{}, err
		}
		out.Sums = &sums
	}
	return out, nil
}

// mayCount reads a count if the one who acts may do so at its location.
func mayCount(ctx context.Context, r db.Reader, permission auth.Permission, c id.Count) (*inventory.StockCount, error) {
	found, err := inventory.GetCount(ctx, r, c)
	if err != nil {
		return nil, err
	}
	return found, auth.RequireAt(ctx, permission, found.Location)
}

// NewCountFields say what is to be counted.
type NewCountFields struct {
	LocationID id.Location         `json:"location_id"`
	Kind       inventory.CountKind `json:"kind" enum:"full,bins,variants,cycle,directed" doc:"All that lies there, some bins, some variants, those whose turn it is, or what somebody found amiss."`
	Bins       []id.Bin            `json:"bins,omitempty" maxItems:"1000"`
	Variants   []Article           `json:"variants,omitempty" maxItems:"1000" doc:"Of the kinds variants and directed."`
	Lines      int                 `json:"lines,omitempty" minimum:"1" maximum:"1000" default:"20" doc:"How many, of the kind cycle."`
	Blind      *bool               `json:"blind,omitempty" doc:"Who counts is not shown what is expected; left out, the rules say it."`
	Frozen     bool                `json:"frozen,omitempty" doc:"The location is given no new work until the count is over. Goods may leave all the same."`
	Reason     string              `json:"reason,omitempty"`
	Note       string              `json:"note,omitempty"`
}

func (f NewCountFields) count(ctx context.Context, tx *db.Tx) (inventory.NewCount, error) {
	out := inventory.NewCount{Location: f.LocationID, Kind: f.Kind, Bins: f.Bins, Frozen: f.Frozen, Reason: f.Reason, Note: f.Note}
	if err := auth.RequireAt(ctx, auth.StockAdjust, f.LocationID); err != nil {
		return out, err
	}
	rules, err := inventory.LoadCountRules(ctx, tx)
	if err != nil {
		return out, err
	}
	if out.Blind = rules.Blind; f.Blind != nil {
		out.Blind = *f.Blind
	}
	if f.Kind == inventory.CountCycle {
		out.Variants, out.Classes, err = flow.ChooseCycle(ctx, tx, tx.Now(), f.LocationID, rules.Turn, f.Lines)
		return out, err
	}
	locations := make([]id.Location, len(f.Variants))
	for i := range locations {
		locations[i] = f.LocationID
	}
	out.Variants, err = stockOf(ctx, tx, auth.StockAdjust, "variants", f.Variants, locations)
	return out, err
}

func (s *Server) registerCounts() {
	type listInput struct {
		Paged
		Locations []id.Location           `query:"location" maxItems:"200"`
		Statuses  []inventory.CountStatus `query:"status" enum:"draft,counting,review,posted,cancelled"`
		Kinds     []inventory.CountKind   `query:"kind" enum:"full,bins,variants,cycle,directed"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/counts", id: "list-counts", summary: "List stock counts, newest first", tag: countTag, permission: auth.StockCount},
		func(ctx context.Context, in *listInput) (list[inventory.StockCount], error) {
			locations, err := within(ctx, auth.StockCount, in.Locations)
			if err != nil {
				return list[inventory.StockCount]{}, err
			}
			rows, next, err := inventory.StockCounts(ctx, s.DB, inventory.CountFilter{Locations: locations, Statuses: in.Statuses, Kinds: in.Kinds, Limit: in.Limit, After: in.After})
			return listOf(rows, next), err
		})

	type getInput struct {
		Count id.Count `path:"count"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/counts/{count}", id: "get-count", summary: "A stock count", tag: countTag, permission: auth.StockCount},
		func(ctx context.Context, in *getInput) (CountDetail, error) {
			c, err := mayCount(ctx, s.DB, auth.StockCount, in.Count)
			return showCount(ctx, s.DB, c, err)
		})

	type linesInput struct {
		Paged
		Count     id.Count `path:"count"`
		Differing bool     `query:"differing" doc:"Only what differs or is not counted. Of a blind count, only with stock:approve."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/counts/{count}/lines", id: "list-count-lines", summary: "What is to be counted, in the order of a walk", tag: countTag, permission: auth.StockCount},
		func(ctx context.Context, in *linesInput) (list[CountLine], error) {
			c, err := mayCount(ctx, s.DB, auth.StockCount, in.Count)
			if err == nil && in.Differing && !maySee(ctx, c) {
				err = auth.Require(ctx, auth.StockApprove)
			}
			if err != nil {
				return list[CountLine]{}, err
			}
			company, err := setting.LoadCompany(ctx, s.DB)
			if err != nil {
				return list[CountLine]{}, err
			}
			rows, next, err := view.CountLines(ctx, s.DB, company.BaseCurrency, c.ID, in.Differing, view.Page{Limit: in.Limit, After: in.After})
			out := make([]CountLine, len(rows))
			for i, l := range rows {
				out[i] = showCountLine(ctx, c, l, company.BaseCurrency)
			}
			return listOf(out, next), err
		})

	read(s, route{method: http.MethodGet, path: "/v1/counts/{count}/entries", id: "list-count-entries", summary: "Who counted what, and when", tag: countTag, permission: auth.StockCount},
		func(ctx context.Context, in *getInput) (list[CountEntry], error) {
			c, err := mayCount(ctx, s.DB, auth.StockCount, in.Count)
			if err != nil {
				return list[CountEntry]{}, err
			}
			rows, err := inventory.CountEntries(ctx, s.DB, c.ID)
			out := make([]CountEntry, len(rows))
			for i, e := range rows {
				out[i] = CountEntry{ID: e.ID, LineID: e.Line, Round: e.Round, Quantity: e.Quantity, BinID: e.Bin, Key: e.Key, Actor: e.Actor, At: e.At.Format("2006-01-02T15:04:05.000000Z")}
				if maySee(ctx, c) {
					out[i].OnHand, out[i].Picked = &rows[i].OnHand, &rows[i].Picked
				}
			}
			return listOf(out, ""), err
		})
}

func showCountLine(ctx context.Context, c *inventory.StockCount, l view.CountLine, base money.Currency) CountLine {
	out := CountLine{
		ID: l.ID, VariantID: l.Variant, SKU: l.SKU, Title: l.Title, BinID: l.Bin, BinCode: l.BinCode, Class: l.Class, Round: l.Round,
		Entries: l.Entries, Counted: l.Counted,
	}
	if maySee(ctx, c) && l.Done() {
		out.Expected, out.Variance, out.Moved, out.Posted = &l.Expected, &l.Variance, &l.Moved, &l.Posted
		if auth.From(ctx).May(auth.CostRead) {
			value := money.Of(l.Value, base)
			out.Value = &value
		}
	}
	return out
}

// NewEntry is what somebody scanned or typed.
type NewEntry struct {
	Code      string     `json:"code,omitempty" maxLength:"255" doc:"Barcode, SKU, or the code of a bin: what follows lies there."`
	VariantID id.Variant `json:"variant_id,omitzero" doc:"In the place of a code."`
	Quantity  int64      `json:"quantity,omitempty" doc:"Of scans; 1, if it is left out. Negative takes some back. 0 units are entered with the field nothing."`
	Nothing   bool       `json:"nothing,omitempty" doc:"None lies there."`
	Key       string     `json:"key" minLength:"1" maxLength:"200" doc:"Any text of yours, new for each entry: sent twice, it is counted once."`
}

// Entered is what became of an entry.
type Entered struct {
	BinID    id.Bin       `json:"bin_id,omitzero" doc:"Of a bin."`
	BinCode  string       `json:"bin_code,omitempty"`
	LineID   id.CountLine `json:"line_id,omitzero" doc:"Of goods."`
	SKU      string       `json:"sku,omitempty"`
	Title    string       `json:"title,omitempty"`
	Quantity int64        `json:"quantity" doc:"Base units that the entry stands for."`
	Counted  int64        `json:"counted" doc:"Units of it that were counted so far, by all."`
}

// CountStep is what the input of a step of a count embeds.
type CountStep struct {
	Once
	IfMatch
	Count id.Count `path:"count"`
}

func (s *Server) registerCounting() {
	type addCountInput struct {
		Once
		Body NewCountFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/counts", id: "add-count", summary: "Draft a stock count", tag: countTag, permission: auth.StockAdjust, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addCountInput) (CountDetail, error) {
			n, err := in.Body.count(ctx, tx)
			if err != nil {
				return CountDetail{}, err
			}
			c, err := inventory.CreateCount(ctx, tx, n)
			return showCount(ctx, tx, c, err)
		})

	write(s, route{method: http.MethodPost, path: "/v1/counts/{count}/start", id: "start-count", summary: "Let people count", tag: countTag, permission: auth.StockAdjust},
		stepCount(auth.StockAdjust, flow.StartCount))

	type enterInput struct {
		Once
		Count id.Count `path:"count"`
		Body  struct {
			Entries []NewEntry `json:"entries" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/counts/{count}/entries", id: "enter-count", summary: "Enter what was counted; entries of several people add up", tag: countTag, permission: auth.StockCount, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *enterInput) (list[Entered], error) {
			if _, err := mayCount(ctx, tx, auth.StockCount, in.Count); err != nil {
				return list[Entered]{}, err
			}
			scans := make([]flow.Scan, len(in.Body.Entries))
			for i, e := range in.Body.Entries {
				scans[i] = flow.Scan{Code: e.Code, Variant: e.VariantID, Quantity: e.Quantity, Nothing: e.Nothing, Key: e.Key}
			}
			done, err := flow.EnterCount(ctx, tx, in.Count, scans)
			out := make([]Entered, len(done))
			for i, e := range done {
				out[i] = Entered{BinID: e.Bin.ID, BinCode: e.Bin.Code, LineID: e.Line.ID, SKU: e.SKU, Title: e.Title, Quantity: e.Quantity, Counted: e.Line.Counted}
			}
			return listOf(out, ""), err
		})

	type submitInput struct {
		CountStep
		Body struct {
			RestIsEmpty bool `json:"rest_is_empty,omitempty" doc:"Nothing lies where nobody counted anything. Left out, all lines must be counted."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/counts/{count}/submit", id: "submit-count", summary: "Hand a count over for review", tag: countTag, permission: auth.StockCount},
		func(ctx context.Context, tx *db.Tx, in *submitInput) (CountDetail, error) {
			return stepCount(auth.StockCount, func(ctx context.Context, tx *db.Tx, c id.Count, seen int64) (*inventory.StockCount, error) {
				return flow.SubmitCount(ctx, tx, c, seen, in.Body.RestIsEmpty)
			})(ctx, tx, &in.CountStep)
		})

	write(s, route{method: http.MethodPost, path: "/v1/counts/{count}/cancel", id: "cancel-count", summary: "End a count without a change of stock", tag: countTag, permission: auth.StockAdjust},
		stepCount(auth.StockAdjust, flow.CancelCount))
}

func (s *Server) registerCountReview() {
	type recountInput struct {
		CountStep
		Body struct {
			Lines []id.CountLine `json:"lines,omitempty" maxItems:"1000" doc:"None: all that differ."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/counts/{count}/recount", id: "recount", summary: "Send lines back to be counted again", tag: countTag, permission: auth.StockApprove},
		func(ctx context.Context, tx *db.Tx, in *recountInput) (CountDetail, error) {
			return stepCount(auth.StockApprove, func(ctx context.Context, tx *db.Tx, c id.Count, seen int64) (*inventory.StockCount, error) {
				return flow.Recount(ctx, tx, c, seen, in.Body.Lines)
			})(ctx, tx, &in.CountStep)
		})

	write(s, route{method: http.MethodPost, path: "/v1/counts/{count}/approve", id: "approve-count", summary: "Agree with the differences, as somebody who did not count", tag: countTag, permission: auth.StockApprove},
		stepCount(auth.StockApprove, flow.ApproveCount))

	write(s, route{method: http.MethodPost, path: "/v1/counts/{count}/post", id: "post-count", summary: "Book the differences; newest promises whose goods are gone become backorders", tag: countTag, permission: auth.StockAdjust},
		stepCount(auth.StockAdjust, flow.PostCount))

	type undoInput struct {
		CountStep
		Body struct {
			Reason string `json:"reason" minLength:"1"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/counts/{count}/undo", id: "undo-count", summary: "Book the reverse of a posted count, once", tag: countTag, permission: auth.StockApprove},
		func(ctx context.Context, tx *db.Tx, in *undoInput) (CountDetail, error) {
			return stepCount(auth.StockApprove, func(ctx context.Context, tx *db.Tx, c id.Count, seen int64) (*inventory.StockCount, error) {
				return flow.UndoCount(ctx, tx, c, seen, in.Body.Reason)
			})(ctx, tx, &in.CountStep)
		})

	read(s, route{method: http.MethodGet, path: "/v1/count-rules", id: "get-count-rules", summary: "What holds for stock counts", tag: countTag, permission: auth.SettingRead},
		func(ctx context.Context, _ *struct{}) (inventory.CountRules, error) {
			return inventory.LoadCountRules(ctx, s.DB)
		})

	type rulesInput struct {
		Keyed
		Body inventory.CountRules
	}
	write(s, route{method: http.MethodPut, path: "/v1/count-rules", id: "change-count-rules", summary: "Change what holds for stock counts from now on", tag: countTag, permission: auth.SettingWrite},
		func(ctx context.Context, tx *db.Tx, in *rulesInput) (inventory.CountRules, error) {
			return in.Body, inventory.SaveCountRules(ctx, tx, in.Body)
		})
}

// stepCount is the handler of a step of a count, for those who may do it there.
func stepCount(permission auth.Permission, step func(ctx context.Context, tx *db.Tx, c id.Count, seen int64) (*inventory.StockCount, error)) func(context.Context, *db.Tx, *CountStep) (CountDetail, error) {
	return func(ctx context.Context, tx *db.Tx, in *CountStep) (CountDetail, error) {
		seen, err := in.want()
		if err != nil {
			return CountDetail{}, err
		}
		if _, err := mayCount(ctx, tx, permission, in.Count); err != nil {
			return CountDetail{}, err
		}
		c, err := step(ctx, tx, in.Count, seen)
		return showCount(ctx, tx, c, err)
	}
}

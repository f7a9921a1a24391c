package api

import (
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Transfer is goods that go from one location to another.
type Transfer struct{ *inventory.Transfer }

func (t Transfer) version() int64 { return t.Version }

// NewTransferLine is units to be moved.
type NewTransferLine struct {
	Article
	Quantity int64 `json:"quantity" minimum:"1" doc:"Base units."`
}

// TransferFields are what a draft of a transfer says, besides its locations.
type TransferFields struct {
	ExpectedOn string            `json:"expected_on,omitempty" doc:"YYYY-MM-DD."`
	Reference  string            `json:"reference,omitempty"`
	Note       string            `json:"note,omitempty"`
	Lines      []NewTransferLine `json:"lines" minItems:"1" maxItems:"1000"`
}

// transfer reads the variants that are to be moved between locations.
func (f TransferFields) transfer(ctx context.Context, r db.Reader, from, to id.Location) (inventory.NewTransfer, error) {
	out := inventory.NewTransfer{From: from, To: to, ExpectedOn: f.ExpectedOn, Reference: f.Reference, Note: f.Note}
	named, locations := make([]Article, len(f.Lines)), make([]id.Location, len(f.Lines))
	for i, l := range f.Lines {
		named[i], locations[i] = l.Article, from
	}
	variants, err := stockOf(ctx, r, auth.StockTransfer, "lines", named, locations)
	for i, v := range variants {
		out.Lines = append(out.Lines, inventory.NewTransferLine{Variant: v, Quantity: f.Lines[i].Quantity})
	}
	return out, err
}

// mayTransfer reads a transfer if the one who acts may work on it at one of its ends.
func mayTransfer(ctx context.Context, r db.Reader, permission auth.Permission, t id.Transfer, ends ...func(*inventory.Transfer) id.Location) (*inventory.Transfer, error) {
	found, err := inventory.GetTransfer(ctx, r, t)
	if err != nil {
		return nil, err
	}
	for _, end := range ends {
		if err = auth.RequireAt(ctx, permission, end(found)); err == nil {
			break
		}
	}
	return found, err
}

func source(t *inventory.Transfer) id.Location      { return t.From }
func destination(t *inventory.Transfer) id.Location { return t.To }

func (s *Server) registerTransfers() {
	type listInput struct {
		Paged
		Locations []id.Location              `query:"location" maxItems:"200" doc:"At either end."`
		Statuses  []inventory.TransferStatus `query:"status" enum:"draft,ready,in_transit,partially_received,received,closed,cancelled"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/transfers", id: "list-transfers", summary: "List transfers, newest first", tag: stockTag, permission: auth.StockRead},
		func(ctx context.Context, in *listInput) (list[inventory.Transfer], error) {
			locations, err := within(ctx, auth.StockRead, in.Locations)
			if err != nil {
				return list[inventory.Transfer]{}, err
			}
			rows, next, err := inventory.Transfers(ctx, s.DB, inventory.TransferFilter{Locations: locations, Statuses: in.Statuses, Limit: in.Limit, After: in.After})
			return listOf(rows, next), err
		})

	type getInput struct {
		Transfer id.Transfer `path:"transfer"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/transfers/{transfer}", id: "get-transfer", summary: "A transfer", tag: stockTag, permission: auth.StockRead},
		func(ctx context.Context, in *getInput) (Transfer, error) {
			t, err := mayTransfer(ctx, s.DB, auth.StockRead, in.Transfer, source, destination)
			return Transfer{t}, err
		})

	type addTransferInput struct {
		Once
		Body struct {
			FromLocation id.Location `json:"from_location"`
			ToLocation   id.Location `json:"to_location"`
			TransferFields
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/transfers", id: "add-transfer", summary: "Draft a transfer; it claims nothing yet", tag: stockTag, permission: auth.StockTransfer, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addTransferInput) (Transfer, error) {
			draft, err := in.Body.transfer(ctx, tx, in.Body.FromLocation, in.Body.ToLocation)
			if err != nil {
				return Transfer{}, err
			}
			t, err := inventory.CreateTransfer(ctx, tx, draft)
			return Transfer{t}, err
		})

	type changeTransferInput struct {
		Keyed
		IfMatch
		Transfer id.Transfer `path:"transfer"`
		Body     TransferFields
	}
	write(s, route{method: http.MethodPut, path: "/v1/transfers/{transfer}", id: "change-transfer", summary: "Change a draft of a transfer", tag: stockTag, permission: auth.StockTransfer},
		func(ctx context.Context, tx *db.Tx, in *changeTransferInput) (Transfer, error) {
			seen, err := in.want()
			if err != nil {
				return Transfer{}, err
			}
			t, err := inventory.TakeTransfer(ctx, tx, in.Transfer)
			if err != nil {
				return Transfer{}, err
			}
			if err := inventory.CheckVersion(t.Version, seen, "The transfer"); err != nil {
				return Transfer{}, err
			}
			draft, err := in.Body.transfer(ctx, tx, t.From, t.To)
			if err != nil {
				return Transfer{}, err
			}
			return Transfer{t}, inventory.ChangeTransfer(ctx, tx, t, draft)
		})
}

// TransferUnits is a number of units of a transfer's line.
type TransferUnits struct {
	LineID   id.TransferLine `json:"line_id"`
	Quantity int64           `json:"quantity" minimum:"0" doc:"Base units."`
}

// TransferArrival is units of a transfer's line that came.
type TransferArrival struct {
	LineID   id.TransferLine `json:"line_id"`
	Quantity int64           `json:"quantity" minimum:"1" doc:"Base units."`
	State    inventory.State `json:"state,omitempty" enum:"sellable,damaged,quality_control" default:"sellable"`
	Reason   string          `json:"reason,omitempty" doc:"Why it is not what was sent."`
}

// TransferStep is what the input of a step of a transfer embeds.
type TransferStep struct {
	Once
	IfMatch
	Transfer id.Transfer `path:"transfer"`
}

func (s *Server) registerTransferSteps() {
	write(s, route{method: http.MethodPost, path: "/v1/transfers/{transfer}/ready", id: "ready-transfer", summary: "Claim the goods of a draft at their source", tag: stockTag, permission: auth.StockTransfer},
		func(ctx context.Context, tx *db.Tx, in *TransferStep) (Transfer, error) {
			return stepTransfer(ctx, tx, &in.IfMatch, in.Transfer, source, func(seen int64) (*inventory.Transfer, error) {
				return flow.ReadyTransfer(ctx, tx, in.Transfer, seen)
			})
		})

	type shipTransferInput struct {
		TransferStep
		Body struct {
			Lines []TransferUnits `json:"lines,omitempty" maxItems:"1000" doc:"Units that leave; what is not named stays. None: all of it."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/transfers/{transfer}/ship", id: "ship-transfer", summary: "Book that goods of a transfer left their source", tag: stockTag, permission: auth.StockTransfer},
		func(ctx context.Context, tx *db.Tx, in *shipTransferInput) (Transfer, error) {
			var units map[id.TransferLine]int64
			for _, l := range in.Body.Lines {
				if units == nil {
					units = map[id.TransferLine]int64{}
				}
				units[l.LineID] += l.Quantity
			}
			return stepTransfer(ctx, tx, &in.IfMatch, in.Transfer, source, func(seen int64) (*inventory.Transfer, error) {
				return flow.ShipTransfer(ctx, tx, in.Transfer, seen, units)
			})
		})

	type receiveTransferInput struct {
		TransferStep
		Body struct {
			Lines []TransferArrival `json:"lines" minItems:"1" maxItems:"1000"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/transfers/{transfer}/receive", id: "receive-transfer", summary: "Book what came at the destination; it may come in parts", tag: stockTag, permission: auth.StockTransfer},
		func(ctx context.Context, tx *db.Tx, in *receiveTransferInput) (Transfer, error) {
			arrivals := make([]inventory.Arrival, len(in.Body.Lines))
			for i, l := range in.Body.Lines {
				arrivals[i] = inventory.Arrival{Line: l.LineID, Quantity: l.Quantity, State: l.State, Reason: l.Reason}
			}
			return stepTransfer(ctx, tx, &in.IfMatch, in.Transfer, destination, func(seen int64) (*inventory.Transfer, error) {
				return flow.ReceiveTransfer(ctx, tx, in.Transfer, seen, arrivals)
			})
		})

	type closeTransferInput struct {
		TransferStep
		Body struct {
			Reason string `json:"reason,omitempty" doc:"Why not all of it arrived; needed where units are written off."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/transfers/{transfer}/close", id: "close-transfer", summary: "End a transfer; what never arrived is written off", tag: stockTag, permission: auth.StockTransfer},
		func(ctx context.Context, tx *db.Tx, in *closeTransferInput) (Transfer, error) {
			return stepTransfer(ctx, tx, &in.IfMatch, in.Transfer, destination, func(seen int64) (*inventory.Transfer, error) {
				return flow.CloseTransfer(ctx, tx, in.Transfer, seen, in.Body.Reason)
			})
		})

	type cancelTransferInput struct {
		TransferStep
		Body struct {
			Goods  inventory.CancelEnd `json:"goods,omitempty" enum:"return_to_source,write_off" doc:"What becomes of goods that are under way."`
			Reason string              `json:"reason,omitempty" doc:"Needed where goods are under way."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/transfers/{transfer}/cancel", id: "cancel-transfer", summary: "End a transfer that is not wanted any more", tag: stockTag, permission: auth.StockTransfer},
		func(ctx context.Context, tx *db.Tx, in *cancelTransferInput) (Transfer, error) {
			return stepTransfer(ctx, tx, &in.IfMatch, in.Transfer, source, func(seen int64) (*inventory.Transfer, error) {
				return flow.CancelTransfer(ctx, tx, in.Transfer, seen, in.Body.Goods, in.Body.Reason)
			})
		})
}

// stepTransfer does a step at one end of a transfer, if the one who acts may.
func stepTransfer(ctx context.Context, tx *db.Tx, m *IfMatch, t id.Transfer, end func(*inventory.Transfer) id.Location, step func(seen int64) (*inventory.Transfer, error)) (Transfer, error) {
	seen, err := m.want()
	if err != nil {
		return Transfer{}, err
	}
	if _, err := mayTransfer(ctx, tx, auth.StockTransfer, t, end); err != nil {
		return Transfer{}, err
	}
	done, err := step(seen)
	return Transfer{done}, err
}

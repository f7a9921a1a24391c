package api

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// unitsIn reads units of lines from a query: lin_...:2.
func unitsIn(texts []string) (fulfillment.Quantities, error) {
	units := fulfillment.Quantities{}
	f := fault.Fields{}
	for _, text := range texts {
		line, n, _ := strings.Cut(text, ":")
		var l id.Line
		quantity, err := strconv.ParseInt(n, 10, 64)
		if err != nil || quantity < 1 || l.UnmarshalText([]byte(line)) != nil {
			f.Add("line", "%q is not a line and its units, such as lin_06h0...:2", text)
		}
		units[l] += quantity
	}
	return units, f.Err("request.invalid", "The request is not valid.")
}

func (s *Server) registerFulfillmentMoves() {
	type destinationsInput struct {
		Fulfillment id.Fulfillment `path:"fulfillment"`
		Lines       []string       `query:"line" maxItems:"200" doc:"Line and units, such as lin_06h0...:2; none: all that is open."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/fulfillments/{fulfillment}/destinations", id: "list-destinations", summary: "What moving units to each other location would do, the possible and nearest first", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *destinationsInput) (list[flow.Destination], error) {
			if _, err := mayWork(ctx, s.DB, auth.FulfillmentRead, in.Fulfillment); err != nil {
				return list[flow.Destination]{}, err
			}
			units, err := unitsIn(in.Lines)
			if err != nil {
				return list[flow.Destination]{}, err
			}
			all, err := flow.Destinations(ctx, s.DB, in.Fulfillment, units)
			return listOf(all, ""), err
		})

	type moveInput struct {
		FulfillmentStep
		Body struct {
			LocationID id.Location `json:"location_id"`
			Lines      []LineUnits `json:"lines,omitempty" maxItems:"1000" doc:"None: all that is open."`
			Reason     string      `json:"reason,omitempty" maxLength:"200"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/move", id: "move-fulfillment", summary: "Let another location send units that nobody has picked; the answer is the work there", tag: fulfillmentTag, permission: auth.FulfillmentMove},
		func(ctx context.Context, tx *db.Tx, in *moveInput) (Fulfillment, error) {
			seen, err := in.mayAs(ctx, tx, auth.FulfillmentMove)
			if err != nil {
				return Fulfillment{}, err
			}
			f, err := flow.Move(ctx, tx, flow.Moving{Fulfillment: in.Fulfillment, Version: seen, Lines: unitsOf(in.Body.Lines), To: in.Body.LocationID, Reason: in.Body.Reason})
			return Fulfillment{f}, err
		})

	type splitInput struct {
		FulfillmentStep
		Body struct {
			Lines []LineUnits `json:"lines" minItems:"1" maxItems:"1000"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/split", id: "split-fulfillment", summary: "Give units a fulfillment order of their own at the same location; the answer is that", tag: fulfillmentTag, permission: auth.FulfillmentWork, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *splitInput) (Fulfillment, error) {
			seen, err := in.may(ctx, tx)
			if err != nil {
				return Fulfillment{}, err
			}
			f, err := flow.Split(ctx, tx, in.Fulfillment, seen, unitsOf(in.Body.Lines))
			return Fulfillment{f}, err
		})

	type mergeInput struct {
		FulfillmentStep
		Body struct {
			FulfillmentIDs []id.Fulfillment `json:"fulfillment_ids" minItems:"1" maxItems:"100" doc:"Of the same order, at the same location."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/merge", id: "merge-fulfillments", summary: "Add all that is open of other fulfillment orders to this one", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *mergeInput) (Fulfillment, error) {
			seen, err := in.may(ctx, tx)
			if err != nil {
				return Fulfillment{}, err
			}
			for _, f := range in.Body.FulfillmentIDs {
				if _, err := mayWork(ctx, tx, auth.FulfillmentWork, f); err != nil {
					return Fulfillment{}, err
				}
			}
			f, err := flow.Merge(ctx, tx, in.Fulfillment, seen, in.Body.FulfillmentIDs)
			return Fulfillment{f}, err
		})
}

func (s *Server) registerRejections() {
	type rejectInput struct {
		FulfillmentStep
		Body struct {
			Lines  []LineUnits `json:"lines,omitempty" maxItems:"1000" doc:"None: all that is open."`
			Reason string      `json:"reason" minLength:"1" maxLength:"200" doc:"Why the location will not ship it; shown with the next routing decision. The code of a reason for short picks does to the stock what it does there."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/reject", id: "reject-fulfillment", summary: "Say that the location will not ship units: they are routed anew without it. The answer is what was rejected", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *rejectInput) (Fulfillment, error) {
			seen, err := in.may(ctx, tx)
			if err != nil {
				return Fulfillment{}, err
			}
			f, err := flow.Reject(ctx, tx, flow.Rejection{Fulfillment: in.Fulfillment, Version: seen, Lines: unitsOf(in.Body.Lines), Reason: in.Body.Reason})
			return Fulfillment{f}, err
		})

	type exclusionsInput struct {
		Order id.Order `path:"order"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/orders/{order}/exclusions", id: "list-exclusions", summary: "The locations that would not ship lines of an order, and why", tag: orderTag, permission: auth.OrderRead},
		func(ctx context.Context, in *exclusionsInput) (list[routing.Exclusion], error) {
			if _, err := order.Get(ctx, s.DB, in.Order); err != nil {
				return list[routing.Exclusion]{}, err
			}
			all, err := routing.ExclusionsOf(ctx, s.DB, in.Order)
			return listOf(all, ""), err
		})

	type readmitInput struct {
		Once
		Order id.Order `path:"order"`
		Body  struct {
			LineID     id.Line     `json:"line_id"`
			LocationID id.Location `json:"location_id"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/exclusions/lift", id: "lift-exclusion", summary: "Let a location be asked again for a line that it rejected", tag: orderTag, permission: auth.FulfillmentMove},
		func(ctx context.Context, tx *db.Tx, in *readmitInput) (list[routing.Exclusion], error) {
			if err := flow.Readmit(ctx, tx, in.Order, in.Body.LineID, in.Body.LocationID); err != nil {
				return list[routing.Exclusion]{}, err
			}
			all, err := routing.ExclusionsOf(ctx, tx, in.Order)
			return listOf(all, ""), err
		})
}

func (s *Server) registerFulfillmentCancellation() {
	type cancelFulfillmentInput struct {
		FulfillmentStep
		Body struct {
			Then       string             `json:"then" enum:"plan,cancel" doc:"Plan: the units are routed anew at once, by the rules as they are now. Cancel: they are taken off the order, which needs order:cancel; the change it is kept as can be undone."`
			Reason     order.CancelReason `json:"reason,omitempty" enum:"customer,inventory,fraud,declined,staff,expired,other" default:"staff"`
			Note       string             `json:"note,omitempty" maxLength:"200"`
			Restock    *bool              `json:"restock,omitempty" doc:"False: what was picked is not fit to be sold, and becomes damaged stock."`
			Settlement flow.Settlement    `json:"settlement,omitempty" enum:"none,refund" default:"none" doc:"Of cancelled units: refund gives back what is paid too much; needs payment:refund."`
			Notify     *bool              `json:"notify,omitempty" doc:"Whether the customer is to be told of cancelled units; true, if it is left out."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/cancel", id: "cancel-fulfillment", summary: "Cancel a fulfillment order, and plan its units anew or cancel them", tag: fulfillmentTag, permission: auth.FulfillmentMove},
		func(ctx context.Context, tx *db.Tx, in *cancelFulfillmentInput) (Fulfillment, error) {
			seen, err := in.mayAs(ctx, tx, auth.FulfillmentMove)
			if err != nil {
				return Fulfillment{}, err
			}
			b := in.Body
			spoiled := b.Restock != nil && !*b.Restock
			if b.Then == "plan" {
				f, err := flow.Withdraw(ctx, tx, flow.Withdrawal{Fulfillment: in.Fulfillment, Version: seen, Reason: cmp.Or(b.Note, string(b.Reason)), Spoiled: spoiled})
				return Fulfillment{f}, err
			}
			if err := auth.Require(ctx, auth.OrderCancel); err != nil {
				return Fulfillment{}, err
			}
			if b.Settlement == flow.SettleRefund {
				if err := auth.Require(ctx, auth.PaymentRefund); err != nil {
					return Fulfillment{}, err
				}
			}
			f, err := mayWork(ctx, tx, auth.FulfillmentMove, in.Fulfillment)
			if err != nil {
				return Fulfillment{}, err
			}
			_, err = flow.Cancel(ctx, tx, []flow.Cancellation{{
				Order: f.Order, Work: f.ID, WorkVersion: seen, Reason: b.Reason, Note: b.Note, Spoiled: spoiled, Settlement: b.Settlement, Notify: b.Notify == nil || *b.Notify,
			}})
			if err != nil {
				return Fulfillment{}, err
			}
			f, err = mayWork(ctx, tx, auth.FulfillmentMove, in.Fulfillment)
			return Fulfillment{f}, err
		})
}

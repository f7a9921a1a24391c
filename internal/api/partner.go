package api

import (
	"cmp"
	"context"
	"net/http"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

func (s *Server) registerRequests() {
	type getInput struct {
		Fulfillment id.Fulfillment `path:"fulfillment"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/fulfillments/{fulfillment}/request", id: "get-request", summary: "What a partner was asked to send, and what he said", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *getInput) (fulfillment.RequestRow, error) {
			if _, err := mayWork(ctx, s.DB, auth.FulfillmentRead, in.Fulfillment); err != nil {
				return fulfillment.RequestRow{}, err
			}
			row, ok, err := fulfillment.RequestOf(ctx, s.DB, in.Fulfillment)
			if err == nil && !ok {
				err = fault.New(fault.NotFound, "fulfillment.no_request", "No partner was asked for these goods.")
			}
			return row, err
		})

	step := func(name, operation, summary string, do func(ctx context.Context, tx *db.Tx, f id.Fulfillment, seen int64, reference, reason string) (*fulfillment.Order, error)) {
		type input struct {
			FulfillmentStep
			Body struct {
				Reference string `json:"reference,omitempty" maxLength:"200" doc:"The partner's own, of the request."`
				Reason    string `json:"reason,omitempty" maxLength:"200"`
			}
		}
		write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/request/" + name, id: operation, summary: summary, tag: fulfillmentTag, permission: auth.FulfillmentAsk},
			func(ctx context.Context, tx *db.Tx, in *input) (Fulfillment, error) {
				seen, err := in.mayAs(ctx, tx, auth.FulfillmentAsk)
				if err != nil {
					return Fulfillment{}, err
				}
				f, err := do(ctx, tx, in.Fulfillment, seen, in.Body.Reference, in.Body.Reason)
				return Fulfillment{f}, err
			})
	}
	answer := func(state fulfillment.AnswerState) func(ctx context.Context, tx *db.Tx, f id.Fulfillment, seen int64, reference, reason string) (*fulfillment.Order, error) {
		return func(ctx context.Context, tx *db.Tx, f id.Fulfillment, seen int64, reference, reason string) (*fulfillment.Order, error) {
			return flow.AnswerRequest(ctx, tx, f, seen, fulfillment.Answer{State: state, Reference: reference, Reason: reason})
		}
	}
	cancellation := func(accepted bool) func(ctx context.Context, tx *db.Tx, f id.Fulfillment, seen int64, reference, reason string) (*fulfillment.Order, error) {
		return func(ctx context.Context, tx *db.Tx, f id.Fulfillment, seen int64, _, reason string) (*fulfillment.Order, error) {
			return flow.AnswerCancellation(ctx, tx, f, seen, accepted, reason)
		}
	}
	step("resend", "resend-request", "Ask a partner again who has not answered", func(ctx context.Context, tx *db.Tx, f id.Fulfillment, seen int64, _, _ string) (*fulfillment.Order, error) {
		return flow.ResendRequest(ctx, tx, f, seen)
	})
	step("accept", "accept-request", "Say that the partner will send the goods", answer(fulfillment.Accepted))
	step("reject", "reject-request", "Say that the partner will not send the goods: they are routed anew without him", answer(fulfillment.Refuses))
	step("cancel", "cancel-request", "Ask the partner not to send the goods", func(ctx context.Context, tx *db.Tx, f id.Fulfillment, seen int64, _, reason string) (*fulfillment.Order, error) {
		return flow.CancelRequest(ctx, tx, f, seen, reason)
	})
	step("accept-cancellation", "accept-request-cancellation", "Say that the partner does not send the goods", cancellation(true))
	step("reject-cancellation", "reject-request-cancellation", "Say that the partner sends the goods all the same", cancellation(false))
}

// NoticeItem is units of an article that a partner has sent.
type NoticeItem struct {
	Article
	Quantity int64 `json:"quantity" minimum:"1"`
}

func (s *Server) registerNotices() {
	type noticeInput struct {
		FulfillmentStep
		Body struct {
			Reference   string       `json:"reference" minLength:"1" maxLength:"200" doc:"The partner's own: the same one again gets the first answer."`
			Items       []NoticeItem `json:"items" maxItems:"1000" doc:"All that left, asked for or not; none: nothing did."`
			MoreFollows bool         `json:"more_follows,omitempty" doc:"What is missing is still to come. Otherwise it is routed anew, without the partner."`
			fulfillment.Carriage
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/notices", id: "take-notice", summary: "Take in what a partner says he has sent, which is the truth whatever he was asked for", tag: fulfillmentTag, permission: auth.FulfillmentAsk, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *noticeInput) (fulfillment.Notice, error) {
			if _, err := in.mayAs(ctx, tx, auth.FulfillmentAsk); err != nil {
				return fulfillment.Notice{}, err
			}
			named := make([]Article, len(in.Body.Items))
			for i, sent := range in.Body.Items {
				named[i] = sent.Article
			}
			known, err := readArticles(ctx, tx, named)
			if err != nil {
				return fulfillment.Notice{}, err
			}
			n := flow.ShipNotice{Fulfillment: in.Fulfillment, Reference: in.Body.Reference, MoreFollows: in.Body.MoreFollows, Carriage: in.Body.Carriage}
			for i, sent := range in.Body.Items {
				v := known.find(fault.Fields{}, item("items", i, ""), sent.Article) // what nobody knows is a discrepancy
				n.Items = append(n.Items, flow.NoticeItem{Variant: v.ID, SKU: cmp.Or(v.SKU, sent.SKU), Quantity: sent.Quantity})
			}
			taken, err := flow.TakeNotice(ctx, tx, n)
			if err != nil {
				return fulfillment.Notice{}, err
			}
			taken.Discrepancies = append([]fulfillment.Discrepancy{}, taken.Discrepancies...)
			return *taken, nil
		})

	type listInput struct {
		Paged
		Locations []id.Location `query:"location" maxItems:"200"`
		Orders    []id.Order    `query:"order" maxItems:"200"`
		Open      bool          `query:"open" doc:"Only those that nobody has seen to."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/discrepancies", id: "list-discrepancies", summary: "Where partners sent other goods than they were asked for, newest first", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *listInput) (list[fulfillment.Discrepancy], error) {
			locations, err := within(ctx, auth.FulfillmentRead, in.Locations)
			if err != nil {
				return list[fulfillment.Discrepancy]{}, err
			}
			rows, next, err := fulfillment.Discrepancies(ctx, s.DB, fulfillment.DiscrepancyFilter{Locations: locations, Orders: in.Orders, Open: in.Open, Limit: in.Limit, After: in.After})
			return listOf(rows, next), err
		})

	type resolveInput struct {
		Once
		Discrepancy id.Discrepancy `path:"discrepancy"`
		Body        struct {
			Resolution string `json:"resolution" minLength:"1" maxLength:"2000" doc:"What was done about it."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/discrepancies/{discrepancy}/resolve", id: "resolve-discrepancy", summary: "Say that somebody has seen to a discrepancy", tag: fulfillmentTag, permission: auth.FulfillmentAsk},
		func(ctx context.Context, tx *db.Tx, in *resolveInput) (fulfillment.Discrepancy, error) {
			rows, _, err := fulfillment.Discrepancies(ctx, tx, fulfillment.DiscrepancyFilter{IDs: []id.Discrepancy{in.Discrepancy}})
			if err == nil && len(rows) > 0 {
				err = auth.RequireAt(ctx, auth.FulfillmentAsk, rows[0].Location)
			}
			if err != nil {
				return fulfillment.Discrepancy{}, err
			}
			return fulfillment.Resolve(ctx, tx, in.Discrepancy, in.Body.Resolution)
		})
}

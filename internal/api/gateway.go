package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"purser/internal/base/id"
	"purser/internal/domain/payment"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// webhookInput is a webhook as a gateway sends it.
type webhookInput struct {
	Gateway string `path:"gateway" doc:"Name of the connected gateway."`
	RawBody []byte `contentType:"application/octet-stream"`
	header  http.Header
}

// Resolve keeps the headers, one of which has the signature.
func (in *webhookInput) Resolve(ctx huma.Context) []error {
	in.header = http.Header{}
	ctx.EachHeader(func(name, value string) { in.header.Add(name, value) })
	return nil
}

// Accepted is the answer to a webhook.
type Accepted struct {
	Events int `json:"events" doc:"How many of the events are new."`
}

func (s *Server) registerGateways() {
	// A gateway has no key of ours: the signature that its connector checks is
	// what lets it in.
	rt := route{method: http.MethodPost, path: "/v1/gateways/{gateway}/webhook"}
	huma.Register(s.api, huma.Operation{
		OperationID: "receive-webhook", Method: rt.method, Path: rt.path, Summary: "Take a webhook of a payment gateway, signed by it", Tags: []string{paymentTag},
		Errors: []int{http.StatusUnauthorized, http.StatusConflict, http.StatusUnprocessableEntity}, MaxBodyBytes: MaxBody,
	}, func(ctx context.Context, in *webhookInput) (*answer[Accepted], error) {
		gateway, err := s.Gateways.Get(in.Gateway)
		if err != nil {
			return nil, s.failed(ctx, rt, err)
		}
		events, err := gateway.ParseWebhook(in.header, in.RawBody)
		if err != nil {
			return nil, s.failed(ctx, rt, err)
		}
		out := &answer[Accepted]{Status: http.StatusOK}
		ctx = auth.With(ctx, auth.System("gateway "+in.Gateway))
		err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
			out.Body.Events, err = payment.Accept(ctx, tx, in.Gateway, events)
			return err
		})
		if err != nil {
			return nil, s.failed(ctx, rt, err)
		}
		return out, nil
	})

	type listInput struct {
		Limit    int                   `query:"limit" minimum:"1" maximum:"200" default:"50"`
		Statuses []payment.InboxStatus `query:"status" enum:"received,processed,ignored,failed,dead"`
		Before   id.Inbox              `query:"before" doc:"Id of the last event you have."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/gateway-events", id: "list-gateway-events", summary: "What gateways told, newest first", tag: paymentTag, permission: auth.JobRead},
		func(ctx context.Context, in *listInput) (list[payment.Received], error) {
			rows, err := payment.Inbox(ctx, s.DB, in.Statuses, in.Before, in.Limit)
			return listOf(rows, ""), err
		})

	type replayInput struct {
		Once
		Event id.Inbox `path:"event"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/gateway-events/{event}/replay", id: "replay-gateway-event", summary: "Try an event again that failed or was given up", tag: paymentTag, permission: auth.JobWrite},
		func(ctx context.Context, tx *db.Tx, in *replayInput) (struct{}, error) {
			return struct{}{}, payment.Replay(ctx, tx, in.Event)
		})
}

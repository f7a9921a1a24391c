package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/webhook"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// WebhookEndpoint is an address that is told what happens.
type WebhookEndpoint struct{ webhook.Endpoint }

func (e WebhookEndpoint) version() int64 { return e.Version }

// NewWebhookEndpoint is an endpoint with its secret, which is shown once.
type NewWebhookEndpoint struct {
	WebhookEndpoint
	Secret string `json:"secret" doc:"Signs the messages (Standard Webhooks, HMAC-SHA256). It is not shown again."`
}

// WebhookEndpointFields are the fields of an endpoint in a request. A field that is left
// out stays as it is.
type WebhookEndpointFields struct {
	URL         *string                 `json:"url,omitempty" doc:"Begins with https://. Addresses inside of networks are refused unless the operator allows them."`
	Description *string                 `json:"description,omitempty"`
	Kinds       *[]string               `json:"kinds,omitempty" maxItems:"100" doc:"Kinds of events, such as order.placed, or order.* for all of an area. None: all."`
	Status      *webhook.EndpointStatus `json:"status,omitempty" enum:"enabled,disabled"`
}

// onto changes an endpoint to what a request says, if its address may be called.
func (s *Server) onto(f WebhookEndpointFields, e *webhook.Endpoint) error {
	set(&e.Description, f.Description)
	set(&e.Kinds.V, f.Kinds)
	set(&e.Status, f.Status)
	if f.URL == nil {
		return nil
	}
	e.URL = *f.URL
	return s.Outbound.CheckURL(e.URL)
}

const webhookTag = "Webhooks"

func (s *Server) registerWebhookEndpoints() {
	read(s, route{method: http.MethodGet, path: "/v1/webhook-endpoints", id: "list-webhook-endpoints", summary: "List the addresses that are told what happens", tag: webhookTag, permission: auth.WebhookRead},
		func(ctx context.Context, _ *struct{}) (list[webhook.Endpoint], error) {
			all, err := webhook.Endpoints(ctx, s.DB)
			return listOf(all, ""), err
		})

	type addInput struct {
		Once
		Body WebhookEndpointFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/webhook-endpoints", id: "add-webhook-endpoint", summary: "Have an address told what happens", tag: webhookTag, permission: auth.WebhookWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (NewWebhookEndpoint, error) {
			if in.Body.URL == nil {
				in.Body.URL = new(string)
			}
			var e webhook.Endpoint
			if err := s.onto(in.Body, &e); err != nil {
				return NewWebhookEndpoint{}, err
			}
			e, secret, err := webhook.AddEndpoint(ctx, tx, e)
			return NewWebhookEndpoint{WebhookEndpoint{e}, secret}, err
		})

	type endpointInput struct {
		Endpoint id.Endpoint `path:"endpoint"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/webhook-endpoints/{endpoint}", id: "get-webhook-endpoint", summary: "An address that is told what happens", tag: webhookTag, permission: auth.WebhookRead},
		func(ctx context.Context, in *endpointInput) (WebhookEndpoint, error) {
			e, err := webhook.GetEndpoint(ctx, s.DB, in.Endpoint)
			return WebhookEndpoint{e}, err
		})

	type changeInput struct {
		Keyed
		IfMatch
		Endpoint id.Endpoint `path:"endpoint"`
		Body     WebhookEndpointFields
	}
	write(s, route{method: http.MethodPatch, path: "/v1/webhook-endpoints/{endpoint}", id: "change-webhook-endpoint", summary: "Change an endpoint, or switch it on or off", tag: webhookTag, permission: auth.WebhookWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (WebhookEndpoint, error) {
			seen, err := in.want()
			if err != nil {
				return WebhookEndpoint{}, err
			}
			e, err := webhook.ChangeEndpoint(ctx, tx, in.Endpoint, seen, func(e *webhook.Endpoint) error { return s.onto(in.Body, e) })
			return WebhookEndpoint{e}, err
		})

	type removeInput struct {
		Keyed
		Endpoint id.Endpoint `path:"endpoint"`
	}
	write(s, route{method: http.MethodDelete, path: "/v1/webhook-endpoints/{endpoint}", id: "remove-webhook-endpoint", summary: "Forget an endpoint and its messages", tag: webhookTag, permission: auth.WebhookWrite},
		func(ctx context.Context, tx *db.Tx, in *removeInput) (struct{}, error) {
			return struct{}{}, webhook.RemoveEndpoint(ctx, tx, in.Endpoint)
		})
}

func (s *Server) registerWebhookSteps() {
	type stepInput struct {
		Once
		Endpoint id.Endpoint `path:"endpoint"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/webhook-endpoints/{endpoint}/rotate-secret", id: "rotate-webhook-secret", summary: "Sign with a new secret; the previous one signs, too, for a day", tag: webhookTag, permission: auth.WebhookWrite},
		func(ctx context.Context, tx *db.Tx, in *stepInput) (NewWebhookEndpoint, error) {
			e, secret, err := webhook.Rotate(ctx, tx, in.Endpoint)
			return NewWebhookEndpoint{WebhookEndpoint{e}, secret}, err
		})
	write(s, route{method: http.MethodPost, path: "/v1/webhook-endpoints/{endpoint}/test", id: "test-webhook-endpoint", summary: "Send a message to try the receiver with", tag: webhookTag, permission: auth.WebhookWrite},
		func(ctx context.Context, tx *db.Tx, in *stepInput) (webhook.Delivery, error) {
			return webhook.SendTest(ctx, tx, in.Endpoint)
		})

	type replayInput struct {
		Once
		Endpoint id.Endpoint `path:"endpoint"`
		Body     struct {
			Since time.Time `json:"since" doc:"What happened since then is sent again; ids stay, so that the receiver can drop what it has."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/webhook-endpoints/{endpoint}/replay", id: "replay-webhooks", summary: "Send what happened since a time, again or for the first time", tag: webhookTag, permission: auth.WebhookWrite},
		func(ctx context.Context, tx *db.Tx, in *replayInput) (struct{}, error) {
			return struct{}{}, webhook.RequestReplay(ctx, tx, in.Endpoint, in.Body.Since.UTC())
		})

	type deliveriesInput struct {
		Limit    int              `query:"limit" minimum:"1" maximum:"200" default:"50"`
		Endpoint id.Endpoint      `query:"endpoint"`
		Event    id.Event         `query:"event"`
		Statuses []webhook.Status `query:"status" enum:"queued,retry,sent,dead"`
		Kinds    []string         `query:"kind"`
		Before   id.Delivery      `query:"before" doc:"Id of the last message you have."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/webhook-deliveries", id: "list-webhook-deliveries", summary: "What was sent, and what came of it, newest first", tag: webhookTag, permission: auth.WebhookRead},
		func(ctx context.Context, in *deliveriesInput) (list[webhook.Delivery], error) {
			f := webhook.Filter{Endpoint: in.Endpoint, Event: in.Event, Statuses: in.Statuses, Kinds: in.Kinds}
			rows, err := webhook.Deliveries(ctx, s.DB, f, in.Before, in.Limit)
			return listOf(rows, ""), err
		})

	type retryInput struct {
		Once
		Delivery id.Delivery `path:"delivery"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/webhook-deliveries/{delivery}/retry", id: "retry-webhook-delivery", summary: "Send a message again, now", tag: webhookTag, permission: auth.WebhookWrite},
		func(ctx context.Context, tx *db.Tx, in *retryInput) (webhook.Delivery, error) {
			return webhook.RetryDelivery(ctx, tx, in.Delivery)
		})
}

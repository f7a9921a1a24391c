package webhook

import "purser/internal/base/id"

// EndpointDisabled says that an endpoint is told nothing any more, because it
// took nothing for days or wants nothing.
type EndpointDisabled struct {
	Endpoint id.Endpoint `json:"endpoint_id"`
	Why      string      `json:"why"`
}

// Kind is webhook.endpoint_disabled.
func (EndpointDisabled) Kind() string { return "webhook.endpoint_disabled" }

// Subject is the endpoint.
func (f EndpointDisabled) Subject() id.UUID { return f.Endpoint }

// DeliveryDied says that a message was given up after the last try.
type DeliveryDied struct {
	Endpoint id.Endpoint `json:"endpoint_id"`
	Delivery id.Delivery `json:"delivery_id"`
	Event    id.Event    `json:"event_id"`
	Error    string      `json:"error"`
}

// Kind is webhook.delivery_died.
func (DeliveryDied) Kind() string { return "webhook.delivery_died" }

// Subject is the endpoint.
func (f DeliveryDied) Subject() id.UUID { return f.Endpoint }

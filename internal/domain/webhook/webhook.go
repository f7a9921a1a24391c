// Package webhook tells other programs what happens, by the Standard Webhooks
// specification 1.0.0 (standardwebhooks.com).
//
// Each event becomes a message to each endpoint that wants its kind. A message is
// sent at least once; its id is the event's, so that the receiver can drop
// repetitions. Messages about one subject (an order, a customer) are sent one
// after the other, in the order of the event log; those of others do not wait.
// What is not taken is tried again over three days and then kept, dead, until a
// person sends it again.
package webhook

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// EndpointStatus tells whether an endpoint is told anything.
type EndpointStatus string

// The states of an endpoint.
const (
	Enabled  EndpointStatus = "enabled"
	Disabled EndpointStatus = "disabled"
)

// Endpoint is an address that is told what happens.
type Endpoint struct {
	ID           id.Endpoint       `db:"id" json:"id"`
	URL          string            `db:"url" json:"url"`
	Description  string            `db:"description" json:"description,omitempty"`
	Kinds        db.JSON[[]string] `db:"kinds" json:"kinds" doc:"Kinds of events, such as order.placed, or order.* for all of an area. None: all."`
	Status       EndpointStatus    `db:"status" json:"status"`
	DisabledWhy  string            `db:"disabled_why" json:"disabled_why,omitempty"`
	Secret       string            `db:"secret" json:"-"`
	OldSecret    string            `db:"old_secret" json:"-"`
	OldUntil     time.Time         `db:"old_until" json:"old_secret_until,omitzero" doc:"Until then, messages are signed with the previous secret, too."`
	Sequence     int64             `db:"sequence" json:"sequence" doc:"Of the last message."`
	FailingSince time.Time         `db:"failing_since" json:"failing_since,omitzero" doc:"Missing: the last message was taken."`
	SucceededAt  time.Time         `db:"succeeded_at" json:"succeeded_at,omitzero"`
	CreatedBy    string            `db:"created_by" json:"created_by"`
	CreatedAt    time.Time         `db:"created_at" json:"created_at"`
	Version      int64             `db:"version" json:"version"`
}

// The limits of an endpoint.
const (
	maxKinds = 100
	maxText  = 500  // characters of a description
	maxURL   = 2000 // bytes
)

// check tidies an endpoint and refuses one that makes no sense. Whether its
// address may be called is the caller's to know.
func (e *Endpoint) check() error {
	f := fault.Fields{}
	e.URL, e.Description = strings.TrimSpace(e.URL), text.Clean(e.Description)
	if len(e.URL) > maxURL {
		f.Add("url", "is longer than %d bytes", maxURL)
	}
	if len([]rune(e.Description)) > maxText {
		f.Add("description", "is longer than %d characters", maxText)
	}
	if e.Status != Enabled && e.Status != Disabled {
		f.Add("status", "is not enabled or disabled")
	}
	kinds := slices.Compact(slices.Sorted(slices.Values(e.Kinds.V)))
	if len(kinds) > maxKinds {
		f.Add("kinds", "are more than %d", maxKinds)
	}
	for _, k := range kinds {
		if area, verb, ok := strings.Cut(k, "."); !ok || area == "" || verb == "" {
			f.Add("kinds", "%q is not a kind of event such as order.placed, or order.*", k)
		}
	}
	if kinds == nil {
		kinds = []string{}
	}
	e.Kinds.V = kinds
	return f.Err("webhook.invalid", "The endpoint cannot be kept as it is.")
}

// Wants tells whether an endpoint is told of a kind of event. Nobody is told of
// what becomes of webhooks: that would never end.
func (e *Endpoint) Wants(kind string) bool {
	if strings.HasPrefix(kind, "webhook.") {
		return false
	}
	return len(e.Kinds.V) == 0 || slices.ContainsFunc(e.Kinds.V, func(k string) bool {
		area, all := strings.CutSuffix(k, ".*")
		return k == kind || all && strings.HasPrefix(kind, area+".")
	})
}

// Status is what became of a message.
type Status string

// The states of a message.
const (
	Queued Status = "queued"
	Retry  Status = "retry" // was not taken; is sent again
	Sent   Status = "sent"
	Dead   Status = "dead" // given up until a person sends it again
)

// Delivery is a message to an endpoint.
type Delivery struct {
	ID          id.Delivery `db:"id" json:"id"`
	Endpoint    id.Endpoint `db:"endpoint_id" json:"endpoint_id"`
	Event       id.Event    `db:"event_id" json:"event_id" doc:"Sent as webhook-id."`
	Kind        string      `db:"kind" json:"kind"`
	Subject     id.Any      `db:"subject" json:"-"`
	Sequence    int64       `db:"sequence" json:"sequence" doc:"Place in the endpoint's stream of messages."`
	Body        string      `db:"body" json:"-"`
	Status      Status      `db:"status" json:"status"`
	Tries       int64       `db:"tries" json:"tries"`
	DueAt       time.Time   `db:"due_at" json:"due_at" doc:"When it is sent next, if it is not sent or dead."`
	LeasedUntil time.Time   `db:"leased_until" json:"-"`
	Answer      int64       `db:"answer" json:"answer,omitempty" doc:"HTTP status of the last answer; missing: there was none."`
	Error       string      `db:"error" json:"error,omitempty"`
	CreatedAt   time.Time   `db:"created_at" json:"created_at"`
	SettledAt   time.Time   `db:"settled_at" json:"settled_at,omitzero"`
}

// message is the body of a webhook.
type message struct {
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	ID        id.Event        `json:"id"`
	Sequence  int64           `json:"sequence"` // of the endpoint's messages, without gaps: who misses one can fetch it from the feed
	Cursor    string          `json:"cursor"`   // the event's place in the feed
	Data      json.RawMessage `json:"data"`
}

// schedule is how long after a try that failed the next one comes: those of the
// specification's example. After the last one a message is dead.
var schedule = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

const (
	lease       = 2 * time.Minute    // for a call and its outcome
	giveUpAfter = 5 * 24 * time.Hour // of failures only: an endpoint is disabled
	longestWait = 24 * time.Hour     // that an endpoint may ask for
	oldSecrets  = 24 * time.Hour     // for which a previous secret signs, too
	keepSent    = 30 * 24 * time.Hour
)

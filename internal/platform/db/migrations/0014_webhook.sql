-- +goose Up

-- owner: webhook
-- Addresses that are told what happens.
CREATE TABLE webhook_endpoint (
	id             UUID        NOT NULL PRIMARY KEY,
	url            TEXT        NOT NULL,
	description    TEXT        NOT NULL DEFAULT '',
	kinds          JSONB       NOT NULL, -- of events, such as order.placed, or order.*; none: all
	status         TEXT        NOT NULL CHECK (status IN ('enabled', 'disabled')),
	disabled_why   TEXT        NOT NULL DEFAULT '',
	secret         TEXT        NOT NULL,
	old_secret     TEXT        NOT NULL DEFAULT '', -- signs beside the new one until old_until
	old_until      TIMESTAMPTZ,
	sequence       BIGINT      NOT NULL DEFAULT 0, -- of the last message
	failing_since  TIMESTAMPTZ, -- none: the last delivery succeeded
	succeeded_at   TIMESTAMPTZ,
	created_by     TEXT        NOT NULL,
	created_at     TIMESTAMPTZ NOT NULL,
	version        BIGINT      NOT NULL DEFAULT 1
);
-- A message to an endpoint, and what became of it.
CREATE TABLE webhook_delivery (
	id           UUID        NOT NULL PRIMARY KEY,
	endpoint_id  UUID        NOT NULL REFERENCES webhook_endpoint (id),
	event_id     UUID        NOT NULL, -- the receiver's key against repetitions
	kind         TEXT        NOT NULL,
	subject      UUID        NOT NULL, -- messages about one subject are sent in order
	sequence     BIGINT      NOT NULL, -- place in the endpoint's stream
	body         TEXT        NOT NULL, -- as it is sent and signed
	status       TEXT        NOT NULL CHECK (status IN ('queued', 'retry', 'sent', 'dead')),
	tries        BIGINT      NOT NULL DEFAULT 0,
	due_at       TIMESTAMPTZ NOT NULL,
	leased_until TIMESTAMPTZ, -- a call is under way until then
	answer       BIGINT      NOT NULL DEFAULT 0, -- HTTP status of the last call; 0: no answer
	error        TEXT        NOT NULL DEFAULT '',
	created_at   TIMESTAMPTZ NOT NULL,
	settled_at   TIMESTAMPTZ,
	CONSTRAINT webhook_delivery_once UNIQUE (endpoint_id, event_id)
);
-- serves the next message of a subject, and what is due
CREATE INDEX webhook_delivery_lane ON webhook_delivery (endpoint_id, subject, sequence) WHERE status IN ('queued', 'retry');
CREATE INDEX webhook_delivery_due ON webhook_delivery (due_at) WHERE status IN ('queued', 'retry');
-- serves pruning
CREATE INDEX webhook_delivery_settled ON webhook_delivery (settled_at) WHERE settled_at IS NOT NULL;

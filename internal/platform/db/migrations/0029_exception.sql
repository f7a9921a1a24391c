-- +goose Up

-- owner: exception
-- What people added to an exception. What is an exception is computed from what
-- is true now; a row counts for as long as it is newer than the exception.
CREATE TABLE exception_mark (
	kind          TEXT        NOT NULL,
	object        UUID        NOT NULL, -- what it is about
	part          UUID        NOT NULL, -- the part of it; the object itself where there is none
	assigned_to   UUID,
	snoozed_until TIMESTAMPTZ,
	note          TEXT        NOT NULL DEFAULT '',
	first_seen_at TIMESTAMPTZ NOT NULL,
	updated_by    TEXT        NOT NULL,
	updated_at    TIMESTAMPTZ NOT NULL,
	version       BIGINT      NOT NULL DEFAULT 1,
	PRIMARY KEY (kind, object, part)
);

-- What the list of exceptions looks for; each is rare.
-- owner: payment
CREATE INDEX payment_failed ON payment (order_id) WHERE status = 'failed';
CREATE INDEX payment_transaction_failed ON payment_transaction (payment_id, id) WHERE status = 'failed';
CREATE INDEX refund_failed ON refund (payment_id) WHERE status = 'failed';
CREATE INDEX payment_inbox_dead ON payment_inbox (received_at) WHERE status = 'dead';

-- owner: webhook
CREATE INDEX webhook_delivery_dead ON webhook_delivery (endpoint_id) WHERE status = 'dead';

-- owner: inventory
CREATE INDEX stock_count_review ON stock_count (location_id) WHERE status = 'review';

-- owner: automation
ALTER TABLE automation_run ADD COLUMN trigger JSONB; -- of a rule that failed: what it was to look at, so that a person may try it again

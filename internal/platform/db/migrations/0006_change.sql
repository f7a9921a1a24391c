-- +goose Up

-- owner: change
-- What is to be changed of an order that was placed, until it is confirmed and
-- ever after. What it changed can be undone by a set of its own.
CREATE TABLE change_set (
	id           UUID        NOT NULL PRIMARY KEY,
	order_id     UUID        NOT NULL,
	kind         TEXT        NOT NULL CHECK (kind IN ('edit', 'cancel', 'return', 'exchange', 'claim')),
	status       TEXT        NOT NULL CHECK (status IN ('draft', 'requested', 'confirmed', 'declined', 'cancelled')),
	base_version BIGINT      NOT NULL, -- of the order, that the set was made on
	base_at      TIMESTAMPTZ NOT NULL, -- when the order was looked at
	actions      JSONB       NOT NULL,
	reason       TEXT        NOT NULL DEFAULT '',
	note         TEXT        NOT NULL DEFAULT '',
	agreed_before JSONB, -- what was agreed when the set was confirmed
	agreed_after  JSONB, -- and what the set made of it
	undoes       UUID,  -- the set that this one undid
	undone_by    UUID,  -- the set that undid this one
	created_by   TEXT        NOT NULL,
	created_at   TIMESTAMPTZ NOT NULL,
	requested_by TEXT        NOT NULL DEFAULT '', -- who asked for an approval
	requested_at TIMESTAMPTZ,
	closed_by    TEXT        NOT NULL DEFAULT '', -- who confirmed, declined or cancelled it
	closed_at    TIMESTAMPTZ,
	version      BIGINT      NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX change_set_open ON change_set (order_id) WHERE status IN ('draft', 'requested');
CREATE INDEX change_set_order ON change_set (order_id, id);

-- What a channel allows after an order was placed.
ALTER TABLE channel ADD COLUMN edit_minutes BIGINT NOT NULL DEFAULT 0; -- how long an order is kept from being worked on, to be changed
ALTER TABLE channel ADD COLUMN backorder_days BIGINT NOT NULL DEFAULT 0; -- what is still owed so long after the order is cancelled; 0: never
ALTER TABLE sales_order ADD COLUMN backorder_until TIMESTAMPTZ; -- until then what it owes is kept, whatever its channel says

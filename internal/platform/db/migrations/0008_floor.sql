-- +goose Up

-- owner: fulfillment
-- Units that were to be picked and were not there, or not fit to be sent, and
-- what that did to stock. Rows are never changed but to say that the goods were
-- counted since.
CREATE TABLE short_pick (
	id             UUID        NOT NULL PRIMARY KEY,
	order_id       UUID        NOT NULL,
	fulfillment_id UUID        NOT NULL REFERENCES fulfillment_order (id),
	line_id        UUID        NOT NULL, -- order line
	variant_id     UUID        NOT NULL,
	location_id    UUID        NOT NULL,
	batch_id       UUID, -- the pick batch in which it was found, if it was in one
	quantity       BIGINT      NOT NULL CHECK (quantity > 0),
	reason         TEXT        NOT NULL,
	effect         TEXT        NOT NULL CHECK (effect IN ('none', 'zero', 'damaged')),
	booked         BIGINT      NOT NULL DEFAULT 0 CHECK (booked >= 0), -- units that may not be sold any more
	to_count       BOOLEAN     NOT NULL DEFAULT FALSE, -- somebody has to count the variant here
	counted_at     TIMESTAMPTZ,
	note           TEXT        NOT NULL DEFAULT '',
	actor          TEXT        NOT NULL,
	at             TIMESTAMPTZ NOT NULL
);
CREATE INDEX short_pick_fulfillment ON short_pick (fulfillment_id, line_id);
CREATE INDEX short_pick_to_count ON short_pick (location_id, variant_id) WHERE to_count AND counted_at IS NULL;

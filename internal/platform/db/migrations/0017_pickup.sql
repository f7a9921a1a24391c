-- +goose Up

-- owner: order
ALTER TABLE sales_order ADD COLUMN pickup_location_id UUID; -- where the customer fetches it; null: it is sent

-- owner: fulfillment
-- What a customer needs to fetch a fulfillment order of the kind pickup, from when
-- it was first made ready. Its state follows from the fulfillment order.
CREATE TABLE pickup (
	fulfillment_id UUID        NOT NULL PRIMARY KEY REFERENCES fulfillment_order (id),
	order_id       UUID        NOT NULL,
	location_id    UUID        NOT NULL,
	code           TEXT        NOT NULL, -- that the customer shows
	wait_until     TIMESTAMPTZ, -- it is kept until then; null: for ever
	reminders      BIGINT      NOT NULL DEFAULT 0 CHECK (reminders >= 0),
	reminded_at    TIMESTAMPTZ,
	arrived_at     TIMESTAMPTZ, -- the customer is outside
	bay            TEXT        NOT NULL DEFAULT '',
	expired_at     TIMESTAMPTZ, -- nobody came
	created_at     TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX pickup_code ON pickup (code);
-- those that wait for their customers
CREATE INDEX fulfillment_order_ready ON fulfillment_order (location_id, ready_at) WHERE status = 'in_progress' AND ready_at IS NOT NULL;

-- Who took the goods of a shipment over the counter. Rows are never changed but to
-- say that it was taken back, or to erase the name.
CREATE TABLE pickup_handover (
	shipment_id    UUID        NOT NULL PRIMARY KEY REFERENCES shipment (id),
	fulfillment_id UUID        NOT NULL REFERENCES pickup (fulfillment_id),
	person         TEXT        NOT NULL,
	proof          TEXT        NOT NULL CHECK (proof IN ('code', 'id')),
	actor          TEXT        NOT NULL,
	at             TIMESTAMPTZ NOT NULL,
	undone_by      TEXT        NOT NULL DEFAULT '',
	undone_at      TIMESTAMPTZ
);
CREATE INDEX pickup_handover_fulfillment ON pickup_handover (fulfillment_id);

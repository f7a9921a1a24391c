-- +goose Up

-- owner: fulfillment
-- Shipments of several orders that go to one customer in one box, under one label.
-- What becomes of it follows from its shipments.
CREATE TABLE parcel (
	id              UUID        NOT NULL PRIMARY KEY,
	location_id     UUID        NOT NULL,
	carrier         TEXT        NOT NULL DEFAULT '',
	service         TEXT        NOT NULL DEFAULT '',
	tracking_number TEXT        NOT NULL DEFAULT '',
	tracking_url    TEXT        NOT NULL DEFAULT '',
	cost_minor      BIGINT      NOT NULL DEFAULT 0 CHECK (cost_minor >= 0), -- of the label; its shipments share it
	created_by      TEXT        NOT NULL,
	created_at      TIMESTAMPTZ NOT NULL,
	version         BIGINT      NOT NULL
);
ALTER TABLE shipment ADD COLUMN parcel_id UUID;
CREATE INDEX shipment_parcel ON shipment (parcel_id) WHERE parcel_id IS NOT NULL;

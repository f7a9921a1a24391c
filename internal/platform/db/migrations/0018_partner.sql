-- +goose Up

-- owner: inventory
ALTER TABLE location ADD COLUMN partner TEXT NOT NULL DEFAULT ''; -- the connector that asks who sends goods from here; empty: people do

-- owner: fulfillment
-- How far a partner (somebody else's warehouse, a supplier) has been asked for the
-- goods; empty where our own people send them.
ALTER TABLE fulfillment_order ADD COLUMN request_status TEXT NOT NULL DEFAULT '' CHECK (request_status IN ('', 'unsubmitted', 'submitted', 'accepted', 'rejected', 'cancellation_requested', 'cancellation_accepted', 'cancellation_rejected'));

-- What a partner was asked for, in the words in which it is asked again.
CREATE TABLE fulfillment_request (
	id             UUID        NOT NULL PRIMARY KEY, -- the key by which the partner knows it
	fulfillment_id UUID        NOT NULL REFERENCES fulfillment_order (id),
	partner        TEXT        NOT NULL, -- the connector
	body           JSONB       NOT NULL,
	reference      TEXT        NOT NULL DEFAULT '', -- the partner's own
	reason         TEXT        NOT NULL DEFAULT '', -- why it was refused, or is to be cancelled
	tries          BIGINT      NOT NULL DEFAULT 0,
	created_at     TIMESTAMPTZ NOT NULL,
	answered_at    TIMESTAMPTZ
);
CREATE UNIQUE INDEX fulfillment_request_of ON fulfillment_request (fulfillment_id);

-- What a partner says that it has sent: that is the truth, whatever it was asked for.
CREATE TABLE ship_notice (
	id             UUID        NOT NULL PRIMARY KEY,
	fulfillment_id UUID        NOT NULL REFERENCES fulfillment_order (id),
	order_id       UUID        NOT NULL,
	location_id    UUID        NOT NULL,
	reference      TEXT        NOT NULL, -- the partner's own: a notice is taken once
	shipment_id    UUID REFERENCES shipment (id), -- null: nothing of it was asked for
	units          BIGINT      NOT NULL CHECK (units >= 0),
	more_follows   BOOLEAN     NOT NULL, -- what is missing is still to come
	actor          TEXT        NOT NULL,
	at             TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX ship_notice_reference ON ship_notice (location_id, reference);
CREATE INDEX ship_notice_fulfillment ON ship_notice (fulfillment_id);

-- Where a notice and what was asked for differ. Rows are never changed but to say
-- that somebody has seen to it.
CREATE TABLE ship_discrepancy (
	id             UUID        NOT NULL PRIMARY KEY,
	notice_id      UUID        NOT NULL REFERENCES ship_notice (id),
	fulfillment_id UUID        NOT NULL,
	order_id       UUID        NOT NULL,
	location_id    UUID        NOT NULL,
	line_id        UUID, -- order line; null: of none
	variant_id     UUID, -- null: nobody knows the article
	sku            TEXT        NOT NULL,
	asked          BIGINT      NOT NULL CHECK (asked >= 0),
	shipped        BIGINT      NOT NULL CHECK (shipped >= 0 AND shipped <> asked),
	booked         BIGINT      NOT NULL DEFAULT 0 CHECK (booked >= 0), -- units that left without having been asked for, as far as the books had them
	status         TEXT        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'resolved')),
	resolution     TEXT        NOT NULL DEFAULT '',
	resolved_by    TEXT        NOT NULL DEFAULT '',
	resolved_at    TIMESTAMPTZ,
	at             TIMESTAMPTZ NOT NULL
);
CREATE INDEX ship_discrepancy_notice ON ship_discrepancy (notice_id);
CREATE INDEX ship_discrepancy_open ON ship_discrepancy (location_id, id) WHERE status = 'open';

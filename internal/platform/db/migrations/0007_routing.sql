-- +goose Up

-- owner: inventory
ALTER TABLE location ADD COLUMN group_codes JSONB NOT NULL DEFAULT '[]'; -- names that the rules of routing call it by

-- owner: routing
ALTER TABLE routing_decision ADD COLUMN actor TEXT NOT NULL DEFAULT '';
-- A location that would not ship a line: routing leaves it out for that line.
CREATE TABLE routing_exclusion (
	line_id        UUID        NOT NULL, -- order line
	location_id    UUID        NOT NULL,
	order_id       UUID        NOT NULL,
	fulfillment_id UUID        NOT NULL, -- what was rejected
	reason         TEXT        NOT NULL,
	actor          TEXT        NOT NULL,
	at             TIMESTAMPTZ NOT NULL,
	lifted_by      TEXT        NOT NULL DEFAULT '',
	lifted_at      TIMESTAMPTZ, -- set: the location may be asked again
	PRIMARY KEY (line_id, location_id)
);
CREATE INDEX routing_exclusion_order ON routing_exclusion (order_id);

-- owner: fulfillment
-- how much of a day's capacity is given out
CREATE INDEX fulfillment_order_made ON fulfillment_order (location_id, created_at);

-- owner: accounting
ALTER TABLE invoice ADD COLUMN reverses_id UUID; -- of a credit note: the invoice that it takes back whole
CREATE UNIQUE INDEX invoice_reverses ON invoice (reverses_id) WHERE reverses_id IS NOT NULL;

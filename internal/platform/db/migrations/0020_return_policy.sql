-- +goose Up

-- owner: returns
-- Which goods may come back, until when, and what is kept back of their price. The
-- first that matches a line counts.
CREATE TABLE return_policy (
	id              UUID        NOT NULL PRIMARY KEY,
	name            TEXT        NOT NULL,
	position        BIGINT      NOT NULL,
	condition       TEXT        NOT NULL,
	final_sale      BOOLEAN     NOT NULL,
	days            BIGINT      NOT NULL, -- after the delivery, or where that is not known, after the goods left; 0: for ever
	resolutions     JSONB       NOT NULL, -- empty: all
	restocking_ppm  BIGINT      NOT NULL, -- of the goods
	shipping_fee    BIGINT      NOT NULL, -- minor units of its currency
	fee_currency    TEXT        NOT NULL,
	enabled         BOOLEAN     NOT NULL,
	version         BIGINT      NOT NULL,
	created_at      TIMESTAMPTZ NOT NULL,
	updated_at      TIMESTAMPTZ NOT NULL,
	CHECK (days >= 0 AND restocking_ppm BETWEEN 0 AND 1000000 AND shipping_fee >= 0)
);
CREATE UNIQUE INDEX return_policy_name ON return_policy (name);

ALTER TABLE return_line ADD COLUMN restocking_ppm BIGINT NOT NULL DEFAULT 0; -- kept back of its price
ALTER TABLE sales_return ADD COLUMN shipping_fee BIGINT NOT NULL DEFAULT 0; -- kept back once
ALTER TABLE sales_return ADD COLUMN shipping_charged BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sales_return ADD COLUMN override_reason TEXT NOT NULL DEFAULT ''; -- why it was taken against the policy

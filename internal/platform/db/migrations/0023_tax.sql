-- +goose Up

-- owner: tax
-- What sales to a place are taxed with. The most special place counts: the longest
-- postal prefix, then the region, then the country; of one place and class, the
-- newest that is valid.
CREATE TABLE tax_rate (
	id            UUID        NOT NULL PRIMARY KEY,
	country       TEXT        NOT NULL,
	region        TEXT        NOT NULL DEFAULT '', -- code within the country; empty: all of it
	postal_prefix TEXT        NOT NULL DEFAULT '',
	tax_class     TEXT        NOT NULL, -- of variants: standard, reduced ...; shipping, fee: of charges
	name          TEXT        NOT NULL,
	rate_ppm      BIGINT      NOT NULL CHECK (rate_ppm >= 0),
	valid_from    TEXT        NOT NULL,
	valid_to      TEXT        NOT NULL DEFAULT '', -- the last day; empty: for ever
	version       BIGINT      NOT NULL DEFAULT 1,
	created_at    TIMESTAMPTZ NOT NULL,
	CONSTRAINT tax_rate_once UNIQUE (country, region, postal_prefix, tax_class, valid_from)
);

-- owner: customer
ALTER TABLE company ADD COLUMN tax_exempt_until TEXT NOT NULL DEFAULT ''; -- last day of the certificate; empty: for ever

-- owner: channel
ALTER TABLE channel ADD COLUMN tax_collected BOOLEAN NOT NULL DEFAULT FALSE; -- the marketplace collects the tax and pays it

-- owner: order
ALTER TABLE order_line ADD COLUMN tax_reason TEXT NOT NULL DEFAULT ''; -- why it is taxed so: given, rate, exempt ...
ALTER TABLE order_line ADD COLUMN tax_note TEXT NOT NULL DEFAULT ''; -- the same for people, as it was decided
ALTER TABLE order_charge ADD COLUMN tax_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE order_charge ADD COLUMN tax_note TEXT NOT NULL DEFAULT '';

-- +goose Up

-- owner: routing
-- A look at the orders that wait for goods, on a schedule.
CREATE TABLE routing_run (
	name     TEXT        NOT NULL,
	began_at TIMESTAMPTZ NOT NULL,
	ended_at TIMESTAMPTZ,
	orders   BIGINT      NOT NULL DEFAULT 0, -- that were given goods
	units    BIGINT      NOT NULL DEFAULT 0,
	PRIMARY KEY (name, began_at)
);

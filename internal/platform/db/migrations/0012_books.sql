-- +goose Up

-- owner: order
-- Leave to send an order although its company is over its credit limit.
CREATE TABLE order_credit_approval (
	id          UUID        NOT NULL PRIMARY KEY,
	order_id    UUID        NOT NULL,
	until       TIMESTAMPTZ, -- none: for as long as the order lives
	note        TEXT        NOT NULL DEFAULT '',
	approved_by TEXT        NOT NULL,
	approved_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX order_credit_approval_order ON order_credit_approval (order_id);
-- serves the sum of what a company owes and will owe
CREATE INDEX sales_order_credit ON sales_order (company_id)
	WHERE company_id IS NOT NULL AND (invoiced - credited - captured + refunded <> 0 OR total - cancelled_total - invoiced <> 0);
CREATE INDEX order_hold_credit ON order_hold (order_id) WHERE status = 'active' AND reason = 'credit';

-- +goose Up

-- owner: receivable
-- Money that a company or customer paid us, before and after it is counted for
-- invoices. Balance, what is on account, is a cache of its entries.
CREATE TABLE receipt (
	id            UUID        NOT NULL PRIMARY KEY,
	company_id    UUID,
	customer_id   UUID, -- of one who buys for no company
	method        TEXT        NOT NULL, -- bank, cheque, cash; transfer: from an order
	currency      TEXT        NOT NULL,
	amount        BIGINT      NOT NULL CHECK (amount > 0),
	balance       BIGINT      NOT NULL DEFAULT 0,
	exchange_rate TEXT        NOT NULL, -- base currency for one unit, at which the books carry it
	exchange_date TEXT        NOT NULL,
	paid_on       TEXT        NOT NULL, -- day on which it was paid, by the statement
	business_date TEXT        NOT NULL, -- day on which it is in the books
	source        TEXT        NOT NULL, -- where references are unique: an account at a bank, a till
	reference     TEXT        NOT NULL DEFAULT '',
	note          TEXT        NOT NULL DEFAULT '',
	version       BIGINT      NOT NULL DEFAULT 1,
	created_at    TIMESTAMPTZ NOT NULL,
	created_by    TEXT        NOT NULL,
	CONSTRAINT receipt_never_below_zero CHECK (balance >= 0),
	CONSTRAINT receipt_of_one CHECK ((company_id IS NULL) <> (customer_id IS NULL))
);
CREATE UNIQUE INDEX receipt_once ON receipt (source, reference) WHERE reference <> '';
CREATE INDEX receipt_company ON receipt (company_id, id) WHERE company_id IS NOT NULL;
CREATE INDEX receipt_customer ON receipt (customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX receipt_open ON receipt (company_id) WHERE balance > 0;
CREATE TABLE receipt_entry (
	id             UUID        NOT NULL PRIMARY KEY,
	receipt_id     UUID        NOT NULL REFERENCES receipt (id),
	kind           TEXT        NOT NULL CHECK (kind IN ('receive', 'transfer', 'allocate', 'unallocate', 'pay_back', 'reverse')),
	amount         BIGINT      NOT NULL, -- signed
	order_id       UUID,
	invoice_id     UUID, -- that it is meant for; none: the order's, oldest first
	payment_id     UUID,
	transaction_id UUID, -- of the order's payment
	reason         TEXT        NOT NULL DEFAULT '',
	actor          TEXT        NOT NULL,
	business_date  TEXT        NOT NULL,
	at             TIMESTAMPTZ NOT NULL
);
CREATE INDEX receipt_entry_receipt ON receipt_entry (receipt_id, id);
CREATE INDEX receipt_entry_invoice ON receipt_entry (invoice_id) WHERE invoice_id IS NOT NULL;
CREATE UNIQUE INDEX receipt_entry_once ON receipt_entry (transaction_id) WHERE transaction_id IS NOT NULL;
-- A reminder that was sent for an invoice.
CREATE TABLE reminder (
	id         UUID        NOT NULL PRIMARY KEY,
	invoice_id UUID        NOT NULL,
	level      BIGINT      NOT NULL CHECK (level > 0),
	open       BIGINT      NOT NULL, -- what was owed
	sent_on    TEXT        NOT NULL,
	note       TEXT        NOT NULL DEFAULT '',
	actor      TEXT        NOT NULL,
	at         TIMESTAMPTZ NOT NULL,
	CONSTRAINT reminder_once UNIQUE (invoice_id, level)
);

-- owner: payment
ALTER TABLE payment ADD COLUMN receipt_id UUID; -- the money on account that pays
ALTER TABLE payment ADD COLUMN invoice_id UUID; -- that it is meant for; none: the order's, oldest first
ALTER TABLE payment_transaction ADD COLUMN receipt_id UUID; -- the one that is moved: a refund may go to another
CREATE INDEX payment_receipt ON payment (receipt_id) WHERE receipt_id IS NOT NULL;
CREATE INDEX payment_invoice ON payment (order_id) WHERE invoice_id IS NOT NULL;

-- owner: accounting
INSERT INTO account (code, name, kind) VALUES ('2300', 'Received on account', 'liability');
CREATE INDEX invoice_company ON invoice (company_id, due_on) WHERE status IN ('issued', 'part_paid') AND company_id IS NOT NULL;
CREATE INDEX invoice_customer ON invoice (customer_id, due_on) WHERE status IN ('issued', 'part_paid') AND customer_id IS NOT NULL;

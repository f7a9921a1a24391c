-- +goose Up

-- owner: payment
-- An intent to be paid for an order. Sums are caches of its transactions.
CREATE TABLE payment (
	id            UUID        NOT NULL PRIMARY KEY,
	order_id      UUID        NOT NULL,
	gateway       TEXT        NOT NULL, -- connector, e.g. manual, test
	method        TEXT        NOT NULL, -- card, bank, cash, cheque, cod, terms, gift_card, store_credit
	status        TEXT        NOT NULL CHECK (status IN ('created', 'action_required', 'authorized', 'partially_captured', 'captured', 'partially_refunded', 'refunded', 'voided', 'expired', 'failed')),
	dispute       TEXT        NOT NULL DEFAULT 'none' CHECK (dispute IN ('none', 'open', 'won', 'lost')),
	currency      TEXT        NOT NULL,
	amount        BIGINT      NOT NULL CHECK (amount > 0), -- asked for, in currency
	order_amount  BIGINT      NOT NULL CHECK (order_amount > 0), -- what it pays of the order, in the order's currency
	exchange_rate TEXT        NOT NULL, -- base currency for one unit of currency, on exchange_date
	exchange_date TEXT        NOT NULL,
	authorized    BIGINT      NOT NULL DEFAULT 0,
	captured      BIGINT      NOT NULL DEFAULT 0,
	refunded      BIGINT      NOT NULL DEFAULT 0,
	token         TEXT        NOT NULL DEFAULT '', -- the gateway's token of the means of payment; never a card number
	label         TEXT        NOT NULL DEFAULT '', -- for people: Visa ending 4242
	reference     TEXT        NOT NULL DEFAULT '',
	expires_at    TIMESTAMPTZ, -- of the authorization
	version       BIGINT      NOT NULL DEFAULT 1,
	created_at    TIMESTAMPTZ NOT NULL,
	CONSTRAINT payment_sums CHECK (refunded >= 0 AND refunded <= captured AND captured <= authorized AND authorized >= 0)
);
CREATE INDEX payment_order ON payment (order_id);
CREATE INDEX payment_expiry ON payment (expires_at) WHERE status IN ('authorized', 'partially_captured') AND expires_at IS NOT NULL;
-- One event at a gateway. Its id is the idempotency key of the outside call.
CREATE TABLE payment_transaction (
	id           UUID        NOT NULL PRIMARY KEY,
	payment_id   UUID        NOT NULL REFERENCES payment (id),
	kind         TEXT        NOT NULL CHECK (kind IN ('authorize', 'capture', 'void', 'refund', 'chargeback')),
	status       TEXT        NOT NULL CHECK (status IN ('requested', 'succeeded', 'failed', 'unknown')),
	amount       BIGINT      NOT NULL CHECK (amount > 0),
	gateway      TEXT        NOT NULL,
	gateway_ref  TEXT        NOT NULL DEFAULT '',
	cause_kind   TEXT        NOT NULL DEFAULT '', -- shipment, refund, order, webhook
	cause_id     UUID,
	parent_id    UUID, -- the authorization that a capture or void draws on
	error_code   TEXT        NOT NULL DEFAULT '',
	error        TEXT        NOT NULL DEFAULT '',
	action_url   TEXT        NOT NULL DEFAULT '', -- where the customer must confirm
	tries        BIGINT      NOT NULL DEFAULT 0,
	requested_at TIMESTAMPTZ NOT NULL,
	settled_at   TIMESTAMPTZ,
	business_date TEXT       NOT NULL
);
CREATE INDEX payment_transaction_payment ON payment_transaction (payment_id, id);
CREATE UNIQUE INDEX payment_transaction_ref ON payment_transaction (gateway, kind, gateway_ref) WHERE gateway_ref <> '';
CREATE INDEX payment_transaction_open ON payment_transaction (status, requested_at) WHERE status IN ('requested', 'unknown');
CREATE TABLE refund (
	id          UUID        NOT NULL PRIMARY KEY,
	order_id    UUID        NOT NULL,
	payment_id  UUID        NOT NULL REFERENCES payment (id),
	return_id   UUID,
	currency    TEXT        NOT NULL,
	amount      BIGINT      NOT NULL CHECK (amount > 0),
	status      TEXT        NOT NULL CHECK (status IN ('pending', 'processing', 'succeeded', 'failed', 'cancelled')),
	reason      TEXT        NOT NULL DEFAULT '',
	created_by  TEXT        NOT NULL,
	created_at  TIMESTAMPTZ NOT NULL,
	settled_at  TIMESTAMPTZ
);
CREATE INDEX refund_order ON refund (order_id);
CREATE TABLE payment_inbox (
	id           UUID        NOT NULL PRIMARY KEY,
	gateway      TEXT        NOT NULL,
	event_id     TEXT        NOT NULL,
	body         TEXT        NOT NULL,
	status       TEXT        NOT NULL CHECK (status IN ('received', 'processed', 'ignored', 'failed', 'dead')),
	error        TEXT        NOT NULL DEFAULT '',
	received_at  TIMESTAMPTZ NOT NULL,
	processed_at TIMESTAMPTZ,
	CONSTRAINT payment_inbox_once UNIQUE (gateway, event_id)
);

-- owner: accounting
CREATE TABLE exchange_rate (
	base     TEXT NOT NULL,
	currency TEXT NOT NULL,
	on_date  TEXT NOT NULL,
	rate     TEXT NOT NULL, -- base currency for one unit of currency
	source   TEXT NOT NULL,
	PRIMARY KEY (base, currency, on_date)
);
CREATE TABLE account (
	code TEXT NOT NULL PRIMARY KEY,
	name TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('asset', 'liability', 'equity', 'income', 'expense'))
);
INSERT INTO account (code, name, kind) VALUES
	('1000', 'Cash and bank', 'asset'),
	('1050', 'Payments in clearing', 'asset'),
	('1100', 'Accounts receivable', 'asset'),
	('1200', 'Stock', 'asset'),
	('1900', 'Currency exchange', 'asset'),
	('2000', 'Goods received, not invoiced', 'liability'),
	('2100', 'Tax payable', 'liability'),
	('2200', 'Gift cards and store credit', 'liability'),
	('3000', 'Opening balances', 'equity'),
	('4000', 'Sales', 'income'),
	('4100', 'Discounts given', 'income'),
	('4200', 'Returns and credits', 'income'),
	('4300', 'Shipping charged', 'income'),
	('4400', 'Fees charged', 'income'),
	('5000', 'Cost of goods sold', 'expense'),
	('5100', 'Stock adjustments', 'expense'),
	('5200', 'Stock written off', 'expense'),
	('5300', 'Cost variances', 'expense'),
	('6000', 'Bad debts', 'expense'),
	('7000', 'Exchange gains and losses', 'expense'),
	('7100', 'Rounding differences', 'expense');
CREATE TABLE journal (
	id            UUID        NOT NULL PRIMARY KEY,
	kind          TEXT        NOT NULL, -- the business event that posts: invoice, capture, receive ...
	source_kind   TEXT        NOT NULL,
	source_id     UUID        NOT NULL,
	order_id      UUID,
	memo          TEXT        NOT NULL DEFAULT '',
	business_date TEXT        NOT NULL,
	posted_at     TIMESTAMPTZ NOT NULL,
	actor         TEXT        NOT NULL,
	CONSTRAINT journal_once UNIQUE (source_id, kind)
);
CREATE INDEX journal_date ON journal (business_date, id);
CREATE INDEX journal_order ON journal (order_id) WHERE order_id IS NOT NULL;
CREATE TABLE journal_line (
	journal_id UUID   NOT NULL REFERENCES journal (id),
	position   BIGINT NOT NULL,
	account    TEXT   NOT NULL REFERENCES account (code),
	currency   TEXT   NOT NULL,
	amount     BIGINT NOT NULL, -- debit positive, credit negative, in currency
	base       BIGINT NOT NULL, -- the same in the base currency
	PRIMARY KEY (journal_id, position)
);
CREATE INDEX journal_line_account ON journal_line (account, journal_id);
CREATE TABLE invoice (
	id            UUID        NOT NULL PRIMARY KEY,
	series        TEXT        NOT NULL, -- invoice, credit_note
	number        BIGINT      NOT NULL,
	order_id      UUID, -- none: the credit note of a blind return
	shipment_id   UUID,
	return_id     UUID,
	customer_id   UUID,
	company_id    UUID,
	bill_to       JSONB       NOT NULL,
	currency      TEXT        NOT NULL,
	exchange_rate TEXT        NOT NULL,
	subtotal      BIGINT      NOT NULL, -- before tax
	tax           BIGINT      NOT NULL,
	total         BIGINT      NOT NULL,
	base_total    BIGINT      NOT NULL,
	paid          BIGINT      NOT NULL DEFAULT 0, -- payments and credits allocated to it
	status        TEXT        NOT NULL CHECK (status IN ('draft', 'issued', 'part_paid', 'paid', 'void')),
	business_date TEXT        NOT NULL,
	due_on        TEXT        NOT NULL,
	issued_at     TIMESTAMPTZ NOT NULL,
	version       BIGINT      NOT NULL DEFAULT 1,
	CONSTRAINT invoice_number UNIQUE (series, number)
);
CREATE INDEX invoice_order ON invoice (order_id);
CREATE INDEX invoice_open ON invoice (due_on) WHERE status IN ('issued', 'part_paid');
CREATE TABLE invoice_line (
	id         UUID   NOT NULL PRIMARY KEY,
	invoice_id UUID   NOT NULL REFERENCES invoice (id),
	position   BIGINT NOT NULL,
	kind       TEXT   NOT NULL CHECK (kind IN ('item', 'shipping', 'fee')),
	line_id    UUID, -- order line or charge
	sku        TEXT   NOT NULL DEFAULT '',
	title      TEXT   NOT NULL,
	quantity   BIGINT NOT NULL,
	unit_price_micros BIGINT NOT NULL,
	subtotal   BIGINT NOT NULL, -- before tax, after discount
	discount   BIGINT NOT NULL DEFAULT 0, -- taken off before subtotal, for display
	tax_ppm    BIGINT NOT NULL DEFAULT 0,
	tax        BIGINT NOT NULL,
	total      BIGINT NOT NULL
);
CREATE INDEX invoice_line_invoice ON invoice_line (invoice_id);

-- owner: intake
-- Documents that imports have booked, so that the same file twice changes
-- nothing and an interrupted import goes on where it stopped.
CREATE TABLE import_run (
	id          UUID        NOT NULL PRIMARY KEY,
	kind        TEXT        NOT NULL,
	format      TEXT        NOT NULL,
	mode        TEXT        NOT NULL DEFAULT '',
	file        TEXT        NOT NULL,
	actor       TEXT        NOT NULL,
	started_at  TIMESTAMPTZ NOT NULL,
	finished_at TIMESTAMPTZ,
	summary     JSONB       NOT NULL
);
CREATE TABLE import_document (
	source     TEXT   NOT NULL, -- e.g. orders:uci
	key        TEXT   NOT NULL, -- the document's own number in the source
	run_id     UUID   NOT NULL REFERENCES import_run (id),
	outcome    TEXT   NOT NULL CHECK (outcome IN ('order', 'return', 'adjustment', 'charge', 'book_entry')),
	lines      BIGINT NOT NULL, -- rows of the file
	duplicates BIGINT NOT NULL, -- of these, rows that say the same as another
	PRIMARY KEY (source, key)
);
-- What has become of a document. Code and quantity are of what has no row of its
-- own that keeps them: stock that was not moved, and entries of the books.
CREATE TABLE import_object (
	source    TEXT   NOT NULL,
	key       TEXT   NOT NULL,
	position  BIGINT NOT NULL,
	kind      TEXT   NOT NULL CHECK (kind IN ('order', 'return', 'invoice', 'adjustment', 'unmoved', 'journal')),
	object_id UUID, -- of an adjustment and a journal entry: their cause or source
	code      TEXT   NOT NULL DEFAULT '',
	quantity  BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (source, key, position),
	FOREIGN KEY (source, key) REFERENCES import_document (source, key)
);
-- serves the way from an order to the document it came from
CREATE INDEX import_object_object ON import_object (object_id) WHERE object_id IS NOT NULL;

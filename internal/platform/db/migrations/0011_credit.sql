-- +goose Up

-- owner: credit
-- What a customer may spend with us: a gift card, or the store credit of a
-- customer in a currency. Balance and held are caches of its entries and holds.
CREATE TABLE credit (
	id            UUID        NOT NULL PRIMARY KEY,
	kind          TEXT        NOT NULL CHECK (kind IN ('gift_card', 'store_credit')),
	status        TEXT        NOT NULL CHECK (status IN ('pending', 'active', 'disabled')),
	customer_id   UUID, -- whose store credit it is
	order_id      UUID, -- that a gift card was sold with
	line_id       UUID,
	currency      TEXT        NOT NULL,
	exchange_rate TEXT        NOT NULL, -- base currency for one unit, at which the books carry it
	exchange_date TEXT        NOT NULL,
	balance       BIGINT      NOT NULL DEFAULT 0,
	held          BIGINT      NOT NULL DEFAULT 0, -- part of balance that orders have reserved
	code_hash     TEXT, -- of a gift card's code; the code itself is not kept
	last_four     TEXT        NOT NULL DEFAULT '',
	expires_on    TEXT        NOT NULL DEFAULT '', -- the last business day on which it may be spent
	version       BIGINT      NOT NULL DEFAULT 1,
	created_at    TIMESTAMPTZ NOT NULL,
	created_by    TEXT        NOT NULL,
	CONSTRAINT credit_code UNIQUE (code_hash),
	CONSTRAINT credit_never_below_zero CHECK (held >= 0 AND held <= balance)
);
CREATE UNIQUE INDEX credit_customer ON credit (customer_id, currency) WHERE kind = 'store_credit';
CREATE INDEX credit_line ON credit (line_id) WHERE line_id IS NOT NULL;
CREATE INDEX credit_expiry ON credit (expires_on) WHERE expires_on <> '' AND balance > 0;
CREATE TABLE credit_entry (
	id            UUID        NOT NULL PRIMARY KEY,
	credit_id     UUID        NOT NULL REFERENCES credit (id),
	kind          TEXT        NOT NULL CHECK (kind IN ('issue', 'grant', 'redeem', 'refund', 'payout', 'void', 'expire')),
	amount        BIGINT      NOT NULL, -- signed
	order_id      UUID,
	cause_kind    TEXT        NOT NULL DEFAULT '', -- transaction, invoice, return ...
	cause_id      UUID,
	reason        TEXT        NOT NULL DEFAULT '',
	actor         TEXT        NOT NULL,
	business_date TEXT        NOT NULL,
	at            TIMESTAMPTZ NOT NULL
);
CREATE INDEX credit_entry_credit ON credit_entry (credit_id, id);
CREATE UNIQUE INDEX credit_entry_once ON credit_entry (cause_id, kind) WHERE cause_kind = 'transaction';
-- A part of a credit that an order has reserved: the authorization of a payment,
-- whose id it has.
CREATE TABLE credit_hold (
	id         UUID        NOT NULL PRIMARY KEY, -- of the payment's transaction
	credit_id  UUID        NOT NULL REFERENCES credit (id),
	order_id   UUID        NOT NULL,
	amount     BIGINT      NOT NULL CHECK (amount > 0),
	consumed   BIGINT      NOT NULL DEFAULT 0 CHECK (consumed >= 0),
	released   BIGINT      NOT NULL DEFAULT 0 CHECK (released >= 0),
	status     TEXT        NOT NULL CHECK (status IN ('open', 'consumed', 'released')),
	created_at TIMESTAMPTZ NOT NULL,
	ended_at   TIMESTAMPTZ,
	CONSTRAINT credit_hold_parts CHECK (consumed + released <= amount)
);
CREATE INDEX credit_hold_credit ON credit_hold (credit_id) WHERE status = 'open';

-- owner: payment
ALTER TABLE payment ADD COLUMN credit_id UUID; -- the gift card or store credit that pays
ALTER TABLE payment_transaction ADD COLUMN credit_id UUID; -- the one that is moved: a refund may go to another

-- owner: order
ALTER TABLE order_line ADD COLUMN gift_card BOOLEAN NOT NULL DEFAULT FALSE; -- sold as a gift card: no revenue before it is spent

-- owner: accounting
INSERT INTO account (code, name, kind) VALUES ('4500', 'Gift cards that expired', 'income');

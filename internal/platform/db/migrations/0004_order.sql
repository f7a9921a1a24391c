-- +goose Up

-- owner: order
CREATE TABLE sales_order (
	id                  UUID        NOT NULL PRIMARY KEY,
	number              BIGINT      NOT NULL,
	channel_id          UUID        NOT NULL,
	external_id         TEXT        NOT NULL DEFAULT '', -- the channel's own id; unique in it
	external_number     TEXT        NOT NULL DEFAULT '', -- the number the customer knows
	status              TEXT        NOT NULL CHECK (status IN ('draft', 'pending', 'open', 'completed', 'cancelled')),
	payment_status      TEXT        NOT NULL,
	fulfillment_status  TEXT        NOT NULL,
	return_status       TEXT        NOT NULL,
	customer_id         UUID,
	company_id          UUID,
	company_location_id UUID,
	email               TEXT        NOT NULL DEFAULT '',
	phone               TEXT        NOT NULL DEFAULT '',
	ship_to             JSONB       NOT NULL,
	bill_to             JSONB       NOT NULL,
	currency            TEXT        NOT NULL,
	base_currency       TEXT        NOT NULL,
	exchange_rate       TEXT        NOT NULL, -- base currency for one unit of currency
	exchange_date       TEXT        NOT NULL,
	tax_inclusive       BOOLEAN     NOT NULL,
	subtotal            BIGINT      NOT NULL, -- lines before discounts, as priced
	discount_total      BIGINT      NOT NULL, -- on lines, positive
	shipping_total      BIGINT      NOT NULL, -- charges after their discount, as priced
	tax_total           BIGINT      NOT NULL,
	total               BIGINT      NOT NULL,
	base_total          BIGINT      NOT NULL, -- total in the base currency
	cancelled_total     BIGINT      NOT NULL DEFAULT 0, -- part of total that was cancelled
	authorized          BIGINT      NOT NULL DEFAULT 0,
	captured            BIGINT      NOT NULL DEFAULT 0,
	refunded            BIGINT      NOT NULL DEFAULT 0,
	credited            BIGINT      NOT NULL DEFAULT 0, -- granted back by returns and refunds, part of total
	invoiced            BIGINT      NOT NULL DEFAULT 0,
	overdue             BOOLEAN     NOT NULL DEFAULT FALSE, -- an invoice of it is past its due date
	requested_returns   BIGINT      NOT NULL DEFAULT 0, -- returns that wait for an approval
	open_returns        BIGINT      NOT NULL DEFAULT 0, -- returns that are approved and not closed
	terms_days          BIGINT, -- payment terms: due so many days after the invoice; none: pay first
	terms_end_of_month  BOOLEAN     NOT NULL DEFAULT FALSE,
	priority            BIGINT      NOT NULL DEFAULT 0,
	tags                JSONB       NOT NULL,
	custom              JSONB       NOT NULL,
	assigned_to         UUID,
	customer_note       TEXT        NOT NULL DEFAULT '',
	shipping_method     TEXT        NOT NULL DEFAULT '',
	active_holds        BIGINT      NOT NULL DEFAULT 0,
	archived            BOOLEAN     NOT NULL DEFAULT FALSE,
	cancel_reason       TEXT        NOT NULL DEFAULT '',
	expires_at          TIMESTAMPTZ, -- a quote or a pending order
	ship_by             TIMESTAMPTZ,
	deliver_by          TIMESTAMPTZ,
	placed_at           TIMESTAMPTZ NOT NULL,
	business_date       TEXT        NOT NULL,
	cancelled_at        TIMESTAMPTZ,
	completed_at        TIMESTAMPTZ,
	created_by          TEXT        NOT NULL,
	version             BIGINT      NOT NULL DEFAULT 1,
	updated_at          TIMESTAMPTZ NOT NULL,
	CONSTRAINT sales_order_number UNIQUE (number),
	CONSTRAINT sales_order_money CHECK (refunded BETWEEN 0 AND captured AND invoiced >= 0 AND cancelled_total >= 0)
);
CREATE UNIQUE INDEX sales_order_external ON sales_order (channel_id, external_id) WHERE external_id <> '';
-- the list, newest first, whole or by status
CREATE INDEX sales_order_placed ON sales_order (placed_at DESC, id DESC);
CREATE INDEX sales_order_status ON sales_order (status, placed_at DESC, id DESC);
-- or by what is asked for most, in the same order
CREATE INDEX sales_order_channel ON sales_order (channel_id, placed_at DESC, id DESC);
CREATE INDEX sales_order_customer ON sales_order (customer_id, placed_at DESC, id DESC);
CREATE INDEX sales_order_company ON sales_order (company_id, placed_at DESC, id DESC) WHERE company_id IS NOT NULL;
CREATE INDEX sales_order_assigned ON sales_order (assigned_to, placed_at DESC, id DESC) WHERE assigned_to IS NOT NULL;
-- by the rarer states; unpaid, authorized and unfulfilled orders are not finished, and found by status
CREATE INDEX sales_order_fulfillment ON sales_order (fulfillment_status, placed_at DESC, id DESC) WHERE fulfillment_status NOT IN ('unfulfilled', 'fulfilled', 'delivered');
CREATE INDEX sales_order_payment ON sales_order (payment_status, placed_at DESC, id DESC) WHERE payment_status NOT IN ('unpaid', 'authorized', 'paid');
CREATE INDEX sales_order_return ON sales_order (return_status, placed_at DESC, id DESC) WHERE return_status <> 'none';
-- what a customer on the telephone says
CREATE INDEX sales_order_email ON sales_order (email) WHERE email <> '';
CREATE INDEX sales_order_external_number ON sales_order (external_number) WHERE external_number <> '';
-- quotes and pending orders that run out
CREATE INDEX sales_order_expires ON sales_order (expires_at) WHERE expires_at IS NOT NULL AND status IN ('draft', 'pending');
-- The tags of sales_order.tags, to find orders by.
CREATE TABLE order_tag (
	tag       TEXT        NOT NULL,
	placed_at TIMESTAMPTZ NOT NULL,
	order_id  UUID        NOT NULL REFERENCES sales_order (id),
	PRIMARY KEY (tag, placed_at, order_id)
);
CREATE INDEX order_tag_order ON order_tag (order_id);
CREATE TABLE order_line (
	id                UUID    NOT NULL PRIMARY KEY,
	order_id          UUID    NOT NULL REFERENCES sales_order (id),
	placed_at         TIMESTAMPTZ NOT NULL, -- the order's, for the index by variant
	position          BIGINT  NOT NULL,
	parent_id         UUID, -- the kit's line, for a component
	kind              TEXT    NOT NULL CHECK (kind IN ('item', 'kit', 'component', 'service')),
	variant_id        UUID, -- none: not mapped yet, or a service
	external_id       TEXT    NOT NULL DEFAULT '', -- the channel's own id of the line
	listing           TEXT    NOT NULL DEFAULT '', -- the channel's own id of the article
	sku               TEXT    NOT NULL,
	title             TEXT    NOT NULL,
	quantity          BIGINT  NOT NULL CHECK (quantity > 0),
	cancelled         BIGINT  NOT NULL DEFAULT 0,
	unallocated       BIGINT  NOT NULL DEFAULT 0, -- draft, unmapped, kit (its components count) or service
	backordered       BIGINT  NOT NULL DEFAULT 0,
	allocated         BIGINT  NOT NULL DEFAULT 0,
	in_work           BIGINT  NOT NULL DEFAULT 0, -- part of allocated: being picked or packed
	shipped           BIGINT  NOT NULL DEFAULT 0,
	delivered         BIGINT  NOT NULL DEFAULT 0,
	returned          BIGINT  NOT NULL DEFAULT 0,
	refunded          BIGINT  NOT NULL DEFAULT 0,
	invoiced          BIGINT  NOT NULL DEFAULT 0,
	unit_price_micros BIGINT  NOT NULL,
	subtotal          BIGINT  NOT NULL, -- price times quantity, rounded once
	line_discount     BIGINT  NOT NULL DEFAULT 0,
	order_discount    BIGINT  NOT NULL DEFAULT 0, -- share of the order's discounts, frozen
	tax_ppm           BIGINT  NOT NULL DEFAULT 0,
	tax               BIGINT  NOT NULL DEFAULT 0,
	total             BIGINT  NOT NULL, -- what the customer pays for the line, tax included
	cancelled_total   BIGINT  NOT NULL DEFAULT 0, -- parts of total and tax that were cancelled,
	cancelled_tax     BIGINT  NOT NULL DEFAULT 0,
	invoiced_total    BIGINT  NOT NULL DEFAULT 0, -- invoiced,
	invoiced_tax      BIGINT  NOT NULL DEFAULT 0,
	refunded_total    BIGINT  NOT NULL DEFAULT 0, -- and credited of what was invoiced
	refunded_tax      BIGINT  NOT NULL DEFAULT 0,
	backorder         BOOLEAN NOT NULL DEFAULT FALSE, -- may be owed
	may_split         BOOLEAN NOT NULL DEFAULT FALSE,
	ship_by           TIMESTAMPTZ,
	deliver_by        TIMESTAMPTZ,
	custom            JSONB   NOT NULL,
	CONSTRAINT order_line_counts CHECK (quantity = cancelled + unallocated + backordered + allocated + shipped
		AND cancelled >= 0 AND unallocated >= 0 AND backordered >= 0 AND allocated >= 0 AND shipped >= 0
		AND in_work BETWEEN 0 AND allocated AND delivered BETWEEN 0 AND shipped AND returned BETWEEN 0 AND shipped
		AND refunded BETWEEN 0 AND quantity AND invoiced BETWEEN 0 AND quantity)
);
CREATE INDEX order_line_order ON order_line (order_id, position);
-- the list of orders with a variant
CREATE INDEX order_line_variant ON order_line (variant_id, placed_at DESC, order_id DESC);
-- what waits for its listing to be mapped
CREATE INDEX order_line_unmapped ON order_line (listing, order_id) WHERE variant_id IS NULL AND kind = 'item';
CREATE TABLE order_charge (
	id            UUID   NOT NULL PRIMARY KEY,
	order_id      UUID   NOT NULL REFERENCES sales_order (id),
	position      BIGINT NOT NULL,
	kind          TEXT   NOT NULL CHECK (kind IN ('shipping', 'fee')),
	code          TEXT   NOT NULL DEFAULT '',
	title         TEXT   NOT NULL,
	quantity      BIGINT NOT NULL DEFAULT 1, -- for the record; the amount is what counts
	unit_price_micros BIGINT NOT NULL DEFAULT 0,
	amount        BIGINT NOT NULL, -- as priced, may be negative for a fee given back
	discount      BIGINT NOT NULL DEFAULT 0,
	tax_ppm       BIGINT NOT NULL DEFAULT 0,
	tax           BIGINT NOT NULL DEFAULT 0,
	total         BIGINT NOT NULL,
	invoiced      BOOLEAN NOT NULL DEFAULT FALSE,
	cancelled     BOOLEAN NOT NULL DEFAULT FALSE,
	refunded_total BIGINT NOT NULL DEFAULT 0,
	refunded_tax  BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX order_charge_order ON order_charge (order_id, position);
CREATE TABLE order_discount (
	id        UUID   NOT NULL PRIMARY KEY,
	order_id  UUID   NOT NULL REFERENCES sales_order (id),
	line_id   UUID, -- none: on the whole order
	kind      TEXT   NOT NULL CHECK (kind IN ('percent', 'amount')),
	code      TEXT   NOT NULL DEFAULT '',
	title     TEXT   NOT NULL,
	rate_ppm  BIGINT NOT NULL DEFAULT 0,
	amount    BIGINT NOT NULL CHECK (amount >= 0)
);
CREATE INDEX order_discount_order ON order_discount (order_id);
CREATE TABLE order_hold (
	id              UUID        NOT NULL PRIMARY KEY,
	order_id        UUID        NOT NULL REFERENCES sales_order (id),
	fulfillment_id  UUID,
	line_id         UUID,
	reason          TEXT        NOT NULL CHECK (reason IN ('awaiting_payment', 'fraud_review', 'bad_address', 'out_of_stock', 'credit', 'approval', 'awaiting_return_items', 'edit_window', 'unknown_delivery_date', 'unmapped_sku', 'manual')),
	note            TEXT        NOT NULL DEFAULT '',
	source          TEXT        NOT NULL,
	until           TIMESTAMPTZ,
	release_on      TEXT        NOT NULL DEFAULT '', -- kind of the event that releases it
	status          TEXT        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'released', 'expired')),
	placed_by       TEXT        NOT NULL,
	placed_at       TIMESTAMPTZ NOT NULL,
	released_by     TEXT        NOT NULL DEFAULT '',
	released_at     TIMESTAMPTZ
);
CREATE INDEX order_hold_order ON order_hold (order_id);
-- the list of orders that are held for a reason
CREATE INDEX order_hold_reason ON order_hold (reason, order_id) WHERE status = 'active';
CREATE INDEX order_hold_until ON order_hold (until) WHERE status = 'active' AND until IS NOT NULL;
CREATE TABLE order_note (
	id       UUID        NOT NULL PRIMARY KEY,
	order_id UUID        NOT NULL REFERENCES sales_order (id),
	body     TEXT        NOT NULL,
	mentions JSONB       NOT NULL,
	actor    TEXT        NOT NULL,
	at       TIMESTAMPTZ NOT NULL
);
CREATE INDEX order_note_order ON order_note (order_id, id);

-- owner: fulfillment
CREATE TABLE fulfillment_order (
	id             UUID        NOT NULL PRIMARY KEY,
	order_id       UUID        NOT NULL,
	location_id    UUID        NOT NULL,
	decision_id    UUID,
	kind           TEXT        NOT NULL DEFAULT 'ship' CHECK (kind IN ('ship', 'pickup', 'ship_to_store', 'dropship', 'thirdparty', 'digital')),
	status         TEXT        NOT NULL CHECK (status IN ('scheduled', 'open', 'in_progress', 'closed', 'cancelled', 'rejected')),
	priority       BIGINT      NOT NULL DEFAULT 0,
	ship_by        TIMESTAMPTZ,
	released_at    TIMESTAMPTZ,
	picked_at      TIMESTAMPTZ,
	packed_at      TIMESTAMPTZ,
	ready_at       TIMESTAMPTZ,
	handed_over_at TIMESTAMPTZ,
	closed_at      TIMESTAMPTZ,
	version        BIGINT      NOT NULL DEFAULT 1,
	created_at     TIMESTAMPTZ NOT NULL
);
CREATE INDEX fulfillment_order_order ON fulfillment_order (order_id);
-- the work queue of a location
CREATE INDEX fulfillment_order_queue ON fulfillment_order (location_id, status, priority DESC, created_at) WHERE status IN ('scheduled', 'open', 'in_progress');
CREATE TABLE fulfillment_line (
	id             UUID   NOT NULL PRIMARY KEY,
	fulfillment_id UUID   NOT NULL REFERENCES fulfillment_order (id),
	line_id        UUID   NOT NULL, -- order line
	variant_id     UUID   NOT NULL,
	quantity       BIGINT NOT NULL CHECK (quantity > 0),
	picked         BIGINT NOT NULL DEFAULT 0,
	shipped        BIGINT NOT NULL DEFAULT 0,
	cancelled      BIGINT NOT NULL DEFAULT 0,
	CONSTRAINT fulfillment_line_counts CHECK (picked >= 0 AND shipped >= 0 AND cancelled >= 0 AND shipped + cancelled <= quantity AND picked <= quantity - shipped - cancelled)
);
CREATE INDEX fulfillment_line_order ON fulfillment_line (fulfillment_id);
CREATE INDEX fulfillment_line_line ON fulfillment_line (line_id);
CREATE TABLE pick_batch (
	id          UUID        NOT NULL PRIMARY KEY,
	number      BIGINT      NOT NULL UNIQUE,
	location_id UUID        NOT NULL,
	status      TEXT        NOT NULL CHECK (status IN ('open', 'picking', 'picked', 'closed', 'cancelled')),
	assigned_to UUID,
	created_by  TEXT        NOT NULL,
	created_at  TIMESTAMPTZ NOT NULL,
	closed_at   TIMESTAMPTZ,
	version     BIGINT      NOT NULL DEFAULT 1
);
CREATE TABLE pick_line (
	id                  UUID   NOT NULL PRIMARY KEY,
	batch_id            UUID   NOT NULL REFERENCES pick_batch (id),
	fulfillment_id      UUID   NOT NULL,
	fulfillment_line_id UUID   NOT NULL,
	variant_id          UUID   NOT NULL,
	quantity            BIGINT NOT NULL CHECK (quantity > 0),
	picked              BIGINT NOT NULL DEFAULT 0 CHECK (picked >= 0),
	short               BIGINT NOT NULL DEFAULT 0 CHECK (short >= 0),
	short_reason        TEXT   NOT NULL DEFAULT '',
	status              TEXT   NOT NULL DEFAULT 'to_pick' CHECK (status IN ('to_pick', 'picked', 'short')),
	CONSTRAINT pick_line_counts CHECK (picked + short <= quantity)
);
CREATE INDEX pick_line_batch ON pick_line (batch_id);
CREATE INDEX pick_line_fulfillment ON pick_line (fulfillment_id);
CREATE TABLE shipment (
	id              UUID        NOT NULL PRIMARY KEY,
	number          BIGINT      NOT NULL UNIQUE,
	fulfillment_id  UUID        NOT NULL REFERENCES fulfillment_order (id),
	order_id        UUID        NOT NULL,
	location_id     UUID        NOT NULL,
	status          TEXT        NOT NULL CHECK (status IN ('packing', 'labelled', 'shipped', 'delivered', 'voided')),
	tracking_status TEXT        NOT NULL DEFAULT 'unknown' CHECK (tracking_status IN ('unknown', 'pre_transit', 'in_transit', 'out_for_delivery', 'available_for_pickup', 'delivered', 'failed_attempt', 'return_to_sender', 'lost', 'exception')),
	carrier         TEXT        NOT NULL DEFAULT '',
	service         TEXT        NOT NULL DEFAULT '',
	tracking_number TEXT        NOT NULL DEFAULT '',
	tracking_url    TEXT        NOT NULL DEFAULT '',
	cost_minor      BIGINT      NOT NULL DEFAULT 0, -- base currency
	shipped_at      TIMESTAMPTZ,
	delivered_at    TIMESTAMPTZ,
	created_by      TEXT        NOT NULL,
	created_at      TIMESTAMPTZ NOT NULL,
	version         BIGINT      NOT NULL DEFAULT 1
);
CREATE INDEX shipment_order ON shipment (order_id);
CREATE INDEX shipment_fulfillment ON shipment (fulfillment_id);
CREATE INDEX shipment_tracking ON shipment (tracking_number) WHERE tracking_number <> '';
CREATE TABLE shipment_line (
	id                  UUID   NOT NULL PRIMARY KEY,
	shipment_id         UUID   NOT NULL REFERENCES shipment (id),
	fulfillment_line_id UUID   NOT NULL,
	line_id             UUID   NOT NULL,
	variant_id          UUID   NOT NULL,
	quantity            BIGINT NOT NULL CHECK (quantity > 0)
);
CREATE INDEX shipment_line_shipment ON shipment_line (shipment_id);
CREATE INDEX shipment_line_line ON shipment_line (line_id);
CREATE TABLE tracking_event (
	id          UUID        NOT NULL PRIMARY KEY,
	shipment_id UUID        NOT NULL REFERENCES shipment (id),
	status      TEXT        NOT NULL,
	description TEXT        NOT NULL DEFAULT '',
	place       TEXT        NOT NULL DEFAULT '',
	source      TEXT        NOT NULL,
	external_id TEXT        NOT NULL, -- the carrier's id of the event, or one made from its content
	at          TIMESTAMPTZ NOT NULL,
	received_at TIMESTAMPTZ NOT NULL,
	CONSTRAINT tracking_event_once UNIQUE (shipment_id, source, external_id)
);

-- owner: returns
CREATE TABLE sales_return (
	id            UUID        NOT NULL PRIMARY KEY,
	number        BIGINT      NOT NULL UNIQUE,
	order_id      UUID, -- none: a blind return
	customer_id   UUID,
	location_id   UUID        NOT NULL,
	external_id   TEXT        NOT NULL DEFAULT '',
	status        TEXT        NOT NULL CHECK (status IN ('requested', 'approved', 'in_transit', 'received', 'inspected', 'closed', 'declined', 'cancelled', 'expired')),
	currency      TEXT        NOT NULL,
	total         BIGINT      NOT NULL, -- value given back, tax included
	note          TEXT        NOT NULL DEFAULT '',
	created_by    TEXT        NOT NULL,
	created_at    TIMESTAMPTZ NOT NULL,
	business_date TEXT        NOT NULL,
	closed_at     TIMESTAMPTZ,
	version       BIGINT      NOT NULL DEFAULT 1
);
CREATE INDEX sales_return_order ON sales_return (order_id);
CREATE UNIQUE INDEX sales_return_external ON sales_return (external_id) WHERE external_id <> '';
CREATE TABLE return_line (
	id                UUID   NOT NULL PRIMARY KEY,
	return_id         UUID   NOT NULL REFERENCES sales_return (id),
	position          BIGINT NOT NULL,
	line_id           UUID, -- order line, where the purchase is known
	variant_id        UUID   NOT NULL,
	quantity          BIGINT NOT NULL CHECK (quantity > 0),
	reception         TEXT   NOT NULL CHECK (reception IN ('expected', 'received', 'missing', 'wrong_item', 'extra')),
	disposition       TEXT   NOT NULL CHECK (disposition IN ('pending', 'restock', 'refurbish', 'quarantine', 'scrap', 'return_to_vendor')),
	resolution        TEXT   NOT NULL CHECK (resolution IN ('refund', 'store_credit', 'exchange', 'repair', 'reject')),
	reason            TEXT   NOT NULL DEFAULT '',
	unit_price_micros BIGINT NOT NULL,
	tax               BIGINT NOT NULL DEFAULT 0,
	total             BIGINT NOT NULL -- value given back, tax included
);
CREATE INDEX return_line_return ON return_line (return_id);
CREATE INDEX return_line_line ON return_line (line_id);

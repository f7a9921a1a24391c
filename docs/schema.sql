-- The tables of Purser, as PostgreSQL gets them, put together from the
-- migrations by `make golden`: read it, and change the migrations.
--
-- SQLite has the same with its own type names: UUID is a BLOB of 16 bytes,
-- JSONB is TEXT, TIMESTAMPTZ is TIMESTAMP, and there are no collations.
-- PostgreSQL also has a sequence number_SERIES for each series of numbers that
-- may have gaps. The job queue's tables (river_*) and goose_db_version belong
-- to libraries and are not shown.

-- ==== 0001_platform.sql ====

-- Conventions: ids are UUIDv7 made by the program; money is in minor units of
-- the currency beside it (columns *_micros: millionths of a major unit, *_ppm:
-- millionths of a whole); quantities are whole base units; instants are UTC with
-- microseconds; business_date is the merchant's own day, as YYYY-MM-DD.
-- The line "owner:" names the package whose SQL may name the tables below it.

-- owner: setting
CREATE TABLE setting (
	name       TEXT        NOT NULL PRIMARY KEY,
	value      JSONB       NOT NULL,
	version    BIGINT      NOT NULL DEFAULT 1,
	updated_at TIMESTAMPTZ NOT NULL
);

-- owner: number
-- A series of numbers. Fiscal series have no gaps: their row is taken last in
-- the transaction that uses the number.
CREATE TABLE number_series (
	name TEXT   NOT NULL PRIMARY KEY,
	next BIGINT NOT NULL
);

-- owner: event
-- What happened, for ever. The feed's order is (txid, seq): on PostgreSQL a
-- reader takes only rows of transactions older than every open one.
CREATE TABLE event (
	txid    BIGINT      NOT NULL,
	seq     BIGINT      NOT NULL,
	id      UUID        NOT NULL,
	kind    TEXT        NOT NULL,
	subject UUID        NOT NULL,
	actor   TEXT        NOT NULL,
	at      TIMESTAMPTZ NOT NULL,
	body    JSONB       NOT NULL,
	PRIMARY KEY (txid, seq)
);
-- Lifts the txid of a PostgreSQL server that counts from lower than the one
-- whose events were restored into it.
CREATE TABLE event_feed (
	name TEXT   NOT NULL PRIMARY KEY,
	base BIGINT NOT NULL
);
-- serves the timeline of one order, customer or variant
CREATE INDEX event_subject ON event (subject, txid, seq);

-- owner: audit
CREATE TABLE audit (
	id          UUID        NOT NULL PRIMARY KEY,
	at          TIMESTAMPTZ NOT NULL,
	actor       TEXT        NOT NULL,
	action      TEXT        NOT NULL,
	object_kind TEXT        NOT NULL,
	object      TEXT        NOT NULL,
	before      JSONB,
	after       JSONB,
	origin      TEXT        NOT NULL DEFAULT ''
);
-- serves the history of one object
CREATE INDEX audit_object ON audit (object_kind, object, id);

-- owner: auth
CREATE TABLE app_user (
	id            UUID        NOT NULL PRIMARY KEY,
	email         TEXT        NOT NULL,
	email_key     TEXT        NOT NULL,
	name          TEXT        NOT NULL,
	role          TEXT        NOT NULL,
	password_hash TEXT        NOT NULL DEFAULT '',
	active        BOOLEAN     NOT NULL DEFAULT TRUE,
	failed_tries  BIGINT      NOT NULL DEFAULT 0,
	locked_until  TIMESTAMPTZ,
	last_login_at TIMESTAMPTZ,
	version       BIGINT      NOT NULL DEFAULT 1,
	created_at    TIMESTAMPTZ NOT NULL,
	CONSTRAINT app_user_email UNIQUE (email_key)
);
CREATE TABLE user_location (
	user_id     UUID NOT NULL REFERENCES app_user (id),
	location_id UUID NOT NULL,
	PRIMARY KEY (user_id, location_id)
);
CREATE TABLE session (
	id           UUID        NOT NULL PRIMARY KEY,
	token_hash   TEXT        NOT NULL UNIQUE,
	user_id      UUID        NOT NULL REFERENCES app_user (id),
	created_at   TIMESTAMPTZ NOT NULL,
	last_seen_at TIMESTAMPTZ NOT NULL,
	expires_at   TIMESTAMPTZ NOT NULL,
	agent        TEXT        NOT NULL DEFAULT ''
);
CREATE TABLE api_key (
	id           UUID        NOT NULL PRIMARY KEY,
	name         TEXT        NOT NULL,
	prefix       TEXT        NOT NULL,
	token_hash   TEXT        NOT NULL UNIQUE,
	role         TEXT        NOT NULL,
	scopes       JSONB       NOT NULL,
	locations    JSONB       NOT NULL,
	created_by   TEXT        NOT NULL,
	created_at   TIMESTAMPTZ NOT NULL,
	expires_at   TIMESTAMPTZ,
	revoked_at   TIMESTAMPTZ,
	last_used_at TIMESTAMPTZ
);
CREATE TABLE setup_link (
	token_hash TEXT        NOT NULL PRIMARY KEY,
	expires_at TIMESTAMPTZ NOT NULL,
	used_at    TIMESTAMPTZ
);

-- owner: idempotency
CREATE TABLE idempotency (
	principal    TEXT        NOT NULL,
	key          TEXT        NOT NULL,
	request_hash TEXT        NOT NULL,
	status       BIGINT      NOT NULL,
	headers      JSONB       NOT NULL,
	body         TEXT        NOT NULL,
	created_at   TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (principal, key)
);
-- serves the pruning of old keys
CREATE INDEX idempotency_age ON idempotency (created_at);

-- owner: postal
-- Postal codes that a merchant imported, over the embedded ones.
CREATE TABLE postal_code (
	country TEXT   NOT NULL,
	code    TEXT   NOT NULL,
	place   TEXT   NOT NULL DEFAULT '',
	region  TEXT   NOT NULL DEFAULT '',
	lat_e6  BIGINT NOT NULL,
	lon_e6  BIGINT NOT NULL,
	PRIMARY KEY (country, code)
);

-- ==== 0002_catalog.sql ====

-- owner: catalog
CREATE TABLE category (
	id        UUID   NOT NULL PRIMARY KEY,
	parent_id UUID   REFERENCES category (id),
	name      TEXT   NOT NULL,
	slug      TEXT COLLATE "C"   NOT NULL UNIQUE,
	position  BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE product (
	id          UUID        NOT NULL PRIMARY KEY,
	handle      TEXT COLLATE "C"        NOT NULL UNIQUE,
	title       TEXT        NOT NULL,
	description TEXT        NOT NULL DEFAULT '',
	brand       TEXT        NOT NULL DEFAULT '',
	category_id UUID        REFERENCES category (id),
	options     JSONB       NOT NULL, -- names of the options, e.g. ["Size", "Color"]
	tags        JSONB       NOT NULL,
	images      JSONB       NOT NULL,
	custom      JSONB       NOT NULL,
	status      TEXT        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'draft', 'archived')),
	version     BIGINT      NOT NULL DEFAULT 1,
	created_at  TIMESTAMPTZ NOT NULL,
	updated_at  TIMESTAMPTZ NOT NULL
);
CREATE TABLE variant (
	id              UUID        NOT NULL PRIMARY KEY,
	product_id      UUID        NOT NULL REFERENCES product (id),
	sku             TEXT COLLATE "C"        NOT NULL,
	sku_key         TEXT COLLATE "C"        NOT NULL, -- folded, for search; SKUs may differ by case alone
	title           TEXT        NOT NULL,
	search_key      TEXT COLLATE "C"        NOT NULL DEFAULT '', -- folded titles of variant and product, and the brand
	options         JSONB       NOT NULL, -- values of the options, in the product's order
	kind            TEXT        NOT NULL DEFAULT 'stocked' CHECK (kind IN ('stocked', 'service', 'kit', 'assembly', 'digital', 'gift_card')),
	tax_class       TEXT        NOT NULL DEFAULT 'standard',
	backorder       BOOLEAN     NOT NULL DEFAULT FALSE,
	backorder_limit BIGINT      NOT NULL DEFAULT 0 CHECK (backorder_limit >= 0), -- units that may be owed at once; 0 is no limit
	may_split       BOOLEAN     NOT NULL DEFAULT FALSE, -- a kit: components may come in several parcels
	cost_micros     BIGINT      NOT NULL DEFAULT 0, -- initial cost of one unit, base currency
	weight_grams    BIGINT      NOT NULL DEFAULT 0,
	length_mm       BIGINT      NOT NULL DEFAULT 0,
	width_mm        BIGINT      NOT NULL DEFAULT 0,
	height_mm       BIGINT      NOT NULL DEFAULT 0,
	hs_code         TEXT        NOT NULL DEFAULT '',
	origin_country  TEXT        NOT NULL DEFAULT '',
	hazmat          TEXT        NOT NULL DEFAULT '',
	temperature     TEXT        NOT NULL DEFAULT '',
	shelf_life_days BIGINT      NOT NULL DEFAULT 0,
	ships_alone     BOOLEAN     NOT NULL DEFAULT FALSE,
	signature       BOOLEAN     NOT NULL DEFAULT FALSE,
	pack_size       BIGINT      NOT NULL DEFAULT 1 CHECK (pack_size > 0), -- units of a whole pack, for groups that buy whole packs
	active          BOOLEAN     NOT NULL DEFAULT TRUE,
	version         BIGINT      NOT NULL DEFAULT 1,
	created_at      TIMESTAMPTZ NOT NULL,
	updated_at      TIMESTAMPTZ NOT NULL,
	CONSTRAINT variant_sku UNIQUE (sku)
);
CREATE INDEX variant_product ON variant (product_id);
CREATE INDEX variant_sku_key ON variant (sku_key);
CREATE TABLE barcode (
	code       TEXT COLLATE "C"   NOT NULL PRIMARY KEY,
	variant_id UUID   NOT NULL REFERENCES variant (id),
	kind       TEXT   NOT NULL, -- ean, upc, case, supplier, other
	quantity   BIGINT NOT NULL DEFAULT 1 CHECK (quantity > 0) -- base units that one scan stands for
);
CREATE INDEX barcode_variant ON barcode (variant_id);
CREATE TABLE kit_component (
	kit_id       UUID   NOT NULL REFERENCES variant (id),
	component_id UUID   NOT NULL REFERENCES variant (id),
	position     BIGINT NOT NULL,
	quantity     BIGINT NOT NULL CHECK (quantity > 0),
	price_weight BIGINT NOT NULL DEFAULT 0 CHECK (price_weight >= 0), -- share of the kit's price, relative to the other components
	PRIMARY KEY (kit_id, component_id),
	CHECK (kit_id <> component_id)
);
CREATE INDEX kit_component_of ON kit_component (component_id);
CREATE TABLE price_list (
	id            UUID        NOT NULL PRIMARY KEY,
	code          TEXT COLLATE "C"        NOT NULL UNIQUE,
	name          TEXT        NOT NULL,
	currency      TEXT        NOT NULL,
	tax_inclusive BOOLEAN     NOT NULL DEFAULT FALSE,
	is_base       BOOLEAN     NOT NULL DEFAULT FALSE,
	starts_at     TIMESTAMPTZ,
	ends_at       TIMESTAMPTZ,
	version       BIGINT      NOT NULL DEFAULT 1,
	created_at    TIMESTAMPTZ NOT NULL
);
-- one base price list a currency
CREATE UNIQUE INDEX price_list_base ON price_list (currency) WHERE is_base;
CREATE TABLE price (
	price_list_id UUID   NOT NULL REFERENCES price_list (id),
	variant_id    UUID   NOT NULL REFERENCES variant (id),
	min_quantity  BIGINT NOT NULL DEFAULT 1 CHECK (min_quantity > 0),
	amount_micros BIGINT NOT NULL CHECK (amount_micros >= 0),
	PRIMARY KEY (variant_id, price_list_id, min_quantity)
);
CREATE TABLE purchase_price (
	variant_id    UUID   NOT NULL REFERENCES variant (id),
	supplier      TEXT   NOT NULL,
	supplier_sku  TEXT   NOT NULL DEFAULT '',
	currency      TEXT   NOT NULL,
	min_quantity  BIGINT NOT NULL DEFAULT 1 CHECK (min_quantity > 0),
	amount_micros BIGINT NOT NULL CHECK (amount_micros >= 0),
	preferred     BOOLEAN NOT NULL DEFAULT FALSE,
	PRIMARY KEY (variant_id, supplier, min_quantity)
);

-- owner: customer
CREATE TABLE payment_terms (
	id           UUID    NOT NULL PRIMARY KEY,
	code         TEXT    NOT NULL UNIQUE, -- net30, eom
	name         TEXT    NOT NULL,
	due_days     BIGINT  NOT NULL DEFAULT 0 CHECK (due_days >= 0),
	end_of_month BOOLEAN NOT NULL DEFAULT FALSE, -- due days count from the end of the month of invoice
	deposit_ppm  BIGINT  NOT NULL DEFAULT 0 CHECK (deposit_ppm BETWEEN 0 AND 1000000)
);
CREATE TABLE customer_group (
	id              UUID   NOT NULL PRIMARY KEY,
	code            TEXT COLLATE "C"   NOT NULL UNIQUE,
	name            TEXT   NOT NULL,
	price_list_id   UUID,
	min_order_minor BIGINT NOT NULL DEFAULT 0,
	currency        TEXT   NOT NULL DEFAULT '',
	discount_ppm    BIGINT NOT NULL DEFAULT 0 CHECK (discount_ppm BETWEEN 0 AND 1000000),
	whole_packs     BOOLEAN NOT NULL DEFAULT FALSE -- members buy whole packs only
);
CREATE TABLE company (
	id                 UUID        NOT NULL PRIMARY KEY,
	name               TEXT        NOT NULL,
	name_key           TEXT COLLATE "C"        NOT NULL,
	vat_number         TEXT        NOT NULL DEFAULT '',
	currency           TEXT        NOT NULL,
	terms_id           UUID        REFERENCES payment_terms (id),
	price_list_id      UUID,
	group_id           UUID        REFERENCES customer_group (id),
	discount_ppm       BIGINT      NOT NULL DEFAULT 0 CHECK (discount_ppm BETWEEN 0 AND 1000000),
	credit_limit_minor BIGINT      NOT NULL DEFAULT 0, -- 0 is no limit
	tax_exempt         BOOLEAN     NOT NULL DEFAULT FALSE,
	tax_certificate    TEXT        NOT NULL DEFAULT '',
	note               TEXT        NOT NULL DEFAULT '',
	active             BOOLEAN     NOT NULL DEFAULT TRUE,
	version            BIGINT      NOT NULL DEFAULT 1,
	created_at         TIMESTAMPTZ NOT NULL,
	updated_at         TIMESTAMPTZ NOT NULL
);
CREATE TABLE company_location (
	id            UUID    NOT NULL PRIMARY KEY,
	company_id    UUID    NOT NULL REFERENCES company (id),
	name          TEXT    NOT NULL,
	ship_to       JSONB   NOT NULL,
	bill_to       JSONB   NOT NULL,
	terms_id      UUID    REFERENCES payment_terms (id),
	price_list_id UUID,
	tax_exempt    BOOLEAN NOT NULL DEFAULT FALSE,
	active        BOOLEAN NOT NULL DEFAULT TRUE
);
CREATE INDEX company_location_company ON company_location (company_id);
CREATE TABLE customer (
	id            UUID        NOT NULL PRIMARY KEY,
	number        TEXT        NOT NULL DEFAULT '', -- the number another system knows the customer by
	name          TEXT        NOT NULL,
	email         TEXT        NOT NULL DEFAULT '',
	phone         TEXT        NOT NULL DEFAULT '',
	email_key     TEXT COLLATE "C"        NOT NULL DEFAULT '',
	phone_key     TEXT COLLATE "C"        NOT NULL DEFAULT '',
	name_key      TEXT COLLATE "C"        NOT NULL DEFAULT '',
	currency      TEXT        NOT NULL DEFAULT '',
	language      TEXT        NOT NULL DEFAULT '',
	group_id      UUID        REFERENCES customer_group (id),
	price_list_id UUID,
	terms_id      UUID        REFERENCES payment_terms (id),
	discount_ppm  BIGINT      NOT NULL DEFAULT 0 CHECK (discount_ppm BETWEEN 0 AND 1000000),
	tax_exempt    BOOLEAN     NOT NULL DEFAULT FALSE,
	addresses     JSONB       NOT NULL, -- the first is the default
	tags          JSONB       NOT NULL,
	custom        JSONB       NOT NULL,
	note          TEXT        NOT NULL DEFAULT '',
	erased_at     TIMESTAMPTZ,
	version       BIGINT      NOT NULL DEFAULT 1,
	created_at    TIMESTAMPTZ NOT NULL,
	updated_at    TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX customer_number ON customer (number) WHERE number <> '';
CREATE INDEX customer_email ON customer (email_key) WHERE email_key <> '';
CREATE INDEX customer_phone ON customer (phone_key) WHERE phone_key <> '';
CREATE INDEX customer_name ON customer (name_key, id);
CREATE TABLE company_contact (
	company_id          UUID NOT NULL REFERENCES company (id),
	customer_id         UUID NOT NULL REFERENCES customer (id),
	company_location_id UUID REFERENCES company_location (id),
	title               TEXT NOT NULL DEFAULT '', -- buyer, accounts payable
	PRIMARY KEY (company_id, customer_id)
);
CREATE INDEX company_contact_customer ON company_contact (customer_id);
CREATE TABLE interaction (
	id          UUID        NOT NULL PRIMARY KEY,
	customer_id UUID        NOT NULL REFERENCES customer (id),
	kind        TEXT        NOT NULL CHECK (kind IN ('note', 'call', 'email_in', 'email_out', 'task')),
	body        TEXT        NOT NULL,
	actor       TEXT        NOT NULL,
	due_on      TEXT        NOT NULL DEFAULT '',
	done_at     TIMESTAMPTZ,
	at          TIMESTAMPTZ NOT NULL
);
CREATE INDEX interaction_customer ON interaction (customer_id, id);

-- owner: channel
CREATE TABLE channel (
	id              UUID        NOT NULL PRIMARY KEY,
	code            TEXT COLLATE "C"        NOT NULL UNIQUE,
	name            TEXT        NOT NULL,
	kind            TEXT        NOT NULL, -- manual, csv, api or a connector's name
	currency        TEXT        NOT NULL,
	tax_inclusive   BOOLEAN     NOT NULL DEFAULT FALSE,
	price_list_id   UUID,
	release_when    TEXT        NOT NULL DEFAULT 'authorized' CHECK (release_when IN ('paid', 'authorized', 'placed')),
	capture_when    TEXT        NOT NULL DEFAULT 'shipped' CHECK (capture_when IN ('shipped', 'placed', 'manual')),
	allow_backorder BOOLEAN     NOT NULL DEFAULT TRUE,
	pending_hours   BIGINT      NOT NULL DEFAULT 168, -- a pending order expires after this
	handling_days   BIGINT      NOT NULL DEFAULT 1,   -- ship-by promise, in working days
	retention_days  BIGINT      NOT NULL DEFAULT 0,   -- personal data is erased so long after an order is done; 0: kept
	active          BOOLEAN     NOT NULL DEFAULT TRUE,
	version         BIGINT      NOT NULL DEFAULT 1,
	created_at      TIMESTAMPTZ NOT NULL
);
CREATE TABLE listing (
	id         UUID        NOT NULL PRIMARY KEY,
	channel_id UUID        NOT NULL REFERENCES channel (id),
	external   TEXT COLLATE "C"        NOT NULL, -- the channel's own article number
	title      TEXT        NOT NULL DEFAULT '',
	barcode    TEXT        NOT NULL DEFAULT '',
	variant_id UUID, -- none: waits to be mapped
	mapped_by  TEXT        NOT NULL DEFAULT '',
	created_at TIMESTAMPTZ NOT NULL,
	CONSTRAINT listing_external UNIQUE (channel_id, external)
);
CREATE INDEX listing_variant ON listing (variant_id);
CREATE INDEX listing_unmapped ON listing (channel_id, external) WHERE variant_id IS NULL;

-- ==== 0003_inventory.sql ====

-- owner: inventory
CREATE TABLE location (
	id             UUID        NOT NULL PRIMARY KEY,
	code           TEXT COLLATE "C"        NOT NULL UNIQUE,
	name           TEXT        NOT NULL,
	kind           TEXT        NOT NULL CHECK (kind IN ('warehouse', 'store', 'thirdparty', 'supplier', 'channel', 'transit', 'quarantine')),
	address        JSONB       NOT NULL,
	lat_e6         BIGINT      NOT NULL DEFAULT 0,
	lon_e6         BIGINT      NOT NULL DEFAULT 0,
	precision      TEXT        NOT NULL DEFAULT 'unknown', -- how the coordinates were found; unknown: there are none
	time_zone      TEXT        NOT NULL DEFAULT 'UTC',
	active         BOOLEAN     NOT NULL DEFAULT TRUE,
	ships_online   BOOLEAN     NOT NULL DEFAULT TRUE,
	pickup         BOOLEAN     NOT NULL DEFAULT FALSE,
	takes_returns  BOOLEAN     NOT NULL DEFAULT TRUE,
	allow_negative BOOLEAN     NOT NULL DEFAULT FALSE,
	capacity       BIGINT      NOT NULL DEFAULT 0, -- parcels a day; 0 is no limit
	cutoff         TEXT        NOT NULL DEFAULT '', -- HH:MM in the location's zone
	closed_days    JSONB       NOT NULL, -- weekdays ("sun") and dates ("2026-12-25")
	sequence       BIGINT      NOT NULL DEFAULT 0, -- the merchant's own order of preference
	version        BIGINT      NOT NULL DEFAULT 1,
	created_at     TIMESTAMPTZ NOT NULL
);
CREATE TABLE bin (
	id          UUID   NOT NULL PRIMARY KEY,
	location_id UUID   NOT NULL REFERENCES location (id),
	code        TEXT COLLATE "C"   NOT NULL,
	path        BIGINT NOT NULL DEFAULT 0, -- where the bin comes on a picker's walk
	UNIQUE (location_id, code)
);
-- A cache of the rows below it: verify recomputes every number of it.
CREATE TABLE stock_level (
	variant_id      UUID    NOT NULL,
	location_id     UUID    NOT NULL,
	on_hand         BIGINT  NOT NULL DEFAULT 0,
	committed       BIGINT  NOT NULL DEFAULT 0,
	damaged         BIGINT  NOT NULL DEFAULT 0,
	quality_control BIGINT  NOT NULL DEFAULT 0,
	safety          BIGINT  NOT NULL DEFAULT 0,
	incoming        BIGINT  NOT NULL DEFAULT 0,
	backordered     BIGINT  NOT NULL DEFAULT 0,
	allow_negative  BOOLEAN NOT NULL DEFAULT FALSE, -- copy of the location's policy
	sellable        BOOLEAN NOT NULL DEFAULT TRUE, -- copy of the location's kind: false in transit and in quarantine
	bin_id          UUID,
	PRIMARY KEY (variant_id, location_id),
	CONSTRAINT stock_level_counts CHECK (committed >= 0 AND damaged >= 0 AND quality_control >= 0 AND safety >= 0 AND incoming >= 0 AND backordered >= 0),
	CONSTRAINT stock_level_not_oversold CHECK (allow_negative OR (on_hand >= 0 AND committed + damaged + quality_control + safety <= on_hand))
);
CREATE INDEX stock_level_location ON stock_level (location_id, variant_id);
-- The claim of an order line (or transfer line) on stock at a location.
CREATE TABLE reservation (
	id          UUID        NOT NULL PRIMARY KEY,
	demand_id   UUID        NOT NULL, -- order line or transfer line
	demand_kind TEXT        NOT NULL CHECK (demand_kind IN ('order', 'transfer')),
	order_id    UUID, -- the order or transfer that the demand belongs to
	variant_id  UUID        NOT NULL,
	location_id UUID        NOT NULL,
	quantity    BIGINT      NOT NULL CHECK (quantity > 0),
	kind        TEXT        NOT NULL CHECK (kind IN ('stock', 'backorder')),
	status      TEXT        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'consumed', 'released')),
	priority    BIGINT      NOT NULL DEFAULT 0,
	queued_at   TIMESTAMPTZ NOT NULL, -- when the demand first claimed the units: its place in the queue, kept when they move
	created_at  TIMESTAMPTZ NOT NULL,
	closed_at   TIMESTAMPTZ
);
CREATE INDEX reservation_demand ON reservation (demand_id) WHERE status = 'active';
CREATE INDEX reservation_level ON reservation (variant_id, location_id) WHERE status = 'active';
-- serves the queue: by priority, then age
CREATE INDEX reservation_queue ON reservation (variant_id, priority DESC, queued_at, demand_id) WHERE status = 'active' AND kind = 'backorder';
-- The ledger. Rows are only ever added. Sums over a level's rows give on hand
-- (all states) and each unavailable state.
CREATE TABLE stock_movement (
	id            UUID        NOT NULL PRIMARY KEY,
	variant_id    UUID        NOT NULL,
	location_id   UUID        NOT NULL,
	kind          TEXT        NOT NULL CHECK (kind IN ('receive', 'ship', 'adjust', 'count', 'transfer_out', 'transfer_in', 'return_in', 'supplier_return', 'assemble_in', 'assemble_out', 'reclass')),
	state         TEXT        NOT NULL DEFAULT 'sellable' CHECK (state IN ('sellable', 'damaged', 'quality_control', 'safety')),
	quantity      BIGINT      NOT NULL, -- signed change
	on_hand_after BIGINT      NOT NULL,
	value_minor   BIGINT      NOT NULL, -- signed change of stock value, base currency
	reason        TEXT        NOT NULL DEFAULT '',
	cause_kind    TEXT        NOT NULL,
	cause_id      UUID,
	order_id      UUID,
	undoes_id     UUID,
	actor         TEXT        NOT NULL,
	note          TEXT        NOT NULL DEFAULT '',
	at            TIMESTAMPTZ NOT NULL,
	business_date TEXT        NOT NULL
);
CREATE INDEX stock_movement_level ON stock_movement (variant_id, location_id, id);
CREATE INDEX stock_movement_cause ON stock_movement (cause_id) WHERE cause_id IS NOT NULL;
CREATE UNIQUE INDEX stock_movement_undo ON stock_movement (undoes_id) WHERE undoes_id IS NOT NULL;
-- What the company's units of a variant are worth, wherever they lie: moving
-- average. Who changes stock or claims of a variant locks its row here first.
CREATE TABLE stock_value (
	variant_id  UUID   NOT NULL PRIMARY KEY,
	quantity    BIGINT NOT NULL,
	value_minor BIGINT NOT NULL,
	cost_micros BIGINT NOT NULL DEFAULT 0, -- cost of a unit when there last were any
	CONSTRAINT stock_value_empty CHECK (quantity <> 0 OR value_minor = 0)
);
CREATE TABLE transfer (
	id            UUID        NOT NULL PRIMARY KEY,
	number        BIGINT      NOT NULL UNIQUE,
	from_location UUID        NOT NULL REFERENCES location (id),
	to_location   UUID        NOT NULL REFERENCES location (id),
	status        TEXT        NOT NULL CHECK (status IN ('draft', 'ready', 'in_transit', 'partially_received', 'received', 'closed', 'cancelled')),
	expected_on   TEXT        NOT NULL DEFAULT '',
	reference     TEXT        NOT NULL DEFAULT '',
	note          TEXT        NOT NULL DEFAULT '',
	version       BIGINT      NOT NULL DEFAULT 1,
	created_at    TIMESTAMPTZ NOT NULL,
	shipped_at    TIMESTAMPTZ,
	closed_at     TIMESTAMPTZ,
	CHECK (from_location <> to_location)
);
CREATE TABLE transfer_line (
	id          UUID   NOT NULL PRIMARY KEY,
	transfer_id UUID   NOT NULL REFERENCES transfer (id),
	position    BIGINT NOT NULL,
	variant_id  UUID   NOT NULL,
	quantity    BIGINT NOT NULL CHECK (quantity > 0),
	shipped     BIGINT NOT NULL DEFAULT 0,
	received    BIGINT NOT NULL DEFAULT 0,
	written_off BIGINT NOT NULL DEFAULT 0,
	returned    BIGINT NOT NULL DEFAULT 0, -- came back to the source after a cancel
	reason      TEXT   NOT NULL DEFAULT '',
	CONSTRAINT transfer_line_counts CHECK (shipped BETWEEN 0 AND quantity AND received >= 0 AND written_off >= 0 AND returned >= 0 AND received + written_off + returned <= shipped)
);
CREATE INDEX transfer_line_transfer ON transfer_line (transfer_id);

-- owner: routing
CREATE TABLE routing_decision (
	id       UUID        NOT NULL PRIMARY KEY,
	order_id UUID        NOT NULL,
	at       TIMESTAMPTZ NOT NULL,
	cause    TEXT        NOT NULL, -- placed, moved, restocked, rejected
	strategy TEXT        NOT NULL,
	summary  TEXT        NOT NULL,
	body     JSONB       NOT NULL
);
CREATE INDEX routing_decision_order ON routing_decision (order_id, id);

-- ==== 0004_order.sql ====

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

-- ==== 0005_money.sql ====

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

-- ==== 0006_change.sql ====

-- owner: change
-- What is to be changed of an order that was placed, until it is confirmed and
-- ever after. What it changed can be undone by a set of its own.
CREATE TABLE change_set (
	id           UUID        NOT NULL PRIMARY KEY,
	order_id     UUID        NOT NULL,
	kind         TEXT        NOT NULL CHECK (kind IN ('edit', 'cancel', 'return', 'exchange', 'claim')),
	status       TEXT        NOT NULL CHECK (status IN ('draft', 'requested', 'confirmed', 'declined', 'cancelled')),
	base_version BIGINT      NOT NULL, -- of the order, that the set was made on
	base_at      TIMESTAMPTZ NOT NULL, -- when the order was looked at
	actions      JSONB       NOT NULL,
	reason       TEXT        NOT NULL DEFAULT '',
	note         TEXT        NOT NULL DEFAULT '',
	agreed_before JSONB, -- what was agreed when the set was confirmed
	agreed_after  JSONB, -- and what the set made of it
	undoes       UUID,  -- the set that this one undid
	undone_by    UUID,  -- the set that undid this one
	created_by   TEXT        NOT NULL,
	created_at   TIMESTAMPTZ NOT NULL,
	requested_by TEXT        NOT NULL DEFAULT '', -- who asked for an approval
	requested_at TIMESTAMPTZ,
	closed_by    TEXT        NOT NULL DEFAULT '', -- who confirmed, declined or cancelled it
	closed_at    TIMESTAMPTZ,
	version      BIGINT      NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX change_set_open ON change_set (order_id) WHERE status IN ('draft', 'requested');
CREATE INDEX change_set_order ON change_set (order_id, id);

-- What a channel allows after an order was placed.
ALTER TABLE channel ADD COLUMN edit_minutes BIGINT NOT NULL DEFAULT 0; -- how long an order is kept from being worked on, to be changed
ALTER TABLE channel ADD COLUMN backorder_days BIGINT NOT NULL DEFAULT 0; -- what is still owed so long after the order is cancelled; 0: never
ALTER TABLE sales_order ADD COLUMN backorder_until TIMESTAMPTZ; -- until then what it owes is kept, whatever its channel says

-- ==== 0007_routing.sql ====

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

-- ==== 0008_floor.sql ====

-- owner: fulfillment
-- Units that were to be picked and were not there, or not fit to be sent, and
-- what that did to stock. Rows are never changed but to say that the goods were
-- counted since.
CREATE TABLE short_pick (
	id             UUID        NOT NULL PRIMARY KEY,
	order_id       UUID        NOT NULL,
	fulfillment_id UUID        NOT NULL REFERENCES fulfillment_order (id),
	line_id        UUID        NOT NULL, -- order line
	variant_id     UUID        NOT NULL,
	location_id    UUID        NOT NULL,
	batch_id       UUID, -- the pick batch in which it was found, if it was in one
	quantity       BIGINT      NOT NULL CHECK (quantity > 0),
	reason         TEXT        NOT NULL,
	effect         TEXT        NOT NULL CHECK (effect IN ('none', 'zero', 'damaged')),
	booked         BIGINT      NOT NULL DEFAULT 0 CHECK (booked >= 0), -- units that may not be sold any more
	to_count       BOOLEAN     NOT NULL DEFAULT FALSE, -- somebody has to count the variant here
	counted_at     TIMESTAMPTZ,
	note           TEXT        NOT NULL DEFAULT '',
	actor          TEXT        NOT NULL,
	at             TIMESTAMPTZ NOT NULL
);
CREATE INDEX short_pick_fulfillment ON short_pick (fulfillment_id, line_id);
CREATE INDEX short_pick_to_count ON short_pick (location_id, variant_id) WHERE to_count AND counted_at IS NULL;

-- ==== 0009_count.sql ====

-- owner: inventory
CREATE TABLE stock_count (
	id           UUID        NOT NULL PRIMARY KEY,
	number       BIGINT      NOT NULL UNIQUE,
	location_id  UUID        NOT NULL REFERENCES location (id),
	kind         TEXT        NOT NULL CHECK (kind IN ('full', 'bins', 'variants', 'cycle', 'directed')),
	status       TEXT        NOT NULL CHECK (status IN ('draft', 'counting', 'review', 'posted', 'cancelled')),
	blind        BOOLEAN     NOT NULL DEFAULT FALSE, -- who counts is not shown what is expected
	frozen       BOOLEAN     NOT NULL DEFAULT FALSE, -- the location is given no new work meanwhile
	scheduled_on TEXT        NOT NULL DEFAULT '', -- business day, of a count that the schedule made
	reason       TEXT        NOT NULL DEFAULT '',
	note         TEXT        NOT NULL DEFAULT '',
	cause_kind   TEXT        NOT NULL DEFAULT '', -- what directed it, such as a short pick
	cause_id     UUID,
	version      BIGINT      NOT NULL DEFAULT 1,
	created_by   TEXT        NOT NULL,
	created_at   TIMESTAMPTZ NOT NULL,
	approved_by  TEXT        NOT NULL DEFAULT '',
	approved_at  TIMESTAMPTZ,
	closed_at    TIMESTAMPTZ,
	undone_at    TIMESTAMPTZ
);
CREATE INDEX stock_count_open ON stock_count (location_id) WHERE status IN ('draft', 'counting', 'review');
CREATE UNIQUE INDEX stock_count_scheduled ON stock_count (location_id, scheduled_on) WHERE scheduled_on <> '';
-- Entries, counted, expected and moved are a cache of the entries of the line's round.
CREATE TABLE count_line (
	id         UUID    NOT NULL PRIMARY KEY,
	count_id   UUID    NOT NULL REFERENCES stock_count (id),
	variant_id UUID    NOT NULL,
	bin_id     UUID,
	class      TEXT    NOT NULL DEFAULT '', -- A, B or C by sales value, of a cycle count
	round      BIGINT  NOT NULL DEFAULT 1, -- grows when the line is to be counted again; earlier entries do not count
	entries    BIGINT  NOT NULL DEFAULT 0,
	counted    BIGINT  NOT NULL DEFAULT 0,
	expected   BIGINT  NOT NULL DEFAULT 0, -- in the shelf by the books, when the line was last counted
	moved      BOOLEAN NOT NULL DEFAULT FALSE, -- stock moved between the line's entries
	posted     BIGINT  NOT NULL DEFAULT 0, -- units that the posting changed on hand by
	UNIQUE (count_id, variant_id),
	CONSTRAINT count_line_counted CHECK (counted >= 0 AND entries >= 0)
);
CREATE INDEX count_line_variant ON count_line (variant_id);
-- Who counted what, when, and what the books said at that moment. Rows are only ever added.
CREATE TABLE count_entry (
	id         UUID        NOT NULL PRIMARY KEY,
	count_id   UUID        NOT NULL REFERENCES stock_count (id),
	line_id    UUID        NOT NULL REFERENCES count_line (id),
	round      BIGINT      NOT NULL,
	position   BIGINT      NOT NULL, -- among the line's entries of the round
	quantity   BIGINT      NOT NULL, -- negative: a correction
	on_hand    BIGINT      NOT NULL, -- by the ledger, read under the lock of the level
	picked     BIGINT      NOT NULL, -- of that, picked and waiting to be shipped: not in the shelf
	bin_id     UUID,
	entry_key  TEXT        NOT NULL, -- the caller's name of the entry: sent twice, it is counted once
	actor      TEXT        NOT NULL,
	at         TIMESTAMPTZ NOT NULL,
	UNIQUE (count_id, entry_key),
	UNIQUE (line_id, round, position)
);

-- ==== 0010_return.sql ====

-- owner: returns
ALTER TABLE sales_return ADD COLUMN requested_by TEXT NOT NULL DEFAULT 'staff' CHECK (requested_by IN ('staff', 'customer'));
ALTER TABLE sales_return ADD COLUMN decline_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE sales_return ADD COLUMN carrier TEXT NOT NULL DEFAULT '';
ALTER TABLE sales_return ADD COLUMN tracking_number TEXT NOT NULL DEFAULT '';
ALTER TABLE sales_return ADD COLUMN expires_at TIMESTAMPTZ; -- of an approval
CREATE INDEX sales_return_expiry ON sales_return (expires_at) WHERE status = 'approved' AND expires_at IS NOT NULL;
ALTER TABLE return_line ADD COLUMN location_id UUID; -- where the goods are, once they came
ALTER TABLE return_line ADD COLUMN credited BOOLEAN NOT NULL DEFAULT FALSE; -- a credit note was issued for it
ALTER TABLE return_line ADD COLUMN unmoved BOOLEAN NOT NULL DEFAULT FALSE; -- the stock's numbers had the goods already
UPDATE return_line SET location_id = (SELECT location_id FROM sales_return r WHERE r.id = return_line.return_id) WHERE reception IN ('received', 'extra');
UPDATE return_line SET credited = TRUE
WHERE reception IN ('received', 'extra') AND resolution IN ('refund', 'store_credit', 'exchange')
	AND return_id IN (SELECT id FROM sales_return WHERE status = 'closed');
UPDATE return_line SET unmoved = TRUE
WHERE reception IN ('received', 'extra') AND disposition IN ('restock', 'refurbish', 'quarantine', 'return_to_vendor')
	AND return_id NOT IN (SELECT cause_id FROM stock_movement WHERE cause_kind = 'return' AND cause_id IS NOT NULL);

-- ==== 0011_credit.sql ====

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

-- ==== 0012_books.sql ====

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

-- ==== 0013_automation.sql ====

-- owner: automation
-- What a merchant wants done by itself: when something happens to an order that
-- meets a condition.
CREATE TABLE automation_rule (
	id         UUID        NOT NULL PRIMARY KEY,
	name       TEXT        NOT NULL,
	position   BIGINT      NOT NULL,
	kinds      JSONB       NOT NULL, -- of events that trigger it
	condition  TEXT        NOT NULL,
	actions    JSONB       NOT NULL,
	stops      BOOLEAN     NOT NULL,
	enabled    BOOLEAN     NOT NULL,
	version    BIGINT      NOT NULL,
	created_at TIMESTAMPTZ NOT NULL,
	updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX automation_rule_name ON automation_rule (name);

-- What a rule made of an event, once.
CREATE TABLE automation_run (
	rule_id      UUID        NOT NULL REFERENCES automation_rule (id),
	rule_version BIGINT      NOT NULL,
	event_id     UUID        NOT NULL,
	event_kind   TEXT        NOT NULL,
	order_id     UUID        NOT NULL,
	outcome      TEXT        NOT NULL CHECK (outcome IN ('matched', 'not_matched', 'failed', 'too_deep')),
	detail       TEXT        NOT NULL,
	actions      JSONB       NOT NULL, -- what was done
	at           TIMESTAMPTZ NOT NULL,
	PRIMARY KEY (rule_id, event_id)
);
-- serves the trace of an order
CREATE INDEX automation_run_order ON automation_run (order_id, at);
-- serves the list of what went wrong
CREATE INDEX automation_run_failed ON automation_run (at) WHERE outcome IN ('failed', 'too_deep');

-- ==== 0014_webhook.sql ====

-- owner: webhook
-- Addresses that are told what happens.
CREATE TABLE webhook_endpoint (
	id             UUID        NOT NULL PRIMARY KEY,
	url            TEXT        NOT NULL,
	description    TEXT        NOT NULL DEFAULT '',
	kinds          JSONB       NOT NULL, -- of events, such as order.placed, or order.*; none: all
	status         TEXT        NOT NULL CHECK (status IN ('enabled', 'disabled')),
	disabled_why   TEXT        NOT NULL DEFAULT '',
	secret         TEXT        NOT NULL,
	old_secret     TEXT        NOT NULL DEFAULT '', -- signs beside the new one until old_until
	old_until      TIMESTAMPTZ,
	sequence       BIGINT      NOT NULL DEFAULT 0, -- of the last message
	failing_since  TIMESTAMPTZ, -- none: the last delivery succeeded
	succeeded_at   TIMESTAMPTZ,
	created_by     TEXT        NOT NULL,
	created_at     TIMESTAMPTZ NOT NULL,
	version        BIGINT      NOT NULL DEFAULT 1
);
-- A message to an endpoint, and what became of it.
CREATE TABLE webhook_delivery (
	id           UUID        NOT NULL PRIMARY KEY,
	endpoint_id  UUID        NOT NULL REFERENCES webhook_endpoint (id),
	event_id     UUID        NOT NULL, -- the receiver's key against repetitions
	kind         TEXT        NOT NULL,
	subject      UUID        NOT NULL, -- messages about one subject are sent in order
	sequence     BIGINT      NOT NULL, -- place in the endpoint's stream
	body         TEXT        NOT NULL, -- as it is sent and signed
	status       TEXT        NOT NULL CHECK (status IN ('queued', 'retry', 'sent', 'dead')),
	tries        BIGINT      NOT NULL DEFAULT 0,
	due_at       TIMESTAMPTZ NOT NULL,
	leased_until TIMESTAMPTZ, -- a call is under way until then
	answer       BIGINT      NOT NULL DEFAULT 0, -- HTTP status of the last call; 0: no answer
	error        TEXT        NOT NULL DEFAULT '',
	created_at   TIMESTAMPTZ NOT NULL,
	settled_at   TIMESTAMPTZ,
	CONSTRAINT webhook_delivery_once UNIQUE (endpoint_id, event_id)
);
-- serves the next message of a subject, and what is due
CREATE INDEX webhook_delivery_lane ON webhook_delivery (endpoint_id, subject, sequence) WHERE status IN ('queued', 'retry');
CREATE INDEX webhook_delivery_due ON webhook_delivery (due_at) WHERE status IN ('queued', 'retry');
-- serves pruning
CREATE INDEX webhook_delivery_settled ON webhook_delivery (settled_at) WHERE settled_at IS NOT NULL;

-- ==== 0015_follower.sql ====

-- owner: event
-- How far each follower of the log has come.
CREATE TABLE event_follower (
	name   TEXT NOT NULL PRIMARY KEY,
	cursor TEXT NOT NULL
);

-- ==== 0016_switch.sql ====

-- owner: inventory
-- The switch by which a location takes no orders of customers for now, though it
-- could: a store that is too busy, a warehouse in which the lift is broken.
ALTER TABLE location ADD COLUMN online_off BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE location ADD COLUMN online_off_until TIMESTAMPTZ; -- null: until somebody switches it on
ALTER TABLE location ADD COLUMN online_off_reason TEXT NOT NULL DEFAULT '';
CREATE INDEX location_pause ON location (online_off_until) WHERE online_off;

-- ==== 0017_pickup.sql ====

-- owner: order
ALTER TABLE sales_order ADD COLUMN pickup_location_id UUID; -- where the customer fetches it; null: it is sent

-- owner: fulfillment
-- What a customer needs to fetch a fulfillment order of the kind pickup, from when
-- it was first made ready. Its state follows from the fulfillment order.
CREATE TABLE pickup (
	fulfillment_id UUID        NOT NULL PRIMARY KEY REFERENCES fulfillment_order (id),
	order_id       UUID        NOT NULL,
	location_id    UUID        NOT NULL,
	code           TEXT        NOT NULL, -- that the customer shows
	wait_until     TIMESTAMPTZ, -- it is kept until then; null: for ever
	reminders      BIGINT      NOT NULL DEFAULT 0 CHECK (reminders >= 0),
	reminded_at    TIMESTAMPTZ,
	arrived_at     TIMESTAMPTZ, -- the customer is outside
	bay            TEXT        NOT NULL DEFAULT '',
	expired_at     TIMESTAMPTZ, -- nobody came
	created_at     TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX pickup_code ON pickup (code);
-- those that wait for their customers
CREATE INDEX fulfillment_order_ready ON fulfillment_order (location_id, ready_at) WHERE status = 'in_progress' AND ready_at IS NOT NULL;

-- Who took the goods of a shipment over the counter. Rows are never changed but to
-- say that it was taken back, or to erase the name.
CREATE TABLE pickup_handover (
	shipment_id    UUID        NOT NULL PRIMARY KEY REFERENCES shipment (id),
	fulfillment_id UUID        NOT NULL REFERENCES pickup (fulfillment_id),
	person         TEXT        NOT NULL,
	proof          TEXT        NOT NULL CHECK (proof IN ('code', 'id')),
	actor          TEXT        NOT NULL,
	at             TIMESTAMPTZ NOT NULL,
	undone_by      TEXT        NOT NULL DEFAULT '',
	undone_at      TIMESTAMPTZ
);
CREATE INDEX pickup_handover_fulfillment ON pickup_handover (fulfillment_id);

-- ==== 0018_partner.sql ====

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

-- ==== 0019_exchange.sql ====

-- owner: order
ALTER TABLE sales_order ADD COLUMN awaited BIGINT NOT NULL DEFAULT 0; -- value of goods that come back in exchange and are not credited yet

-- owner: returns
-- An exchange: the change of the order that put replacements on it, when these may
-- leave, and their order lines.
ALTER TABLE sales_return ADD COLUMN change_id UUID;
ALTER TABLE sales_return ADD COLUMN release_on TEXT NOT NULL DEFAULT '' CHECK (release_on IN ('', 'at_once', 'in_transit', 'receipt', 'inspection'));
ALTER TABLE sales_return ADD COLUMN replacements JSONB NOT NULL DEFAULT '[]';
CREATE UNIQUE INDEX sales_return_change ON sales_return (change_id) WHERE change_id IS NOT NULL;
-- A parcel that came back by itself has one return, however often its carrier says so.
ALTER TABLE sales_return ADD COLUMN shipment_id UUID;
CREATE UNIQUE INDEX sales_return_shipment ON sales_return (shipment_id) WHERE shipment_id IS NOT NULL;

-- ==== 0020_return_policy.sql ====

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

-- ==== 0022_receivable.sql ====

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

-- ==== 0023_tax.sql ====

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

-- ==== 0026_doubt.sql ====

-- owner: fulfillment
-- When a location was asked again for what it was short of for no reason that is
-- to be counted: since then units came there, or were counted.
ALTER TABLE short_pick ADD COLUMN trusted_at TIMESTAMPTZ;
CREATE INDEX short_pick_doubted ON short_pick (location_id, variant_id) WHERE effect = 'none' AND NOT to_count AND trusted_at IS NULL;

-- owner: routing
-- The line that was short, where others are left out with it: the components of
-- its kit.
ALTER TABLE routing_exclusion ADD COLUMN cause_line_id UUID;

-- ==== 0027_routing_run.sql ====

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

-- ==== 0028_parcel.sql ====

-- owner: fulfillment
-- Shipments of several orders that go to one customer in one box, under one label.
-- What becomes of it follows from its shipments.
CREATE TABLE parcel (
	id              UUID        NOT NULL PRIMARY KEY,
	location_id     UUID        NOT NULL,
	carrier         TEXT        NOT NULL DEFAULT '',
	service         TEXT        NOT NULL DEFAULT '',
	tracking_number TEXT        NOT NULL DEFAULT '',
	tracking_url    TEXT        NOT NULL DEFAULT '',
	cost_minor      BIGINT      NOT NULL DEFAULT 0 CHECK (cost_minor >= 0), -- of the label; its shipments share it
	created_by      TEXT        NOT NULL,
	created_at      TIMESTAMPTZ NOT NULL,
	version         BIGINT      NOT NULL
);
ALTER TABLE shipment ADD COLUMN parcel_id UUID;
CREATE INDEX shipment_parcel ON shipment (parcel_id) WHERE parcel_id IS NOT NULL;

-- ==== 0029_exception.sql ====

-- owner: exception
-- What people added to an exception. What is an exception is computed from what
-- is true now; a row counts for as long as it is newer than the exception.
CREATE TABLE exception_mark (
	kind          TEXT        NOT NULL,
	object        UUID        NOT NULL, -- what it is about
	part          UUID        NOT NULL, -- the part of it; the object itself where there is none
	assigned_to   UUID,
	snoozed_until TIMESTAMPTZ,
	note          TEXT        NOT NULL DEFAULT '',
	first_seen_at TIMESTAMPTZ NOT NULL,
	updated_by    TEXT        NOT NULL,
	updated_at    TIMESTAMPTZ NOT NULL,
	version       BIGINT      NOT NULL DEFAULT 1,
	PRIMARY KEY (kind, object, part)
);

-- What the list of exceptions looks for; each is rare.
-- owner: payment
CREATE INDEX payment_failed ON payment (order_id) WHERE status = 'failed';
CREATE INDEX payment_transaction_failed ON payment_transaction (payment_id, id) WHERE status = 'failed';
CREATE INDEX refund_failed ON refund (payment_id) WHERE status = 'failed';
CREATE INDEX payment_inbox_dead ON payment_inbox (received_at) WHERE status = 'dead';

-- owner: webhook
CREATE INDEX webhook_delivery_dead ON webhook_delivery (endpoint_id) WHERE status = 'dead';

-- owner: inventory
CREATE INDEX stock_count_review ON stock_count (location_id) WHERE status = 'review';

-- owner: automation
ALTER TABLE automation_run ADD COLUMN trigger JSONB; -- of a rule that failed: what it was to look at, so that a person may try it again

-- ==== 0032_web.sql ====

-- owner: auth
-- How a person wants the back office to look: zone, numbers, theme.
ALTER TABLE app_user ADD COLUMN preferences JSONB NOT NULL DEFAULT '{}';
-- serves the list of a person's sessions
CREATE INDEX session_of_user ON session (user_id, last_seen_at);

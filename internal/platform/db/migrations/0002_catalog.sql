-- +goose Up

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

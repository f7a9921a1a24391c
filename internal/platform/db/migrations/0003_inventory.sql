-- +goose Up

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

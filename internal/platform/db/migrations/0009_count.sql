-- +goose Up

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

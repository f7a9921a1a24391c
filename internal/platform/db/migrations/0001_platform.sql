-- +goose Up

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

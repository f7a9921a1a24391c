-- +goose Up

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

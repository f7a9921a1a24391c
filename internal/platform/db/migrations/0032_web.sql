-- +goose Up

-- owner: auth
-- How a person wants the back office to look: zone, numbers, theme.
ALTER TABLE app_user ADD COLUMN preferences JSONB NOT NULL DEFAULT '{}';
-- serves the list of a person's sessions
CREATE INDEX session_of_user ON session (user_id, last_seen_at);

-- +goose Up

-- owner: event
-- How far each follower of the log has come.
CREATE TABLE event_follower (
	name   TEXT NOT NULL PRIMARY KEY,
	cursor TEXT NOT NULL
);

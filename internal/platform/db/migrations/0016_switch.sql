-- +goose Up

-- owner: inventory
-- The switch by which a location takes no orders of customers for now, though it
-- could: a store that is too busy, a warehouse in which the lift is broken.
ALTER TABLE location ADD COLUMN online_off BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE location ADD COLUMN online_off_until TIMESTAMPTZ; -- null: until somebody switches it on
ALTER TABLE location ADD COLUMN online_off_reason TEXT NOT NULL DEFAULT '';
CREATE INDEX location_pause ON location (online_off_until) WHERE online_off;

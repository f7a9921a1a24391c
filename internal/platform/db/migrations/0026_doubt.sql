-- +goose Up

-- owner: fulfillment
-- When a location was asked again for what it was short of for no reason that is
-- to be counted: since then units came there, or were counted.
ALTER TABLE short_pick ADD COLUMN trusted_at TIMESTAMPTZ;
CREATE INDEX short_pick_doubted ON short_pick (location_id, variant_id) WHERE effect = 'none' AND NOT to_count AND trusted_at IS NULL;

-- owner: routing
-- The line that was short, where others are left out with it: the components of
-- its kit.
ALTER TABLE routing_exclusion ADD COLUMN cause_line_id UUID;

-- +goose Up

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

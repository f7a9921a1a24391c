-- +goose Up

-- owner: order
ALTER TABLE sales_order ADD COLUMN awaited BIGINT NOT NULL DEFAULT 0; -- value of goods that come back in exchange and are not credited yet

-- owner: returns
-- An exchange: the change of the order that put replacements on it, when these may
-- leave, and their order lines.
ALTER TABLE sales_return ADD COLUMN change_id UUID;
ALTER TABLE sales_return ADD COLUMN release_on TEXT NOT NULL DEFAULT '' CHECK (release_on IN ('', 'at_once', 'in_transit', 'receipt', 'inspection'));
ALTER TABLE sales_return ADD COLUMN replacements JSONB NOT NULL DEFAULT '[]';
CREATE UNIQUE INDEX sales_return_change ON sales_return (change_id) WHERE change_id IS NOT NULL;
-- A parcel that came back by itself has one return, however often its carrier says so.
ALTER TABLE sales_return ADD COLUMN shipment_id UUID;
CREATE UNIQUE INDEX sales_return_shipment ON sales_return (shipment_id) WHERE shipment_id IS NOT NULL;

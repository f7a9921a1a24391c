# A warehouse is counted while goods move; what is missing breaks the newest promises, and the undo mends them.
include shop.txt

## Eight mugs are promised to two customers
POST /v1/stock/receipts {"receipts": [{"sku": "TEA", "location_id": "$berlin", "quantity": 8, "unit_cost": "2"}]}
=> 201
POST /v1/orders {
	"channel_id": "$channel", "customer": {"name": "Ada Byron"},
	"ship_to": {"name": "Ada Byron", "line1": "Torstraße 1", "city": "Berlin", "postal_code": "10119", "country": "DE"},
	"lines": [{"sku": "TEA", "quantity": 5, "tax_ppm": 70000}]
}
=> 201 $first=id
POST /v1/orders {
	"channel_id": "$channel", "customer": {"name": "Ben Katz"},
	"ship_to": {"name": "Ben Katz", "line1": "Torstraße 2", "city": "Berlin", "postal_code": "10119", "country": "DE"},
	"lines": [{"sku": "TEA", "quantity": 3, "tax_ppm": 70000}]
}
=> 201 $second=id
POST /v1/orders/$first/payments {"method": "bank", "received": true}
=> 201

## Six are found. Meanwhile the first five leave: that is no difference
POST /v1/counts {"location_id": "$berlin", "kind": "variants", "variants": [{"sku": "TEA"}]}
=> 201 $count=id
POST /v1/counts/$count/post
=> 409 code=count.wrong_state facts.status=draft
POST /v1/counts/$count/start
=> 200
POST /v1/counts/$count/submit {}
=> 409 code=count.uncounted
POST /v1/counts/$count/entries {"entries": [{"code": "TEA", "quantity": 4, "key": "a"}, {"code": "TEA", "quantity": 2, "key": "b"}]}
=> 201 items.1.counted=6
POST /v1/counts/$count/entries {"entries": [{"code": "TEA", "quantity": 2, "key": "b"}]}
=> 201 items.0.counted=6
GET /v1/orders/$first
=> 200 $work=fulfillments.0.id
POST /v1/fulfillments/$work/ship {"carrier": "DHL", "tracking_number": "1"}
=> 201
POST /v1/counts/$count/submit {}
=> 200 status=review sums.less=2
POST /v1/counts/$count/post
=> 200 status=posted
again
=> 200 status=posted

## One is left of the three that the second customer was promised; two are owed
GET /v1/stock/levels?sku=TEA&location=$berlin
=> 200 items.0.on_hand=1 items.0.committed=1 items.0.backordered=2
GET /v1/orders/$second
=> 200 lines.0.allocated=1 lines.0.backordered=2

## It was the wrong shelf: the count is undone, once, and the promise stands again
POST /v1/counts/$count/undo {"reason": "wrong shelf"}
=> 200 undone_at!=""
POST /v1/counts/$count/undo {"reason": "wrong shelf"}
=> 409 code=count.wrong_state
GET /v1/stock/levels?sku=TEA&location=$berlin
=> 200 items.0.on_hand=3 items.0.committed=3 items.0.backordered=0
GET /v1/orders/$second
=> 200 lines.0.allocated=3 lines.0.backordered=0

purser verify
=> 0 "0 differences"

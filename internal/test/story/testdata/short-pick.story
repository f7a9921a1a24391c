# Who goes to the shelf does not find what the books promise: the goods come from elsewhere, and the shelf is counted.
include shop.txt

## Berlin, the nearest, shall send four mugs
POST /v1/orders {
	"channel_id": "$channel", "customer": {"name": "Ada Byron"},
	"ship_to": {"name": "Ada Byron", "line1": "Torstraße 1", "city": "Berlin", "postal_code": "10119", "country": "DE"},
	"lines": [{"sku": "MUG", "quantity": 4, "tax_ppm": 190000}]
}
=> 201 $order=id $mug=lines.0.id
POST /v1/orders/$order/payments {"method": "bank", "received": true}
=> 201
GET /v1/orders/$order
=> 200 payment_status=paid fulfillments.#=1 fulfillments.0.location_id=$berlin fulfillments.0.status=open $work=fulfillments.0.id

## The shelf is empty: Munich sends all four
POST /v1/fulfillments/$work/short-picks {"lines": [{"line_id": "$mug", "quantity": 4, "reason": "not_in_stock"}]}
=> 201 items.0.booked=10 items.0.to_count=true
GET /v1/stock/levels?sku=MUG&location=$berlin
=> 200 items.0.on_hand=0 items.0.committed=0
GET /v1/stock/levels?sku=MUG&location=$munich
=> 200 items.0.on_hand=4 items.0.committed=4
GET /v1/orders/$order
=> 200 lines.0.allocated=4 lines.0.backordered=0
	decision.summary~"München" $work=fulfillments[location_id=$munich].id

## Three are found behind the shelf: the count says so
POST /v1/counts {"location_id": "$berlin", "kind": "variants", "variants": [{"sku": "MUG"}]}
=> 201 status=draft $count=id
POST /v1/counts/$count/start
=> 200 status=counting
POST /v1/counts/$count/entries {"entries": [{"code": "MUG", "quantity": 3, "key": "first shelf"}]}
=> 201 items.0.counted=3
POST /v1/counts/$count/submit {}
=> 200 status=review
POST /v1/counts/$count/post
=> 200 status=posted
GET /v1/stock/levels?sku=MUG&location=$berlin
=> 200 items.0.on_hand=3 items.0.committed=0

## Munich ships, and all is paid
POST /v1/fulfillments/$work/ship {"carrier": "DHL", "tracking_number": "1"}
=> 201
GET /v1/orders/$order
=> 200 status=completed captured="50.00 EUR" invoiced="50.00 EUR"

purser verify
=> 0 "0 differences"

# An order is cancelled in part and in whole, and reopened; a shipment that was booked by mistake is taken back.
include shop.txt

## Four mugs are authorized; one is cancelled
POST /v1/orders {
	"channel_id": "$channel", "customer": {"name": "Ada Byron"},
	"ship_to": {"name": "Ada Byron", "line1": "Torstraße 1", "city": "Berlin", "postal_code": "10119", "country": "DE"},
	"lines": [{"sku": "MUG", "quantity": 4, "tax_ppm": 190000}]
}
=> 201 total="50.00 EUR" $order=id $mug=lines.0.id
POST /v1/orders/$order/payments {"method": "bank", "received": true}
=> 201
POST /v1/orders/$order/cancel {"reason": "customer", "lines": [{"line_id": "$mug", "quantity": 1}]}
=> 200 status=open lines.0.cancelled=1 lines.0.allocated=3
GET /v1/stock/levels?sku=MUG&location=$berlin
=> 200 items.0.committed=3

## Then all of it: the goods are free, the money is still there
POST /v1/orders/$order/cancel {"reason": "customer"}
=> 200 status=cancelled balance="-50.00 EUR"
again
=> 200 status=cancelled
POST /v1/orders/$order/cancel {"reason": "customer"}
=> 409 code=order.cancelled
GET /v1/stock/levels?sku=MUG&location=$berlin
=> 200 items.0.on_hand=10 items.0.committed=0
GET /v1/fulfillments?order=$order
=> 200 items[status=open].id=""

## The customer wants it after all: both cancellations are undone, the last first
GET /v1/orders/$order/changes
=> 200 items.#=2 $one=items.0.id $all=items.1.id
POST /v1/changes/$all/undo {}
=> 201
GET /v1/orders/$order
=> 200 status=open lines.0.cancelled=1 lines.0.allocated=3
POST /v1/changes/$one/undo {}
=> 201 after.due="50.00 EUR" after.balance="0.00 EUR"
GET /v1/orders/$order
=> 200 status=open payment_status=paid lines.0.cancelled=0 lines.0.allocated=4
GET /v1/fulfillments?order=$order
=> 200 $work=items[status=open].id

## It is booked as sent, and has not left: the shipment is taken back
POST /v1/fulfillments/$work/ship {"carrier": "DHL", "tracking_number": "1"}
=> 201 $parcel=id
GET /v1/orders/$order
=> 200 status=completed invoiced="50.00 EUR" invoices.#=1
POST /v1/shipments/$parcel/unship {"reason": "still on the shelf"}
=> 200 status=voided
POST /v1/shipments/$parcel/unship {"reason": "still on the shelf"}
=> 409
GET /v1/orders/$order
=> 200 status=open invoiced="0.00 EUR" lines.0.shipped=0 lines.0.allocated=4
GET /v1/stock/levels?sku=MUG&location=$berlin
=> 200 items.0.on_hand=10 items.0.committed=4

## The next day it does leave, and is not cancelled any more
GET /v1/fulfillments?order=$order
=> 200 $work=items[status=in_progress].id
POST /v1/fulfillments/$work/ship {"carrier": "DHL", "tracking_number": "2"}
=> 201
GET /v1/orders/$order
=> 200 status=completed invoiced="50.00 EUR" balance="0.00 EUR"
POST /v1/orders/$order/cancel {"reason": "customer"}
=> 409

purser verify
=> 0 "0 differences"

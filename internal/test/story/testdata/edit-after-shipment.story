# A customer changes the order after a part of it has left: what left stays as it was, what is left is agreed anew.
include shop.txt

## Three mugs and a teapot are ordered, and paid for by card
POST /v1/orders {
	"channel_id": "$channel", "customer": {"name": "Ada Byron", "email": "ada@example.com"},
	"ship_to": {"name": "Ada Byron", "line1": "Torstraße 1", "city": "Berlin", "postal_code": "10119", "country": "DE"},
	"lines": [{"sku": "MUG", "quantity": 3, "tax_ppm": 190000}, {"sku": "POT", "quantity": 1, "tax_ppm": 190000}],
	"charges": [{"kind": "shipping", "title": "Parcel", "amount": {"minor": 490, "currency": "EUR"}, "tax_ppm": 190000}]
}
=> 201 total="87.40 EUR" $order=id $mug=lines[sku=MUG].id $pot=lines[sku=POT].id
POST /v1/orders/$order/payments {"gateway": "test", "method": "card", "token": "tok_visa"}
=> 201
until GET /v1/orders/$order
=> 200 payment_status=authorized fulfillments.0.status=open $work=fulfillments.0.id

## Two mugs leave: they are invoiced with the postage, and captured
POST /v1/fulfillments/$work/ship {"lines": [{"line_id": "$mug", "quantity": 2}], "carrier": "DHL", "tracking_number": "1"}
=> 201 $parcel=id
until GET /v1/orders/$order
=> 200 captured="29.90 EUR" invoiced="29.90 EUR" lines[sku=MUG].shipped=2 fulfillment_status=partially_fulfilled

## The customer wants five mugs, and no teapot
POST /v1/orders/$order/changes {"reason": "customer", "actions": [
	{"kind": "set_quantity", "line_id": "$mug", "quantity": 5},
	{"kind": "remove_line", "line_id": "$pot"}
]}
=> 201 status=draft $change=id
POST /v1/orders/$order/changes {}
=> 409 code=change.open

# The preview is what confirming does, and does nothing.
GET /v1/changes/$change/preview
=> 200 before.due="87.40 EUR" after.due="67.40 EUR" collect="0.00 EUR"
GET /v1/stock/levels?sku=MUG&location=$berlin
=> 200 items.0.on_hand=8 items.0.committed=1

# What left cannot be taken off.
POST /v1/changes/$change/actions {"actions": [{"kind": "set_quantity", "line_id": "$mug", "quantity": 1}]}
=> 200
GET /v1/changes/$change/preview
=> 409 code=order.too_many
DELETE /v1/changes/$change/actions/2
=> 200 actions.#=2

POST /v1/changes/$change/confirm {}
=> 200 change.status=confirmed after.due="67.40 EUR"
again
=> 200 change.status=confirmed
GET /v1/stock/levels?sku=MUG&location=$berlin
=> 200 items.0.on_hand=8 items.0.committed=3
GET /v1/stock/levels?sku=POT&location=$berlin
=> 200 items.0.on_hand=2 items.0.committed=0
GET /v1/orders/$order
=> 200 lines[sku=MUG].allocated=3 lines[sku=MUG].shipped=2 lines[sku=POT].cancelled=1 captured="29.90 EUR"

## The change is taken back, and is as if it had not been; then it is made after all
POST /v1/changes/$change/undo {}
=> 201 after.due="87.40 EUR" change.undoes=$change
GET /v1/orders/$order
=> 200 lines[sku=MUG].quantity=3 lines[sku=MUG].allocated=1 lines[sku=POT].allocated=1
GET /v1/stock/levels?sku=MUG&location=$berlin
=> 200 items.0.committed=1
POST /v1/changes/$change/undo {}
=> 409 code=change.undone
POST /v1/orders/$order/changes {"actions": [
	{"kind": "set_quantity", "line_id": "$mug", "quantity": 5},
	{"kind": "remove_line", "line_id": "$pot"}
]}
=> 201 $change=id
POST /v1/changes/$change/confirm {}
=> 200 after.due="67.40 EUR"

## The rest leaves in two parcels, since what was added is work of its own: captured to the cent
GET /v1/fulfillments?order=$order
=> 200 $rest=items[status=in_progress].id $more=items[status=open].id
POST /v1/fulfillments/$rest/ship {"carrier": "DHL", "tracking_number": "2"}
=> 201 lines.0.quantity=1
POST /v1/fulfillments/$more/ship {"carrier": "DHL", "tracking_number": "3"}
=> 201 lines.0.quantity=2
until GET /v1/orders/$order
=> 200 status=completed payment_status=paid captured="67.40 EUR" invoiced="67.40 EUR" balance="0.00 EUR"

# What has left is not undone any more.
POST /v1/changes/$change/undo {}
=> 409 code=order.moved_on

purser verify
=> 0 "0 differences"

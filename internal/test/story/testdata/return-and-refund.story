# Goods come back: a part of them is worth money, and it goes back where it came from, on two payments.
include shop.txt

## Four mugs are paid for with a gift card and by bank, and sent
POST /v1/gift-cards {"amount": {"minor": 3000, "currency": "EUR"}, "reason": "a prize"}
=> 201 $card=id
POST /v1/credits/$card/code
=> 201 $code=code
POST /v1/orders {
	"channel_id": "$channel", "customer": {"name": "Ada Byron"},
	"ship_to": {"name": "Ada Byron", "line1": "Torstraße 1", "city": "Berlin", "postal_code": "10119", "country": "DE"},
	"lines": [{"sku": "MUG", "quantity": 4, "tax_ppm": 190000}],
	"charges": [{"kind": "shipping", "title": "Parcel", "amount": {"minor": 500, "currency": "EUR"}, "tax_ppm": 190000}]
}
=> 201 total="55.00 EUR" $order=id $mug=lines.0.id
POST /v1/orders/$order/payments {"method": "gift_card", "gateway": "gift_card", "token": "$code", "amount": {"minor": 3000, "currency": "EUR"}}
=> 201 status=authorized $by_card=id
POST /v1/orders/$order/payments {"method": "bank", "received": true, "amount": {"minor": 2500, "currency": "EUR"}}
=> 201 amount="25.00 EUR" $by_bank=id
until GET /v1/orders/$order
=> 200 fulfillments.0.status=open $work=fulfillments.0.id
POST /v1/fulfillments/$work/ship {"carrier": "DHL", "tracking_number": "1"}
=> 201
until GET /v1/orders/$order
=> 200 status=completed captured="55.00 EUR" balance="0.00 EUR"
GET /v1/credits/$card
=> 200 balance="0.00 EUR"

## Two may come back, and no more than were sent
POST /v1/returns {"order_id": "$order", "location_id": "$berlin", "lines": [{"line_id": "$mug", "quantity": 5}]}
=> 409 code=return.too_many facts.available=4
POST /v1/returns {"order_id": "$order", "location_id": "$berlin", "lines": [{"line_id": "$mug", "quantity": 2, "reason": "too small"}]}
=> 201 status=requested $return=id $units=lines.0.id
POST /v1/returns/$return/refund {}
=> 409 code=return.nothing_to_refund
POST /v1/returns/$return/approve {}
=> 200 status=approved
GET /v1/orders/$order
=> 200 return_status=in_progress

## They come: they are in stock once somebody has looked at them
POST /v1/returns/$return/receive {"lines": [{"line_id": "$units", "quantity": 2, "reception": "received"}]}
=> 200 status=received
GET /v1/stock/levels?sku=MUG&location=$berlin
=> 200 items.0.on_hand=6
POST /v1/returns/$return/judge {"lines": [{"line_id": "$units", "quantity": 1, "disposition": "restock"}, {"line_id": "$units", "disposition": "scrap"}]}
=> 200 lines.#=2
GET /v1/stock/levels?sku=MUG&location=$berlin
=> 200 items.0.on_hand=7

## The money goes back over both payments, less a fee; the preview says the same
POST /v1/returns/$return/refund/preview {"fees": [{"code": "restocking", "title": "Restocking", "amount": {"minor": 200, "currency": "EUR"}}]}
=> 200 goods="25.00 EUR" fees="2.00 EUR" refund="23.00 EUR"
POST /v1/returns/$return/refund {
	"fees": [{"code": "restocking", "title": "Restocking", "amount": {"minor": 200, "currency": "EUR"}}],
	"parts": [{"payment_id": "$by_bank", "amount_minor": 1000}, {"payment_id": "$by_card", "amount_minor": 1300}]
}
=> 200 refund="23.00 EUR" parts.#=2
again
=> 200 refund="23.00 EUR"
POST /v1/returns/$return/refund {}
=> 409 code=return.nothing_to_refund
until GET /v1/orders/$order
=> 200 refunded="23.00 EUR" payment_status=partially_refunded balance="0.00 EUR"
GET /v1/credits/$card
=> 200 balance="13.00 EUR" held="0.00 EUR"
GET /v1/payments/$by_bank
=> 200 refunded="10.00 EUR"

## The scrapped one is fit for sale after all; stock follows, money does not
GET /v1/returns/$return
=> 200 $scrapped=lines[disposition=scrap].id
POST /v1/returns/$return/judge {"lines": [{"line_id": "$scrapped", "disposition": "restock"}]}
=> 200
GET /v1/stock/levels?sku=MUG&location=$berlin
=> 200 items.0.on_hand=8
POST /v1/returns/$return/inspect
=> 200 status=inspected
POST /v1/returns/$return/close
=> 200 status=closed
GET /v1/orders/$order
=> 200 return_status=partially_returned refunded="23.00 EUR" lines.0.returned=2 lines.0.refunded=2

purser verify
=> 0 "0 differences"

# A company buys on account up to its limit: what is beyond waits until somebody agrees, or money comes.
include shop.txt

## Kettle Ltd may owe 100 euros, for thirty days
GET /v1/payment-terms
=> 200 $terms=items[code=net30].id
POST /v1/companies {"name": "Kettle Ltd", "currency": "EUR", "credit_limit_minor": 10000, "terms_id": "$terms"}
=> 201 $company=id

## Six mugs are within it, and leave unpaid
POST /v1/orders {
	"channel_id": "$channel", "company_id": "$company",
	"ship_to": {"name": "Kettle Ltd", "line1": "Torstraße 1", "city": "Berlin", "postal_code": "10119", "country": "DE"},
	"lines": [{"sku": "MUG", "quantity": 6, "tax_ppm": 190000}]
}
=> 201 total="75.00 EUR" active_holds=0 payment_status=on_terms $first=id
GET /v1/orders/$first
=> 200 fulfillments.0.status=open $work=fulfillments.0.id
POST /v1/fulfillments/$work/ship {"carrier": "DHL", "tracking_number": "1"}
=> 201
GET /v1/companies/$company/credit
=> 200 total="75.00 EUR" receivable="75.00 EUR"

## A teapot more is not: it is promised, and waits
POST /v1/orders {
	"channel_id": "$channel", "company_id": "$company",
	"ship_to": {"name": "Kettle Ltd", "line1": "Torstraße 1", "city": "Berlin", "postal_code": "10119", "country": "DE"},
	"lines": [{"sku": "POT", "quantity": 1, "tax_ppm": 190000}]
}
=> 201 active_holds=1 $second=id
GET /v1/orders/$second
=> 200 holds.0.reason=credit fulfillments.0.status=scheduled $work=fulfillments.0.id
POST /v1/fulfillments/$work/release
=> 409
POST /v1/fulfillments/$work/ship {}
=> 409
GET /v1/stock/levels?sku=POT&location=$berlin
=> 200 items.0.on_hand=2 items.0.committed=1

# Not everybody may lend more.
POST /v1/api-keys {"name": "A warehouse", "role": "warehouse"}
=> 201 $clerk=token
as $clerk
POST /v1/orders/$second/credit-approval {}
=> 403
as $owner

## The first is paid: the second goes on by itself
POST /v1/orders/$first/payments {"method": "bank", "received": true}
=> 201
until GET /v1/orders/$second
=> 200 active_holds=0 fulfillments.0.status=open
POST /v1/fulfillments/$work/ship {"carrier": "DHL", "tracking_number": "2"}
=> 201
GET /v1/companies/$company/credit
=> 200 receivable="45.00 EUR"

purser verify
=> 0 "0 differences"

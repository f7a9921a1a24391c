package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// NewOrder is an order to be placed. What is left out is filled in from the
// catalog, the channel and what was agreed with the customer.
type NewOrder struct {
	ChannelID         id.Channel         `json:"channel_id"`
	ExternalID        string             `json:"external_id,omitempty" doc:"The channel's own id, unique in the channel: an order is taken once."`
	ExternalNumber    string             `json:"external_number,omitempty" doc:"The number that the customer knows."`
	Status            order.Status       `json:"status,omitempty" enum:"draft,pending,open" default:"open" doc:"A draft is a quote and takes no stock; a pending order takes stock and is not sent yet."`
	CustomerID        id.Customer        `json:"customer_id,omitzero"`
	Customer          *Person            `json:"customer,omitempty" doc:"Where no customer_id is given: found by number or e-mail, or else added."`
	CompanyID         id.Company         `json:"company_id,omitzero" doc:"The company that buys, on its own terms."`
	CompanyLocationID id.CompanyLocation `json:"company_location_id,omitzero"`
	Email             string             `json:"email,omitempty" doc:"The customer's, if it is left out."`
	Phone             string             `json:"phone,omitempty"`
	ShipTo            address.Address    `json:"ship_to,omitzero" doc:"May be incomplete or come later; nothing is sent before."`
	BillTo            address.Address    `json:"bill_to,omitzero" doc:"As ship_to, if it is left out."`
	PickupLocationID  id.Location        `json:"pickup_location_id,omitzero" doc:"Where the customer fetches it; nothing is sent then."`
	Currency          money.Currency     `json:"currency,omitempty" doc:"The channel's, if it is left out."`
	TaxInclusive      *bool              `json:"tax_inclusive,omitempty" doc:"Whether prices, discounts and charges include tax; as the channel, if it is left out."`
	Lines             []NewLine          `json:"lines" minItems:"1" maxItems:"1000"`
	Charges           []NewCharge        `json:"charges,omitempty" maxItems:"100"`
	Discounts         []NewDiscount      `json:"discounts,omitempty" maxItems:"100" doc:"On all lines, not on charges."`
	Owe               bool               `json:"owe,omitempty" doc:"Take it whatever is in stock, since it was sold elsewhere: what is missing is owed."`
	Priority          int64              `json:"priority,omitempty" doc:"Higher is more urgent; 0 is normal."`
	Tags              []string           `json:"tags,omitempty"`
	Custom            map[string]any     `json:"custom,omitempty"`
	AssignedTo        id.User            `json:"assigned_to,omitzero"`
	CustomerNote      string             `json:"customer_note,omitempty"`
	ShippingMethod    string             `json:"shipping_method,omitempty"`
	ExpiresAt         time.Time          `json:"expires_at,omitzero" doc:"When a draft or pending order runs out."`
	ShipBy            time.Time          `json:"ship_by,omitzero"`
	DeliverBy         time.Time          `json:"deliver_by,omitzero"`
	PlacedAt          time.Time          `json:"placed_at,omitzero" doc:"When the customer ordered; now, if it is left out."`
}

// Person is who orders.
type Person struct {
	Number   string          `json:"number,omitempty" doc:"Of another system; decides alone where it is given."`
	Email    string          `json:"email,omitempty"`
	Name     string          `json:"name,omitempty"`
	Phone    string          `json:"phone,omitempty"`
	Address  address.Address `json:"address,omitzero"`
	Language string          `json:"language,omitempty"`
}

// NewLine is a line of an order to be placed: of a variant, of an article of
// the channel, or of a service that has a title alone.
type NewLine struct {
	Article
	Listing    string         `json:"listing,omitempty" doc:"The channel's own article number. One that is not mapped is taken, and the order waits for it."`
	Service    bool           `json:"service,omitempty" doc:"There is nothing to ship, and no variant is needed."`
	ExternalID string         `json:"external_id,omitempty" doc:"The channel's own id of the line."`
	Title      string         `json:"title,omitempty" doc:"The variant's, if it is left out."`
	Quantity   int64          `json:"quantity" minimum:"1" doc:"Base units."`
	UnitPrice  *money.Micros  `json:"unit_price,omitempty" doc:"As priced: with tax if the order is tax_inclusive. What the price lists say, if it is left out; else it needs order:price."`
	Discounts  []NewDiscount  `json:"discounts,omitempty" maxItems:"20"`
	TaxRate    *money.Rate    `json:"tax_ppm,omitempty" doc:"Millionths: 200000 is 20 %. What the tax tables say, if neither it nor tax is given."`
	Tax        *money.Amount  `json:"tax,omitempty" doc:"As the channel computed it; from the rate, if it is left out."`
	Backorder  bool           `json:"backorder,omitempty" doc:"May be owed, whatever the variant and the channel say."`
	MaySplit   bool           `json:"may_split,omitempty" doc:"May be sent in several parcels."`
	ShipBy     time.Time      `json:"ship_by,omitzero"`
	DeliverBy  time.Time      `json:"deliver_by,omitzero"`
	Custom     map[string]any `json:"custom,omitempty"`
}

// NewCharge is what an order costs besides its lines.
type NewCharge struct {
	Kind     order.ChargeKind `json:"kind" enum:"shipping,fee"`
	Code     string           `json:"code,omitempty"`
	Title    string           `json:"title,omitempty"`
	Amount   money.Amount     `json:"amount" doc:"As priced."`
	Discount *money.Amount    `json:"discount,omitempty"`
	TaxRate  *money.Rate      `json:"tax_ppm,omitempty" doc:"What the tax tables say, if neither it nor tax is given."`
	Tax      *money.Amount    `json:"tax,omitempty" doc:"As the channel computed it; from the rate, if it is left out."`
}

// NewDiscount is a discount on a line or on the order. Discounts apply in their
// order, each to what those before it left.
type NewDiscount struct {
	Kind   order.DiscountKind `json:"kind" enum:"percent,amount"`
	Rate   money.Rate         `json:"rate_ppm,omitempty" minimum:"0" maximum:"1000000" doc:"Of a percentage, in millionths."`
	Amount *money.Amount      `json:"amount,omitempty" doc:"Of an amount."`
	Code   string             `json:"code,omitempty"`
	Title  string             `json:"title,omitempty"`
}

// priced tells whether anything in the order is priced otherwise than the
// price lists say.
func (n *NewOrder) priced() bool {
	if len(n.Discounts) > 0 {
		return true
	}
	for _, l := range n.Lines {
		if l.UnitPrice != nil || len(l.Discounts) > 0 {
			return true
		}
	}
	return false
}

func (s *Server) registerPlacing() {
	type placeInput struct {
		Once
		Body NewOrder
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders", id: "place-order", summary: "Place an order: stock is promised and the work given to the nearest locations", tag: orderTag, permission: auth.OrderWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *placeInput) (Order, error) {
			placed, err := placeOrders(ctx, tx, []NewOrder{in.Body})
			if err != nil {
				return Order{}, err
			}
			return showChanged(placed[0].Order, placed[0].Err)
		})

	type placeOrdersInput struct {
		Once
		Body struct {
			Orders []NewOrder `json:"orders" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/bulk", id: "place-orders", summary: "Place orders, the most urgent first", tag: orderTag, permission: auth.OrderWrite},
		func(ctx context.Context, tx *db.Tx, in *placeOrdersInput) (bulk[Order], error) {
			var out bulk[Order]
			placed, err := placeOrders(ctx, tx, in.Body.Orders)
			if err != nil {
				return out, err
			}
			for _, p := range placed {
				if p.Err == nil {
					out.done(http.StatusCreated, showOrder(p.Order))
				} else if err := out.refuse(p.Err); err != nil {
					return out, err
				}
			}
			return out, nil
		})
}

// placeOrders places the orders that can be read, and tells of each what became
// of it.
func placeOrders(ctx context.Context, tx *db.Tx, orders []NewOrder) ([]flow.Placed, error) {
	t, err := openTranslator(ctx, tx, orders)
	if err != nil {
		return nil, err
	}
	all := make([]asked, len(orders))
	var batch []*asked
	for i := range orders {
		a := &all[i]
		a.NewOrder = &orders[i]
		if a.Placement, a.err = t.translate(ctx, a.NewOrder); a.err == nil {
			batch = append(batch, a)
		}
	}
	if err := meet(ctx, tx, batch); err != nil {
		return nil, err
	}
	if err := t.agree(ctx, tx, batch); err != nil {
		return nil, err
	}
	placed := make([]flow.Placed, len(orders))
	var placements []flow.Placement
	var index []int // of what is placed
	for i, a := range all {
		if a.err != nil {
			placed[i].Err = a.err
			continue
		}
		placements, index = append(placements, a.Placement), append(index, i)
	}
	results, err := flow.PlaceOrders(ctx, tx, placements)
	for i, r := range results {
		placed[index[i]] = r
	}
	return placed, err
}

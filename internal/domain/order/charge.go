package order

// AuthorizeStatus says how much of what is due is covered by money that was
// authorized or charged.
type AuthorizeStatus string

// The authorize statuses.
const (
	AuthorizeNone    AuthorizeStatus = "none"
	AuthorizePartial AuthorizeStatus = "partial"
	AuthorizeFull    AuthorizeStatus = "full"
)

// ChargeStatus says how much of what is due was charged.
type ChargeStatus string

// The charge statuses.
const (
	ChargeNone    ChargeStatus = "none"
	ChargePartial ChargeStatus = "partial"
	ChargeFull    ChargeStatus = "full"
	Overcharged   ChargeStatus = "overcharged"
)

// AuthorizeStatus compares what was authorized or charged, and not given back, with
// the total less granted refunds: what was cancelled or credited. It is defined as
// Saleor defines it (saleor/order/utils.py, update_order_authorize_status).
func (h *Header) AuthorizeStatus() AuthorizeStatus {
	covered := h.Authorized + h.Paid()
	switch {
	case covered == 0 && h.Total == 0:
		return AuthorizeFull
	case covered <= 0:
		return AuthorizeNone
	case covered >= max(h.Due(), 0):
		return AuthorizeFull
	}
	return AuthorizePartial
}

// ChargeStatus compares what was charged, and not given back, with the total less
// granted refunds: what was cancelled or credited. It is defined as Saleor defines
// it (saleor/order/utils.py, update_order_charge_status): an order of which nothing
// is due any more and nothing was charged is fully charged.
func (h *Header) ChargeStatus() ChargeStatus {
	charged, due := h.Paid(), max(h.Due(), 0)
	switch {
	case charged == due:
		return ChargeFull
	case charged <= 0:
		return ChargeNone
	case charged < due:
		return ChargePartial
	}
	return Overcharged
}

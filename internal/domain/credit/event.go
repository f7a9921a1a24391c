package credit

import (
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// about is what every fact about a credit tells. Store credit belongs to the
// timeline of its customer, a gift card has its own.
type about struct {
	Credit   id.Credit   `json:"credit_id"`
	Type     Kind        `json:"type"`
	Customer id.Customer `json:"customer_id,omitzero"`
	LastFour string      `json:"last_four,omitempty"`
}

func (c *Credit) about() about { return about{c.ID, c.Kind, c.Customer, c.LastFour} }

// Subject is the customer, or the gift card.
func (a about) Subject() id.UUID {
	if a.Type == StoreCredit {
		return a.Customer
	}
	return a.Credit
}

// Moved says that an amount was reserved, released, or moved the balance.
type Moved struct {
	about
	What     EntryKind      `json:"what"`
	Amount   int64          `json:"amount"`
	Currency money.Currency `json:"currency"`
	Balance  int64          `json:"balance"`
	Held     int64          `json:"held"`
	Order    id.Order       `json:"order_id,omitzero"`
	Reason   string         `json:"reason,omitempty"`
}

// Kind names the fact: gift_card.redeemed, store_credit.granted ...
func (m Moved) Kind() string {
	past := map[EntryKind]string{
		Reserve: "reserved", Release: "released", Issued: "issued", Granted: "granted", Redeemed: "redeemed", Refunded: "refunded",
		PaidOut: "paid_out", Voided: "voided", Expired: "expired",
	}
	return string(m.Type) + "." + past[m.What]
}

// Changed says that a credit may be spent from now on, or may not, or that a gift
// card got a code.
type Changed struct {
	about
	What      string `json:"what"` // activated, disabled, enabled, code_made, expiry_set
	Reason    string `json:"reason,omitempty"`
	ExpiresOn string `json:"expires_on,omitempty"`
}

// Kind names the fact: gift_card.activated, store_credit.disabled ...
func (c Changed) Kind() string { return string(c.Type) + "." + c.What }

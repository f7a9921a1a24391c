// Package credit keeps what customers may spend with us: gift cards, and the
// store credit of a customer in a currency.
//
// A [Credit] is a balance that is the sum of its entries, which are only ever
// added. An order does not take from it but holds a part of it, as it reserves
// stock: a [Hold] is open until it is consumed, when goods leave, or released. A
// balance never falls below what is held, whoever comes at the same time: the
// check is in the write.
//
// # Gift cards
//
// A card has no code until somebody asks for one: [NewCode] makes it, shows it
// once and keeps its hash and last four characters. Another code replaces it. A
// card that was sold is pending until it is paid for.
//
// # Working with it
//
// [Open], [Issue] and [StoreCredit] make credits, [Take] locks them, and [Apply]
// moves amounts. Take sales orders and payments first.
package credit

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"purser/internal/base/code"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// Kind is what a credit is.
type Kind string

// The kinds.
const (
	GiftCard    Kind = "gift_card"    // whoever has the code may spend it
	StoreCredit Kind = "store_credit" // of one customer
)

// Status tells whether a credit may be spent.
type Status string

// The statuses.
const (
	Pending  Status = "pending" // sold, and not paid for yet
	Active   Status = "active"
	Disabled Status = "disabled"
)

// Credit is what somebody may spend with us.
type Credit struct {
	ID        id.Credit      `db:"id" json:"id"`
	Kind      Kind           `db:"kind" json:"kind" enum:"gift_card,store_credit"`
	Status    Status         `db:"status" json:"status" enum:"pending,active,disabled" doc:"pending: sold, and not paid for yet."`
	Customer  id.Customer    `db:"customer_id" json:"customer_id,omitzero" doc:"Whose store credit it is."`
	Order     id.Order       `db:"order_id" json:"order_id,omitzero" doc:"That a gift card was sold with."`
	Line      id.Line        `db:"line_id" json:"line_id,omitzero"`
	Currency  money.Currency `db:"currency" json:"currency"`
	Rate      string         `db:"exchange_rate" json:"exchange_rate" doc:"Base currency for one unit, at which the books carry it."`
	RateDate  string         `db:"exchange_date" json:"exchange_date"`
	Balance   int64          `db:"balance" json:"balance"`
	Held      int64          `db:"held" json:"held" doc:"Part of the balance that orders have reserved."`
	LastFour  string         `db:"last_four" json:"last_four,omitempty" doc:"Of a gift card's code; empty: no code was made yet."`
	ExpiresOn string         `db:"expires_on" json:"expires_on,omitempty" doc:"The last business day on which it may be spent."`
	Version   int64          `db:"version" json:"version"`
	CreatedAt time.Time      `db:"created_at" json:"created_at"`
	CreatedBy string         `db:"created_by" json:"created_by"`
}

// Spendable is what may be reserved on a business day.
func (c *Credit) Spendable(day string) int64 {
	if c.refusal(day) != nil {
		return 0
	}
	return c.Balance - c.Held
}

// Label names the credit for people.
func (c *Credit) Label() string {
	if c.Kind == StoreCredit {
		return "Store credit"
	}
	if c.LastFour == "" {
		return "Gift card"
	}
	return "Gift card ending " + c.LastFour
}

// CheckVersion refuses a change of a version that is not the present one. want
// 0 accepts any. Errors: Stale credit.stale.
func (c *Credit) CheckVersion(want int64) error {
	if want == 0 || want == c.Version {
		return nil
	}
	return fault.New(fault.Stale, "credit.stale", "It was changed meanwhile. Load it again.").With(map[string]int64{"version": c.Version})
}

// Minor is an amount in the credit's minor units. Errors: Invalid
// credit.bad_amount.
func (c *Credit) Minor(a money.Amount) (int64, error) {
	f := fault.Fields{}
	if a.Currency != c.Currency {
		f.Add("amount.currency", "is %q, where amounts are in %s", a.Currency, c.Currency)
	}
	if a.Minor <= 0 {
		f.Add("amount.minor", "must be more than zero")
	}
	return a.Minor, f.Err("credit.bad_amount", "The amount cannot be taken.")
}

// refusal tells why nothing of the credit can be reserved, if that is so.
func (c *Credit) refusal(day string) error {
	switch {
	case c.Status == Pending:
		return fault.New(fault.Conflict, "credit.pending", "The gift card is not paid for yet: it can be spent once its order is paid.")
	case c.Status == Disabled:
		return fault.New(fault.Conflict, "credit.disabled", "%s is disabled and cannot be spent: enable it first, or choose another means of payment.", c.Label())
	case c.ExpiresOn != "" && c.ExpiresOn < day:
		return fault.New(fault.Conflict, "credit.expired", "%s expired on %s.", c.Label(), c.ExpiresOn)
	}
	return nil
}

// EntryKind is why a balance changed.
type EntryKind string

// The kinds of entries.
const (
	Issued   EntryKind = "issue"  // a gift card was sold or given
	Granted  EntryKind = "grant"  // store credit was given
	Redeemed EntryKind = "redeem" // it paid for an order
	Refunded EntryKind = "refund" // an order's money came back to it
	PaidOut  EntryKind = "payout" // the customer got money for it
	Voided   EntryKind = "void"   // it was taken back
	Expired  EntryKind = "expire" // its time ran out
)

// Entry is a change of a balance.
type Entry struct {
	ID        id.CreditEntry `db:"id" json:"id"`
	Credit    id.Credit      `db:"credit_id" json:"credit_id"`
	Kind      EntryKind      `db:"kind" json:"kind" enum:"issue,grant,redeem,refund,payout,void,expire"`
	Amount    int64          `db:"amount" json:"amount" doc:"Signed."`
	Order     id.Order       `db:"order_id" json:"order_id,omitzero"`
	CauseKind string         `db:"cause_kind" json:"cause_kind,omitempty"`
	CauseID   id.Any         `db:"cause_id" json:"cause_id,omitzero"`
	Reason    string         `db:"reason" json:"reason,omitempty"`
	Actor     string         `db:"actor" json:"actor"`
	Day       string         `db:"business_date" json:"business_date"`
	At        time.Time      `db:"at" json:"at"`
}

// HoldStatus is the state of a hold.
type HoldStatus string

// The states.
const (
	HoldOpen     HoldStatus = "open"
	HoldConsumed HoldStatus = "consumed" // at least a part of it paid for something
	HoldReleased HoldStatus = "released"
)

// Hold is a part of a credit that an order has reserved.
type Hold struct {
	ID        id.Transaction `db:"id" json:"id"`
	Credit    id.Credit      `db:"credit_id" json:"credit_id"`
	Order     id.Order       `db:"order_id" json:"order_id"`
	Amount    int64          `db:"amount" json:"amount"`
	Consumed  int64          `db:"consumed" json:"consumed"`
	Released  int64          `db:"released" json:"released"`
	Status    HoldStatus     `db:"status" json:"status"`
	CreatedAt time.Time      `db:"created_at" json:"created_at"`
	EndedAt   time.Time      `db:"ended_at" json:"ended_at,omitzero"`
}

// codeLength gives 80 bits of entropy: more than can be guessed, so that a plain
// hash is enough.
const codeLength = 16

// hashCode is what is stored of a code, however it is typed.
func hashCode(typed string) string {
	sum := sha256.Sum256([]byte(code.Clean(typed)))
	return hex.EncodeToString(sum[:])
}

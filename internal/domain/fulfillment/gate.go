package fulfillment

import (
	"fmt"
	"slices"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/money"
)

// When is a channel's rule for the money that must be there before goods leave.
type When string

// The rules.
const (
	WhenPaid       When = "paid"       // all of it was captured
	WhenAuthorized When = "authorized" // all of it was captured or is authorized
	WhenPlaced     When = "placed"     // none
)

// Gate is what decides whether a location may begin with a part of a sales
// order. Stock is no part of it: a fulfillment order has its stock reserved.
type Gate struct {
	When       When
	Currency   money.Currency
	Due        int64        // minor units that the customer has to pay in all: what was ordered less what was cancelled or credited
	Paid       int64        // captured less refunded
	Authorized int64        // authorized and not captured yet
	OnTerms    bool         // pays by invoice within a credit limit that was checked: no money is asked for
	Accepted   bool         // the sales order is open, not a draft, pending, cancelled or completed
	Holds      []string     // reasons of the active holds that concern this part
	Frozen     int64        // number of the stock count that keeps the location from new work; 0: none does
	Kind       Kind         // goods that are picked up or downloaded need no address
	Address    fault.Fields // what is wrong with the address; empty: nothing
}

// Reason is one thing that keeps the gate shut.
type Reason struct {
	Code    string `json:"code" doc:"not_accepted, on_hold, awaiting_payment, awaiting_authorization, being_counted or bad_address"`
	Message string `json:"message"`
}

// Check returns everything that keeps the gate shut; nothing means that it is open.
func (g Gate) Check() []Reason {
	var why []Reason
	shut := func(code, format string, args ...any) {
		why = append(why, Reason{code, fmt.Sprintf(format, args...)})
	}
	if !g.Accepted {
		shut("not_accepted", "The order is not open.")
	}
	if len(g.Holds) > 0 {
		shut("on_hold", "The order is on hold: %s.", words(strings.Join(g.Holds, ", ")))
	}
	switch missing := g.missing(); {
	case missing <= 0:
	case g.When == WhenPaid:
		shut("awaiting_payment", "%s of %s is not paid yet.", money.Of(missing, g.Currency), money.Of(g.Due, g.Currency))
	default:
		shut("awaiting_authorization", "%s of %s is neither paid nor authorized yet.", money.Of(missing, g.Currency), money.Of(g.Due, g.Currency))
	}
	if g.Frozen != 0 {
		shut("being_counted", "The location is given no new work until stock count %d is over.", g.Frozen)
	}
	if len(g.Address) > 0 && g.Kind != KindPickup && g.Kind != KindShipToStore && g.Kind != KindDigital {
		fields := make([]string, 0, len(g.Address))
		for f, wrong := range g.Address {
			fields = append(fields, f+" "+wrong)
		}
		slices.Sort(fields)
		shut("bad_address", "The address is not complete: %s.", strings.Join(fields, "; "))
	}
	return why
}

// missing is the money that must come before the gate opens.
func (g Gate) missing() int64 {
	switch {
	case g.OnTerms || g.When == WhenPlaced:
		return 0
	case g.When == WhenPaid:
		return g.Due - g.Paid
	}
	return g.Due - g.Paid - g.Authorized
}

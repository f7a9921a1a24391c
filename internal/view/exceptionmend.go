package view

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/text"
)

// Mend is something that may be done about an exception: a request to the API.
// The mend of an exception does the same in one step.
type Mend struct {
	Code   string          `json:"code" doc:"Stable name, for mend-exception."`
	Title  string          `json:"title"`
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body,omitempty" doc:"As it is to be sent, with what is needed filled in."`
	Needs  []string        `json:"needs,omitempty" doc:"What a person must say: fields of input in mend-exception."`
}

// The codes of mends.
const (
	MendMap         = "map"
	MendAddress     = "correct_address"
	MendCancelOwed  = "cancel_owed"
	MendCancel      = "cancel_order"
	MendRate        = "set_rate"
	MendTransfer    = "ask_for_transfer"
	MendCapture     = "capture"
	MendVoid        = "void"
	MendAsk         = "ask_gateway"
	MendRetry       = "retry"
	MendDrop        = "cancel_refund"
	MendEnable      = "enable"
	MendPrioritize  = "prioritize"
	MendCount       = "count"
	MendLift        = "ask_location_again"
	MendApprove     = "approve"
	MendPost        = "post"
	MendRecount     = "recount"
	MendPriority    = 100 // what prioritize gives an order
	mendDeclined    = "declined"
	mendNoInventory = "inventory"
)

type object = map[string]any

func post(code, title, path string, body any, needs ...string) Mend {
	return request("POST", code, title, path, body, needs...)
}

func request(method, code, title, path string, body any, needs ...string) Mend {
	m := Mend{Code: code, Title: title, Method: method, Path: path, Needs: needs}
	if body != nil {
		m.Body, _ = json.Marshal(body) // of maps of texts and numbers: it cannot fail
	}
	return m
}

// mendsOf are what may be done about an exception.
func mendsOf(r exceptionRow, now time.Time) []Mend {
	orderPath := "/v1/orders/" + r.Order.String()
	switch ExceptionKind(r.Kind) {
	case UnmappedListing:
		m := post(MendMap, "Say which SKU it is", "/v1/listings/map", object{"mappings": []object{{"listing_id": id.Listing(r.Object)}}}, "variant_id")
		if !r.Variant.IsZero() {
			m = post(MendMap, "It is "+r.SKU, "/v1/listings/map", object{"mappings": []object{{"listing_id": id.Listing(r.Object), "variant_id": r.Variant}}})
		}
		return []Mend{m}
	case BadAddress:
		return []Mend{
			request("PATCH", MendAddress, "Correct the address", orderPath, object{}, "ship_to"),
			post(MendCancel, "Cancel the order", orderPath+"/cancel", object{"reason": "other"}),
		}
	case NoStock:
		if len(r.owed) == 0 {
			return nil
		}
		return []Mend{post(MendCancelOwed, "Cancel what is missing", orderPath+"/cancel", object{"reason": mendNoInventory, "lines": r.owed})}
	case NoRate:
		return []Mend{post(MendRate, "Enter the rate of today", "/v1/exchange-rates", object{"rates": []object{{"currency": r.Currency, "date": now.Format(time.DateOnly)}}}, "rate")}
	case Rejected:
		return []Mend{post(MendLift, "Ask "+r.LocationCode+" again", orderPath+"/exclusions/lift", object{"line_id": id.Line(r.Object), "location_id": r.Location})}
	case Late:
		if r.Amount >= MendPriority {
			return nil
		}
		return []Mend{request("PATCH", MendPrioritize, "Put it first", orderPath, object{"priority": MendPriority})}
	case ShortPicked:
		if r.Number > 0 {
			return nil // somebody is counting
		}
		return []Mend{post(MendCount, "Have it counted", "/v1/counts", object{"location_id": r.Location, "kind": "directed", "variants": []object{{"variant_id": r.Variant}}})}
	case CountReview:
		path := "/v1/counts/" + id.Count(r.Object).String()
		first := post(MendApprove, "Agree with the differences", path+"/approve", nil)
		if r.What != "" {
			first = post(MendPost, "Book the differences", path+"/post", nil)
		}
		again := post(MendRecount, "Have what differs counted again", path+"/recount", object{})
		if r.Units == 0 {
			return []Mend{first}
		}
		return []Mend{first, again}
	}
	return machineMends(r, orderPath)
}

// machineMends are those of money and machines.
func machineMends(r exceptionRow, orderPath string) []Mend {
	switch ExceptionKind(r.Kind) {
	case PaymentFailed:
		return []Mend{
			post(MendTransfer, "Wait for a bank transfer instead", orderPath+"/payments", object{"method": "bank"}),
			post(MendCancel, "Cancel the order", orderPath+"/cancel", object{"reason": mendDeclined}),
		}
	case CaptureFailed, AuthorizationEnd:
		path := "/v1/payments/" + id.Payment(r.Object).String()
		return []Mend{post(MendCapture, "Take the money", path+"/capture", object{}), post(MendVoid, "Give the authorization up", path+"/void", nil)}
	case PaymentUnknown:
		return []Mend{post(MendAsk, "Ask the gateway", "/v1/payments/"+id.Payment(r.Ref).String()+"/ask", nil)}
	case RefundFailed:
		path := "/v1/refunds/" + id.Refund(r.Object).String()
		return []Mend{post(MendRetry, "Send it again", path+"/retry", nil), post(MendDrop, "Give the refund up", path+"/cancel", nil)}
	case WebhookFailed:
		path := "/v1/webhook-endpoints/" + id.Endpoint(r.Object).String()
		if r.What != "enabled" {
			return []Mend{request("PATCH", MendEnable, "Switch the address on again", path, object{"status": "enabled"})}
		}
		return []Mend{post(MendRetry, "Send all since then again", path+"/replay", object{"since": r.Due})}
	case InboundDead:
		return []Mend{post(MendRetry, "Try it again", "/v1/gateway-events/"+id.Inbox(r.Object).String()+"/replay", nil)}
	case RuleFailed:
		return []Mend{post(MendRetry, "Let the rule try again", orderPath+"/automation/retry", object{"rule_id": id.Rule(r.Part)})}
	case JobFailed:
		return []Mend{post(MendRetry, "Let it try again", fmt.Sprintf("/v1/jobs/%d/retry", r.Number), nil)}
	}
	return nil
}

// causeOf says in a sentence why something does not go on.
func causeOf(r exceptionRow, now time.Time) string {
	why := func(otherwise string) string { return cmp.Or(text.Clean(r.What), otherwise) }
	switch ExceptionKind(r.Kind) {
	case UnmappedListing:
		return fmt.Sprintf("Nobody has said which SKU the article %q of %s is. Orders that wait for it: %d.", r.Label, r.ChannelCode, r.Units)
	case BadAddress:
		return fmt.Sprintf("Order %d cannot leave: its address is not complete.", r.Number)
	case NoStock:
		more := ""
		if r.Amount > 1 {
			more = fmt.Sprintf(" and of %d more", r.Amount-1)
		}
		return fmt.Sprintf("Order %d waits for %d units of %s%s that nobody has.", r.Number, r.Units, r.What, more)
	case NoRate:
		return fmt.Sprintf("The channel %s sells in %s, and there is no rate of exchange for it: its orders are refused.", r.Label, r.Currency)
	case Rejected:
		return fmt.Sprintf("%s will not ship %d units of %s of order %d (%s), and no other location has them.", r.LocationCode, r.Units, r.Label, r.Number, r.What)
	case Late:
		if r.Due.Before(now) {
			return fmt.Sprintf("A part of order %d at %s was to leave before now.", r.Number, r.LocationCode)
		}
		return fmt.Sprintf("A part of order %d at %s is to leave soon, and is %s.", r.Number, r.LocationCode, map[string]string{"scheduled": "not released", "open": "not begun", "in_progress": "being worked on"}[r.What])
	case ShortPicked:
		if r.Number > 0 {
			return fmt.Sprintf("%d units of %s were not found at %s (%s). Stock count %d is under way.", r.Units, r.SKU, r.LocationCode, r.What, r.Number)
		}
		return fmt.Sprintf("%d units of %s were not found at %s (%s), and nobody has counted there since.", r.Units, r.SKU, r.LocationCode, r.What)
	case CountReview:
		if r.What != "" {
			return fmt.Sprintf("Stock count %d at %s was approved and is not booked. Lines that differ: %d.", r.Number, r.LocationCode, r.Units)
		}
		return fmt.Sprintf("Stock count %d at %s waits for somebody to look at it. Lines that differ: %d.", r.Number, r.LocationCode, r.Units)
	case PaymentFailed:
		return fmt.Sprintf("A payment of order %d failed, and %s is open: %s", r.Number, r.money(), why("the gateway did not say why."))
	case CaptureFailed:
		return fmt.Sprintf("%s of order %d could not be taken: %s", r.money(), r.Number, why("the gateway did not say why."))
	case PaymentUnknown:
		return fmt.Sprintf("%s has not said what became of a %s of %s of order %d.", r.Label, r.What, r.money(), r.Number)
	case AuthorizationEnd:
		if r.Due.Before(now) {
			return fmt.Sprintf("An authorization of %s of order %d has run out.", r.money(), r.Number)
		}
		return fmt.Sprintf("An authorization of %s of order %d runs out soon.", r.money(), r.Number)
	case RefundFailed:
		return fmt.Sprintf("A refund of %s of order %d failed: %s", r.money(), r.Number, why("the gateway did not say why."))
	case WebhookFailed:
		return fmt.Sprintf("%s did not take %d messages, which were given up.", r.Label, r.Units)
	case InboundDead:
		return fmt.Sprintf("What %s told could not be dealt with: %s", r.Label, why("nobody knows why."))
	case RuleFailed:
		return fmt.Sprintf("The rule %q could not be applied to order %d: %s", r.Label, r.Number, why("nobody knows why."))
	case JobFailed:
		return fmt.Sprintf("The job %s was given up after %d tries: %s", r.Label, r.Units, why("nobody knows why."))
	}
	return ""
}

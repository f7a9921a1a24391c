package view

import (
	"fmt"
	"strings"
	"time"

	"purser/internal/platform/auth"
)

// ExceptionKind is what is wrong.
type ExceptionKind string

// The kinds of exceptions.
const (
	UnmappedListing  ExceptionKind = "unmapped_listing"
	BadAddress       ExceptionKind = "bad_address"
	NoStock          ExceptionKind = "no_stock"
	NoRate           ExceptionKind = "no_rate"
	PaymentFailed    ExceptionKind = "payment_failed"
	CaptureFailed    ExceptionKind = "capture_failed"
	PaymentUnknown   ExceptionKind = "payment_unknown"
	AuthorizationEnd ExceptionKind = "authorization_end"
	RefundFailed     ExceptionKind = "refund_failed"
	WebhookFailed    ExceptionKind = "webhook_failed"
	Late             ExceptionKind = "late"
	ShortPicked      ExceptionKind = "short_pick"
	Rejected         ExceptionKind = "rejected"
	RuleFailed       ExceptionKind = "rule_failed"
	InboundDead      ExceptionKind = "inbound_dead"
	JobFailed        ExceptionKind = "job_failed"
	CountReview      ExceptionKind = "count_review"
)

// Urgencies sort exceptions.
const (
	urgent = 1 // somebody waits for it now
	soon   = 2
	calm   = 3
)

// source computes the exceptions of a kind. Each field is the SQL of a column;
// where it is empty, there is none.
type source struct {
	kind       ExceptionKind
	permission auth.Permission // to see them
	object     string
	part       string
	urgency    string
	number     string // of the object, as people know it
	label      string // or its name
	order      bool   // o is the order
	location   string
	channel    string
	variant    string
	since      string
	due        string
	ref        string // another id that a mend needs
	units      string
	amount     string
	currency   string
	what       string // more for the sentence
	from       string
	args       func(exceptionClock) []any
}

// exceptionClock is what sources ask the time of, and the currency of the books.
type exceptionClock struct {
	now, soon time.Time
	base      string
	postgres  bool
}

const (
	lateSoon          = 4 * time.Hour // what must leave so soon is at risk
	authorizationSoon = 24 * time.Hour
	unanswered        = time.Hour // a gateway that has not answered for so long
)

// sql is the query of a source.
func (s source) sql() string {
	or := func(expression, otherwise string) string {
		if expression == "" {
			return otherwise
		}
		return expression
	}
	const none, never = "CAST(NULL AS UUID)", "CAST(NULL AS TIMESTAMPTZ)"
	order, number, channel := none, or(s.number, "0"), or(s.channel, none)
	if s.order {
		order, number, channel = "o.id", or(s.number, "o.number"), "o.channel_id"
	}
	columns := []string{
		fmt.Sprintf("'%s' AS kind", s.kind), or(s.urgency, fmt.Sprint(soon)) + " AS urgency", s.object + " AS object", or(s.part, s.object) + " AS part",
		"CAST(" + number + " AS BIGINT) AS number", or(s.label, "''") + " AS label", order + " AS order_id", channel + " AS channel_id",
		or(s.location, none) + " AS location_id", or(s.variant, none) + " AS variant_id", s.since + " AS since", or(s.due, never) + " AS due",
		or(s.ref, none) + " AS ref", "CAST(" + or(s.units, "0") + " AS BIGINT) AS units", "CAST(" + or(s.amount, "0") + " AS BIGINT) AS amount",
		or(s.currency, "''") + " AS currency", or(s.what, "''") + " AS what",
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + s.from
}

// sources are all of them, by what they are about.
func sources(c exceptionClock) []source {
	all := append(orderSources(), moneySources()...)
	return append(append(all, floorSources()...), machineSources(c.postgres)...)
}

func orderSources() []source {
	return []source{
		{
			kind: UnmappedListing, permission: auth.ChannelRead, object: "l.id", label: "l.external", channel: "l.channel_id", since: "l.created_at",
			urgency: "CASE WHEN COALESCE(w.orders, 0) > 0 THEN 1 ELSE 3 END", units: "COALESCE(w.orders, 0)", what: "l.title",
			variant: "COALESCE((SELECT v.id FROM variant v WHERE v.sku = l.external), (SELECT b.variant_id FROM barcode b WHERE b.code = l.barcode AND l.barcode <> ''))",
			from: `listing l LEFT JOIN (
					SELECT o.channel_id, x.listing, COUNT(DISTINCT o.id) AS orders FROM order_line x JOIN sales_order o ON o.id = x.order_id
					WHERE x.variant_id IS NULL AND x.kind = 'item' AND o.status IN ('pending', 'open') GROUP BY o.channel_id, x.listing
				) w ON w.channel_id = l.channel_id AND w.listing = l.external
				WHERE l.variant_id IS NULL`,
		},
		{ // what address.Valid says of the addresses that the gate asks for
			kind: BadAddress, permission: auth.OrderRead, object: "o.id", order: true, since: "o.placed_at", urgency: "1",
			from: `sales_order o WHERE o.status = 'open'
				AND o.id IN (SELECT f.order_id FROM fulfillment_order f WHERE f.status = 'scheduled' AND f.kind IN ('ship', 'dropship', 'thirdparty'))
				AND (COALESCE(o.ship_to ->> 'name', '') || COALESCE(o.ship_to ->> 'company', '') = '' OR COALESCE(o.ship_to ->> 'line1', '') = ''
					OR COALESCE(o.ship_to ->> 'city', '') = '' OR COALESCE(o.ship_to ->> 'country', '') NOT IN (` + countryCodes() + `))`,
		},
		{
			kind: NoStock, permission: auth.OrderRead, object: "o.id", order: true, since: "MIN(r.queued_at)", due: "o.ship_by", units: "SUM(r.quantity)",
			urgency: "CASE WHEN o.ship_by < ? THEN 1 ELSE 2 END", what: "MIN(v.sku)", amount: "COUNT(DISTINCT v.id)",
			from: `reservation r JOIN sales_order o ON o.id = r.order_id JOIN variant v ON v.id = r.variant_id
				WHERE r.status = 'active' AND r.kind = 'backorder' AND r.demand_kind = 'order' AND o.status IN ('pending', 'open') GROUP BY o.id`,
			args: func(c exceptionClock) []any { return []any{c.now} },
		},
		{
			kind: NoRate, permission: auth.ChannelRead, object: "c.id", label: "c.code", channel: "c.id", since: "c.created_at", urgency: "1", currency: "c.currency",
			from: `channel c WHERE c.active AND c.currency <> ? AND NOT EXISTS (SELECT 1 FROM exchange_rate x WHERE x.base = ? AND x.currency = c.currency)`,
			args: func(c exceptionClock) []any { return []any{c.base, c.base} },
		},
		{
			kind: Rejected, permission: auth.FulfillmentRead, object: "x.line_id", part: "x.location_id", order: true, location: "x.location_id", since: "x.at",
			label: "l.sku", units: "l.backordered", what: "x.reason", variant: "l.variant_id", urgency: "1",
			from: `reservation r JOIN routing_exclusion x ON x.line_id = r.demand_id AND x.lifted_at IS NULL
				JOIN order_line l ON l.id = x.line_id JOIN sales_order o ON o.id = x.order_id
				WHERE r.status = 'active' AND r.kind = 'backorder' AND r.demand_kind = 'order' AND o.status IN ('pending', 'open')
				GROUP BY x.line_id, x.location_id, x.at, x.reason, o.id, o.number, o.channel_id, l.sku, l.backordered, l.variant_id`,
		},
	}
}

func moneySources() []source {
	return []source{
		{
			kind: PaymentFailed, permission: auth.PaymentRead, object: "o.id", order: true, since: "MAX(p.created_at)", urgency: "1", currency: "o.currency",
			amount: "o.total - o.cancelled_total - o.credited - o.captured + o.refunded - o.authorized",
			what:   `COALESCE((SELECT t.error FROM payment_transaction t JOIN payment q ON q.id = t.payment_id WHERE q.order_id = o.id AND t.status = 'failed' ORDER BY t.id DESC LIMIT 1), '')`,
			from: `payment p JOIN sales_order o ON o.id = p.order_id
				WHERE p.status = 'failed' AND o.status IN ('pending', 'open') AND o.terms_days IS NULL
				AND o.total - o.cancelled_total - o.credited - o.captured + o.refunded - o.authorized > 0
				AND NOT EXISTS (SELECT 1 FROM payment n WHERE n.order_id = o.id AND n.status IN ('created', 'action_required')) GROUP BY o.id`,
		},
		{
			kind: CaptureFailed, permission: auth.PaymentRead, object: "p.id", order: true, since: "t.requested_at", urgency: "1", currency: "p.currency",
			amount: "t.amount", what: "t.error",
			from: `payment_transaction t JOIN payment p ON p.id = t.payment_id JOIN sales_order o ON o.id = p.order_id
				WHERE t.status = 'failed' AND t.kind = 'capture' AND p.status IN ('authorized', 'partially_captured')
				AND NOT EXISTS (SELECT 1 FROM payment_transaction n WHERE n.payment_id = t.payment_id AND n.kind IN ('capture', 'void') AND n.id > t.id)`,
		},
		{
			kind: PaymentUnknown, permission: auth.PaymentRead, object: "t.id", order: true, since: "t.requested_at", currency: "p.currency", amount: "t.amount",
			ref: "p.id", what: "t.kind", label: "p.gateway",
			from: `payment_transaction t JOIN payment p ON p.id = t.payment_id JOIN sales_order o ON o.id = p.order_id
				WHERE (t.status = 'unknown' OR t.status = 'requested' AND t.requested_at < ?) AND t.status IN ('requested', 'unknown')
				AND t.gateway <> 'manual' AND t.kind <> 'chargeback' AND t.action_url = ''`,
			args: func(c exceptionClock) []any { return []any{c.now.Add(-unanswered)} },
		},
		{
			kind: AuthorizationEnd, permission: auth.PaymentRead, object: "p.id", order: true, since: "p.created_at", due: "p.expires_at", currency: "p.currency",
			amount: "p.authorized - p.captured", urgency: "CASE WHEN p.expires_at < ? THEN 1 ELSE 2 END",
			from: `payment p JOIN sales_order o ON o.id = p.order_id
				WHERE p.status IN ('authorized', 'partially_captured') AND p.expires_at < ? AND p.captured < p.authorized AND o.status IN ('pending', 'open')
				AND NOT EXISTS (SELECT 1 FROM payment_transaction n WHERE n.payment_id = p.id AND n.kind IN ('capture', 'void') AND n.status IN ('requested', 'unknown'))`,
			args: func(c exceptionClock) []any { return []any{c.now, c.now.Add(authorizationSoon)} },
		},
		{
			kind: RefundFailed, permission: auth.PaymentRead, object: "f.id", order: true, since: "COALESCE(f.settled_at, f.created_at)", urgency: "1",
			currency: "f.currency", amount: "f.amount", ref: "f.payment_id",
			what: `COALESCE((SELECT t.error FROM payment_transaction t WHERE t.cause_kind = 'refund' AND t.cause_id = f.id AND t.payment_id = f.payment_id ORDER BY t.id DESC LIMIT 1), '')`,
			from: `refund f JOIN sales_order o ON o.id = f.order_id WHERE f.status = 'failed'`,
		},
	}
}

func floorSources() []source {
	return []source{
		{
			kind: Late, permission: auth.FulfillmentRead, object: "f.id", order: true, location: "f.location_id", since: "f.created_at", due: "f.ship_by",
			urgency: "CASE WHEN f.ship_by < ? THEN 1 ELSE 2 END", what: "f.status", amount: "o.priority",
			from: `fulfillment_order f JOIN sales_order o ON o.id = f.order_id WHERE f.status IN ('scheduled', 'open', 'in_progress') AND f.ship_by < ?`,
			args: func(c exceptionClock) []any { return []any{c.now, c.soon} },
		},
		{
			kind: ShortPicked, permission: auth.FulfillmentRead, object: "s.location_id", part: "s.variant_id", location: "s.location_id", variant: "s.variant_id",
			since: "MIN(s.at)", units: "SUM(s.quantity)", what: "MIN(s.reason)",
			number: `COALESCE((SELECT MAX(c.number) FROM stock_count c JOIN count_line n ON n.count_id = c.id
				WHERE c.location_id = s.location_id AND c.status IN ('draft', 'counting', 'review') AND n.variant_id = s.variant_id), 0)`,
			from: `short_pick s WHERE s.to_count AND s.counted_at IS NULL GROUP BY s.location_id, s.variant_id`,
		},
		{
			kind: CountReview, permission: auth.StockApprove, object: "c.id", number: "c.number", location: "c.location_id", since: "c.created_at",
			units:   "(SELECT COUNT(*) FROM count_line n WHERE n.count_id = c.id AND n.counted <> n.expected)",
			urgency: "3", what: "c.approved_by",
			from: `stock_count c WHERE c.status = 'review'`,
		},
	}
}

func machineSources(postgres bool) []source {
	// The queue has numbers for ids. The two databases tell of them, of the last
	// error and of times in their own ways.
	job := source{
		kind: JobFailed, permission: auth.JobRead, number: "j.id", label: "j.kind", units: "j.attempt",
		object: `UNHEX(PRINTF('%032x', j.id))`, since: `STRFTIME('%Y-%m-%d %H:%M:%f+00:00', j.finalized_at)`, what: `COALESCE(j.errors ->> '$[#-1].error', '')`,
		// these have a dead letter of their own
		from: `river_job j WHERE j.state IN ('discarded', 'cancelled') AND j.kind NOT IN ('payment.webhook', 'webhook.deliver')`,
	}
	if postgres {
		job.object, job.since, job.what = `CAST(LPAD(TO_HEX(j.id), 32, '0') AS UUID)`, `j.finalized_at`, `COALESCE(j.errors[CARDINALITY(j.errors)] ->> 'error', '')`
	}
	return []source{job,
		{
			kind: WebhookFailed, permission: auth.WebhookRead, object: "e.id", label: "e.url", since: "MIN(d.created_at)", due: "MIN(d.created_at)",
			units: "COUNT(*)", what: "e.status",
			from: `webhook_endpoint e JOIN webhook_delivery d ON d.endpoint_id = e.id AND d.status = 'dead' GROUP BY e.id`,
		},
		{
			kind: InboundDead, permission: auth.JobRead, object: "i.id", label: "i.gateway", since: "i.received_at", what: "i.error", urgency: "1",
			from: `payment_inbox i WHERE i.status = 'dead'`,
		},
		{
			kind: RuleFailed, permission: auth.AutomationRead, object: "o.id", part: "r.id", order: true, since: "MIN(x.at)", label: "r.name", units: "COUNT(*)",
			what: "MAX(x.detail)",
			from: `automation_run x JOIN automation_rule r ON r.id = x.rule_id AND r.version = x.rule_version JOIN sales_order o ON o.id = x.order_id
				WHERE x.outcome IN ('failed', 'too_deep') AND r.enabled AND o.status IN ('draft', 'pending', 'open')
				GROUP BY o.id, o.number, o.channel_id, r.id, r.name`,
		},
	}
}

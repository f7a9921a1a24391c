package order

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// Filter selects orders; what is empty does not count. All that is given must
// hold, and of a list one value.
type Filter struct {
	Channels            []id.Channel
	Statuses            []Status
	PaymentStatuses     []PaymentStatus
	FulfillmentStatuses []FulfillmentStatus
	ReturnStatuses      []ReturnStatus
	Customers           []id.Customer
	Company             id.Company
	AssignedTo          id.User
	Variant             id.Variant   // has a line of it
	Held                []HoldReason // has an active hold for one of them
	Tag                 string
	Text                string // our number, the channel's number, an e-mail address or, with Channels, the channel's id; as a whole. A SKU is looked up in the catalog and goes into Variant.
	Currency            string
	Archived            *bool
	PlacedFrom          time.Time // inclusive
	PlacedTo            time.Time // exclusive
	ShipBefore          time.Time // is to be sent before, and is not: the list of what is at risk
}

// Page is a part of a list: at most Limit items after the cursor of the part before.
type Page struct {
	Limit int
	After string // "" is the beginning
}

const (
	defaultLimit = 50
	maxLimit     = 500
	maxValues    = 200 // of one filter
)

// List returns orders, the newest first, and the cursor of the next part, ""
// at the end. Its cost depends on the page and not on the number of orders,
// where the filter has an index: Text, Variant, Customers, Company, Held, Tag,
// AssignedTo, statuses, Channels. What is given besides is tested on the way.
func List(ctx context.Context, r db.Reader, f Filter, p Page) ([]Header, string, error) {
	limit := p.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	after, err := parseCursor(p.After)
	if err != nil {
		return nil, "", err
	}
	q, err := f.query(after, limit+1)
	if err != nil || q.text == "" {
		return nil, "", err
	}
	keys, err := db.Select[key](ctx, r, q.text, q.args...)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(keys) > limit {
		keys = keys[:limit]
		next = keys[limit-1].cursor()
	}
	headers, err := headersBy(ctx, r, keys)
	return headers, next, err
}

// Count counts orders up to a bound: more than most is most + 1.
func Count(ctx context.Context, r db.Reader, f Filter, most int) (int, error) {
	q, err := f.query(key{}, most+1)
	if err != nil || q.text == "" {
		return 0, err
	}
	return db.Get[int](ctx, r, `SELECT COUNT(*) FROM (`+q.text+`) AS found`, q.args...)
}

func headersBy(ctx context.Context, r db.Reader, keys []key) ([]Header, error) {
	ids, place := make([]id.Order, len(keys)), make(map[id.Order]int, len(keys))
	for i, k := range keys {
		ids[i], place[k.ID] = k.ID, i
	}
	headers, err := db.SelectIn[Header](ctx, r, `SELECT `+db.Columns[Header]()+` FROM sales_order WHERE id IN (/*in*/)`, ids)
	slices.SortFunc(headers, func(a, b Header) int { return place[a.ID] - place[b.ID] })
	return headers, err
}

// key is the place of an order in the list.
type key struct {
	Placed time.Time `db:"placed_at"`
	ID     id.Order  `db:"id"`
}

func (k key) cursor() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(k.Placed.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, k.ID[:]...))
}

func parseCursor(s string) (key, error) {
	if s == "" {
		return key{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 24 {
		return key{}, fault.New(fault.Invalid, "order.bad_cursor", "%q is not a position in the list of orders: use the one you were given.", shorten(s))
	}
	return key{time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC(), id.Order(b[8:])}, nil
}

type query struct {
	text string
	args []any
}

// branch is a way to find orders by an index that has them in the order of the
// list: what it reads from, and its condition.
type branch struct {
	from string
	key  string // the columns of the list's order
	many bool   // finds an order more than once
	on   string
	args []any
}

const (
	fromOrder  = `FROM sales_order o`
	keyOfOrder = `o.placed_at, o.id`
)

// query lists the keys of matching orders behind after, newest first. A filter
// of several values is one branch for each: each reads as many keys as the page
// has from its index, and the newest of all of them are the page.
func (f Filter) query(after key, limit int) (query, error) {
	if err := f.check(); err != nil {
		return query{}, err
	}
	lead, rest := f.lead()
	if len(lead) == 0 {
		return query{}, nil
	}
	w := f.where(rest)
	var q query
	for i, b := range lead {
		if i > 0 {
			q.text += " UNION "
		}
		var all db.Where
		if b.on != "" {
			all.And(b.on, b.args...)
		}
		if after != (key{}) {
			all.And("("+b.key+") < (?, ?)", after.Placed, after.ID)
		}
		if conditions := strings.TrimPrefix(w.SQL(), " WHERE "); conditions != "" {
			all.And(conditions, w.Args()...)
		}
		distinct := ""
		if b.many {
			distinct = "DISTINCT "
		}
		placed, order, _ := strings.Cut(b.key, ", ")
		q.text += `SELECT placed_at, id FROM (SELECT ` + distinct + placed + ` AS placed_at, ` + order + ` AS id ` + b.from + all.SQL() +
			` ORDER BY ` + placed + ` DESC, ` + order + ` DESC LIMIT ?) AS b` + strconv.Itoa(i)
		q.args = append(q.args, all.Args(limit)...)
	}
	q.text += ` ORDER BY placed_at DESC, id DESC LIMIT ?`
	q.args = append(q.args, limit)
	return q, nil
}

func (f Filter) check() error {
	most := max(len(f.Channels), len(f.Statuses), len(f.PaymentStatuses), len(f.FulfillmentStatuses), len(f.ReturnStatuses), len(f.Customers), len(f.Held))
	if most > maxValues {
		return fault.New(fault.Invalid, "order.bad_filter", "A filter has at most %d values.", maxValues)
	}
	return nil
}

// used tells which filters the branches test already.
type used int

const (
	byNothing used = iota
	byText
	byVariant
	byCustomer
	byCompany
	byHold
	byTag
	byUser
	byReturn
	byPayment
	byFulfillment
	byStatus
	byChannel
)

// lead chooses the filter to find orders by, the one that most likely leaves
// fewest, and returns its branches.
func (f Filter) lead() ([]branch, used) {
	statuses := f.statuses()
	switch {
	case f.Text != "":
		return f.byKey(), byText
	case !f.Variant.IsZero():
		// CROSS JOIN: SQLite reads tables in the order in which they stand.
		return []branch{{`FROM order_line l CROSS JOIN sales_order o`, `l.placed_at, l.order_id`, true,
			`o.id = l.order_id AND l.variant_id = ?`, []any{f.Variant}}}, byVariant
	case len(f.Customers) > 0:
		return each("o.customer_id = ?", f.Customers), byCustomer
	case !f.Company.IsZero():
		return each("o.company_id = ?", []id.Company{f.Company}), byCompany
	case len(f.Held) > 0:
		return []branch{{`FROM order_hold h CROSS JOIN sales_order o`, keyOfOrder, true,
			`o.id = h.order_id AND h.status = 'active' AND h.reason IN (` + db.Marks(len(f.Held)) + `)`, db.Args(f.Held)}}, byHold
	case f.Tag != "":
		return []branch{{`FROM order_tag t CROSS JOIN sales_order o`, `t.placed_at, t.order_id`, false,
			`o.id = t.order_id AND t.tag = ?`, []any{tagKey(f.Tag)}}}, byTag
	case !f.AssignedTo.IsZero():
		return each("o.assigned_to = ?", []id.User{f.AssignedTo}), byUser
	case len(f.ReturnStatuses) > 0 && !slices.Contains(f.ReturnStatuses, ReturnNone):
		return each("o.return_status <> 'none' AND o.return_status = ?", f.ReturnStatuses), byReturn
	case len(f.PaymentStatuses) > 0 && !slices.ContainsFunc(f.PaymentStatuses, common):
		return each("o.payment_status NOT IN ('unpaid', 'authorized', 'paid') AND o.payment_status = ?", f.PaymentStatuses), byPayment
	case len(f.FulfillmentStatuses) > 0 && !slices.ContainsFunc(f.FulfillmentStatuses, usual):
		return each("o.fulfillment_status NOT IN ('unfulfilled', 'fulfilled', 'delivered') AND o.fulfillment_status = ?", f.FulfillmentStatuses), byFulfillment
	case len(statuses) > 0 || len(f.Statuses) > 0:
		return each("o.status = ?", statuses), byStatus
	case len(f.Channels) > 0:
		return each("o.channel_id = ?", f.Channels), byChannel
	}
	return []branch{{from: fromOrder, key: keyOfOrder}}, byNothing
}

// common are the payment statuses that no index has: paid orders are many, and
// the others are not finished.
func common(s PaymentStatus) bool {
	return s == PaymentUnpaid || s == PaymentAuthorized || s == PaymentPaid
}

// usual are the fulfillment statuses that no index has, for the same reasons.
func usual(s FulfillmentStatus) bool {
	return s == FulfillmentUnfulfilled || s == FulfillmentFulfilled || s == FulfillmentDelivered
}

// statuses are the statuses that matching orders can have: those asked for, of
// which filters on the other axes may leave only those of orders that are not
// finished (see refreshStatus, fulfillmentStatus and paymentStatus). None means
// any, unless there were some asked for.
func (f Filter) statuses() []Status {
	var implied []Status
	if f.sends() || len(f.PaymentStatuses) > 0 && !slices.ContainsFunc(f.PaymentStatuses, func(s PaymentStatus) bool { return s != PaymentUnpaid && s != PaymentAuthorized }) {
		implied = live
	}
	if !f.ShipBefore.IsZero() {
		implied = promising
	}
	switch {
	case len(f.Statuses) == 0:
		return implied
	case implied == nil:
		return f.Statuses
	}
	return slices.DeleteFunc(slices.Clone(f.Statuses), func(s Status) bool { return !slices.Contains(implied, s) })
}

// sends tells whether only orders of which something is to be sent match.
func (f Filter) sends() bool {
	finished := []FulfillmentStatus{FulfillmentNotRequired, FulfillmentFulfilled, FulfillmentDelivered}
	return len(f.FulfillmentStatuses) > 0 &&
		!slices.ContainsFunc(f.FulfillmentStatuses, func(s FulfillmentStatus) bool { return slices.Contains(finished, s) })
}

// each makes a branch for each value of a filter.
func each[T comparable](on string, values []T) []branch {
	var out []branch
	for i, v := range values {
		if !slices.Contains(values[:i], v) {
			out = append(out, branch{from: fromOrder, key: keyOfOrder, on: on, args: []any{v}})
		}
	}
	return out
}

// byKey finds an order by what somebody says it is called. A number may come
// with the sign that shops put before it.
func (f Filter) byKey() []branch {
	s := text.Clean(f.Text)
	bare := strings.TrimPrefix(s, "#")
	if bare == "" {
		return nil
	}
	out := each("o.external_number <> '' AND o.external_number = ?", []string{s, bare, "#" + bare})
	if n, err := strconv.ParseInt(bare, 10, 64); err == nil {
		out = append(out, each("o.number = ?", []int64{n})...)
	}
	if strings.Contains(s, "@") {
		out = append(out, each("o.email <> '' AND o.email = ?", []string{text.EmailKey(s)})...)
	}
	for _, channel := range f.Channels {
		out = append(out, branch{fromOrder, keyOfOrder, false, "o.channel_id = ? AND o.external_id <> '' AND o.external_id = ?", []any{channel, s}})
	}
	return out
}

// where are the conditions of all filters but the one that leads.
func (f Filter) where(lead used) *db.Where {
	w := &db.Where{}
	if lead != byChannel {
		db.In(w, "o.channel_id", f.Channels)
	}
	if lead != byStatus {
		db.In(w, "o.status", f.Statuses)
	}
	if lead != byPayment {
		db.In(w, "o.payment_status", f.PaymentStatuses)
	}
	if lead != byFulfillment {
		db.In(w, "o.fulfillment_status", f.FulfillmentStatuses)
	}
	if lead != byReturn {
		db.In(w, "o.return_status", f.ReturnStatuses)
	}
	if lead != byCustomer {
		db.In(w, "o.customer_id", f.Customers)
	}
	if lead != byCompany && !f.Company.IsZero() {
		w.And("o.company_id = ?", f.Company)
	}
	if lead != byUser && !f.AssignedTo.IsZero() {
		w.And("o.assigned_to = ?", f.AssignedTo)
	}
	if lead != byVariant && !f.Variant.IsZero() {
		w.And("EXISTS (SELECT 1 FROM order_line x WHERE x.order_id = o.id AND x.variant_id = ?)", f.Variant)
	}
	if lead != byHold && len(f.Held) > 0 {
		w.And("EXISTS (SELECT 1 FROM order_hold x WHERE x.order_id = o.id AND x.status = 'active' AND x.reason IN ("+db.Marks(len(f.Held))+"))", db.Args(f.Held)...)
	}
	if lead != byTag && f.Tag != "" {
		w.And("EXISTS (SELECT 1 FROM order_tag x WHERE x.order_id = o.id AND x.tag = ?)", tagKey(f.Tag))
	}
	if f.Currency != "" {
		w.And("o.currency = ?", f.Currency)
	}
	if f.Archived != nil {
		w.And("o.archived = ?", *f.Archived)
	}
	if !f.PlacedFrom.IsZero() {
		w.And("o.placed_at >= ?", f.PlacedFrom)
	}
	if !f.PlacedTo.IsZero() {
		w.And("o.placed_at < ?", f.PlacedTo)
	}
	if !f.ShipBefore.IsZero() {
		w.And("o.ship_by < ? AND o.status IN ('pending', 'open') AND o.fulfillment_status NOT IN ('not_required', 'fulfilled', 'delivered')", f.ShipBefore)
	}
	return w
}

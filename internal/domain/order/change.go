package order

import (
	"slices"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
)

// Accept moves a draft to pending or open, or a pending order to open, at now
// on the company's business day. A draft is placed by it; one whose time is
// over is refused.
func (o *Order) Accept(to Status, now time.Time, day string) error {
	switch {
	case to != StatusPending && to != StatusOpen:
		return fault.New(fault.Invalid, "order.bad_status", "An order is accepted as pending or open, not as %q.", to)
	case o.Status != StatusDraft && (o.Status != StatusPending || to != StatusOpen):
		return o.forbids("accepted")
	case !o.ExpiresAt.IsZero() && !o.ExpiresAt.After(now):
		return fault.New(fault.Conflict, "order.expired", "Order %d was to be accepted until %s: write it anew, or give it more time.",
			o.Number, o.ExpiresAt.Format(time.RFC3339))
	}
	if o.Status == StatusDraft {
		o.PlacedAt, o.BusinessDate = now, day
	}
	o.Status = to
	if to == StatusOpen {
		o.ExpiresAt = time.Time{}
	}
	return nil
}

// Extend sets when a draft or pending order runs out; zero: never.
func (o *Order) Extend(until time.Time) error {
	if o.Status != StatusDraft && o.Status != StatusPending {
		return o.forbids("given more time")
	}
	o.ExpiresAt = until
	return nil
}

// PutOff gives a draft or pending order whose time is over more of it, or all that
// it needs at the zero time, and says why.
func (o *Order) PutOff(until time.Time, why string) error {
	if err := o.Extend(until); err != nil {
		return err
	}
	o.say(PutOff{o.about(), until, why})
	return nil
}

// KeepBackorders says until when what the order waits for is kept; zero: as its
// channel says.
func (o *Order) KeepBackorders(until time.Time) error {
	if !slices.Contains(live, o.Status) {
		return o.forbids("kept waiting")
	}
	o.BackorderUntil = until
	return nil
}

// SetAddresses changes where the order goes and who is invoiced; nil leaves one
// as it is. An order that came without an address to invoice gets the other.
func (o *Order) SetAddresses(shipTo, billTo *Address) error {
	if !slices.Contains(live, o.Status) {
		return o.forbids("sent to another address")
	}
	f := fault.Fields{}
	if shipTo != nil {
		shipTo.CheckForm(f, "ship_to.")
	}
	if billTo != nil {
		billTo.CheckForm(f, "bill_to.")
	}
	if err := f.Err("order.bad_address", "The address cannot be taken as it is."); err != nil {
		return err
	}
	before := o.addresses()
	if shipTo != nil {
		o.ShipTo.V = shipTo.Clean()
	}
	switch {
	case billTo != nil:
		o.BillTo.V = billTo.Clean()
	case o.BillTo.V == (Address{}):
		o.BillTo.V = o.ShipTo.V
	}
	if o.addresses() != before {
		o.say(AddressChanged{o.about(), o.ShipTo.V != before[0], o.BillTo.V != before[1]})
	}
	return nil
}

func (o *Order) addresses() [2]Address { return [2]Address{o.ShipTo.V, o.BillTo.V} }

// SetContact changes how the customer is reached.
func (o *Order) SetContact(email, phone string) error {
	f := fault.Fields{}
	checkEmail(f, email)
	checkText(f, "phone", phone, maxCode)
	if err := f.Err("order.bad_contact", "The contact cannot be taken as it is."); err != nil {
		return err
	}
	o.Email, o.Phone = text.EmailKey(text.Clean(email)), text.Clean(phone)
	return nil
}

// SetCustomer says whose order it is, for one that came without a customer or
// whose customer was merged into another.
func (o *Order) SetCustomer(customer id.Customer, company id.Company, location id.CompanyLocation) {
	o.Customer, o.Company, o.CompanyLocation = customer, company, location
}

// maxTags and maxTag bound the tags of an order and the characters of a tag.
const (
	maxTags = 50
	maxTag  = 60
)

// tagKey is the form of a tag: in small letters, with single blanks.
func tagKey(tag string) string {
	return strings.ToLower(strings.Join(strings.Fields(text.Clean(tag)), " "))
}

// addTags is tags with more, sorted, each once; never nil.
func addTags(tags, more []string) []string {
	out := append([]string{}, tags...)
	for _, t := range more {
		if t = tagKey(t); t != "" {
			out = append(out, t)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func checkTags(f fault.Fields, tags []string) {
	if len(addTags(nil, tags)) > maxTags {
		f.Add("tags", "are more than %d", maxTags)
	}
	for _, t := range tags {
		if long(tagKey(t), maxTag) {
			f.Add("tags", "%q is longer than %d characters", shorten(t), maxTag)
		}
	}
}

// Tag adds and removes tags. Tags are kept in small letters.
func (o *Order) Tag(add, remove []string) error {
	gone := addTags(nil, remove)
	tags := slices.DeleteFunc(addTags(o.Tags.V, add), func(t string) bool { return slices.Contains(gone, t) })
	f := fault.Fields{}
	checkTags(f, tags)
	if err := f.Err("order.bad_tags", "The tags cannot be set."); err != nil {
		return err
	}
	fact := Tagged{
		about:   o.about(),
		Added:   slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return slices.Contains(o.Tags.V, t) }),
		Removed: slices.DeleteFunc(slices.Clone(o.Tags.V), func(t string) bool { return slices.Contains(tags, t) }),
	}
	if len(fact.Added)+len(fact.Removed) > 0 {
		o.Tags.V = tags
		o.say(fact)
	}
	return nil
}

// Prioritize sets how urgent the order is: higher is more urgent, 0 is normal.
func (o *Order) Prioritize(priority int64) error {
	if priority < -1000 || priority > 1000 {
		return fault.New(fault.Invalid, "order.bad_priority", "A priority is between -1000 and 1000, not %d.", priority)
	}
	if o.Priority != priority {
		o.say(Prioritized{o.about(), o.Priority, priority})
		o.Priority = priority
	}
	return nil
}

// Assign says who takes care of the order; the zero id: nobody.
func (o *Order) Assign(user id.User) {
	if o.AssignedTo != user {
		o.AssignedTo = user
		o.say(Assigned{o.about(), user})
	}
}

// SetCustom sets custom fields by name; a nil value takes one away.
func (o *Order) SetCustom(fields CustomFields) error {
	custom := CustomFields{}
	for name, value := range o.Custom.V {
		custom[name] = value
	}
	f := fault.Fields{}
	for name, value := range fields {
		checkText(f, "custom", name, maxCode)
		if name == "" {
			f.Add("custom", "has a field without a name")
		} else if custom[name] = value; value == nil {
			delete(custom, name)
		}
	}
	if err := f.Err("order.bad_custom", "The custom fields cannot be set."); err != nil {
		return err
	}
	o.Custom.V = custom
	return nil
}

// SetCustomerNote changes what the customer wrote to the order.
func (o *Order) SetCustomerNote(note string) error {
	if long(note, maxNote) {
		return fault.Fields{"customer_note": "is too long"}.Err("order.bad_note", "The note cannot be kept.")
	}
	o.CustomerNote = text.Clean(note)
	return nil
}

// Archive puts a finished order out of sight, or back.
func (o *Order) Archive(archived bool) error {
	if archived && slices.Contains(live, o.Status) {
		return o.forbids("archived")
	}
	o.Archived = archived
	return nil
}

// Promise sets by when an open line is to be sent and delivered; a zero time
// promises nothing. The order's dates follow.
func (o *Order) Promise(line id.Line, shipBy, deliverBy time.Time) error {
	l, err := o.find(line)
	if err != nil {
		return err
	}
	lines := []*Line{l}
	if l.Kind == KindKit {
		lines = append(lines, o.Components(line)...)
	}
	for _, l := range lines {
		if !l.ShipBy.Equal(shipBy) || !l.DeliverBy.Equal(deliverBy) {
			l.ShipBy, l.DeliverBy, l.edited = shipBy, deliverBy, true
		}
	}
	return nil
}

// Article is the variant that a line of a channel turns out to be.
type Article struct {
	Variant    id.Variant
	SKU        string
	Backorder  bool
	MaySplit   bool
	Components []DraftComponent // of a kit
}

// Map says what an unmapped line is. A kit's line gets its components; prices
// stay as the channel sold it. The caller finds stock for it.
func (o *Order) Map(line id.Line, a Article, now time.Time) error {
	l, err := o.find(line)
	if err != nil {
		return err
	}
	if !slices.Contains(live, o.Status) {
		return o.forbids("changed")
	}
	if !l.Unmapped() {
		return fault.New(fault.Conflict, "order.mapped", "%s is mapped already.", l.name())
	}
	in := DraftLine{Variant: a.Variant, SKU: a.SKU, Title: l.Title, Quantity: l.Quantity, Components: a.Components}
	f := fault.Fields{}
	if a.Variant.IsZero() {
		f.Add("variant_id", "is missing")
	}
	in.check(f, "")
	if err := f.Err("order.bad_article", "The line cannot be mapped so."); err != nil {
		return err
	}
	if len(a.Components) > 0 && (l.Cancelled > 0 || l.Invoiced > 0) {
		return fault.New(fault.Conflict, "order.begun", "A part of %s was cancelled or invoiced: it cannot become a kit.", l.name())
	}
	l.Variant, l.SKU, l.Backorder, l.MaySplit, l.edited = a.Variant, text.Clean(a.SKU), a.Backorder, a.MaySplit, true
	if len(a.Components) == 0 {
		return nil
	}
	l.Kind = KindKit
	i := slices.Index(o.Lines, l)
	o.Lines = slices.Insert(o.Lines, i+1, o.explode(l, a.Components, now)...)
	for i, l := range o.Lines {
		if position := int64(i + 1); l.Position != position {
			l.Position, l.edited = position, true
		}
	}
	return nil
}

func distinct[T interface {
	comparable
	Compare(T) int
}](ids []T) []T {
	out := slices.Clone(ids)
	slices.SortFunc(out, T.Compare)
	return slices.Compact(out)
}

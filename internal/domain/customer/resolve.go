package customer

import (
	"context"
	"hash/fnv"
	"slices"
	"strings"

	"purser/internal/base/address"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Identity is what an order says of who ordered. All of it may be empty.
type Identity struct {
	Number   string // of another system; decides alone where it is given
	Email    string
	Name     string
	Phone    string
	Address  address.Address
	Currency money.Currency
	Language string
}

// Resolve finds the customers of identities, adds those that are new, and
// returns their ids in the order of the identities; who gives neither number nor
// e-mail, telephone, name nor address has the zero id.
//
// A number decides alone, but a customer of the same e-mail address who has no
// number yet gets it. Without a number the e-mail address decides, and without
// one, telephone and name together; somebody of whom only a name or an address
// is known is a new customer each time. What is known is not overwritten:
// fields that were empty are filled and new addresses remembered. An erased
// customer is found by number but learns nothing. Addresses that a marketplace
// masks are for the caller to keep apart.
func Resolve(ctx context.Context, tx *db.Tx, identities []Identity) ([]id.Customer, error) {
	keyed := make([]keys, len(identities))
	for i, in := range identities {
		keyed[i] = in.keys()
	}
	found, err := lookup(ctx, tx, keyed)
	if err != nil {
		return nil, err
	}
	if tx.Postgres() && slices.ContainsFunc(keyed, func(k keys) bool { return k.unique() && found.match(k) == nil }) {
		// Another transaction may be adding the same customer: wait for it, look again.
		if err := lockKeys(ctx, tx, keyed); err != nil {
			return nil, err
		}
		if found, err = lookup(ctx, tx, keyed); err != nil {
			return nil, err
		}
	}
	out := make([]id.Customer, len(identities))
	var added []*Customer
	learned := map[id.Customer][]Identity{}
	for i, in := range identities {
		if keyed[i] == (keys{}) && in.Name == "" && in.Address.IsZero() {
			continue
		}
		c := found.match(keyed[i])
		if c == nil {
			c = &Customer{ID: id.New[id.Customer](tx.Now()), Version: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
			c.learn(in)
			added = append(added, c)
		} else if c.learn(in) {
			learned[c.ID] = append(learned[c.ID], in)
		}
		found.add(c) // also by what was learned
		out[i] = c.ID
	}
	if err := addAll(ctx, tx, added); err != nil {
		return nil, err
	}
	for _, c := range added {
		delete(learned, c.ID) // written with all that was learned
	}
	return out, teach(ctx, tx, learned)
}

// keys are what an identity is found by; empty ones do not count.
type keys struct{ number, email, phone, name string }

// unique tells whether the keys name one customer, so that there must not be two.
func (k keys) unique() bool { return k.number != "" || k.email != "" || k.phone != "" }

func (in Identity) keys() keys {
	k := keys{number: text.Clean(in.Number), email: emailKey(in.Email)}
	if phone, name := text.PhoneKey(in.Phone), text.Fold(in.Name); phone != "" && name != "" {
		k.phone, k.name = phone, name
	}
	return k
}

// emailKey is "" for what is no e-mail address: an intake takes orders whatever
// stands in the field.
func emailKey(s string) string {
	s = text.Clean(s)
	if !validEmail(s) {
		return ""
	}
	return text.EmailKey(s)
}

// people are customers by what they are found by; the oldest of like ones.
type people struct {
	byNumber, byEmail, byPhone map[string]*Customer
}

func (p people) add(c *Customer) {
	put := func(m map[string]*Customer, key string) {
		if _, ok := m[key]; !ok && key != "" {
			m[key] = c
		}
	}
	put(p.byNumber, c.Number)
	put(p.byEmail, c.EmailKey)
	if c.PhoneKey != "" && c.NameKey != "" {
		put(p.byPhone, c.PhoneKey+"\n"+c.NameKey)
	}
}

func (p people) match(k keys) *Customer {
	if k.number != "" {
		if c := p.byNumber[k.number]; c != nil {
			return c
		}
		if c := p.byEmail[k.email]; c != nil && c.Number == "" {
			return c
		}
		return nil
	}
	if k.email != "" {
		return p.byEmail[k.email]
	}
	if k.phone != "" {
		return p.byPhone[k.phone+"\n"+k.name]
	}
	return nil
}

// lookup reads the customers that may be meant.
func lookup(ctx context.Context, r db.Reader, keyed []keys) (people, error) {
	p := people{map[string]*Customer{}, map[string]*Customer{}, map[string]*Customer{}}
	var numbers, emails, phones []string
	for _, k := range keyed {
		switch {
		case k.number != "":
			numbers, emails = append(numbers, k.number), append(emails, k.email)
		case k.email != "":
			emails = append(emails, k.email)
		case k.phone != "":
			phones = append(phones, k.phone)
		}
	}
	for _, by := range []struct {
		condition string
		keys      []string
	}{
		{`number <> '' AND number IN (/*in*/)`, numbers},
		{`email_key <> '' AND email_key IN (/*in*/)`, slices.DeleteFunc(emails, func(s string) bool { return s == "" })},
		{`phone_key <> '' AND phone_key IN (/*in*/)`, phones},
	} {
		rows, err := db.SelectIn[Customer](ctx, r, `SELECT `+db.Columns[Customer]()+` FROM customer WHERE `+by.condition+` ORDER BY id`, distinct(by.keys))
		if err != nil {
			return people{}, err
		}
		for i := range rows {
			p.add(&rows[i])
		}
	}
	return p, nil
}

// lockKeys makes transactions that are about to add the same customer go one
// after another. Keys are locked in the order of their hashes.
func lockKeys(ctx context.Context, tx *db.Tx, keyed []keys) error {
	var hashes []int64
	for _, k := range keyed {
		for _, key := range []string{"e" + k.email, "p" + k.phone} {
			if len(key) > 1 {
				h := fnv.New64a()
				_, _ = h.Write([]byte("customer " + key)) // never fails
				hashes = append(hashes, int64(h.Sum64()))
			}
		}
	}
	slices.Sort(hashes)
	return db.Chunks(slices.Compact(hashes), func(part []int64) error {
		rows, err := tx.Query(ctx, `SELECT pg_advisory_xact_lock(column1)::text FROM (VALUES `+db.Tuples(len(part), 1, "bigint")+`) AS v`, db.Args(part)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			continue
		}
		return rows.Err()
	})
}

// learn fills what c lacks and tells whether there was anything.
func (c *Customer) learn(in Identity) bool {
	if !c.ErasedAt.IsZero() {
		return false
	}
	changed := false
	fill := func(dst *string, s string) {
		if s = cut(text.Clean(s)); *dst == "" && s != "" {
			*dst, changed = s, true
		}
	}
	fill(&c.Number, in.Number)
	fill(&c.Name, in.Name)
	fill(&c.Name, strings.TrimSpace(in.Address.Name))
	fill(&c.Name, in.Address.Company)
	if emailKey(in.Email) != "" {
		fill(&c.Email, in.Email)
	}
	fill(&c.Phone, in.Phone)
	fill(&c.Language, in.Language)
	if c.Currency == "" && in.Currency != "" && in.Currency.Valid() {
		c.Currency, changed = in.Currency, true
	}
	changed = c.remember(in.Address) || changed
	if changed || c.Addresses.V == nil {
		c.refresh()
	}
	return changed
}

// cut shortens a text to what a field holds.
func cut(s string) string {
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText])
	}
	return s
}

func addAll(ctx context.Context, tx *db.Tx, added []*Customer) error {
	rows := make([]Customer, len(added))
	facts := make([]event.Fact, len(added))
	for i, c := range added {
		rows[i], facts[i] = *c, Added{Customer: c.ID, Number: c.Number}
	}
	n, err := db.Insert(ctx, tx, "customer", rows, `ON CONFLICT (number) WHERE number <> '' DO NOTHING`)
	if err != nil {
		return err
	}
	if int(n) < len(rows) {
		return db.ErrRetry // another transaction added one of the numbers
	}
	return event.Record(ctx, tx, facts...)
}

// teach stores what was learned of customers that were there before: locked in
// the order of their ids, and worked out again from what stands there then.
func teach(ctx context.Context, tx *db.Tx, learned map[id.Customer][]Identity) error {
	if len(learned) == 0 {
		return nil
	}
	ids := make([]id.Customer, 0, len(learned))
	for c := range learned {
		ids = append(ids, c)
	}
	slices.SortFunc(ids, id.Customer.Compare)
	rows, err := db.SelectIn[Customer](ctx, tx, `SELECT `+db.Columns[Customer]()+` FROM customer WHERE id IN (/*in*/) ORDER BY id`+tx.ForUpdate(), ids)
	if err != nil {
		return err
	}
	var changed []Customer
	var facts []event.Fact
	for _, c := range rows {
		before := c
		for _, in := range learned[c.ID] {
			c.learn(in)
		}
		if fields := diff(before, c); len(fields) > 0 {
			c.Version, c.UpdatedAt = c.Version+1, tx.Now()
			changed, facts = append(changed, c), append(facts, Changed{Customer: c.ID, Fields: fields})
		}
	}
	if err := write(ctx, tx, changed); err != nil {
		if _, taken := db.Violated(err); taken {
			return db.ErrRetry // another transaction gave the number to somebody
		}
		return err
	}
	return event.Record(ctx, tx, facts...)
}

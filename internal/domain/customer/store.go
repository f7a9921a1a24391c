package customer

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Get reads one customer.
func Get(ctx context.Context, r db.Reader, c id.Customer) (Customer, error) {
	out, err := db.Get[Customer](ctx, r, `SELECT `+db.Columns[Customer]()+` FROM customer WHERE id = ?`, c)
	if db.None(err) {
		err = notFound(c)
	}
	return out, err
}

func notFound(c id.Customer) error {
	return fault.New(fault.NotFound, "customer.not_found", "There is no customer %s.", c)
}

// Many reads customers; ids that are not known are not in the map.
func Many(ctx context.Context, r db.Reader, ids []id.Customer) (map[id.Customer]Customer, error) {
	rows, err := db.SelectIn[Customer](ctx, r, `SELECT `+db.Columns[Customer]()+` FROM customer WHERE id IN (/*in*/)`, distinct(ids))
	out := make(map[id.Customer]Customer, len(rows))
	for _, c := range rows {
		out[c.ID] = c
	}
	return out, err
}

// take locks one customer until the transaction ends.
func take(ctx context.Context, tx *db.Tx, c id.Customer) (Customer, error) {
	out, err := db.Get[Customer](ctx, tx, `SELECT `+db.Columns[Customer]()+` FROM customer WHERE id = ?`+tx.ForUpdate(), c)
	if db.None(err) {
		err = notFound(c)
	}
	return out, err
}

// Save adds a customer, or changes the one whose id it bears and whose version
// it was read at (0: any). An erased customer stays as it is.
func Save(ctx context.Context, tx *db.Tx, c Customer) (Customer, error) {
	if err := c.clean(); err != nil {
		return Customer{}, err
	}
	c.ErasedAt, c.UpdatedAt = noTime, tx.Now()
	var before Customer
	if c.ID.IsZero() {
		c.ID, c.Version, c.CreatedAt = id.New[id.Customer](tx.Now()), 1, tx.Now()
	} else {
		var err error
		if before, err = take(ctx, tx, c.ID); err != nil {
			return Customer{}, err
		}
		if err := CheckVersion(before.Version, c.Version, "The customer"); err != nil {
			return Customer{}, err
		}
		if !before.ErasedAt.IsZero() {
			return Customer{}, fault.New(fault.Conflict, "customer.erased", "The customer was erased: add a new one.")
		}
		c.Version, c.CreatedAt = before.Version+1, before.CreatedAt
	}
	if err := known(ctx, tx, c.GroupID, c.TermsID); err != nil {
		return Customer{}, err
	}
	if err := write(ctx, tx, []Customer{c}); err != nil {
		if _, taken := db.Violated(err); taken {
			return Customer{}, fault.New(fault.Conflict, "customer.number_taken", "Another customer has the number %s.", c.Number)
		}
		return Customer{}, err
	}
	if before.ID.IsZero() {
		return c, event.Record(ctx, tx, Added{Customer: c.ID, Number: c.Number})
	}
	fields := diff(before, c)
	if len(fields) == 0 {
		return c, nil
	}
	if err := event.Record(ctx, tx, Changed{Customer: c.ID, Fields: fields}); err != nil {
		return Customer{}, err
	}
	return c, audit.Record(ctx, tx, "save", "customer", c.ID.String(), impersonal(before), impersonal(c))
}

// write stores customers, new and old, whole.
func write(ctx context.Context, tx *db.Tx, rows []Customer) error {
	_, err := db.Insert(ctx, tx, "customer", rows, overwrite[Customer]())
	return err
}

// overwrite is the clause that makes an INSERT change the row whose id there is.
func overwrite[T any]() string {
	var sets []string
	for c := range strings.SplitSeq(db.Columns[T](), ", ") {
		sets = append(sets, c+" = excluded."+c)
	}
	return "ON CONFLICT (id) DO UPDATE SET " + strings.Join(sets, ", ")
}

// impersonal is what the audit keeps of a customer: what was agreed, not who it is.
func impersonal(c Customer) any {
	return map[string]any{
		"currency": c.Currency, "group_id": c.GroupID, "price_list_id": c.PriceListID, "terms_id": c.TermsID,
		"discount_ppm": c.Discount, "tax_exempt": c.TaxExempt, "version": c.Version,
	}
}

// diff lists the fields, by their names in JSON, in which two rows differ.
func diff(before, after any) []string {
	var fields []string
	b, a := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range b.NumField() {
		name, _, _ := strings.Cut(b.Type().Field(i).Tag.Get("json"), ",")
		if name == "-" || name == "version" || name == "created_at" || name == "updated_at" {
			continue
		}
		if !reflect.DeepEqual(b.Field(i).Interface(), a.Field(i).Interface()) {
			fields = append(fields, name)
		}
	}
	return fields
}

// known refuses a group or terms that there are not.
func known(ctx context.Context, r db.Reader, g id.CustomerGroup, t id.Terms) error {
	f := fault.Fields{}
	if !g.IsZero() {
		if groups, err := groupsByID(ctx, r, []id.CustomerGroup{g}); err != nil {
			return err
		} else if len(groups) == 0 {
			f.Add("group_id", "there is no such group")
		}
	}
	if !t.IsZero() {
		if terms, err := termsByID(ctx, r, []id.Terms{t}); err != nil {
			return err
		} else if len(terms) == 0 {
			f.Add("terms_id", "there are no such payment terms")
		}
	}
	return f.Err("customer.invalid", "The customer cannot be saved like this.")
}

// Page is a part of a list: at most Limit items after the cursor of the part before.
type Page struct {
	Limit int
	After string // "" is the beginning
}

const (
	defaultLimit = 50
	maxLimit     = 500
)

func (p Page) limit() int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, maxLimit)
}

// Filter selects customers; what is empty does not count.
type Filter struct {
	Text    string // words of the name, or an e-mail address, a telephone number, a number
	Group   id.CustomerGroup
	Company id.Company // its buyers
	Tag     string
}

// minPhone is how many digits a text needs to be looked for as the end of a
// telephone number.
const minPhone = 6

func (f Filter) where() db.Where {
	var w db.Where
	if words := strings.Fields(text.Fold(f.Text)); len(words) > 0 {
		s := text.Clean(f.Text)
		names := make([]string, len(words))
		args := make([]any, 0, len(words)+3)
		for i, word := range words {
			names[i] = `name_key LIKE ? ESCAPE '\'`
			args = append(args, "%"+like(word)+"%")
		}
		condition := "(" + strings.Join(names, " AND ") + ")"
		condition += ` OR (number = ? AND number <> '') OR (email_key LIKE ? ESCAPE '\' AND email_key <> '')`
		args = append(args, s, like(text.EmailKey(s))+"%")
		if key := text.PhoneKey(s); len(key) >= minPhone && strings.Trim(s, "0123456789+-/.() ") == "" {
			condition += ` OR (phone_key LIKE ? AND phone_key <> '')`
			args = append(args, "%"+key)
		}
		w.And("("+condition+")", args...)
	}
	if !f.Group.IsZero() {
		w.And("group_id = ?", f.Group)
	}
	if !f.Company.IsZero() {
		w.And("id IN (SELECT customer_id FROM company_contact WHERE company_id = ?)", f.Company)
	}
	if f.Tag != "" {
		plain, escaped := jsonTexts(f.Tag)
		w.And(`(CAST(tags AS TEXT) LIKE ? ESCAPE '\' OR CAST(tags AS TEXT) LIKE ? ESCAPE '\')`, "%"+like(plain)+"%", "%"+like(escaped)+"%")
	}
	return w
}

// List returns customers by name, and the cursor of the next page, "" at the end.
func List(ctx context.Context, r db.Reader, f Filter, page Page) ([]Customer, string, error) {
	w := f.where()
	if page.After != "" {
		name, last, err := parseCursor[id.Customer](page.After)
		if err != nil {
			return nil, "", err
		}
		w.And("(name_key, id) > (?, ?)", name, last)
	}
	rows, err := db.Select[Customer](ctx, r, `SELECT `+db.Columns[Customer]()+` FROM customer`+w.SQL()+` ORDER BY name_key, id LIMIT ?`, w.Args(page.limit()+1)...)
	if err != nil || len(rows) <= page.limit() {
		return rows, "", err
	}
	rows = rows[:page.limit()]
	last := rows[len(rows)-1]
	return rows, cursor(last.NameKey, last.ID), nil
}

// ByPhone finds who calls from a telephone number: the customers whose number
// has the same digits, else those whose number ends with them, so that a call
// without the country's code finds them, too. At most ten.
func ByPhone(ctx context.Context, r db.Reader, phone string) ([]Customer, error) {
	key := text.PhoneKey(phone)
	if len(key) < minPhone {
		return nil, nil
	}
	for _, condition := range []string{`phone_key = ?`, `phone_key LIKE '%' || ?`} {
		rows, err := db.Select[Customer](ctx, r, `
			SELECT `+db.Columns[Customer]()+` FROM customer WHERE phone_key <> '' AND `+condition+` ORDER BY name_key, id LIMIT 10`, key)
		if err != nil || len(rows) > 0 {
			return rows, err
		}
	}
	return nil, nil
}

// cursor is a place in a list by name.
func cursor(name string, last fmt.Stringer) string {
	return base64.RawURLEncoding.EncodeToString([]byte(last.String() + " " + name))
}

func parseCursor[T any, P interface {
	*T
	UnmarshalText([]byte) error
}](s string) (name string, last T, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	before, name, ok := strings.Cut(string(b), " ")
	if err == nil {
		err = P(&last).UnmarshalText([]byte(before))
	}
	if err != nil || !ok {
		return "", last, fault.New(fault.Invalid, "customer.bad_cursor", "%q is not a place in the list: use the cursor you were given.", s)
	}
	return name, last, nil
}

func path(list string, i int, field string) string { return fmt.Sprintf("%s[%d].%s", list, i, field) }

func distinct[K comparable](keys []K) []K {
	seen := make(map[K]bool, len(keys))
	return slices.DeleteFunc(slices.Clone(keys), func(k K) bool {
		was := seen[k]
		seen[k] = true
		return was
	})
}

// jsonTexts are the two ways in which a text stands in stored JSON: PostgreSQL
// keeps <, > and & as they are, SQLite keeps them as encoding/json wrote them.
func jsonTexts(s string) (plain, escaped string) {
	b, _ := json.Marshal(s) // a string never fails
	var p strings.Builder
	e := json.NewEncoder(&p)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	return strings.TrimSpace(p.String()), string(b)
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// like escapes a text for LIKE ... ESCAPE '\'.
func like(s string) string { return likeEscaper.Replace(s) }

// Package setting keeps what a merchant sets: the company, and values by name.
package setting

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/money"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

// Get reads the value of a setting, or fallback where it was never set.
func Get[T any](ctx context.Context, r db.Reader, name string, fallback T) (T, error) {
	text, err := db.Get[string](ctx, r, `SELECT value FROM setting WHERE name = ?`, name)
	if db.None(err) {
		return fallback, nil
	}
	if err != nil {
		return fallback, err
	}
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return fallback, fmt.Errorf("setting %s: %w", name, err)
	}
	return v, nil
}

// Set writes the value of a setting and records the change.
func Set[T any](ctx context.Context, tx *db.Tx, name string, value T) error {
	before, err := Get[any](ctx, tx, name, nil)
	if err != nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO setting (name, value, updated_at) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = setting.version + 1, updated_at = excluded.updated_at`,
		name, string(text), tx.Now())
	if err != nil {
		return err
	}
	return audit.Record(ctx, tx, "set", "setting", name, before, value)
}

// Company is the legal entity whose books are kept.
type Company struct {
	Name         string         `json:"name"`
	BaseCurrency money.Currency `json:"base_currency" doc:"ISO 4217 code of the currency the books are kept in. Fixed once there is a journal entry."`
	TimeZone     string         `json:"time_zone" doc:"IANA name of the zone that business days are counted in."`
	Country      string         `json:"country" doc:"ISO 3166 alpha-2 code."`
	VATNumber    string         `json:"vat_number,omitempty"`
	Address      string         `json:"address,omitempty"`
}

const companyName = "company"

// LoadCompany reads the company. Before set-up there is none, which is a Conflict.
func LoadCompany(ctx context.Context, r db.Reader) (Company, error) {
	c, err := Get(ctx, r, companyName, Company{})
	if err == nil && c.BaseCurrency == "" {
		err = fault.New(fault.Conflict, "company.not_set_up", "The company is not set up yet. Open the set-up link that `purser serve` printed, or run `purser demo`.")
	}
	return c, err
}

// SaveCompany checks and writes the company.
func SaveCompany(ctx context.Context, tx *db.Tx, c Company) error {
	f := fault.Fields{}
	if c.Name == "" {
		f.Add("name", "is missing")
	}
	if !c.BaseCurrency.Valid() {
		f.Add("base_currency", "%q is not an ISO 4217 currency code", c.BaseCurrency)
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil || c.TimeZone == "" || c.TimeZone == "Local" {
		f.Add("time_zone", "%q is not an IANA time zone such as Europe/Paris", c.TimeZone)
	}
	if err := f.Err("company.invalid", "The company's data is not complete."); err != nil {
		return err
	}
	return Set(ctx, tx, companyName, c)
}

// Zone is the company's time zone.
func (c Company) Zone() *time.Location {
	if z, ok := zones.Load(c.TimeZone); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return time.UTC
	}
	zones.Store(c.TimeZone, z)
	return z
}

// zones are those that were loaded: each loading reads a file.
var zones sync.Map

// Day is the business day of an instant, as YYYY-MM-DD.
func (c Company) Day(t time.Time) string { return t.In(c.Zone()).Format(time.DateOnly) }

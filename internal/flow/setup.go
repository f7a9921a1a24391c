package flow

import (
	"context"
	"time"

	"purser/internal/base/fault"
	"purser/internal/domain/accounting"
	"purser/internal/domain/catalog"
	"purser/internal/domain/channel"
	"purser/internal/domain/customer"
	"purser/internal/domain/inventory"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// ManualChannel is the channel of orders that people enter.
const ManualChannel = "manual"

// SetUp fills an empty database with what every company needs: the company
// itself, its first owner, a channel for orders that people enter, a base price
// list, usual payment terms, and the place where goods are in transit. token is
// an API key of the owner, valid for a day.
func SetUp(ctx context.Context, tx *db.Tx, c setting.Company, owner auth.NewUser) (u auth.User, token string, err error) {
	users, err := auth.HasUsers(ctx, tx)
	if err != nil {
		return u, "", err
	}
	if users {
		return u, "", fault.New(fault.Conflict, "company.set_up", "The company is set up already.")
	}
	ctx = auth.With(ctx, auth.System("setup"))
	if err := furnish(ctx, tx, c); err != nil {
		return u, "", err
	}
	owner.Role, owner.Locations = auth.Owner, nil
	if u, err = auth.AddUser(ctx, tx, owner); err != nil {
		return u, "", err
	}
	token, _, err = auth.AddAPIKey(auth.With(ctx, u.Principal()), tx, "First steps", auth.Owner, nil, nil, tx.Now().Add(24*time.Hour))
	return u, token, err
}

// EnsureCompany sets the company up without users, for an import into an empty
// database, and tells whether it did. A company that is there stays as it is.
func EnsureCompany(ctx context.Context, tx *db.Tx, c setting.Company) (bool, error) {
	has, err := hasCompany(ctx, tx)
	if err != nil || has {
		return false, err
	}
	return true, furnish(ctx, tx, c)
}

func hasCompany(ctx context.Context, r db.Reader) (bool, error) {
	_, err := setting.LoadCompany(ctx, r)
	if f, ok := fault.As(err); ok && f.Code == "company.not_set_up" {
		return false, nil
	}
	return err == nil, err
}

// furnish gives a company what it needs; one that an import has made gets its
// new data.
func furnish(ctx context.Context, tx *db.Tx, c setting.Company) error {
	has, err := hasCompany(ctx, tx)
	if err != nil {
		return err
	}
	if has {
		return ChangeCompany(ctx, tx, c)
	}
	if err := setting.SaveCompany(ctx, tx, c); err != nil {
		return err
	}
	manual := channel.Defaults()
	manual.Code, manual.Name, manual.Currency = ManualChannel, "Entered by hand", c.BaseCurrency
	if _, err := channel.Save(ctx, tx, manual); err != nil {
		return err
	}
	if _, err := catalog.BaseList(ctx, tx, c.BaseCurrency, false); err != nil {
		return err
	}
	for _, t := range []customer.Terms{
		{Code: "net14", Name: "Net 14 days", DueDays: 14},
		{Code: "net30", Name: "Net 30 days", DueDays: 30},
		{Code: "eom30", Name: "30 days after the end of the month", DueDays: 30, EndOfMonth: true},
	} {
		if _, err := customer.SaveTerms(ctx, tx, t); err != nil {
			return err
		}
	}
	_, err = inventory.InTransit(ctx, tx)
	return err
}

// ChangeCompany changes the company. Its base currency stays once anything was
// booked.
func ChangeCompany(ctx context.Context, tx *db.Tx, c setting.Company) error {
	before, err := setting.LoadCompany(ctx, tx)
	if err != nil {
		return err
	}
	if before.BaseCurrency != c.BaseCurrency {
		booked, _, err := accounting.Journals(ctx, tx, accounting.JournalFilter{Limit: 1})
		if err != nil {
			return err
		}
		if len(booked) > 0 {
			return fault.New(fault.Conflict, "company.currency_fixed", "The base currency is %s and stays so: there are entries in the journal.", before.BaseCurrency)
		}
	}
	return setting.SaveCompany(ctx, tx, c)
}

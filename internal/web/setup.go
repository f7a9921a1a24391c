package web

import (
	"net/http"
	"strings"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/money"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
	"purser/internal/web/ui"
)

// The first visit: the company, its first location and its first owner.
func (s *Server) registerSetup() {
	s.public(http.MethodGet, "/set-up", func(v *visit) error {
		has, err := auth.HasUsers(v.ctx, s.DB)
		if err != nil {
			return err
		}
		if has {
			return seeOther(v, "/sign-in")
		}
		return v.draw(http.StatusOK, setupPage(v, ui.Form{}, v.r.URL.Query().Get("token")))
	})
	s.public(http.MethodPost, "/set-up", s.setUp)
}

func (s *Server) setUp(v *visit) error {
	owner := auth.NewUser{Email: v.typed("email"), Name: v.typed("owner"), Password: v.typed("password")}
	err := s.DB.Write(v.ctx, func(tx *db.Tx) error {
		if err := auth.UseSetupLink(v.ctx, tx, v.typed("token")); err != nil {
			return err
		}
		company := setting.Company{
			Name: v.typed("name"), BaseCurrency: money.Currency(v.typed("base_currency")), TimeZone: v.typed("time_zone"),
			Country: v.typed("country"), VATNumber: v.typed("vat_number"), Address: v.typed("address"),
		}
		u, _, err := flow.SetUp(v.ctx, tx, company, owner)
		if err != nil {
			return err
		}
		ctx := auth.With(v.ctx, u.Principal())
		_, err = inventory.SaveLocation(ctx, tx, firstLocation(v))
		return err
	})
	if err != nil {
		f := setupFault(fault.Of(err))
		s.log(v, f, err)
		return v.draw(f.Kind.Status(), setupPage(v, ui.Form{Typed: v.r.PostForm, Fault: f}, v.typed("token")))
	}
	token, _, err := auth.SignIn(v.ctx, s.DB, owner.Email, owner.Password, v.r.UserAgent())
	if err != nil {
		return err
	}
	setCookie(v, sessionCookie, token, 0)
	say(v, "Welcome aboard. Import products and stock, or enter the first order.", "")
	return seeOther(v, "/")
}

// firstLocation is where goods lie to begin with.
func firstLocation(v *visit) inventory.Location {
	at := address.Address{
		Company: v.typed("name"), Line1: v.typed("line1"), PostalCode: v.typed("postal_code"), City: v.typed("city"), Country: v.typed("country"),
	}
	return inventory.Location{
		Code: "MAIN", Name: v.typed("location"), Kind: inventory.Warehouse, TimeZone: v.typed("time_zone"),
		Address: db.JSON[address.Address]{V: at}, Active: true, ShipsOnline: true, TakesReturns: true,
	}
}

// setupFault names the fields as the form does: a company, its location and its
// owner all have a name.
func setupFault(f *fault.Error) *fault.Error {
	c := *f
	c.Fields = map[string]string{}
	for field, wrong := range f.Fields {
		switch {
		case f.Code == "user.invalid" && field == "name":
			field = "owner"
		case f.Code == "location.invalid" && field == "name":
			field = "location"
		}
		c.Fields[strings.TrimPrefix(field, "address.")] = wrong
	}
	return &c
}

// zones are the time zones that the form proposes; any other can be typed.
var zones = []string{
	"Africa/Johannesburg", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Mexico_City", "America/New_York",
	"America/Sao_Paulo", "America/Toronto", "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Europe/Amsterdam",
	"Europe/Athens", "Europe/Berlin", "Europe/Dublin", "Europe/Helsinki", "Europe/Istanbul", "Europe/Lisbon", "Europe/London", "Europe/Madrid",
	"Europe/Paris", "Europe/Prague", "Europe/Rome", "Europe/Stockholm", "Europe/Vienna", "Europe/Warsaw", "Europe/Zurich", "Pacific/Auckland", "UTC",
}

// currencies are those that the form proposes; any other can be typed.
var currencies = []money.Currency{"AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HUF", "INR", "JPY", "MXN", "NOK", "NZD", "PLN", "SEK", "SGD", "USD", "ZAR"}

// offset writes how far a zone is from UTC now, to tell zones apart.
func offset(zone string, now time.Time) string {
	l, err := time.LoadLocation(zone)
	if err != nil {
		return ""
	}
	return now.In(l).Format("UTC-07:00")
}

package auth_test

import (
	"context"
	"testing"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

const password = "correct horse battery"

func addUser(t *testing.T, d *db.DB, email string, role auth.Role, locations ...id.Location) auth.User {
	t.Helper()
	var u auth.User
	err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
		u, err = auth.AddUser(t.Context(), tx, auth.NewUser{Email: email, Name: "Ann", Role: role, Password: password, Locations: locations})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestWhoIsNotPermittedIsDenied(t *testing.T) {
	if err := auth.Require(t.Context(), auth.OrderRead); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("nobody: %v", err)
	}
	reader := auth.With(t.Context(), auth.User{Role: auth.ReadOnly}.Principal())
	if err := auth.Require(reader, auth.OrderRead); err != nil {
		t.Errorf("reading: %v", err)
	}
	for _, p := range auth.Permissions(auth.Owner) {
		allowed := auth.Require(reader, p) == nil
		if reads := len(p) > 5 && p[len(p)-5:] == ":read"; allowed && !reads {
			t.Errorf("a read-only user may %s", p)
		}
	}
	if err := auth.Require(reader, auth.CostRead); err == nil {
		t.Error("a read-only user sees costs")
	}
}

func TestWarehouseUserIsLimitedToLocations(t *testing.T) {
	mine, other := id.New[id.Location](time.Now()), id.New[id.Location](time.Now())
	ctx := auth.With(t.Context(), auth.User{Role: auth.Warehouse, Locations: []id.Location{mine}}.Principal())
	if err := auth.RequireAt(ctx, auth.FulfillmentWork, mine); err != nil {
		t.Error(err)
	}
	if err := auth.RequireAt(ctx, auth.FulfillmentWork, other); !fault.Is(err, "auth.wrong_location") {
		t.Errorf("another location: %v", err)
	}
}

func TestSignInLocksAfterFiveWrongPasswords(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		addUser(t, d, "Ann@example.com", auth.Owner)
		token, _, err := auth.SignIn(t.Context(), d, "ann@EXAMPLE.com", password, "test")
		if err != nil {
			t.Fatal(err)
		}
		if u, err := auth.SessionUser(t.Context(), d, token); err != nil || u.Role != auth.Owner {
			t.Fatalf("%+v, %v", u, err)
		}
		for range 5 {
			if _, _, err := auth.SignIn(t.Context(), d, "ann@example.com", "wrong password", ""); !fault.Is(err, "auth.wrong_password") {
				t.Fatalf("a wrong password gave %v", err)
			}
		}
		if _, _, err := auth.SignIn(t.Context(), d, "ann@example.com", password, ""); !fault.Is(err, "auth.locked") {
			t.Errorf("the sixth try gave %v", err)
		}
		now := time.Now()
		d.Now = func() time.Time { return now.Add(time.Hour) }
		if _, _, err := auth.SignIn(t.Context(), d, "ann@example.com", password, ""); err != nil {
			t.Errorf("after the lock: %v", err)
		}
	})
}

func TestLastOwnerStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		u := addUser(t, d, "ann@example.com", auth.Owner)
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := auth.ChangeUser(t.Context(), tx, u.ID, auth.Service, true, nil)
			return err
		})
		if !fault.Is(err, "user.last_owner") {
			t.Errorf("got %v", err)
		}
	})
}

func TestAPIKeyIsScopedExpiresAndIsRevoked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Now()
		var token string
		var key auth.APIKey
		add := func(ctx context.Context, role auth.Role, scopes ...auth.Permission) error {
			return d.Write(ctx, func(tx *db.Tx) (err error) {
				token, key, err = auth.AddAPIKey(ctx, tx, "shop", role, scopes, nil, now.Add(time.Hour))
				return err
			})
		}
		if err := add(t.Context(), auth.Operations, auth.OrderRead); err != nil {
			t.Fatal(err)
		}
		firstToken, first := token, key
		p, _, err := auth.KeyPrincipal(t.Context(), d, token, now)
		if err != nil || !p.May(auth.OrderRead) || p.May(auth.OrderWrite) {
			t.Errorf("%+v, %v", p, err)
		}
		if _, _, err := auth.KeyPrincipal(t.Context(), d, token+"x", now); !fault.Is(err, "auth.bad_key") {
			t.Errorf("a wrong token gave %v", err)
		}
		if _, _, err := auth.KeyPrincipal(t.Context(), d, token, now.Add(2*time.Hour)); !fault.Is(err, "auth.key_expired") {
			t.Errorf("an old key gave %v", err)
		}
		service := auth.With(t.Context(), auth.User{Role: auth.Service}.Principal())
		if err := add(service, auth.Owner); !fault.Is(err, "apikey.invalid") {
			t.Errorf("a key that may do more than its maker gave %v", err)
		}
		if err := add(t.Context(), auth.ReadOnly, auth.OrderWrite); !fault.Is(err, "apikey.invalid") {
			t.Errorf("a scope beyond the role gave %v", err)
		}
		err = d.Write(t.Context(), func(tx *db.Tx) error { return auth.RevokeAPIKey(t.Context(), tx, first.ID) })
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := auth.KeyPrincipal(t.Context(), d, firstToken, now); !fault.Is(err, "auth.key_revoked") {
			t.Errorf("a revoked key gave %v", err)
		}
	})
}

func TestSetupLinkWorksOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		use := func(token string) error {
			return d.Write(t.Context(), func(tx *db.Tx) error { return auth.UseSetupLink(t.Context(), tx, token) })
		}
		var first, second string
		err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
			if first, err = auth.NewSetupLink(t.Context(), tx); err != nil {
				return err
			}
			second, err = auth.NewSetupLink(t.Context(), tx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := use(first); err == nil {
			t.Error("a replaced link still works")
		}
		if err := use(second); err != nil {
			t.Error(err)
		}
		if err := use(second); err == nil {
			t.Error("a link works twice")
		}
	})
}

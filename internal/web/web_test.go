package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/order"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func TestSetUpLeadsToTheFirstPage(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		_, site := site(t, d)
		v := newVisitor(t, site)
		v.get("/").to("/set-up")
		var token string
		if err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
			token, err = auth.NewSetupLink(t.Context(), tx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		v.get("/set-up?token=" + token).want(http.StatusOK).says("Set your company up")
		fields := []string{
			"name", "Tea & Mugs", "base_currency", "EURO", "time_zone", "Europe/Berlin", "country", "DE", "location", "Main warehouse",
			"line1", "Kastanienallee 1", "postal_code", "10435", "city", "Berlin", "owner", "Olga Owner", "email", "olga@example.org", "password", "short",
		}
		wrong := v.post("/set-up", append(fields, "token", token)...).want(http.StatusUnprocessableEntity).says(`"EURO" is not an ISO 4217 currency code`)
		if !strings.Contains(wrong.body, `value="Kastanienallee 1"`) || strings.Contains(wrong.body, "short") {
			t.Error("what was typed is lost, or the password is shown")
		}
		fields[3], fields[len(fields)-1] = "EUR", ownerPassword
		v.post("/set-up", append(fields, "token", token)...).to("/")
		v.get("/").want(http.StatusOK).says("Olga", "Welcome aboard")
		v.get("/set-up").to("/sign-in")
		v.get("/orders").want(http.StatusOK).says("No orders yet")
	})
}

func TestSigningInLeadsBackToTheSameSiteAlone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		shop.New(t, d)
		_, site := site(t, d)
		v := newVisitor(t, site)
		v.get("/orders?view=late").to("/sign-in?next=" + url.QueryEscape("/orders?view=late"))
		v.post("/sign-in", "email", "owner@example.org", "password", "wrong").want(http.StatusUnauthorized).says("wrong")
		for _, elsewhere := range []string{"//evil.example", "https://evil.example", `/\evil.example`} {
			newVisitor(t, site).post("/sign-in", "email", "owner@example.org", "password", ownerPassword, "next", elsewhere).to("/")
		}
		v.post("/sign-in", "email", "owner@example.org", "password", ownerPassword, "next", "/orders?view=late").to("/orders?view=late")
		v.get("/orders").want(http.StatusOK)
		v.post("/sign-out").to("/sign-in")
		v.get("/orders").want(http.StatusSeeOther)
	})
}

func TestSessionIsKeptByUseAndEndedElsewhere(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		s, v := open(t, d)
		other := newVisitor(t, v.url).signIn("owner@example.org")
		for range 3 {
			s.Sleep(8 * time.Hour)
			v.get("/").want(http.StatusOK)
		}
		other.get("/").want(http.StatusSeeOther)
		other.signIn("owner@example.org")
		v.post("/profile/sessions", "key", "1").to("/profile")
		v.get("/profile").want(http.StatusOK)
		other.get("/profile").want(http.StatusSeeOther)
	})
}

func TestPagesOfAnEmptyAndOfAFullShop(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		s, v := open(t, d)
		v.get("/").want(http.StatusOK).says("Nothing sold yet")
		v.get("/orders").want(http.StatusOK).says("No orders yet")
		v.get("/stock").want(http.StatusOK).says("Nothing in stock yet")
		v.get("/stock/" + s.Variant("MUG").String()).want(http.StatusOK).says("Never in stock")
		for _, w := range orderViews {
			v.get("/orders?view=" + w.code).want(http.StatusOK)
		}
		s.Receive("MUG", shop.Berlin, 10, "4")
		s.Receive("TEA", shop.Berlin, 10, "2")
		o := s.Place(shop.Of("MUG", 2), shop.Of("SET", 1), shop.Of("WRAP", 1), shop.Of("TEA", 30))
		s.Pay(o)
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 2))
		v.get("/").want(http.StatusOK).says("Sales of the last 30 days").silent("Nothing sold yet")
		v.get("/orders").want(http.StatusOK).says(strconv.FormatInt(o.Number, 10), "Ada Byron")
		v.get("/orders/"+o.ID.String()).want(http.StatusOK).says("2 shipped", "backordered", "Shipment", "Why from there?", "Timeline", "Order placed")
		v.get("/stock").want(http.StatusOK).says("MUG", "Berlin")
		v.get("/stock?only=short").want(http.StatusOK).says("TEA")
		v.get("/stock/"+s.Variant("TEA").String()).want(http.StatusOK).says("Waits for stock", "Order "+strconv.FormatInt(o.Number, 10), "Why 10 on hand?", "Receive")
		v.get("/profile").want(http.StatusOK).says("Where you are signed in")
		v.get("/design").want(http.StatusOK).says("A form that came back")
	})
}

func TestOrdersAreFoundByWhatPeopleSayAndScan(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		s, v := open(t, d)
		s.Receive("MUG", shop.Berlin, 10)
		mugs, tea := s.Place(shop.Of("MUG", 1)), s.Place(shop.Of("TEA", 1))
		number := strconv.FormatInt(mugs.Number, 10)
		v.get("/find?q=" + number).to("/orders/" + mugs.ID.String())
		v.get("/find?q=mug").to("/stock/" + s.Variant("MUG").String())
		v.get("/find?q=byron").to("/orders?q=byron")
		v.get("/orders?q=byron").says("Ada Byron", "2 rows")
		v.get("/orders?q=TEA").says(strconv.FormatInt(tea.Number, 10), "1 row")
		v.get("/orders?q=nobody").want(http.StatusOK).says("No order is like that")
		v.get("/orders?from=yesterday").want(http.StatusUnprocessableEntity).says("is not a day")
		v.get("/orders?after=nonsense").want(http.StatusUnprocessableEntity)
		v.get("/orders?from=2026-03-02&to=2026-03-02&status=open").says("2 rows")
		v.get("/orders?from=2026-03-03").says("No order is like that")
	})
}

func TestActionIsDoneOnceHoweverOftenItIsSent(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		s, v := open(t, d)
		o := s.Place(shop.Of("TEA", 1))
		path := "/orders/" + o.ID.String()
		for range 2 {
			v.post(path+"/note", "key", "one", "body", "Call before noon").to(path)
		}
		if n := strings.Count(v.get(path).body, "Call before noon"); n != 1 {
			t.Errorf("the note stands there %d times", n)
		}
		v.get(path).silent("The note is kept")
		v.post(path+"/note", "key", "one", "body", "Another").want(http.StatusUnprocessableEntity)
		v.post(path+"/note", "body", "No key").want(http.StatusUnprocessableEntity).says("without its key")
	})
}

func TestRefusedFormComesBackWithWhatWasTyped(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		s, v := open(t, d)
		o := s.Place(shop.Of("TEA", 1))
		path := "/orders/" + o.ID.String()
		back := v.post(path+"/hold", "key", "one", "reason", "nonsense", "note", "Wait for Ada").want(http.StatusUnprocessableEntity).says("is not a reason for a hold")
		if !strings.Contains(back.body, "Wait for Ada") || !strings.Contains(back.body, `id="hold" aria-labelledby="hold-title" data-open`) {
			t.Error("the dialog is not open again with what was typed")
		}
		if back.header.Get("HX-Push-Url") != "false" {
			t.Error("the address would become that of the action")
		}
		v.get(path + "/hold").to(path)
		v.post(path+"/hold", "key", "one", "reason", "manual", "note", "Wait for Ada").to(path)
		v.get(path).says("On hold: Manual.", "Wait for Ada", "The order is on hold")
	})
}

func TestCancellationIsUndone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		s, v := open(t, d)
		s.Receive("MUG", shop.Berlin, 2)
		o := s.Place(shop.Of("MUG", 2))
		path := "/orders/" + o.ID.String()
		v.post(path+"/cancel", "key", "one", "reason", "customer").to(path)
		page := v.get(path).says("Cancelled", "What had not left is cancelled", "Undo")
		undo := regexpUndo.FindStringSubmatch(page.body)
		if undo == nil {
			t.Fatal("there is no way to undo it")
		}
		v.post(strings.ReplaceAll(undo[1], "&amp;", "&"), "key", "two").to(path)
		if after := s.Order(o); after.Status != order.StatusOpen || after.Lines[0].Allocated != 2 {
			t.Errorf("%s, %d reserved", after.Status, after.Lines[0].Allocated)
		}
	})
}

func TestBulkActionTellsWhatItCouldNotDo(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		s, v := open(t, d)
		open, gone := s.Place(shop.Of("TEA", 1)), s.Place(shop.Of("TEA", 1))
		s.Cancel(gone)
		v.post("/orders/bulk/hold", "id", open.ID.String(), "id", gone.ID.String(), "id", open.ID.String()).want(http.StatusOK).
			says("1 order put on hold", "1 order could not be put on hold")
		if s.Order(open).ActiveHolds != 1 {
			t.Error("the open order is not held")
		}
		v.post("/orders/bulk/release", "id", open.ID.String()).want(http.StatusOK).says("1 order released")
		v.post("/orders/bulk/hold", "id", "nonsense").want(http.StatusNotFound)
	})
}

func TestStockIsAdjustedAndTheAdjustmentUndone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		s, v := open(t, d)
		s.Receive("MUG", shop.Berlin, 10, "4")
		path, berlin := "/stock/"+s.Variant("MUG").String(), s.Location(shop.Berlin).String()
		v.post(path+"/adjust", "key", "one", "location", berlin, "quantity", "two", "reason", "lost").want(http.StatusUnprocessableEntity).says("not a number of units")
		v.post(path+"/adjust", "key", "one", "location", berlin, "quantity", "-2", "reason", "lost").to(path)
		page := v.get(path).says("Why 8 on hand?", "Adjust", "lost", "The stock is adjusted by −2.")
		undo := regexpUndo.FindStringSubmatch(page.body)
		if undo == nil {
			t.Fatal("there is no way to undo it")
		}
		v.post(undo[1], "key", "two").to(path)
		v.get(path).says("Why 10 on hand?", "The adjustment is undone")
		v.post(undo[1], "key", "three").want(http.StatusConflict)
		v.post(strings.Replace(undo[1], s.Variant("MUG").String(), s.Variant("TEA").String(), 1), "key", "four").want(http.StatusConflict)
	})
}

func TestWhatAnotherSiteSendsIsNotDone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		s, v := open(t, d)
		o := s.Place(shop.Of("TEA", 1))
		v.agent = "cross-site"
		v.post("/orders/"+o.ID.String()+"/hold", "key", "one", "reason", "manual").want(http.StatusForbidden)
		if s.Order(o).ActiveHolds != 0 {
			t.Error("it was done")
		}
	})
}

func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		_, v := open(t, d)
		page := v.get("/orders")
		policy := page.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("the policy lacks %s: %s", part, policy)
			}
		}
		for _, bad := range []string{"<script>", " style=", "onclick=", "http://", "https://"} {
			if strings.Contains(page.body, bad) {
				t.Errorf("the page has %q", bad)
			}
		}
		sheet := v.get(assetIn(t, page.body, "app.css")).want(http.StatusOK)
		if !strings.Contains(sheet.header.Get("Cache-Control"), "immutable") {
			t.Error("assets are fetched anew for each page")
		}
	})
}

// Every page and action asks for its permission: who lacks it learns that there
// is no such page, and who has not signed in is asked to.
func TestRolesSeeTheirOwnPages(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		s := shop.New(t, d)
		server, site := site(t, d)
		o := s.Place(shop.Of("TEA", 1))
		stranger := newVisitor(t, site)
		for _, role := range []auth.Role{auth.Owner, auth.Operations, auth.Warehouse, auth.Counter, auth.Service, auth.Buyer, auth.Accountant, auth.ReadOnly} {
			v := newVisitor(t, site).signIn(addUser(t, d, role))
			fill := strings.NewReplacer("{order}", o.ID.String(), "{variant}", s.Variant("TEA").String())
			for _, rt := range server.routes {
				if rt.open {
					continue
				}
				path := fill.Replace(rt.path)
				got := v.send(rt.method, path, url.Values{"key": {id.New[id.Order](time.Now()).String()}})
				may := rt.permission == "" || auth.User{Role: role}.Principal().May(rt.permission)
				if hidden := got.status == http.StatusNotFound && strings.Contains(got.body, errNoPage.Message); hidden == may && !strings.HasSuffix(path, "/undo") {
					t.Errorf("%s: %s %s: %d", role, rt.method, path, got.status)
				}
				if got.status >= http.StatusInternalServerError {
					t.Errorf("%s: %s %s: %d\n%s", role, rt.method, path, got.status, text(got.body))
				}
				if rt.method == http.MethodPost && (path == "/profile/sessions" || path == "/profile/password") {
					v.signIn(string(role) + "@roles.example.org")
				}
				stranger.send(rt.method, path, nil).want(http.StatusSeeOther)
			}
		}
	})
}

func TestUnknownPagesAreNotFound(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		_, v := open(t, d)
		for _, path := range []string{"/nothing", "/orders/nonsense", "/orders/" + id.New[id.Order](time.Now()).String(), "/static/none"} {
			v.get(path).want(http.StatusNotFound)
		}
	})
}

package channel_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/channel"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/test/dbtest"
)

func shop() channel.Channel {
	c := channel.Defaults()
	c.Code, c.Name, c.Currency = "Shop", "Web shop", "EUR"
	return c
}

func saveChannel(t *testing.T, d *db.DB, c channel.Channel) (saved channel.Channel, err error) {
	t.Helper()
	err = d.Write(t.Context(), func(tx *db.Tx) (err error) {
		saved, err = channel.Save(t.Context(), tx, c)
		return err
	})
	return saved, err
}

func mustSave(t *testing.T, d *db.DB, c channel.Channel) channel.Channel {
	t.Helper()
	saved, err := saveChannel(t, d, c)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func park(t *testing.T, d *db.DB, c id.Channel, seen ...channel.Seen) (listings map[string]channel.Listing) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
		listings, err = channel.Park(t.Context(), tx, c, seen)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return listings
}

func mapTo(t *testing.T, d *db.DB, mappings ...channel.Mapping) (changed []channel.Listing, err error) {
	t.Helper()
	ctx := actor.With(t.Context(), "user:ann")
	err = d.Write(ctx, func(tx *db.Tx) (err error) {
		changed, err = channel.Map(ctx, tx, mappings)
		return err
	})
	return changed, err
}

func TestSaveChecksAndKeepsVersions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		made := mustSave(t, d, shop())
		if made.Code != "shop" || made.Version != 1 {
			t.Errorf("%+v", made)
		}
		c := made
		c.Name, c.PendingHours, c.RetentionDays = "Shop", 24, 30
		changed := mustSave(t, d, c)
		if got, err := channel.ByCode(t.Context(), d, "shop"); err != nil || got != changed || got.Version != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := saveChannel(t, d, c); fault.KindOf(err) != fault.Stale {
			t.Errorf("a stale version: %v", err)
		}
		if _, err := saveChannel(t, d, shop()); !fault.Is(err, "channel.exists") {
			t.Errorf("a code twice: %v", err)
		}
		_, err := saveChannel(t, d, channel.Channel{PendingHours: -1, HandlingDays: -1, RetentionDays: 1e9})
		bad, ok := fault.As(err)
		want := []string{"capture_when", "code", "currency", "handling_days", "kind", "name", "pending_hours", "release_when", "retention_days"}
		if !ok || !slices.Equal(slices.Sorted(maps.Keys(bad.Fields)), want) {
			t.Errorf("%v", err)
		}
		entries, err := audit.List(t.Context(), d, audit.Filter{ObjectKind: "channel", Limit: 10})
		if err != nil || len(entries) != 2 {
			t.Errorf("%v, %v", entries, err)
		}
		all, err := channel.List(t.Context(), d)
		if err != nil || len(all) != 1 {
			t.Errorf("%v, %v", all, err)
		}
	})
}

func TestUnmappedArticlesWaitUntilTheyAreMapped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c, other := mustSave(t, d, shop()).ID, shop()
		other.Code = "other"
		mustSave(t, d, other)
		mug, tea := id.New[id.Variant](time.Now()), id.New[id.Variant](time.Now())

		listings := park(t, d, c,
			channel.Seen{External: "A-1", Title: "Mug"}, channel.Seen{External: "A-2", Variant: tea, By: "sku"}, channel.Seen{External: " A-1 "})
		if len(listings) != 2 || !listings["A-1"].VariantID.IsZero() || listings["A-2"].MappedBy != "sku" {
			t.Fatalf("%+v", listings)
		}
		// Seen again, with more: what is known stays.
		again := park(t, d, c, channel.Seen{External: "A-1", Title: "Cup", Barcode: "123"}, channel.Seen{External: "A-2", Variant: mug})
		if got := again["A-1"]; got.ID != listings["A-1"].ID || got.Title != "Mug" || got.Barcode != "123" || again["A-2"].VariantID != tea {
			t.Errorf("%+v", again)
		}
		resolve := func() map[string]id.Variant {
			found, err := channel.Resolve(t.Context(), d, c, []string{"A-1", "A-2", "A-3", "A-1"})
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		if got := resolve(); !maps.Equal(got, map[string]id.Variant{"A-2": tea}) {
			t.Errorf("before: %v", got)
		}
		if n, err := channel.Unmapped(t.Context(), d); err != nil || n[c] != 1 {
			t.Errorf("%v wait, %v", n, err)
		}
		changed, err := mapTo(t, d, channel.Mapping{Listing: listings["A-1"].ID, Variant: tea}, channel.Mapping{Listing: listings["A-2"].ID, Variant: tea})
		if err != nil || len(changed) != 1 || changed[0].External != "A-1" || changed[0].MappedBy != "user:ann" {
			t.Errorf("%+v, %v", changed, err)
		}
		if got := resolve(); !maps.Equal(got, map[string]id.Variant{"A-1": tea, "A-2": tea}) {
			t.Errorf("after: %v", got)
		}
		if _, err := mapTo(t, d, channel.Mapping{Listing: listings["A-1"].ID}); err != nil {
			t.Error(err)
		}
		waiting, _, err := channel.Listings(t.Context(), d, channel.Filter{Channel: c, Unmapped: true}, channel.Page{})
		if err != nil || len(waiting) != 1 || waiting[0].MappedBy != "" {
			t.Errorf("%+v, %v", waiting, err)
		}
		dbtest.FeedSettled(t, d)
		events, err := event.After(t.Context(), d, d.Postgres(), "", nil, 100)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		if want := []string{"listing.parked", "listing.mapped", "listing.mapped", "listing.mapped"}; !slices.Equal(kinds, want) {
			t.Errorf("%v, want %v", kinds, want)
		}
		if err := channel.Verify(t.Context(), d, func(x check.Difference) { t.Error(x) }); err != nil {
			t.Error(err)
		}
	})
}

func TestMapAndParkRefuse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := mustSave(t, d, shop()).ID
		if _, err := mapTo(t, d, channel.Mapping{Listing: id.New[id.Listing](time.Now())}); !fault.Is(err, "listing.not_found") {
			t.Errorf("%v", err)
		}
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := channel.Park(t.Context(), tx, c, []channel.Seen{{External: " "}})
			return err
		})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
	})
}

func TestListingsPage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := mustSave(t, d, shop()).ID
		var want []string
		for _, e := range []string{"C", "A", "B"} {
			park(t, d, c, channel.Seen{External: e})
			want = append(want, e)
		}
		var got []string
		page := channel.Page{Limit: 2}
		for {
			part, next, err := channel.Listings(t.Context(), d, channel.Filter{}, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range part {
				got = append(got, l.External)
			}
			if page.After = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if _, _, err := channel.Listings(t.Context(), d, channel.Filter{}, channel.Page{After: "x"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
	})
}

func TestParallelParkingKeepsOneListing(t *testing.T) {
	d := dbtest.Postgres(t)
	c := mustSave(t, d, shop()).ID
	const workers = 8
	errs := make(chan error, workers)
	for w := range workers {
		go func() {
			seen := []channel.Seen{{External: "A"}, {External: "B"}, {External: "C"}}
			if w%2 == 1 {
				slices.Reverse(seen)
			}
			errs <- d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := channel.Park(t.Context(), tx, c, seen)
				return err
			})
		}()
	}
	var all error
	for range workers {
		all = errors.Join(all, <-errs)
	}
	listings, _, err := channel.Listings(t.Context(), d, channel.Filter{}, channel.Page{})
	if all != nil || err != nil || len(listings) != 3 {
		t.Errorf("%d listings, %v, %v", len(listings), all, err)
	}
}

func TestShipByCountsWorkingDaysInTheZone(t *testing.T) {
	zone := time.FixedZone("east", 10*3600)
	for _, test := range []struct {
		placed string // UTC
		days   int64
		want   string // the last day, in the zone
	}{
		{"2026-01-05T08:00:00Z", 1, "2026-01-06"}, // Monday
		{"2026-01-05T20:00:00Z", 1, "2026-01-07"}, // already Tuesday there
		{"2026-01-09T08:00:00Z", 1, "2026-01-12"}, // Friday
		{"2026-01-09T08:00:00Z", 0, "2026-01-09"},
		{"2026-01-10T08:00:00Z", 0, "2026-01-12"}, // Saturday
		{"2026-01-10T08:00:00Z", 5, "2026-01-16"},
	} {
		placed, err := time.Parse(time.RFC3339, test.placed)
		if err != nil {
			t.Fatal(err)
		}
		got := channel.Channel{HandlingDays: test.days}.ShipBy(placed, zone)
		if got.In(zone).Format("2006-01-02 15:04:05.000000") != test.want+" 23:59:59.999999" {
			t.Errorf("%s + %d: %s, want %s", test.placed, test.days, got.In(zone), test.want)
		}
	}
}

func TestPendingOrdersExpire(t *testing.T) {
	now := time.Now()
	if got := (channel.Channel{PendingHours: 48}).ExpiresAt(now); !got.Equal(now.Add(48 * time.Hour)) {
		t.Error(got)
	}
	if got := (channel.Channel{}).ExpiresAt(now); !got.IsZero() {
		t.Error(got)
	}
}

package payment

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const day = "2026-03-01"

func terms(amount int64) Terms {
	return Terms{
		Order: id.New[id.Order](now), Gateway: "test", Method: Card, Currency: "EUR", Amount: amount,
		Rate: "0.86", RateDate: day, Token: "tok_visa",
	}
}

func newPayment(t interface{ Fatal(...any) }, x Terms) *Payment {
	p, err := New(now, x)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// hold is a payment with an amount authorized.
func hold(t interface{ Fatal(...any) }, amount int64) *Payment {
	p := newPayment(t, terms(amount))
	a, err := p.Authorize(now, day, Cause{Kind: CauseOrder})
	if err != nil {
		t.Fatal(err)
	}
	p.conclude(now, day, a, Result{State: Succeeded, Ref: "auth_1", ExpiresAt: now.Add(time.Hour)})
	return p
}

// taken is a payment with an amount captured.
func taken(t interface{ Fatal(...any) }, amount int64) *Payment {
	p := hold(t, amount)
	c, err := p.Capture(now, day, amount, Cause{})
	if err != nil {
		t.Fatal(err)
	}
	p.conclude(now, day, c[0], Result{State: Succeeded, Ref: "cap_1"})
	return p
}

func (p *Payment) differences() (found []check.Difference) {
	p.verify(func(d check.Difference) { found = append(found, d) })
	return found
}

func wantFault(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestNewTellsOfEveryWrongField(t *testing.T) {
	_, err := New(now, Terms{Method: "barter", Currency: "EU", Amount: -1, OrderAmount: -1, Rate: "x", RateDate: day, Token: "4242 4242 4242 4242"})
	f, _ := fault.As(err)
	if f == nil || f.Code != "payment.invalid" || len(f.Fields) != 7 {
		t.Fatal(err)
	}
}

func TestCardNumbersAreRefused(t *testing.T) {
	for s, want := range map[string]bool{
		"4242424242424242": true, "4242 4242 4242 4242": true, "card 5555-5555-5555-4444 please": true, "378282246310005": true,
		"4242424242424241": false, "tok_4242": false, "Visa ending 4242": false, "2026-03-01 12:00": false, "": false,
	} {
		if got := looksLikeCard(s); got != want {
			t.Errorf("%q looks like a card number: %v", s, got)
		}
	}
}

func TestStatusFollowsTransactions(t *testing.T) {
	p := newPayment(t, terms(100))
	step := func(want Status, do func() (*Transaction, error), r Result) {
		t.Helper()
		x, err := do()
		if err != nil {
			t.Fatal(err)
		}
		p.conclude(now, day, x, r)
		if p.Status != want {
			t.Fatalf("status %s, want %s", p.Status, want)
		}
		if d := p.differences(); len(d) > 0 {
			t.Fatal(d)
		}
	}
	first := func(all []*Transaction, err error) (*Transaction, error) {
		if err != nil {
			return nil, err
		}
		return all[0], nil
	}
	authorize := func() (*Transaction, error) { return p.Authorize(now, day, Cause{}) }
	step(StatusFailed, authorize, Result{State: Failed, Code: "declined"})
	step(StatusActionRequired, authorize, Result{State: Requested, Ref: "a2", ActionURL: "https://x"})
	step(StatusAuthorized, func() (*Transaction, error) { return p.Transactions[1], nil }, Result{State: Succeeded})
	step(StatusPartiallyCaptured, func() (*Transaction, error) { return first(p.Capture(now, day, 40, Cause{})) }, Result{State: Succeeded, Ref: "c1"})
	step(StatusPartiallyCaptured, func() (*Transaction, error) { return first(p.Capture(now, day, 60, Cause{})) }, Result{State: Failed, Code: "x"})
	step(StatusCaptured, func() (*Transaction, error) { return first(p.Void(now, day, Cause{})) }, Result{State: Succeeded, Ref: "v1"})
	refund := func(n int64) func() (*Transaction, error) {
		return func() (*Transaction, error) {
			r, err := p.ProposeRefund(now, n, id.Return{}, "")
			if err != nil {
				return nil, err
			}
			return p.SendRefund(now, day, r.ID)
		}
	}
	step(StatusPartiallyRefunded, refund(39), Result{State: Succeeded, Ref: "r1"})
	step(StatusRefunded, refund(1), Result{State: Succeeded, Ref: "r2"})

	p = newPayment(t, terms(100))
	step(StatusAuthorized, authorize, Result{State: Succeeded})
	step(StatusVoided, func() (*Transaction, error) { return first(p.Void(now, day, Cause{})) }, Result{State: Succeeded})
	step(StatusAuthorized, authorize, Result{State: Succeeded, ExpiresAt: now})
	if !p.Expire(now, day) || p.Status != StatusExpired || p.Expire(now, day) {
		t.Errorf("after its time: %s", p.Status)
	}
}

func TestNoMoreThanThereIs(t *testing.T) {
	p := hold(t, 100)
	if _, err := p.Capture(now, day, 60, Cause{}); err != nil {
		t.Fatal(err)
	}
	_, err := p.Capture(now, day, 41, Cause{}) // 60 are on their way
	wantFault(t, err, "payment.not_authorized")
	_, err = p.Capture(now, day, 0, Cause{})
	wantFault(t, err, "payment.bad_amount")
	_, err = p.Authorize(now, day, Cause{})
	wantFault(t, err, "payment.cannot_authorize")
	_, err = p.ProposeRefund(now, 1, id.Return{}, "")
	wantFault(t, err, "payment.not_refundable")
	_, err = p.Receive(now, day, 1, Cause{}, "")
	wantFault(t, err, "payment.not_manual")
	voided, err := p.Void(now, day, Cause{})
	if err != nil || voided[0].Amount != 40 {
		t.Fatalf("%v, %v", voided, err)
	}
	_, err = p.Void(now, day, Cause{})
	wantFault(t, err, "payment.cannot_void")

	p = taken(t, 100)
	r, err := p.ProposeRefund(now, 60, id.Return{}, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.ProposeRefund(now, 41, id.Return{}, "")
	wantFault(t, err, "payment.not_refundable")
	x, err := p.SendRefund(now, day, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.SendRefund(now, day, r.ID)
	wantFault(t, err, "refund.not_sendable")
	wantFault(t, p.CancelRefund(now, r.ID), "refund.not_cancellable")
	p.conclude(now, day, x, Result{State: Failed, Code: "closed"})
	if r.Status != RefundFailed || p.Refunded != 0 || p.Refundable() != 100 {
		t.Fatalf("a failed refund is %s, %d refunded", r.Status, p.Refunded)
	}
	if _, err := p.ProposeRefund(now, 100, id.Return{}, ""); err != nil {
		t.Fatal(err)
	}
	_, err = p.SendRefund(now, day, r.ID) // its money was promised to another meanwhile
	wantFault(t, err, "payment.not_refundable")
	if err := p.CancelRefund(now, r.ID); err != nil {
		t.Fatal(err)
	}
	_, err = p.SendRefund(now, day, id.New[id.Refund](now))
	wantFault(t, err, "refund.not_found")
}

// The gateway says the same things in any order, late and twice: the end is the same.
func TestOutcomesInAnyOrderGiveTheSameEnd(t *testing.T) {
	type told struct {
		kind   Kind
		key    bool // with our key
		ref    string
		amount int64
		state  State
	}
	stories := map[string][]told{
		"taken at the gateway": {
			{kind: KindAuthorize, key: true, ref: "a", amount: 100, state: Succeeded},
			{kind: KindCapture, ref: "c1", amount: 30, state: Succeeded}, {kind: KindCapture, ref: "c2", amount: 50, state: Succeeded},
			{kind: KindRefund, ref: "r1", amount: 80, state: Succeeded},
		},
		"a refund that comes back": {
			{kind: KindAuthorize, key: true, ref: "a", amount: 100, state: Requested}, {kind: KindAuthorize, key: true, ref: "a", amount: 100, state: Succeeded},
			{kind: KindCapture, ref: "c", amount: 100, state: Succeeded},
			{kind: KindRefund, ref: "r", amount: 40, state: Requested}, {kind: KindRefund, ref: "r", amount: 40, state: Succeeded}, {kind: KindRefund, ref: "r", amount: 40, state: Failed},
		},
		"a dispute that is won": {
			{kind: KindAuthorize, key: true, ref: "a", amount: 100, state: Succeeded}, {kind: KindCapture, ref: "c", amount: 100, state: Succeeded},
			{kind: KindChargeback, ref: "d", amount: 100, state: Requested}, {kind: KindChargeback, ref: "d", amount: 100, state: Succeeded}, {kind: KindChargeback, ref: "d", amount: 100, state: Failed},
		},
		"taken in part, the rest let go": {
			{kind: KindAuthorize, key: true, ref: "a", amount: 100, state: Succeeded},
			{kind: KindCapture, ref: "c", amount: 60, state: Succeeded}, {kind: KindVoid, ref: "v", amount: 40, state: Succeeded},
		},
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			play := func(rt interface{ Fatal(...any) }, order []told) string {
				p := newPayment(rt, terms(100))
				a, err := p.Authorize(now, day, Cause{})
				if err != nil {
					rt.Fatal(err)
				}
				for tries := 0; len(order) > 0; tries++ {
					if tries > 1000 {
						rt.Fatal("what comes early never comes right")
					}
					x := order[0]
					order = order[1:]
					o := Outcome{Payment: p.ID, Kind: x.kind, Result: Result{State: x.state, Ref: x.ref, Amount: x.amount, Currency: "EUR"}}
					if x.key {
						o.Transaction = a.ID
					}
					if err := p.apply(now, day, o); fault.Is(err, "payment.webhook_early") {
						order = append(order, x)
					} else if err != nil {
						rt.Fatal(err)
					}
					if d := p.differences(); len(d) > 0 {
						rt.Fatal(d)
					}
				}
				var refunds []string
				for _, r := range p.Refunds {
					refunds = append(refunds, fmt.Sprint(r.Status, r.Amount))
				}
				return fmt.Sprint(p.Status, p.Dispute, p.Authorized, p.Captured, p.Refunded, len(p.Transactions), refunds)
			}
			want := play(t, story)
			rapid.Check(t, func(rt *rapid.T) {
				if got := play(rt, rapid.Permutation(append(slices.Clone(story), story...)).Draw(rt, "order")); got != want {
					rt.Fatalf("ends as %s, want %s", got, want)
				}
			})
		})
	}
}

// Whatever is asked and answered, the sums hold, and the changes add up to them.
func TestRandomHistory(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		x := terms(rapid.Int64Range(1, 1_000).Draw(rt, "amount"))
		x.OrderAmount = rapid.Int64Range(1, 1_000).Draw(rt, "order amount")
		p := newPayment(rt, x)
		p.Gateway = rapid.SampledFrom([]string{"test", Manual}).Draw(rt, "gateway")
		ref := 0
		rt.Repeat(map[string]func(*rapid.T){
			"authorize": func(*rapid.T) { _, _ = p.Authorize(now, day, Cause{}) },
			"reauthorize": func(*rapid.T) {
				if p.Gateway != Manual {
					_, _ = p.Reauthorize(now, day)
				}
			},
			"capture": func(t *rapid.T) { _, _ = p.Capture(now, day, rapid.Int64Range(1, 500).Draw(t, "n"), Cause{}) },
			"receive": func(t *rapid.T) { _, _ = p.Receive(now, day, rapid.Int64Range(1, 500).Draw(t, "n"), Cause{}, "") },
			"void":    func(*rapid.T) { _, _ = p.Void(now, day, Cause{}) },
			"expire":  func(*rapid.T) { p.Expire(now, day) },
			"propose": func(t *rapid.T) { _, _ = p.ProposeRefund(now, rapid.Int64Range(1, 500).Draw(t, "n"), id.Return{}, "") },
			"send": func(t *rapid.T) {
				if len(p.Refunds) > 0 {
					_, _ = p.SendRefund(now, day, rapid.SampledFrom(p.Refunds).Draw(t, "refund").ID)
				}
			},
			"cancel": func(t *rapid.T) {
				if len(p.Refunds) > 0 {
					_ = p.CancelRefund(now, rapid.SampledFrom(p.Refunds).Draw(t, "refund").ID)
				}
			},
			"answer": func(t *rapid.T) {
				if len(p.Transactions) == 0 {
					return
				}
				x := rapid.SampledFrom(p.Transactions).Draw(t, "transaction")
				ref++
				_ = p.apply(now, day, Outcome{Payment: p.ID, Transaction: x.ID, Kind: x.Kind, Result: Result{
					State: rapid.SampledFrom([]State{Requested, Unknown, Succeeded, Failed}).Draw(t, "state"),
					Ref:   fmt.Sprint("ref", ref), Amount: rapid.Int64Range(0, x.Amount).Draw(t, "did"), ExpiresAt: now,
				}})
			},
			"webhook": func(t *rapid.T) {
				ref++
				_ = p.apply(now, day, Outcome{
					Payment: p.ID, Kind: rapid.SampledFrom([]Kind{KindAuthorize, KindCapture, KindVoid, KindRefund, KindChargeback}).Draw(t, "kind"),
					Result: Result{
						State: rapid.SampledFrom([]State{Requested, Succeeded, Failed}).Draw(t, "state"),
						Ref:   fmt.Sprint("ref", rapid.IntRange(0, ref).Draw(t, "ref")), Amount: rapid.Int64Range(1, 500).Draw(t, "n"),
					},
				})
			},
			"": func(t *rapid.T) {
				if d := p.differences(); len(d) > 0 {
					t.Fatal(d)
				}
				var a, c, r, oc, or int64
				for _, x := range p.changes {
					a, c, r = a+x.Authorized, c+x.Captured, r+x.Refunded
					oc, or = oc+x.OrderCaptured, or+x.OrderRefunded
					if x.Captured != 0 && x.Refunded != 0 {
						t.Fatalf("one change captures and refunds: %+v", x)
					}
				}
				if c != p.Captured || r != p.Refunded || oc != p.inOrder(p.Captured) || or != p.inOrder(p.Refunded) {
					t.Fatalf("changes add up to %d captured and %d refunded, the payment has %d and %d", c, r, p.Captured, p.Refunded)
				}
				if p.Capturable() < 0 || p.Refundable() < 0 || p.Capturable() > p.Authorized-p.Captured {
					t.Fatalf("capturable %d, refundable %d", p.Capturable(), p.Refundable())
				}
			},
		})
	})
}

func TestReauthorizingVoidsTheOlderAuthorization(t *testing.T) {
	p := hold(t, 100)
	c, err := p.Capture(now, day, 30, Cause{})
	if err != nil {
		t.Fatal(err)
	}
	p.conclude(now, day, c[0], Result{State: Succeeded, Ref: "c1"})
	a, err := p.Reauthorize(now, day)
	if err != nil || a.Amount != 70 {
		t.Fatalf("%+v, %v", a, err)
	}
	_, err = p.Reauthorize(now, day)
	wantFault(t, err, "payment.cannot_authorize")
	p.conclude(now, day, a, Result{State: Succeeded, Ref: "auth_2", ExpiresAt: now.Add(48 * time.Hour)})
	void := p.Transactions[len(p.Transactions)-1]
	if void.Kind != KindVoid || void.Amount != 70 || void.Parent != p.Transactions[0].ID || !p.ExpiresAt.Equal(now.Add(48*time.Hour)) {
		t.Fatalf("%+v, expires %v", void, p.ExpiresAt)
	}
	p.conclude(now, day, void, Result{State: Succeeded, Ref: "v1"})
	if p.Authorized != 100 || p.Capturable() != 70 {
		t.Fatalf("authorized %d, capturable %d", p.Authorized, p.Capturable())
	}
	next, err := p.Capture(now, day, 70, Cause{})
	if err != nil || len(next) != 1 || next[0].Parent != a.ID {
		t.Fatalf("the capture draws on another authorization: %+v, %v", next, err)
	}
}

func TestACaptureOverTwoAuthorizations(t *testing.T) {
	p := newPayment(t, terms(100))
	for i, n := range []int64{40, 60} { // the gateway authorizes less than it was asked for
		a, err := p.Authorize(now, day, Cause{})
		if err != nil {
			t.Fatal(err)
		}
		p.conclude(now, day, a, Result{State: Succeeded, Ref: fmt.Sprint("a", i), Amount: n})
	}
	c, err := p.Capture(now, day, 90, Cause{})
	if err != nil || len(c) != 2 || c[0].Amount != 60 || c[1].Amount != 30 || c[0].Parent == c[1].Parent {
		t.Fatalf("%+v, %v", c, err)
	}
}

func TestAChargebackOfMoreThanIsLeftWaitsForAPerson(t *testing.T) {
	p := taken(t, 100)
	r, _ := p.ProposeRefund(now, 80, id.Return{}, "")
	x, _ := p.SendRefund(now, day, r.ID)
	p.conclude(now, day, x, Result{State: Succeeded, Ref: "r1"})
	for range 2 {
		if err := p.apply(now, day, Outcome{Payment: p.ID, Kind: KindChargeback, Result: Result{State: Succeeded, Ref: "d1", Amount: 100}}); err != nil {
			t.Fatal(err)
		}
	}
	if p.Refunded != 80 || p.Dispute != DisputeOpen || len(p.differences()) > 0 {
		t.Fatalf("refunded %d, dispute %s", p.Refunded, p.Dispute)
	}
	mismatches := 0
	for _, f := range p.facts {
		if _, ok := f.(Mismatch); ok {
			mismatches++
		}
	}
	if mismatches != 1 {
		t.Errorf("%d mismatches are told", mismatches)
	}
	_, err := p.ProposeRefund(now, 1, id.Return{}, "")
	wantFault(t, err, "payment.disputed")
}

func TestSplitsGiveWhatIsThere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var payments []*Payment
		var open int64
		for range rapid.IntRange(1, 4).Draw(rt, "payments") {
			p := hold(rt, rapid.Int64Range(1, 1_000).Draw(rt, "amount"))
			p.OrderAmount = rapid.SampledFrom([]int64{p.Amount, max(1, p.Amount/3), p.Amount * 7}).Draw(rt, "order amount")
			payments = append(payments, p)
			open += p.OrderAmount
		}
		want := rapid.Int64Range(1, 8_000).Draw(rt, "want")
		parts, rest := SplitCapture(payments, want)
		got, exact := int64(0), true
		for _, x := range parts {
			got += x.OrderAmount
			exact = exact && x.Payment.Amount == x.Payment.OrderAmount
			if x.Amount > x.Payment.Capturable() || x.Amount <= 0 {
				rt.Fatalf("%d of %d", x.Amount, x.Payment.Capturable())
			}
			c, err := x.Payment.Capture(now, day, x.Amount, Cause{})
			if err != nil {
				rt.Fatal(err)
			}
			x.Payment.conclude(now, day, c[0], Result{State: Succeeded})
		}
		if exact && got != min(open, want) || rest != max(0, want-got) {
			rt.Fatalf("want %d of %d, got %d, rest %d", want, open, got, rest)
		}
		if want >= open && got != open {
			rt.Fatalf("all of %d is wanted, and %d is given", open, got)
		}
		back, rest := SplitRefund(payments, got, Tenders{Oldest: rapid.Bool().Draw(rt, "oldest first")})
		for _, x := range back {
			got -= x.OrderAmount
		}
		if exact && (got != 0 || rest != 0) {
			rt.Fatalf("%d and %d of the refund are left", got, rest)
		}
	})
}

func TestARefundStaysOnOnePaymentIfItCan(t *testing.T) {
	old, young := taken(t, 100), taken(t, 30)
	parts, rest := SplitRefund([]*Payment{old, young}, 50, Tenders{})
	if rest != 0 || len(parts) != 1 || parts[0].Payment != old {
		t.Errorf("%v, %d", parts, rest)
	}
	parts, rest = SplitRefund([]*Payment{old, young}, 120, Tenders{})
	if rest != 0 || len(parts) != 2 || parts[0].Payment != young || parts[1].Amount != 90 {
		t.Errorf("%v, %d", parts, rest)
	}
	young.Dispute = DisputeOpen
	if _, rest = SplitRefund([]*Payment{old, young}, 120, Tenders{}); rest != 20 {
		t.Errorf("a disputed payment gives: rest %d", rest)
	}
}

// Each rank of the order of refunds gives all it can before the next gives anything.
func TestRefundsGoByTheOrderOfTenders(t *testing.T) {
	card, gift, cash := taken(t, 100), taken(t, 30), taken(t, 200)
	gift.Method, cash.Method = GiftCard, Cash
	for _, c := range []struct {
		by   Tenders
		want int64
		give [3]int64 // of card, gift card and cash
	}{
		{Tenders{}, 60, [3]int64{0, 0, 60}},
		{Tenders{Oldest: true}, 60, [3]int64{60, 0, 0}},
		{Tenders{First: []Method{GiftCard}}, 60, [3]int64{0, 30, 30}},
		{Tenders{First: []Method{GiftCard}, Last: []Method{Cash}}, 150, [3]int64{100, 30, 20}},
		{Tenders{Last: []Method{Cash, GiftCard}}, 310, [3]int64{100, 10, 200}},
	} {
		parts, rest := SplitRefund([]*Payment{card, gift, cash}, c.want, c.by)
		var got [3]int64
		for _, p := range parts {
			got[slices.Index([]*Payment{card, gift, cash}, p.Payment)] += p.Amount
		}
		if rest != 0 || got != c.give {
			t.Errorf("%+v: %d goes back as %v, not as %v, and %d is left", c.by, c.want, got, c.give, rest)
		}
	}
	if err := (Tenders{First: []Method{Card}, Last: []Method{Card}}).check(); !fault.Is(err, "payment.bad_policy") {
		t.Errorf("a means that is first and last: %v", err)
	}
}

// Partial refunds in any sizes end at exactly what was paid, in both currencies.
func TestPartialRefundsEndAtZero(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		amount := rapid.Int64Range(1, 5_000).Draw(rt, "amount")
		p := taken(rt, amount)
		p.OrderAmount = rapid.Int64Range(1, 5_000).Draw(rt, "order amount")
		for p.Refundable() > 0 {
			r, err := p.ProposeRefund(now, rapid.Int64Range(1, p.Refundable()).Draw(rt, "n"), id.Return{}, "")
			if err != nil {
				rt.Fatal(err)
			}
			x, err := p.SendRefund(now, day, r.ID)
			if err != nil {
				rt.Fatal(err)
			}
			p.conclude(now, day, x, Result{State: Succeeded})
		}
		var order int64
		for _, c := range p.changes {
			order += c.OrderRefunded
		}
		if p.Status != StatusRefunded || order != p.OrderAmount {
			rt.Fatalf("%s, %d of %d", p.Status, order, p.OrderAmount)
		}
	})
}

func TestCheckedRefusesAnswersThatMakeNoSense(t *testing.T) {
	q := Request{Amount: money.Of(100, "EUR")}
	for _, r := range []Result{
		{}, {State: Unknown}, {State: Succeeded, Amount: 101}, {State: Succeeded, Amount: -1}, {State: Succeeded, Amount: 100, Currency: "USD"},
	} {
		if _, err := checked(q, r, nil); err == nil {
			t.Errorf("%+v is taken", r)
		}
	}
	for _, r := range []Result{{State: Failed}, {State: Requested}, {State: Succeeded}, {State: Succeeded, Amount: 40, Currency: "EUR"}} {
		if _, err := checked(q, r, nil); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

// Package testgateway is a payment gateway for tests, demonstrations and the
// first steps of a new shop. It behaves as the real ones do, the bad days
// included: it keeps a ledger of its own, honors idempotency keys, answers
// questions about a key, sends signed webhooks, and on demand declines, answers
// late, or not at all before or after the effect.
//
// Webhooks that are delivered, and not fetched, come before the answer, as they
// may with any gateway.
//
// What it does is told by the token of the means of payment: tok_ and behaviors
// joined by +, each for all operations or, behind a dot, for one.
//
//	tok_visa                             all goes well
//	tok_decline                          the bank says no (tok_decline.capture: to the capture)
//	tok_action                           the customer must confirm: see Confirm
//	tok_timeout_before                   the first call of each key is lost on its way
//	tok_timeout_after.capture            the first answer to each capture is lost on its way back
//	tok_pending.refund                   refunds are under way until Finish
//	tok_partial.capture                  half of what is asked for is captured
//	tok_fails_later.refund               refunds succeed, and fail at Finish
//	tok_expires                          authorizations last for an hour, not for a week
//	tok_webhook_twice+webhook_reversed   webhooks come twice, and in the wrong order
//	tok_webhook_late                     webhooks come when ReleaseLate is called
//	tok_webhook_never                    webhooks do not come
//	tok_no_key                           webhooks do not carry our key
package testgateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"purser/internal/connector"
	"purser/internal/domain/payment"
)

// Name is the connector's name, as stored.
const Name = "test"

// Options are how the gateway is set up.
type Options struct {
	// File keeps the ledger over restarts of the program; without it, it lives in
	// memory.
	File string

	// Secret signs webhooks.
	Secret string

	// Now is the clock; the machine's if nil.
	Now func() time.Time

	// Deliver is called with each webhook, outside of any lock. Without it they wait
	// for Webhooks.
	Deliver func(Webhook)
}

// Gateway is the test gateway. It may be used by many at once.
type Gateway struct {
	options Options

	mu       sync.Mutex
	ledger   ledger
	outbox   []Webhook // ready to be sent
	late     []Webhook
	lost     map[string]bool // keys whose first call was lost, on its way or back
	sequence int64
	down     error
}

var (
	_ payment.Gateway     = (*Gateway)(nil)
	_ connector.Connector = (*Gateway)(nil)
)

// defaultSecret signs webhooks of a gateway that was given no secret: it guards
// play money.
const defaultSecret = "whsec_purser_test_gateway"

// Open returns a gateway, with the ledger that its file has.
func Open(o Options) (*Gateway, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Secret == "" {
		o.Secret = defaultSecret
	}
	g := &Gateway{options: o, ledger: newLedger(), lost: map[string]bool{}}
	if o.File != "" {
		if err := g.ledger.open(o.File); err != nil {
			return nil, fmt.Errorf("test gateway: %w", err)
		}
	}
	return g, nil
}

// New returns a gateway in memory.
func New() *Gateway {
	g, err := Open(Options{})
	if err != nil {
		panic(err) // there is no file that could fail
	}
	return g
}

// Close closes the ledger's file.
func (g *Gateway) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ledger.close()
}

// Name is test.
func (g *Gateway) Name() string { return Name }

// Title is its name for people.
func (g *Gateway) Title() string { return "Test gateway" }

// Settings are what can be set from outside.
func (g *Gateway) Settings() []connector.Setting {
	return []connector.Setting{{
		Name: "secret", Label: "Webhook secret", Kind: connector.Secret,
		Help: "Signs the webhooks. The gateway moves no real money.",
	}}
}

// Health tells whether the gateway is up: see SetDown.
func (g *Gateway) Health(context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.down
}

// SetDown makes every call fail with err, without an effect, until it is set to nil.
func (g *Gateway) SetDown(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = err
}

// errLost is what the caller sees of a lost request or answer.
var errLost = errors.New("test gateway: the connection broke before there was an answer")

// Authorize sets money aside on a means of payment.
func (g *Gateway) Authorize(ctx context.Context, r payment.Request) (payment.Result, error) {
	return g.do(ctx, payment.KindAuthorize, r, (*ledger).authorize)
}

// Capture takes money that was set aside.
func (g *Gateway) Capture(ctx context.Context, r payment.Request) (payment.Result, error) {
	return g.do(ctx, payment.KindCapture, r, (*ledger).capture)
}

// Void lets money go that was set aside and not taken.
func (g *Gateway) Void(ctx context.Context, r payment.Request) (payment.Result, error) {
	return g.do(ctx, payment.KindVoid, r, (*ledger).void)
}

// Refund pays back money that was taken.
func (g *Gateway) Refund(ctx context.Context, r payment.Request) (payment.Result, error) {
	return g.do(ctx, payment.KindRefund, r, (*ledger).refund)
}

// do carries out an operation once for each key.
func (g *Gateway) do(ctx context.Context, kind payment.Kind, r payment.Request, operate func(*ledger, *operation)) (payment.Result, error) {
	if err := ctx.Err(); err != nil {
		return payment.Result{}, err
	}
	result, ready, err := g.perform(kind, r, operate)
	g.deliver(ready)
	return result, err
}

func (g *Gateway) perform(kind payment.Kind, r payment.Request, operate func(*ledger, *operation)) (payment.Result, []Webhook, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down != nil {
		return payment.Result{}, nil, g.down
	}
	if r.Key == "" {
		return payment.Result{}, nil, errors.New("test gateway: a request needs an idempotency key")
	}
	how := behaviorOf(r.Token)
	before, after := how.does("timeout_before", kind), how.does("timeout_after", kind)
	first := (before || after) && !g.lost[r.Key]
	if first {
		g.lost[r.Key] = true
	}
	if first && before {
		return payment.Result{}, nil, errLost
	}
	op, seen := g.ledger.byKey[r.Key]
	if seen && !op.sameAs(kind, r) {
		return payment.Result{}, nil, fmt.Errorf("test gateway: key %s came with another request before", r.Key)
	}
	var ready []Webhook
	if !seen {
		op = &operation{
			Key: r.Key, Kind: kind, Asked: r.Amount.Minor, Amount: r.Amount.Minor, Currency: r.Amount.Currency,
			Token: r.Token, On: r.Authorization, At: g.options.Now().UTC(),
		}
		operate(&g.ledger, op)
		if err := g.ledger.add(op); err != nil {
			return payment.Result{}, nil, err
		}
		ready = g.announce(op, how)
	}
	if first && after {
		return payment.Result{}, ready, errLost
	}
	return op.result(), ready, nil
}

// Query tells what became of a key.
func (g *Gateway) Query(ctx context.Context, r payment.Request) (payment.Result, error) {
	if err := ctx.Err(); err != nil {
		return payment.Result{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down != nil {
		return payment.Result{}, g.down
	}
	op, ok := g.ledger.byKey[r.Key]
	if !ok {
		return payment.Result{}, payment.ErrNotSeen
	}
	return op.result(), nil
}

// Confirm is the customer at the page of an authorization that asks for it: who
// lets it go on, or gives up. ref is the gateway's id of the authorization.
func (g *Gateway) Confirm(ref string, yes bool) error {
	return g.change(payment.KindAuthorize, ref, func(op *operation) {
		op.ActionURL = ""
		op.State = payment.Succeeded
		if !yes {
			op.refuse("authentication_failed", "The customer did not confirm.")
		}
	})
}

// Finish ends what is under way: pending operations succeed, and those that fail
// later fail. It returns how many there were.
func (g *Gateway) Finish() (int, error) {
	g.mu.Lock()
	var todo []*operation
	for _, op := range g.ledger.all {
		how := behaviorOf(op.Token)
		pending := op.State == payment.Requested && op.ActionURL == "" && op.Kind != payment.KindChargeback
		if pending || op.State == payment.Succeeded && how.does("fails_later", op.Kind) {
			todo = append(todo, op)
		}
	}
	g.mu.Unlock()
	for _, op := range todo {
		err := g.change(op.Kind, op.Ref, func(op *operation) {
			if op.State == payment.Requested {
				op.State = payment.Succeeded
				return
			}
			op.refuse("account_closed", "The bank sent the money back.")
		})
		if err != nil {
			return 0, err
		}
	}
	return len(todo), nil
}

// Outside makes an operation that Purser did not ask for, as somebody with access
// to the gateway's own pages does, or a customer's bank: a capture, void or refund
// on an authorization, or a chargeback, which is open until Decide. It returns the
// gateway's id of it.
func (g *Gateway) Outside(kind payment.Kind, authorization string, amount int64) (ref string, err error) {
	operate := map[payment.Kind]func(*ledger, *operation){
		payment.KindCapture: (*ledger).capture, payment.KindVoid: (*ledger).void,
		payment.KindRefund: (*ledger).refund, payment.KindChargeback: (*ledger).dispute,
	}[kind]
	if operate == nil {
		return "", fmt.Errorf("test gateway: nobody makes a %s from outside", kind)
	}
	g.mu.Lock()
	a := g.ledger.byRef[payment.KindAuthorize][authorization]
	if a == nil {
		g.mu.Unlock()
		return "", fmt.Errorf("test gateway: there is no authorization %q", authorization)
	}
	op := &operation{
		Kind: kind, Asked: amount, Amount: amount, Currency: a.Currency, Token: a.Token, On: authorization, At: g.options.Now().UTC(),
	}
	operate(&g.ledger, op)
	err = g.ledger.add(op)
	ready := g.announce(op, behaviorOf(op.Token))
	g.mu.Unlock()
	g.deliver(ready)
	if err == nil && op.State == payment.Failed {
		err = fmt.Errorf("test gateway: %s: %s", op.Code, op.Message)
	}
	return op.Ref, err
}

// Decide ends a dispute: the customer's bank keeps the money, or gives it back.
func (g *Gateway) Decide(chargeback string, won bool) error {
	return g.change(payment.KindChargeback, chargeback, func(op *operation) {
		op.State = payment.Succeeded
		if won {
			op.refuse("won", "The bank decided for the merchant.")
		}
	})
}

// change changes an operation later and tells of it.
func (g *Gateway) change(kind payment.Kind, ref string, f func(*operation)) error {
	g.mu.Lock()
	op := g.ledger.byRef[kind][ref]
	if op == nil {
		g.mu.Unlock()
		return fmt.Errorf("test gateway: there is no %s %q", kind, ref)
	}
	f(op)
	err := g.ledger.write(op)
	ready := g.announce(op, behaviorOf(op.Token))
	g.mu.Unlock()
	g.deliver(ready)
	return err
}

// behavior is what a token asks for.
type behavior map[string]bool

func behaviorOf(token string) behavior {
	b := behavior{}
	if words, ok := strings.CutPrefix(token, "tok_"); ok {
		for word := range strings.SplitSeq(words, "+") {
			b[word] = true
		}
	}
	return b
}

// does tells whether the token asks for a behavior of operations of a kind.
func (b behavior) does(what string, kind payment.Kind) bool {
	return b[what] || b[what+"."+string(kind)]
}

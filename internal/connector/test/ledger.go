package testgateway

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"purser/internal/base/money"
	"purser/internal/domain/payment"
)

// operation is a row of the gateway's own ledger.
type operation struct {
	Ref       string         `json:"ref"`
	Key       string         `json:"key,omitempty"` // none: not asked for by Purser
	Kind      payment.Kind   `json:"kind"`
	State     payment.State  `json:"state"`
	Asked     int64          `json:"asked"`
	Amount    int64          `json:"amount"` // what was done
	Currency  money.Currency `json:"currency"`
	Token     string         `json:"token,omitempty"`
	On        string         `json:"on,omitempty"` // the authorization
	Code      string         `json:"code,omitempty"`
	Message   string         `json:"message,omitempty"`
	ActionURL string         `json:"action_url,omitempty"`
	ExpiresAt time.Time      `json:"expires_at,omitzero"`
	At        time.Time      `json:"at"`
}

func (op *operation) refuse(code, message string) {
	op.State, op.Code, op.Message, op.ActionURL = payment.Failed, code, message, ""
}

func (op *operation) sameAs(kind payment.Kind, r payment.Request) bool {
	return op.Kind == kind && op.Asked == r.Amount.Minor && op.Currency == r.Amount.Currency && op.On == r.Authorization
}

func (op *operation) result() payment.Result {
	r := payment.Result{
		State: op.State, Ref: op.Ref, Amount: op.Amount, Currency: op.Currency,
		Code: op.Code, Message: op.Message, ActionURL: op.ActionURL, ExpiresAt: op.ExpiresAt,
	}
	if op.Kind == payment.KindAuthorize && op.State == payment.Succeeded {
		r.Label = "Test card ending 4242"
	}
	return r
}

// ledger is what the gateway knows. Its file has a line of JSON for each state of
// an operation; the last one counts.
type ledger struct {
	all   []*operation
	byKey map[string]*operation
	byRef map[payment.Kind]map[string]*operation
	drawn map[string][]*operation // by authorization
	file  *os.File
}

func newLedger() ledger {
	return ledger{byKey: map[string]*operation{}, byRef: map[payment.Kind]map[string]*operation{}, drawn: map[string][]*operation{}}
}

// Lifetimes of authorizations.
const (
	lifetime      = 7 * 24 * time.Hour
	shortLifetime = time.Hour
)

// prefixes begin the gateway's ids.
var prefixes = map[payment.Kind]string{
	payment.KindAuthorize: "auth", payment.KindCapture: "cap", payment.KindVoid: "void",
	payment.KindRefund: "re", payment.KindChargeback: "dp",
}

func (l *ledger) authorize(op *operation) {
	how := behaviorOf(op.Token)
	op.State = payment.Succeeded
	op.ExpiresAt = op.At.Add(lifetime)
	if how["expires"] {
		op.ExpiresAt = op.At.Add(shortLifetime)
	}
	switch {
	case op.Amount <= 0 || !op.Currency.Valid():
		op.refuse("bad_amount", "The amount is not one.")
	case how.does("decline", op.Kind):
		op.refuse("card_declined", "The bank declined the card.")
	case how["insufficient"]:
		op.refuse("insufficient_funds", "There is not enough money on the card.")
	case how["action"]:
		op.State = payment.Requested
	}
	l.vary(op)
}

// vary does what tokens ask of every operation that goes well.
func (l *ledger) vary(op *operation) {
	how := behaviorOf(op.Token)
	if op.State == payment.Succeeded && how.does("pending", op.Kind) {
		op.State = payment.Requested
	}
	if op.State != payment.Failed && how.does("partial", op.Kind) {
		op.Amount = (op.Amount + 1) / 2
	}
}

// on finds the authorization that an operation draws on and what is left of it.
func (l *ledger) on(op *operation) (a *operation, open, taken int64, ok bool) {
	a = l.byRef[payment.KindAuthorize][op.On]
	if a == nil || a.State != payment.Succeeded {
		op.refuse("no_authorization", "There is no such authorization.")
		return nil, 0, 0, false
	}
	if a.Currency != op.Currency {
		op.refuse("other_currency", "The authorization is in another currency.")
		return nil, 0, 0, false
	}
	open = a.Amount
	for _, other := range l.drawn[op.On] {
		if other.State == payment.Failed {
			continue
		}
		switch other.Kind {
		case payment.KindCapture:
			open -= other.Amount
			taken += other.Amount
		case payment.KindVoid:
			open -= other.Amount
		case payment.KindRefund, payment.KindChargeback:
			taken -= other.Amount
		}
	}
	return a, open, taken, true
}

func (l *ledger) capture(op *operation) {
	a, open, _, ok := l.on(op)
	if !ok {
		return
	}
	op.State = payment.Succeeded
	switch {
	case !op.At.Before(a.ExpiresAt):
		op.refuse("authorization_expired", "The authorization has run out.")
	case op.Amount <= 0 || op.Amount > open:
		op.refuse("amount_too_large", fmt.Sprintf("%s of the authorization is left.", money.Of(open, op.Currency)))
	case behaviorOf(op.Token).does("decline", op.Kind):
		op.refuse("capture_declined", "The bank declined the capture.")
	}
	l.vary(op)
}

func (l *ledger) void(op *operation) {
	_, open, _, ok := l.on(op)
	if !ok {
		return
	}
	op.State = payment.Succeeded
	switch {
	case open <= 0:
		op.refuse("nothing_to_void", "Nothing of the authorization is left.")
	case behaviorOf(op.Token).does("decline", op.Kind):
		op.refuse("void_declined", "The bank declined the void.")
	}
	op.Amount = min(op.Amount, max(open, 0))
	if op.State == payment.Failed {
		op.Amount = op.Asked
	}
	l.vary(op)
}

func (l *ledger) refund(op *operation) {
	_, _, taken, ok := l.on(op)
	if !ok {
		return
	}
	op.State = payment.Succeeded
	switch {
	case op.Amount <= 0 || op.Amount > taken:
		op.refuse("amount_too_large", fmt.Sprintf("%s can be refunded.", money.Of(max(taken, 0), op.Currency)))
	case behaviorOf(op.Token).does("decline", op.Kind):
		op.refuse("refund_declined", "The bank declined the refund.")
	}
	l.vary(op)
}

func (l *ledger) dispute(op *operation) {
	_, _, taken, ok := l.on(op)
	if !ok {
		return
	}
	op.State = payment.Requested
	if op.Amount <= 0 || op.Amount > taken {
		op.refuse("amount_too_large", "Less was taken.")
	}
}

// add puts a new operation into the ledger and gives it its id.
func (l *ledger) add(op *operation) error {
	op.Ref = fmt.Sprintf("%s_%06d", prefixes[op.Kind], len(l.all)+1)
	if op.State == payment.Requested && op.Kind == payment.KindAuthorize && behaviorOf(op.Token)["action"] {
		op.ActionURL = "https://gateway.example/confirm/" + op.Ref
	}
	l.index(op)
	return l.write(op)
}

func (l *ledger) index(op *operation) {
	if l.byRef[op.Kind] == nil {
		l.byRef[op.Kind] = map[string]*operation{}
	}
	if old := l.byRef[op.Kind][op.Ref]; old != nil { // a later state, read from the file
		*old = *op
		return
	}
	l.byRef[op.Kind][op.Ref] = op
	l.all = append(l.all, op)
	if op.On != "" {
		l.drawn[op.On] = append(l.drawn[op.On], op)
	}
	if op.Key != "" {
		l.byKey[op.Key] = op
	}
}

func (l *ledger) write(op *operation) error {
	if l.file == nil {
		return nil
	}
	b, err := json.Marshal(op)
	if err != nil {
		return err
	}
	_, err = l.file.Write(append(b, '\n'))
	return err
}

// open reads the ledger's file and goes on in it. A last line that was cut off
// when the program was killed is dropped.
func (l *ledger) open(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	whole, err := l.read(f)
	if err == nil {
		err = f.Truncate(whole)
	}
	if err == nil {
		_, err = f.Seek(whole, io.SeekStart)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	l.file = f
	return nil
}

// read returns how many bytes of the file are whole lines.
func (l *ledger) read(f *os.File) (whole int64, err error) {
	r := bufio.NewReader(f)
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return 0, err
		}
		var op operation
		if err := json.Unmarshal(line, &op); err != nil {
			return 0, fmt.Errorf("at byte %d: %w", whole, err)
		}
		l.index(&op)
		whole += int64(len(line))
	}
}

func (l *ledger) close() error {
	if l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	return f.Close()
}

package testgateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/money"
	"purser/internal/domain/payment"
)

// Webhook is a webhook as it is sent.
type Webhook struct {
	Header http.Header
	Body   []byte
}

// SignatureHeader carries the time of sending and an HMAC-SHA256, in hexadecimal,
// of that time, a full stop and the body: t=1700000000,v1=5257a8...
const SignatureHeader = "Test-Gateway-Signature"

// tolerance is how old a signature may be; one sent later is signed anew.
const tolerance = 5 * time.Minute

// message is the body of a webhook. Its amount is a decimal number in major
// units, as many gateways have it.
type message struct {
	ID   string    `json:"id"`
	Type string    `json:"type"` // capture.succeeded
	At   time.Time `json:"created_at"`
	Data struct {
		Ref           string    `json:"id"`
		Authorization string    `json:"authorization,omitempty"`
		Key           string    `json:"merchant_key,omitempty"`
		Amount        string    `json:"amount"`
		Currency      string    `json:"currency"`
		Code          string    `json:"error_code,omitempty"`
		Message       string    `json:"error_message,omitempty"`
		ExpiresAt     time.Time `json:"expires_at,omitzero"`
		ActionURL     string    `json:"action_url,omitempty"`
	} `json:"data"`
}

// words are the states as webhooks name them.
var words = map[payment.State]string{payment.Requested: "pending", payment.Succeeded: "succeeded", payment.Failed: "failed"}

// announce makes the webhooks of an operation's present state and returns those
// that are to be sent now. The lock is held.
func (g *Gateway) announce(op *operation, how behavior) []Webhook {
	if how["webhook_never"] {
		return nil
	}
	g.sequence++
	var m message
	m.ID = fmt.Sprintf("evt_%s_%s_%d", op.Ref, words[op.State], g.sequence)
	m.Type, m.At = string(op.Kind)+"."+words[op.State], g.options.Now().UTC()
	m.Data.Ref, m.Data.Authorization, m.Data.Key = op.Ref, op.On, op.Key
	m.Data.Amount, m.Data.Currency = money.Format(op.Amount, op.Currency), string(op.Currency)
	m.Data.Code, m.Data.Message, m.Data.ExpiresAt, m.Data.ActionURL = op.Code, op.Message, op.ExpiresAt, op.ActionURL
	if how["no_key"] {
		m.Data.Key = ""
	}
	body, err := json.Marshal(m)
	if err != nil {
		panic(err) // texts and times always become JSON
	}
	webhooks := []Webhook{{Body: body}}
	if how["webhook_twice"] {
		webhooks = append(webhooks, Webhook{Body: body})
	}
	switch {
	case how["webhook_reversed"]:
		g.late = append(webhooks, g.late...)
		return nil
	case how["webhook_late"]:
		g.late = append(g.late, webhooks...)
		return nil
	}
	return webhooks
}

// deliver sends webhooks, or keeps them for Webhooks.
func (g *Gateway) deliver(ready []Webhook) {
	for _, w := range ready {
		w = g.sign(w)
		if g.options.Deliver != nil {
			g.options.Deliver(w)
			continue
		}
		g.mu.Lock()
		g.outbox = append(g.outbox[max(0, len(g.outbox)-maxOutbox):], w)
		g.mu.Unlock()
	}
}

// maxOutbox bounds what waits for a reader who may never come: the oldest go.
const maxOutbox = 10_000

// Webhooks takes the webhooks that wait to be read.
func (g *Gateway) Webhooks() []Webhook {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := g.outbox
	g.outbox = nil
	return out
}

// ReleaseLate sends the webhooks that were kept back.
func (g *Gateway) ReleaseLate() {
	g.mu.Lock()
	late := g.late
	g.late = nil
	g.mu.Unlock()
	g.deliver(late)
}

func (g *Gateway) sign(w Webhook) Webhook {
	t := strconv.FormatInt(g.options.Now().Unix(), 10)
	w.Header = http.Header{}
	w.Header.Set("Content-Type", "application/json")
	w.Header.Set(SignatureHeader, "t="+t+",v1="+hex.EncodeToString(g.mac(t, w.Body)))
	return w
}

func (g *Gateway) mac(t string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(g.options.Secret))
	h.Write([]byte(t + "."))
	h.Write(body)
	return h.Sum(nil)
}

// ParseWebhook checks the signature of a webhook and reads it.
func (g *Gateway) ParseWebhook(header http.Header, body []byte) ([]payment.Event, error) {
	if err := g.verify(header.Get(SignatureHeader), body); err != nil {
		return nil, err
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fault.New(fault.Invalid, "payment.bad_webhook", "The webhook is not the JSON that was expected: %v.", err)
	}
	kind, state, ok := typeOf(m.Type)
	if !ok {
		return nil, nil // of a type that is of no concern
	}
	currency, err := money.ParseCurrency(m.Data.Currency)
	if err != nil {
		return nil, err
	}
	amount, err := money.Parse(m.Data.Amount, currency)
	if err != nil {
		return nil, err
	}
	return []payment.Event{{
		ID: m.ID, Kind: kind, Key: m.Data.Key, Authorization: m.Data.Authorization, Raw: string(body),
		Result: payment.Result{
			State: state, Ref: m.Data.Ref, Amount: amount, Currency: currency, Code: m.Data.Code, Message: m.Data.Message,
			ExpiresAt: m.Data.ExpiresAt, ActionURL: m.Data.ActionURL,
		},
	}}, nil
}

func typeOf(s string) (payment.Kind, payment.State, bool) {
	kind, word, _ := strings.Cut(s, ".")
	if _, known := prefixes[payment.Kind(kind)]; !known {
		return "", "", false
	}
	for state, w := range words {
		if w == word {
			return payment.Kind(kind), state, true
		}
	}
	return "", "", false
}

func (g *Gateway) verify(signature string, body []byte) error {
	bad := fault.New(fault.Unauthenticated, "payment.bad_signature", "The webhook's signature is missing, wrong or too old.")
	t, v1, ok := strings.Cut(strings.TrimPrefix(signature, "t="), ",v1=")
	sent, err := strconv.ParseInt(t, 10, 64)
	if !ok || err != nil {
		return bad
	}
	mac, err := hex.DecodeString(v1)
	if err != nil || !hmac.Equal(mac, g.mac(t, body)) {
		return bad
	}
	if age := g.options.Now().Sub(time.Unix(sent, 0)); age > tolerance || age < -tolerance {
		return bad
	}
	return nil
}

package testgateway

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"purser/internal/connector"
	"purser/internal/domain/fulfillment"
)

// Partner is somebody who sends goods for us, for tests and demonstrations. He
// accepts all that he is asked for, and cancels what he has not begun with, unless
// he is told to do otherwise the next time: see Next. It may be used by many at
// once.
type Partner struct {
	mu       sync.Mutex
	next     []Mood
	asked    map[string]*asked
	requests []fulfillment.Request // each key once
}

// asked is what a partner knows of a request.
type asked struct {
	reference string
	submit    fulfillment.Answer
	cancel    fulfillment.Answer
	cancelled bool // it was asked for
}

// Mood is how a partner meets the next call.
type Mood string

// The moods.
const (
	Refusing Mood = "refusing"  // he says no
	Slow     Mood = "slow"      // he will say
	LostThen Mood = "lost_then" // the call is lost on its way
	LostBack Mood = "lost_back" // the answer is lost on its way back
)

var (
	_ fulfillment.Partner = (*Partner)(nil)
	_ connector.Connector = (*Partner)(nil)
)

// NewPartner returns a partner who was asked for nothing.
func NewPartner() *Partner { return &Partner{asked: map[string]*asked{}} }

// Name is the connector's name, as stored.
func (*Partner) Name() string { return Name }

// Title is its name for people.
func (*Partner) Title() string { return "Test partner" }

// Settings: it needs none.
func (*Partner) Settings() []connector.Setting { return nil }

// Health is always good.
func (*Partner) Health(context.Context) error { return nil }

// Next tells how the next calls are met, one after the other.
func (p *Partner) Next(moods ...Mood) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = append(p.next, moods...)
}

// Requests are what he was asked for, each key once.
func (p *Partner) Requests() []fulfillment.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]fulfillment.Request(nil), p.requests...)
}

// Submit asks for goods.
func (p *Partner) Submit(ctx context.Context, r fulfillment.Request) (fulfillment.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	mood := p.mood()
	if err := ctx.Err(); err != nil || mood == LostThen {
		return fulfillment.Answer{}, errors.Join(err, errLost)
	}
	a := p.asked[r.Key]
	if a == nil {
		a = &asked{reference: fmt.Sprintf("P-%d", len(p.requests)+1)}
		a.submit = answer(mood, a.reference, "no stock")
		p.asked[r.Key] = a
		p.requests = append(p.requests, r)
	}
	if mood == LostBack {
		return fulfillment.Answer{}, errLost
	}
	return a.submit, nil
}

// Cancel asks for goods not to be sent. What he never heard of he does not send.
func (p *Partner) Cancel(ctx context.Context, r fulfillment.Request) (fulfillment.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	mood := p.mood()
	if err := ctx.Err(); err != nil || mood == LostThen {
		return fulfillment.Answer{}, errors.Join(err, errLost)
	}
	a := p.asked[r.Key]
	if a == nil {
		a = &asked{submit: fulfillment.Answer{State: fulfillment.Refuses, Reason: "it was cancelled before it came"}}
		p.asked[r.Key] = a
	}
	if !a.cancelled {
		a.cancelled, a.cancel = true, answer(mood, a.reference, "it is packed")
	}
	if mood == LostBack {
		return fulfillment.Answer{}, errLost
	}
	return a.cancel, nil
}

func (p *Partner) mood() (m Mood) {
	if len(p.next) > 0 {
		m, p.next = p.next[0], p.next[1:]
	}
	return m
}

func answer(m Mood, reference, why string) fulfillment.Answer {
	switch m {
	case Refusing:
		return fulfillment.Answer{State: fulfillment.Refuses, Reference: reference, Reason: why}
	case Slow:
		return fulfillment.Answer{State: fulfillment.Pending, Reference: reference}
	}
	return fulfillment.Answer{State: fulfillment.Accepted, Reference: reference}
}

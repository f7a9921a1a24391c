package testgateway

import (
	"testing"

	"purser/internal/connector/connectortest"
	"purser/internal/domain/fulfillment"
)

func TestPartner(t *testing.T) {
	connectortest.Partner(t, func(*testing.T) fulfillment.Partner { return NewPartner() })
}

func TestAPartnerOfBadDays(t *testing.T) {
	p := NewPartner()
	r := fulfillment.Request{Key: "one"}
	p.Next(LostThen, LostBack, "", Refusing)
	if _, err := p.Submit(t.Context(), r); err == nil || len(p.Requests()) != 0 {
		t.Error("a call that was lost had an effect", err)
	}
	if _, err := p.Submit(t.Context(), r); err == nil || len(p.Requests()) != 1 {
		t.Error("an answer that was lost came", err)
	}
	if a, err := p.Submit(t.Context(), r); err != nil || a.State != fulfillment.Accepted || len(p.Requests()) != 1 {
		t.Error(a, err)
	}
	if a, err := p.Cancel(t.Context(), r); err != nil || a.State != fulfillment.Refuses {
		t.Error(a, err)
	}
}

package app

import (
	"purser/internal/connector/manual"
	"purser/internal/connector/test"
	"purser/internal/domain/payment"
)

// connectors is the list of the outside systems that this program can talk to.
func connectors() payment.Gateways {
	return payment.Gateways{payment.Manual: manual.Gateway{}, testgateway.Name: testgateway.New()}
}

package app

import (
	"purser/internal/connector/manual"
	"purser/internal/connector/test"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/payment"
	"purser/internal/platform/db"
)

// connectors is the list of the outside systems that this program can talk to.
// The test gateway keeps its ledger beside a SQLite database, as a real gateway
// would keep it elsewhere.
func connectors(d *db.DB) (payment.Gateways, error) {
	var ledger string
	if d.Path() != "" {
		ledger = d.Path() + ".test-gateway"
	}
	test, err := testgateway.Open(testgateway.Options{File: ledger})
	if err != nil {
		return nil, err
	}
	return payment.Gateways{payment.Manual: manual.Gateway{}, testgateway.Name: test}, nil
}

// partners are those who send goods for us.
func partners() fulfillment.Partners {
	return fulfillment.Partners{fulfillment.ManualPartner: manual.Partner{}, testgateway.Name: testgateway.NewPartner()}
}

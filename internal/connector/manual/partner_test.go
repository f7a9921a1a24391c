package manual

import (
	"testing"

	"purser/internal/connector/connectortest"
	"purser/internal/domain/fulfillment"
)

func TestPartner(t *testing.T) {
	connectortest.Partner(t, func(*testing.T) fulfillment.Partner { return Partner{} })
}

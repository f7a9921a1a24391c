package manual_test

import (
	"testing"

	"purser/internal/connector/connectortest"
	"purser/internal/connector/manual"
)

func TestGateway(t *testing.T) {
	connectortest.Gateway(t, func(*testing.T) connectortest.GatewaySubject {
		return connectortest.GatewaySubject{Gateway: manual.Gateway{}}
	})
}

package automation

import (
	"purser/internal/base/id"
)

// Announced is what a rule asks others to do: to send an e-mail, to call a
// webhook.
type Announced struct {
	Order id.Order `json:"order_id"`
	Rule  id.Rule  `json:"rule_id"`
	Name  string   `json:"name"`
}

// Kind is automation.announced.
func (Announced) Kind() string { return "automation.announced" }

// Subject is the order.
func (f Announced) Subject() id.UUID { return f.Order }

// RuleFailed says that a rule could not be decided or done.
type RuleFailed struct {
	Order id.Order `json:"order_id"`
	Rule  id.Rule  `json:"rule_id"`
	Name  string   `json:"name"`
	Why   string   `json:"why"`
}

// Kind is automation.rule_failed.
func (RuleFailed) Kind() string { return "automation.rule_failed" }

// Subject is the order.
func (f RuleFailed) Subject() id.UUID { return f.Order }

package automation

import (
	"encoding/json"
	"time"

	"purser/internal/base/id"
)

// RunJob has the rules look at an order to which something happened. Facts name
// nobody, so the job may carry one.
type RunJob struct {
	Order id.Order        `json:"order"`
	Event id.Event        `json:"event"`
	Name  string          `json:"kind"`
	Actor string          `json:"actor"`
	At    time.Time       `json:"at"`
	Body  json.RawMessage `json:"body"`
	Again bool            `json:"again,omitempty"` // a person lets what failed try again
}

// Kind names the job.
func (RunJob) Kind() string { return "automation.run" }

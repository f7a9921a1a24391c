package routing

import (
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// strategySetting is the name under which the merchant's strategy is kept.
const strategySetting = "routing.strategy"

// MaxRules bounds the rules of a strategy: each may cost a search for each order.
const MaxRules = 50

// LoadStrategy reads the merchant's strategy, Default where none was set.
func LoadStrategy(ctx context.Context, r db.Reader) (Strategy, error) {
	return setting.Get(ctx, r, strategySetting, Default())
}

// SaveStrategy checks s and makes it the merchant's strategy for orders routed
// from now on; what was decided stays. s.Version is the version it was edited
// from, 0 not to check; the strategy is returned with its new one, by which
// decisions name it. The audit log keeps the earlier versions.
//
// Errors: Invalid routing.bad_strategy, Stale routing.stale_strategy.
func SaveStrategy(ctx context.Context, tx *db.Tx, s Strategy) (Strategy, error) {
	s.Name = text.Clean(s.Name)
	f := fault.Fields{}
	if s.Name == "" {
		f.Add("name", "is missing")
	}
	switch {
	case len(s.Rules) == 0:
		f.Add("rules", "there must be at least one")
	case len(s.Rules) > MaxRules:
		f.Add("rules", "there may be %d at most", MaxRules)
	default:
		if err := s.Validate(); err != nil {
			f.Add("rules", "%v", err)
		}
	}
	if err := f.Err("routing.bad_strategy", "The routing strategy cannot be used."); err != nil {
		return Strategy{}, err
	}
	present, err := LoadStrategy(ctx, tx)
	if err != nil {
		return Strategy{}, err
	}
	if s.Version != 0 && s.Version != present.Version {
		return Strategy{}, fault.New(fault.Stale, "routing.stale_strategy",
			"The routing strategy was changed meanwhile: it has version %d now. Load it again.", present.Version).
			With(map[string]int{"version": present.Version})
	}
	s.Version = present.Version + 1
	return s, setting.Set(ctx, tx, strategySetting, s)
}

package routing

import (
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// strategySetting is the name under which the merchant's strategy is kept.
const strategySetting = "routing.strategy"

// channelSetting keeps the strategies of channels that have one of their own.
const channelSetting = "routing.channel_strategies"

// Strategies are the merchant's strategy, and those of channels that have one of
// their own.
type Strategies struct {
	Default  Strategy
	Channels map[id.Channel]Strategy
}

// For is the strategy by which orders of a channel are routed.
func (s Strategies) For(channel id.Channel) Strategy {
	if own, ok := s.Channels[channel]; ok {
		return own
	}
	return s.Default
}

// LoadStrategies reads all strategies.
func LoadStrategies(ctx context.Context, r db.Reader) (s Strategies, err error) {
	if s.Default, err = LoadStrategy(ctx, r); err != nil {
		return s, err
	}
	s.Channels, err = setting.Get(ctx, r, channelSetting, map[id.Channel]Strategy{})
	return s, err
}

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
	present, err := LoadStrategy(ctx, tx)
	if err != nil {
		return Strategy{}, err
	}
	if s, err = s.after(present); err != nil {
		return Strategy{}, err
	}
	return s, setting.Set(ctx, tx, strategySetting, s)
}

// SaveChannelStrategy is SaveStrategy for the orders of one channel.
func SaveChannelStrategy(ctx context.Context, tx *db.Tx, channel id.Channel, s Strategy) (Strategy, error) {
	all, err := LoadStrategies(ctx, tx)
	if err != nil {
		return Strategy{}, err
	}
	if s, err = s.after(all.Channels[channel]); err != nil {
		return Strategy{}, err
	}
	all.Channels[channel] = s
	return s, setting.Set(ctx, tx, channelSetting, all.Channels)
}

// DropChannelStrategy lets orders of a channel be routed by the merchant's
// strategy again.
func DropChannelStrategy(ctx context.Context, tx *db.Tx, channel id.Channel) error {
	all, err := LoadStrategies(ctx, tx)
	if err != nil {
		return err
	}
	delete(all.Channels, channel)
	return setting.Set(ctx, tx, channelSetting, all.Channels)
}

// after checks s and gives it the version after that of the present one.
func (s Strategy) after(present Strategy) (Strategy, error) {
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
	if s.Version != 0 && s.Version != present.Version {
		return Strategy{}, fault.New(fault.Stale, "routing.stale_strategy",
			"The routing strategy was changed meanwhile: it has version %d now. Load it again.", present.Version).
			With(map[string]int{"version": present.Version})
	}
	s.Version = present.Version + 1
	return s, nil
}

package api

import (
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/domain/channel"
	"purser/internal/domain/routing"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Strategy is the merchant's rules for where orders ship from.
type Strategy struct{ routing.Strategy }

func (s Strategy) version() int64 { return int64(s.Version) }

// StrategyFields are the rules in a request.
type StrategyFields struct {
	Name  string         `json:"name"`
	Rules []routing.Rule `json:"rules" minItems:"1" maxItems:"50" doc:"The first rule that can serve the whole order wins."`
}

func (s *Server) registerRouting() {
	const tag = "Routing"
	read(s, route{method: http.MethodGet, path: "/v1/routing/strategy", id: "get-strategy", summary: "The rules for where orders ship from", tag: tag, permission: auth.OrderRead},
		func(ctx context.Context, _ *struct{}) (Strategy, error) {
			strategy, err := routing.LoadStrategy(ctx, s.DB)
			return Strategy{strategy}, err
		})

	type changeInput struct {
		Keyed
		IfMatch
		Body StrategyFields
	}
	write(s, route{method: http.MethodPut, path: "/v1/routing/strategy", id: "change-strategy", summary: "Change the rules for orders routed from now on", tag: tag, permission: auth.RoutingWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (Strategy, error) {
			seen, err := in.want()
			if err != nil {
				return Strategy{}, err
			}
			saved, err := routing.SaveStrategy(ctx, tx, routing.Strategy{Name: in.Body.Name, Version: int(seen), Rules: in.Body.Rules})
			return Strategy{saved}, err
		})

	s.registerRoutingRuns(tag)

	type ownInput struct {
		Channel id.Channel `path:"channel"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/channels/{channel}/routing-strategy", id: "get-channel-strategy", summary: "The rules for the orders of a channel: its own, or the merchant's", tag: tag, permission: auth.OrderRead},
		func(ctx context.Context, in *ownInput) (Strategy, error) {
			if _, err := channel.Get(ctx, s.DB, in.Channel); err != nil {
				return Strategy{}, err
			}
			all, err := routing.LoadStrategies(ctx, s.DB)
			return Strategy{all.For(in.Channel)}, err
		})

	type changeOwnInput struct {
		Keyed
		IfMatch
		Channel id.Channel `path:"channel"`
		Body    StrategyFields
	}
	write(s, route{method: http.MethodPut, path: "/v1/channels/{channel}/routing-strategy", id: "change-channel-strategy", summary: "Give a channel rules of its own", tag: tag, permission: auth.RoutingWrite},
		func(ctx context.Context, tx *db.Tx, in *changeOwnInput) (Strategy, error) {
			seen, err := in.want()
			if err != nil {
				return Strategy{}, err
			}
			if _, err := channel.Get(ctx, tx, in.Channel); err != nil {
				return Strategy{}, err
			}
			saved, err := routing.SaveChannelStrategy(ctx, tx, in.Channel, routing.Strategy{Name: in.Body.Name, Version: int(seen), Rules: in.Body.Rules})
			return Strategy{saved}, err
		})

	type dropOwnInput struct {
		Keyed
		Channel id.Channel `path:"channel"`
	}
	write(s, route{method: http.MethodDelete, path: "/v1/channels/{channel}/routing-strategy", id: "drop-channel-strategy", summary: "Let a channel's orders be routed by the merchant's rules again; the answer is those", tag: tag, permission: auth.RoutingWrite},
		func(ctx context.Context, tx *db.Tx, in *dropOwnInput) (Strategy, error) {
			if _, err := channel.Get(ctx, tx, in.Channel); err != nil {
				return Strategy{}, err
			}
			if err := routing.DropChannelStrategy(ctx, tx, in.Channel); err != nil {
				return Strategy{}, err
			}
			strategy, err := routing.LoadStrategy(ctx, tx)
			return Strategy{strategy}, err
		})
}

func (s *Server) registerRoutingRuns(tag string) {
	read(s, route{method: http.MethodGet, path: "/v1/routing/schedules", id: "list-routing-schedules", summary: "How often orders that wait for goods are looked at again", tag: tag, permission: auth.OrderRead},
		func(ctx context.Context, _ *struct{}) (list[routing.Schedule], error) {
			all, err := routing.LoadSchedules(ctx, s.DB)
			return listOf(all, ""), err
		})

	type schedulesInput struct {
		Keyed
		Body struct {
			Schedules []routing.Schedule `json:"schedules" maxItems:"10" doc:"All of them; none: orders that wait are served when goods come, and not else."`
		}
	}
	write(s, route{method: http.MethodPut, path: "/v1/routing/schedules", id: "change-routing-schedules", summary: "Say how often orders that wait for goods are looked at again", tag: tag, permission: auth.RoutingWrite},
		func(ctx context.Context, tx *db.Tx, in *schedulesInput) (list[routing.Schedule], error) {
			all, err := routing.SaveSchedules(ctx, tx, in.Body.Schedules)
			return listOf(all, ""), err
		})

	read(s, route{method: http.MethodGet, path: "/v1/routing/runs", id: "list-routing-runs", summary: "The newest looks at the orders that wait, and what they gave out", tag: tag, permission: auth.OrderRead},
		func(ctx context.Context, _ *struct{}) (list[routing.Run], error) {
			runs, err := routing.Runs(ctx, s.DB, 200)
			return listOf(runs, ""), err
		})
}

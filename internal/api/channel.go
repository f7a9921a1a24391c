package api

import (
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/channel"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Channel is a selling surface with its own orders, listings and rules.
type Channel struct{ channel.Channel }

func (c Channel) version() int64 { return c.Version }

// ChannelFields are the fields of a channel in a request. A field that is left
// out stays as it is, or gets its default in a new channel.
type ChannelFields struct {
	Code           *string              `json:"code,omitempty" doc:"Unique name in files and addresses."`
	Name           *string              `json:"name,omitempty"`
	Kind           *string              `json:"kind,omitempty" doc:"manual, csv, api or the name of a connector."`
	Currency       *money.Currency      `json:"currency,omitempty" doc:"Currency of an order that names none."`
	TaxInclusive   *bool                `json:"tax_inclusive,omitempty" doc:"Prices of its orders contain tax."`
	TaxCollected   *bool                `json:"tax_collected,omitempty" doc:"It collects the tax on its orders and pays it: we owe none."`
	PriceListID    *id.PriceList        `json:"price_list_id,omitempty" doc:"Empty: none."`
	ReleaseWhen    *channel.ReleaseWhen `json:"release_when,omitempty" enum:"paid,authorized,placed"`
	CaptureWhen    *channel.CaptureWhen `json:"capture_when,omitempty" enum:"shipped,placed,manual"`
	AllowBackorder *bool                `json:"allow_backorder,omitempty"`
	PendingHours   *int64               `json:"pending_hours,omitempty" doc:"A pending order is cancelled after this; 0 keeps it."`
	HandlingDays   *int64               `json:"handling_days,omitempty" doc:"Working days until an order is to be shipped."`
	EditMinutes    *int64               `json:"edit_minutes,omitempty" doc:"An order is held so long after it was placed, so that it can be changed; 0: not at all."`
	BackorderDays  *int64               `json:"backorder_days,omitempty" doc:"What an order still waits for so many days after it was placed is cancelled; 0: never."`
	RetentionDays  *int64               `json:"retention_days,omitempty" doc:"Personal data is erased so many days after an order is done; 0 keeps it."`
	Active         *bool                `json:"active,omitempty"`
}

func (f ChannelFields) onto(c channel.Channel) channel.Channel {
	set(&c.Code, f.Code)
	set(&c.Name, f.Name)
	set(&c.Kind, f.Kind)
	set(&c.Currency, f.Currency)
	set(&c.TaxInclusive, f.TaxInclusive)
	set(&c.TaxCollected, f.TaxCollected)
	set(&c.PriceListID, f.PriceListID)
	set(&c.ReleaseWhen, f.ReleaseWhen)
	set(&c.CaptureWhen, f.CaptureWhen)
	set(&c.AllowBackorder, f.AllowBackorder)
	set(&c.PendingHours, f.PendingHours)
	set(&c.HandlingDays, f.HandlingDays)
	set(&c.EditMinutes, f.EditMinutes)
	set(&c.BackorderDays, f.BackorderDays)
	set(&c.RetentionDays, f.RetentionDays)
	set(&c.Active, f.Active)
	return c
}

const channelTag = "Channels"

func (s *Server) registerChannels() {
	read(s, route{method: http.MethodGet, path: "/v1/channels", id: "list-channels", summary: "List the channels", tag: channelTag, permission: auth.ChannelRead},
		func(ctx context.Context, _ *struct{}) (list[channel.Channel], error) {
			all, err := channel.List(ctx, s.DB)
			return listOf(all, ""), err
		})

	type addInput struct {
		Once
		Body ChannelFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/channels", id: "add-channel", summary: "Add a channel", tag: channelTag, permission: auth.ChannelWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (Channel, error) {
			c, err := channel.Save(ctx, tx, in.Body.onto(channel.Defaults()))
			return Channel{c}, err
		})

	type getInput struct {
		Channel id.Channel `path:"channel"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/channels/{channel}", id: "get-channel", summary: "A channel", tag: channelTag, permission: auth.ChannelRead},
		func(ctx context.Context, in *getInput) (Channel, error) {
			c, err := channel.Get(ctx, s.DB, in.Channel)
			return Channel{c}, err
		})

	type changeInput struct {
		Keyed
		IfMatch
		Channel id.Channel `path:"channel"`
		Body    ChannelFields
	}
	write(s, route{method: http.MethodPatch, path: "/v1/channels/{channel}", id: "change-channel", summary: "Change a channel", tag: channelTag, permission: auth.ChannelWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (Channel, error) {
			old, err := channel.Get(ctx, tx, in.Channel)
			if err != nil {
				return Channel{}, err
			}
			if old.Version, err = in.seen(old.Version); err != nil {
				return Channel{}, err
			}
			c, err := channel.Save(ctx, tx, in.Body.onto(old))
			return Channel{c}, in.raced(err)
		})
}

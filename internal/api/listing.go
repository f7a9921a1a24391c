package api

import (
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/domain/channel"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Mapped is what followed from mapping listings.
type Mapped struct {
	Orders int `json:"orders" doc:"How many orders waited for it and went on."`
}

func (s *Server) registerListings() {
	type listInput struct {
		Paged
		Channel  id.Channel `query:"channel"`
		Variant  id.Variant `query:"variant"`
		External string     `query:"external" doc:"The channel's own article number, to the letter."`
		Unmapped bool       `query:"unmapped" doc:"Only those that wait to be mapped."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/listings", id: "list-listings", summary: "List articles of channels, such as those that wait to be mapped", tag: channelTag, permission: auth.ChannelRead},
		func(ctx context.Context, in *listInput) (list[channel.Listing], error) {
			f := channel.Filter{Channel: in.Channel, Variant: in.Variant, External: in.External, Unmapped: in.Unmapped}
			rows, next, err := channel.Listings(ctx, s.DB, f, channel.Page{Limit: in.Limit, After: in.After})
			return listOf(rows, next), err
		})

	type addListingsInput struct {
		Once
		Channel id.Channel `path:"channel"`
		Body    struct {
			Listings []channel.Seen `json:"listings" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/channels/{channel}/listings", id: "add-listings", summary: "Make articles of a channel known; those without a variant wait to be mapped", tag: channelTag, permission: auth.ChannelWrite},
		func(ctx context.Context, tx *db.Tx, in *addListingsInput) (list[channel.Listing], error) {
			if _, err := channel.Get(ctx, tx, in.Channel); err != nil {
				return list[channel.Listing]{}, err
			}
			stored, err := channel.Park(ctx, tx, in.Channel, in.Body.Listings)
			if err != nil {
				return list[channel.Listing]{}, err
			}
			var out []channel.Listing
			for _, article := range in.Body.Listings {
				out = append(out, stored[article.External])
			}
			return listOf(out, ""), nil
		})

	type mapListingsInput struct {
		Once
		Body struct {
			Mappings []channel.Mapping `json:"mappings" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/listings/map", id: "map-listings", summary: "Say which variants articles are; orders that wait for them go on", tag: channelTag, permission: auth.ChannelWrite},
		func(ctx context.Context, tx *db.Tx, in *mapListingsInput) (Mapped, error) {
			n, err := flow.MapListings(ctx, tx, in.Body.Mappings)
			return Mapped{n}, err
		})
}

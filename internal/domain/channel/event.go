package channel

import "purser/internal/base/id"

// ListingParked says that an order named an article that nobody mapped yet.
type ListingParked struct {
	Channel  id.Channel `json:"channel_id"`
	Listing  id.Listing `json:"listing_id"`
	External string     `json:"external"`
	Title    string     `json:"title,omitempty"`
}

// Kind is listing.parked.
func (ListingParked) Kind() string { return "listing.parked" }

// Subject is the channel.
func (f ListingParked) Subject() id.UUID { return f.Channel }

// ListingMapped says that an article of a channel was mapped, to another
// variant, or to none any more.
type ListingMapped struct {
	Channel  id.Channel `json:"channel_id"`
	Listing  id.Listing `json:"listing_id"`
	External string     `json:"external"`
	Variant  id.Variant `json:"variant_id,omitzero"`
	Before   id.Variant `json:"before,omitzero"`
	By       string     `json:"by,omitempty"`
}

// Kind is listing.mapped.
func (ListingMapped) Kind() string { return "listing.mapped" }

// Subject is the variant, where there is one, else the one it was before.
func (f ListingMapped) Subject() id.UUID {
	if f.Variant.IsZero() {
		return f.Before
	}
	return f.Variant
}

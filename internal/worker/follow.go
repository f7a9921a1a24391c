package worker

import (
	"context"
	"sync"
	"time"

	"purser/internal/domain/webhook"
	"purser/internal/flow"
	"purser/internal/platform/event"
)

// followers are those who do what follows from events, by the names under which
// they note how far they have come.
var followers = map[string]event.Handler{
	"webhook":             webhook.Publish,
	"order.release_holds": flow.ReleaseHoldsOn,
	"automation":          flow.TriggerRules,
}

const (
	followEvery = 250 * time.Millisecond // a look at the log costs next to nothing
	followMost  = 500                    // events in one transaction
	followAgain = 10 * time.Second       // after an error
)

// Follow has all followers handle what happens, until ctx ends.
func (d Deps) Follow(ctx context.Context) {
	var wg sync.WaitGroup
	for name, handle := range followers {
		wg.Go(func() { d.follow(ctx, name, handle) })
	}
	wg.Wait()
}

func (d Deps) follow(ctx context.Context, name string, handle event.Handler) {
	for {
		wait := followEvery
		n, err := event.Follow(ctx, d.DB, name, followMost, handle)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			d.Log.ErrorContext(ctx, "cannot follow the events", "follower", name, "error", err)
			wait = followAgain
		case n == followMost:
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

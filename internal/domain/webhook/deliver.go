package webhook

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/id"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/job"
)

// Deliver sends a message in three beats: it leases the row, calls with no
// transaction open, and writes what came of it. A message that is not its turn,
// or is settled, is left alone, so a job may come twice.
func Deliver(ctx context.Context, d *db.DB, client *http.Client, did id.Delivery) error {
	var e Endpoint
	var m Delivery
	mine := false
	err := d.Write(ctx, func(tx *db.Tx) (err error) {
		if m, err = GetDelivery(ctx, tx, did); err != nil {
			return err
		}
		if e, err = GetEndpoint(ctx, tx, m.Endpoint); err != nil {
			return err
		}
		mine, err = m.lease(ctx, tx, e)
		return err
	})
	if err != nil || !mine {
		return err
	}
	at := d.Now()
	answer, wait, callErr := post(ctx, client, e, m, at)
	// It may have been taken: that is written even if ctx has ended by now.
	write, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return d.Write(write, func(tx *db.Tx) error { return m.settle(write, tx, answer, wait, callErr) })
}

// lease takes a message to be sent now, if it is its turn.
func (m *Delivery) lease(ctx context.Context, tx *db.Tx, e Endpoint) (bool, error) {
	if e.Status != Enabled || m.DueAt.After(tx.Now()) {
		return false, nil
	}
	n, err := tx.Exec(ctx, `
		UPDATE webhook_delivery SET leased_until = ?
		WHERE id = ? AND status IN ('queued', 'retry') AND (leased_until IS NULL OR leased_until < ?)
			AND NOT EXISTS (
				SELECT 1 FROM webhook_delivery b
				WHERE b.endpoint_id = ? AND b.subject = ? AND b.sequence < ? AND b.status IN ('queued', 'retry'))`,
		tx.Now().Add(lease), m.ID, tx.Now(), m.Endpoint, m.Subject, m.Sequence)
	return n == 1, err
}

// post calls the endpoint. It returns the HTTP status, 0 where there was no
// answer, and how long the receiver asks to be left alone.
func post(ctx context.Context, client *http.Client, e Endpoint, m Delivery, at time.Time) (int, time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, strings.NewReader(m.Body))
	if err != nil {
		return 0, 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Purser")
	if err := sign(r.Header, m.Event.String(), m.Body, at, e.secrets(at)...); err != nil {
		return 0, 0, err
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, 0, err
	}
	defer answer.Body.Close()
	// What it says is nobody's business here: only its end is waited for, so that the connection can be used again.
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
	seconds, _ := strconv.ParseInt(answer.Header.Get("Retry-After"), 10, 32)
	return answer.StatusCode, time.Duration(max(seconds, 0)) * time.Second, nil
}

// throttling are the statuses by which a receiver asks to be left alone for a while.
var throttling = []int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}

// settle writes what came of a call, and sends the next message of the subject.
func (m *Delivery) settle(ctx context.Context, tx *db.Tx, answer int, wait time.Duration, callErr error) error {
	e, err := takeEndpoint(ctx, tx, m.Endpoint)
	if err != nil {
		return err
	}
	if answer >= 200 && answer < 300 {
		return m.sent(ctx, tx, &e, answer)
	}
	why := fmt.Sprintf("The receiver answered %d %s.", answer, http.StatusText(answer))
	if callErr != nil {
		why = clip("There was no answer: " + callErr.Error())
	}
	if e.FailingSince.IsZero() {
		e.FailingSince = tx.Now()
	}
	if _, err := tx.Exec(ctx, `UPDATE webhook_endpoint SET failing_since = ? WHERE id = ?`, e.FailingSince, e.ID); err != nil {
		return err
	}
	tries := int(m.Tries) + 1
	gone := answer == http.StatusGone
	if gone || tries > len(schedule) {
		if err := m.die(ctx, tx, answer, why); err != nil {
			return err
		}
	} else {
		after := schedule[tries-1]
		if slices.Contains(throttling, answer) {
			after = min(max(after, wait), longestWait)
		}
		due := tx.Now().Add(after)
		_, err := tx.Exec(ctx, `
			UPDATE webhook_delivery SET status = 'retry', tries = ?, due_at = ?, leased_until = NULL, answer = ?, error = ?
			WHERE id = ? AND status IN ('queued', 'retry')`, tries, due, answer, why, m.ID)
		if err != nil {
			return err
		}
		if err := job.EnqueueAt(ctx, tx, due, DeliverJob{m.ID}); err != nil {
			return err
		}
	}
	switch {
	case gone:
		return e.disable(ctx, tx, "The receiver wants no more messages (410 Gone).")
	case tx.Now().Sub(e.FailingSince) > giveUpAfter:
		return e.disable(ctx, tx, "It took nothing for five days. "+why)
	}
	return nil
}

func (m *Delivery) sent(ctx context.Context, tx *db.Tx, e *Endpoint, answer int) error {
	_, err := tx.Exec(ctx, `
		UPDATE webhook_delivery SET status = 'sent', tries = tries + 1, answer = ?, error = '', leased_until = NULL, settled_at = ?
		WHERE id = ? AND status IN ('queued', 'retry')`, answer, tx.Now(), m.ID)
	if err != nil {
		return err
	}
	if !e.FailingSince.IsZero() || tx.Now().Sub(e.SucceededAt) > time.Minute {
		_, err := tx.Exec(ctx, `UPDATE webhook_endpoint SET failing_since = NULL, succeeded_at = ? WHERE id = ?`, tx.Now(), e.ID)
		if err != nil {
			return err
		}
	}
	return m.passOn(ctx, tx)
}

// die gives a message up; those behind it go on.
func (m *Delivery) die(ctx context.Context, tx *db.Tx, answer int, why string) error {
	n, err := tx.Exec(ctx, `
		UPDATE webhook_delivery SET status = 'dead', tries = tries + 1, answer = ?, error = ?, leased_until = NULL, settled_at = ?
		WHERE id = ? AND status IN ('queued', 'retry')`, answer, why, tx.Now(), m.ID)
	if err != nil || n == 0 {
		return err
	}
	if err := event.Record(ctx, tx, DeliveryDied{m.Endpoint, m.ID, m.Event, why}); err != nil {
		return err
	}
	return m.passOn(ctx, tx)
}

// passOn sends the next message about the subject.
func (m *Delivery) passOn(ctx context.Context, tx *db.Tx) error {
	next, err := db.Get[Delivery](ctx, tx, `
		SELECT `+db.Columns[Delivery]()+` FROM webhook_delivery
		WHERE endpoint_id = ? AND subject = ? AND status IN ('queued', 'retry') ORDER BY sequence LIMIT 1`, m.Endpoint, m.Subject)
	if db.None(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return job.EnqueueAt(ctx, tx, next.DueAt, DeliverJob{next.ID})
}

func (e *Endpoint) disable(ctx context.Context, tx *db.Tx, why string) error {
	n, err := tx.Exec(ctx, `UPDATE webhook_endpoint SET status = 'disabled', disabled_why = ?, version = version + 1 WHERE id = ? AND status = 'enabled'`, why, e.ID)
	if err != nil || n == 0 {
		return err
	}
	if err := event.Record(ctx, tx, EndpointDisabled{e.ID, why}); err != nil {
		return err
	}
	return audit.Record(ctx, tx, "disable", "webhook_endpoint", e.ID.String(), nil, map[string]string{"why": why})
}

// clip bounds a text that came from elsewhere.
func clip(text string) string {
	const most = 500
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

package webhook

import (
	"context"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
)

// Endpoints lists all endpoints, the oldest first.
func Endpoints(ctx context.Context, r db.Reader) ([]Endpoint, error) {
	return db.Select[Endpoint](ctx, r, `SELECT `+db.Columns[Endpoint]()+` FROM webhook_endpoint ORDER BY id`)
}

// GetEndpoint reads an endpoint. Errors: NotFound webhook.no_endpoint.
func GetEndpoint(ctx context.Context, r db.Reader, e id.Endpoint) (Endpoint, error) {
	return readEndpoint(ctx, r, e, "")
}

// takeEndpoint reads an endpoint and keeps others from changing it.
func takeEndpoint(ctx context.Context, tx *db.Tx, e id.Endpoint) (Endpoint, error) {
	return readEndpoint(ctx, tx, e, tx.ForUpdate())
}

func readEndpoint(ctx context.Context, r db.Reader, e id.Endpoint, lock string) (Endpoint, error) {
	out, err := db.Get[Endpoint](ctx, r, `SELECT `+db.Columns[Endpoint]()+` FROM webhook_endpoint WHERE id = ?`+lock, e)
	if db.None(err) {
		err = fault.New(fault.NotFound, "webhook.no_endpoint", "There is no webhook endpoint %s.", e)
	}
	return out, err
}

// CheckVersion refuses a change to a version other than the one that the caller
// saw; 0 is not checked.
func (e *Endpoint) CheckVersion(seen int64) error {
	if seen == 0 || seen == e.Version {
		return nil
	}
	return fault.New(fault.Stale, "webhook.stale", "The endpoint was changed meanwhile: it has version %d now. Load it again.", e.Version).
		With(map[string]int64{"version": e.Version})
}

// AddEndpoint adds an endpoint, and returns it with its secret, which is not
// shown again. The caller has checked that its address may be called.
func AddEndpoint(ctx context.Context, tx *db.Tx, e Endpoint) (Endpoint, string, error) {
	e.ID, e.Status, e.Secret, e.Version = id.New[id.Endpoint](tx.Now()), Enabled, newSecret(), 1
	e.CreatedBy, e.CreatedAt = actor.Name(ctx), tx.Now()
	if err := e.check(); err != nil {
		return Endpoint{}, "", err
	}
	if _, err := db.Insert(ctx, tx, "webhook_endpoint", []Endpoint{e}); err != nil {
		return Endpoint{}, "", err
	}
	return e, e.Secret, audit.Record(ctx, tx, "add", "webhook_endpoint", e.ID.String(), nil, e)
}

// ChangeEndpoint lets change do something to an endpoint at a version (0: any).
// One that is enabled again is sent what waits for it.
func ChangeEndpoint(ctx context.Context, tx *db.Tx, eid id.Endpoint, version int64, change func(*Endpoint) error) (Endpoint, error) {
	e, err := takeEndpoint(ctx, tx, eid)
	if err != nil {
		return e, err
	}
	if err := e.CheckVersion(version); err != nil {
		return e, err
	}
	before := e
	if err := change(&e); err != nil {
		return e, err
	}
	if err := e.check(); err != nil {
		return e, err
	}
	enabled := before.Status == Disabled && e.Status == Enabled
	switch {
	case enabled:
		e.DisabledWhy = ""
		_, err = tx.Exec(ctx, `UPDATE webhook_endpoint SET failing_since = NULL WHERE id = ?`, e.ID)
	case before.Status == Enabled && e.Status == Disabled:
		e.DisabledWhy = "Switched off by " + actor.Name(ctx) + "."
	}
	if err != nil {
		return e, err
	}
	if err := saveEndpoint(ctx, tx, &e, before); err != nil || !enabled {
		return e, err
	}
	return e, job.Enqueue(ctx, tx, SweepJob{})
}

// saveEndpoint writes what people change of an endpoint.
func saveEndpoint(ctx context.Context, tx *db.Tx, e *Endpoint, before Endpoint) error {
	e.Version++
	_, err := tx.Exec(ctx, `
		UPDATE webhook_endpoint SET url = ?, description = ?, kinds = ?, status = ?, disabled_why = ?, version = ? WHERE id = ?`,
		e.URL, e.Description, e.Kinds, string(e.Status), e.DisabledWhy, e.Version, e.ID)
	if err != nil {
		return err
	}
	return audit.Record(ctx, tx, "change", "webhook_endpoint", e.ID.String(), before, e)
}

// Rotate gives an endpoint a new secret and returns it. For a day, messages are
// signed with the previous one, too.
func Rotate(ctx context.Context, tx *db.Tx, eid id.Endpoint) (Endpoint, string, error) {
	e, err := takeEndpoint(ctx, tx, eid)
	if err != nil {
		return e, "", err
	}
	e.OldSecret, e.OldUntil, e.Secret = e.Secret, tx.Now().Add(oldSecrets), newSecret()
	e.Version++
	_, err = tx.Exec(ctx, `UPDATE webhook_endpoint SET secret = ?, old_secret = ?, old_until = ?, version = ? WHERE id = ?`,
		e.Secret, e.OldSecret, e.OldUntil, e.Version, e.ID)
	if err != nil {
		return e, "", err
	}
	return e, e.Secret, audit.Record(ctx, tx, "rotate_secret", "webhook_endpoint", e.ID.String(), nil, nil)
}

// RemoveEndpoint forgets an endpoint and its messages.
func RemoveEndpoint(ctx context.Context, tx *db.Tx, eid id.Endpoint) error {
	e, err := takeEndpoint(ctx, tx, eid)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM webhook_delivery WHERE endpoint_id = ?`, eid); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM webhook_endpoint WHERE id = ?`, eid); err != nil {
		return err
	}
	return audit.Record(ctx, tx, "remove", "webhook_endpoint", eid.String(), e, nil)
}

package db

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// joined shows the connection of an open database/sql transaction as a pgx
// transaction, so that the job queue's driver works inside ours.
type joined struct{ conn *pgx.Conn }

var errOwner = errors.New("the transaction is ended by the one who began it")

func (j joined) Begin(context.Context) (pgx.Tx, error) { return nil, errOwner }
func (j joined) Commit(context.Context) error          { return errOwner }
func (j joined) Rollback(context.Context) error        { return errOwner }
func (j joined) LargeObjects() pgx.LargeObjects        { return pgx.LargeObjects{} }
func (j joined) Conn() *pgx.Conn                       { return j.conn }

func (j joined) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	return j.conn.CopyFrom(ctx, table, columns, src)
}

func (j joined) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return j.conn.SendBatch(ctx, b)
}

func (j joined) Prepare(ctx context.Context, name, query string) (*pgconn.StatementDescription, error) {
	return j.conn.Prepare(ctx, name, query)
}

func (j joined) Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error) {
	return j.conn.Exec(ctx, query, args...)
}

func (j joined) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	return j.conn.Query(ctx, query, args...)
}

func (j joined) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	return j.conn.QueryRow(ctx, query, args...)
}

package intake

import (
	"context"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// run is a row of import_run.
type run struct {
	ID         id.Import        `db:"id"`
	Kind       Kind             `db:"kind"`
	Format     string           `db:"format"`
	Mode       Mode             `db:"mode"`
	File       string           `db:"file"`
	Actor      string           `db:"actor"`
	StartedAt  time.Time        `db:"started_at"`
	FinishedAt time.Time        `db:"finished_at"`
	Summary    db.JSON[Summary] `db:"summary"`
}

// document is a row of import_document: a document that was booked.
type document struct {
	Source     string    `db:"source"`
	Key        string    `db:"key"`
	Run        id.Import `db:"run_id"`
	Outcome    string    `db:"outcome"`
	Lines      int64     `db:"lines"`
	Duplicates int64     `db:"duplicates"`
}

// The outcomes of documents that were booked.
const (
	outcomeOrder      = "order"
	outcomeReturn     = "return"
	outcomeAdjustment = "adjustment"
	outcomeCharge     = "charge"
	outcomeBookEntry  = "book_entry"
)

// object is a row of import_object: what a document has become.
type object struct {
	Source   string `db:"source"`
	Key      string `db:"key"`
	Position int64  `db:"position"`
	Kind     string `db:"kind"`
	ID       id.Any `db:"object_id"`
	Code     string `db:"code"`     // of what has no row that keeps it
	Quantity int64  `db:"quantity"` // of the same
}

// The kinds of objects.
const (
	objectOrder      = "order"
	objectReturn     = "return"
	objectInvoice    = "invoice"    // charges of no order, or their credit note
	objectAdjustment = "adjustment" // the cause of the document's stock movements
	objectUnmoved    = "unmoved"    // an adjustment that the stock policy leaves out
	objectJournal    = "journal"    // the source of an entry of the books
)

// known tells which documents of a source were booked already.
func known(ctx context.Context, r db.Reader, source string, keys []string) (map[string]bool, error) {
	found, err := db.SelectIn[string](ctx, r, `SELECT key FROM import_document WHERE source = ? AND key IN (/*in*/)`, keys, source)
	out := make(map[string]bool, len(found))
	for _, key := range found {
		out[key] = true
	}
	return out, err
}

// record writes documents with what they have become, in the transaction that
// books them.
func (im *importer) record(ctx context.Context, tx *db.Tx, documents []document, objects []object) error {
	if len(documents) == 0 {
		return nil
	}
	if err := im.begin(ctx, tx); err != nil {
		return err
	}
	if _, err := db.Insert(ctx, tx, "import_document", documents); err != nil {
		if _, taken := db.Violated(err); taken {
			return db.ErrRetry // another import of the same file was here first
		}
		return err
	}
	_, err := db.Insert(ctx, tx, "import_object", objects)
	return err
}

// begin writes the run, with the first thing that it books.
func (im *importer) begin(ctx context.Context, tx *db.Tx) error {
	_, err := db.Insert(ctx, tx, "import_run", []run{{
		ID: im.run, Kind: im.kind, Format: im.summary.Format, Mode: im.summary.Mode, File: im.o.File, Actor: actor.Name(ctx), StartedAt: im.started,
		Summary: db.JSON[Summary]{V: im.summary},
	}}, `ON CONFLICT (id) DO NOTHING`)
	return err
}

// endRun notes the end of a run that has booked anything.
func endRun(ctx context.Context, tx *db.Tx, run id.Import, s *Summary) error {
	_, err := tx.Exec(ctx, `UPDATE import_run SET finished_at = ?, summary = ? WHERE id = ?`, tx.Now(), db.JSON[*Summary]{V: s}, run)
	return err
}

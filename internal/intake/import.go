package intake

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// Mode is how orders are booked.
type Mode string

// The modes.
const (
	AsNew     Mode = "new"     // each goes through the whole flow, in the order of its time
	AsHistory Mode = "history" // finished business is booked
)

// ImportOptions say how a file is taken in.
type ImportOptions struct {
	Options
	File     string           // name of the file, for the record
	Mode     Mode             // of orders; empty: AsNew
	Stock    flow.StockPolicy // of AsHistory; empty: skip
	Channel  string           // code of the channel of orders that name none
	Location string           // code of the location that goods come to and leave from; empty: the first that ships
	DryRun   bool             // every transaction is rolled back
	Errors   string           // path of the file that gets the refused rows; empty: ErrorPath(File)
}

// Summary is what became of a file.
type Summary struct {
	Kind       Kind             `json:"kind"`
	Format     string           `json:"format"`
	Mode       Mode             `json:"mode,omitempty"`
	Stock      flow.StockPolicy `json:"stock,omitempty"`
	DryRun     bool             `json:"dry_run"`
	Lines      int64            `json:"lines" doc:"Rows of the file."`
	Documents  int64            `json:"documents" doc:"Documents that were read well."`
	Outcomes   map[string]int64 `json:"outcomes" doc:"Documents by what became of them; known were there already."`
	ErrorLines int64            `json:"error_lines" doc:"Rows that were refused."`
	ErrorFile  string           `json:"error_file,omitempty"`
	Totals     *Totals          `json:"totals,omitempty" doc:"Of orders: all that was imported from this source, recomputed from the database."`
	Seconds    float64          `json:"seconds"`
	Rate       int64            `json:"lines_per_second"`
	PeakMemory int64            `json:"peak_memory_bytes,omitempty"`
}

// The outcomes of documents, beside the kinds of changes of products and stock.
const (
	outcomeKnown   = "known"
	outcomeRefused = "refused"
)

// importer is the import of one file.
type importer struct {
	d       *db.DB
	o       ImportOptions
	kind    Kind
	run     id.Import
	started time.Time
	summary Summary

	mu     sync.Mutex // rows are refused as they are read and as they are booked
	errors *ErrorFile
}

func newImporter(d *db.DB, k Kind, o ImportOptions) *importer {
	now := d.Now()
	return &importer{
		d: d, o: o, kind: k, run: id.New[id.Import](now), started: now,
		summary: Summary{Kind: k, DryRun: o.DryRun, Outcomes: map[string]int64{}},
	}
}

// open begins to read: rows that are refused go to the error file from now on.
func (im *importer) open(s *Source) Options {
	im.errors = NewErrorFile(cmp.Or(im.o.Errors, ErrorPath(im.o.File)), s.Header())
	read, told := im.o.Options, im.o.Progress
	read.Reject = im.reject
	if told != nil {
		read.Progress = func(p Progress) {
			im.mu.Lock()
			p.Errors = im.errors.Rows()
			im.mu.Unlock()
			told(p)
		}
	}
	return read
}

func (im *importer) reject(e *RowError) {
	im.mu.Lock()
	defer im.mu.Unlock()
	im.errors.Add(e)
	if next := im.o.Reject; next != nil {
		next(e)
	}
}

// refuse rejects a document that was read well and cannot be booked.
func (im *importer) refuse(key string, rows []Row, wrong int, f *fault.Error) {
	im.summary.Outcomes[outcomeRefused]++
	for _, e := range refusals(key, rows, wrong, f.Code, sentenceOf(f)) {
		im.reject(e)
	}
}

// sentenceOf is a fault in one line, with the fields that are wrong.
func sentenceOf(f *fault.Error) string {
	if len(f.Fields) == 0 {
		return f.Message
	}
	return strings.TrimSuffix(f.Message, ".") + ": " + reasons(f.Fields)
}

// errRollback ends a transaction of a dry run.
var errRollback = errors.New("dry run")

// write runs fn in a transaction, or tries it in one that is rolled back.
func (im *importer) write(ctx context.Context, fn func(*db.Tx) error) error {
	err := im.d.Write(ctx, func(tx *db.Tx) error {
		err := fn(tx)
		if err == nil && im.o.DryRun {
			err = errRollback
		}
		return err
	})
	if errors.Is(err, errRollback) {
		return nil
	}
	return err
}

// hurry lets SQLite carry its log over into the file in larger steps while much
// is written, and returns what puts that back.
func hurry(ctx context.Context, d *db.DB) (func(), error) {
	if d.Postgres() {
		return func() {}, nil
	}
	const usual, large = 1000, 16_000 // pages of 4 KiB
	pages := func(ctx context.Context, n int) error {
		_, err := d.Writer().ExecContext(ctx, "PRAGMA wal_autocheckpoint = "+strconv.Itoa(n))
		return err
	}
	return func() { _ = pages(context.WithoutCancel(ctx), usual) }, pages(ctx, large) // what is left of a large log is carried over by the next write
}

// blame tells whether an error is the fault of what was to be booked, and not of
// the database or the program.
func blame(err error) (*fault.Error, bool) {
	f, ok := fault.As(err)
	if !ok {
		return nil, false
	}
	switch f.Kind {
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Stale, fault.Shortage:
		return f, true
	}
	return nil, false
}

// half books documents together, and where one of them makes that impossible,
// their halves, until the one is alone and is refused.
func half[T any](docs []T, book func([]T) error, refuse func(T, *fault.Error)) error {
	err := book(docs)
	f, ok := blame(err)
	switch {
	case !ok:
		return err
	case len(docs) == 1:
		refuse(docs[0], f)
		return nil
	}
	middle := len(docs) / 2
	if err := half(docs[:middle], book, refuse); err != nil {
		return err
	}
	return half(docs[middle:], book, refuse)
}

// finish writes the end of the run and completes the summary. Runs that changed
// nothing leave no trace.
func (im *importer) finish(ctx context.Context, p Progress) (*Summary, error) {
	s := &im.summary
	s.Lines, s.Documents, s.ErrorLines = p.Lines, p.Documents, im.errors.Rows()
	if err := im.errors.Close(); err != nil {
		return s, err
	}
	s.ErrorFile = im.errors.Path()
	elapsed := im.d.Now().Sub(im.started)
	s.Seconds = float64(elapsed.Milliseconds()) / 1000
	if elapsed > 0 {
		s.Rate = int64(float64(s.Lines) / elapsed.Seconds())
	}
	s.PeakMemory = peakMemory()
	if im.o.DryRun {
		return s, nil
	}
	return s, im.d.Write(ctx, func(tx *db.Tx) error { return endRun(ctx, tx, im.run, s) })
}

// pump reads records ahead, in a goroutine of its own, and books them in
// batches: of like ones that follow each other, at most size.
func pump[T any](ctx context.Context, next func() (T, error), size int, like func(a, b T) bool, book func([]T) error) error {
	ctx, stop := context.WithCancel(ctx)
	ahead := make(chan T, size)
	var failed error
	go func() {
		defer close(ahead)
		for {
			record, err := next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					failed = err
				}
				return
			}
			select {
			case ahead <- record:
			case <-ctx.Done():
				return
			}
		}
	}()
	err := gather(ctx, ahead, size, like, book)
	stop()
	for range ahead { // until the reader has seen that it is to stop
		continue
	}
	if err == nil {
		err = failed
	}
	return err
}

func gather[T any](ctx context.Context, ahead <-chan T, size int, like func(a, b T) bool, book func([]T) error) error {
	var batch []T
	for record := range ahead {
		if len(batch) == size || len(batch) > 0 && !like(batch[0], record) {
			if err := book(batch); err != nil {
				return err
			}
			batch = nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		batch = append(batch, record)
	}
	if len(batch) == 0 {
		return nil
	}
	return book(batch)
}

// peakMemory is the most memory that the process has had, in bytes: as Linux
// tells it, elsewhere what the runtime took from the system.
func peakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(status)) {
			if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kb), " kB"), 10, 64)
				if err == nil {
					return n << 10
				}
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}

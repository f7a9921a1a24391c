package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/exception"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
	"purser/internal/view"
)

// Exception is something that does not go on by itself.
type Exception struct{ view.Exception }

func (e Exception) version() int64 { return e.Version }

const exceptionTag = "Exceptions"

// ExceptionFilter is what exceptions are selected by.
type ExceptionFilter struct {
	Kinds      []view.ExceptionKind `query:"kind" enum:"unmapped_listing,bad_address,no_stock,no_rate,payment_failed,capture_failed,payment_unknown,authorization_end,refund_failed,webhook_failed,late,short_pick,rejected,rule_failed,inbound_dead,job_failed,count_review"`
	Severities []string             `query:"severity" enum:"high,medium,low"`
	Assignee   id.User              `query:"assigned_to"`
	Unassigned bool                 `query:"unassigned" doc:"Only those that nobody has taken on."`
	Channels   []id.Channel         `query:"channel" maxItems:"200"`
	Locations  []id.Location        `query:"location" maxItems:"200"`
	Order      id.Order             `query:"order"`
	Snoozed    bool                 `query:"snoozed" doc:"Also those that are put off."`
}

// filter selects what the one who asks may see: who may act at some locations
// alone sees what is wrong there.
func (f ExceptionFilter) filter(ctx context.Context, now time.Time) (view.ExceptionFilter, error) {
	locations, err := within(ctx, auth.OrderRead, f.Locations)
	return view.ExceptionFilter{
		Now: now, Kinds: f.Kinds, Severities: f.Severities, Assignee: f.Assignee, Unassigned: f.Unassigned,
		Channels: f.Channels, Locations: locations, Order: f.Order, Snoozed: f.Snoozed, May: auth.From(ctx).May,
	}, err
}

// showException leaves out the mends that the one who asks may not do.
func showException(ctx context.Context, e view.Exception) Exception {
	mends := []view.Mend{}
	for _, m := range e.Mends {
		if do, ok := menders[menderOf{e.Kind, m.Code}]; ok && do.may(ctx, e) == nil {
			mends = append(mends, m)
		}
	}
	e.Mends = mends
	return Exception{e}
}

// findException reads an exception that the one who asks may see.
func (s *Server) findException(ctx context.Context, r db.Reader, name string, now time.Time) (view.Exception, exception.Key, error) {
	key, err := exception.ParseKey(name)
	if err != nil {
		return view.Exception{}, key, err
	}
	f, err := ExceptionFilter{}.filter(ctx, now)
	if err != nil {
		return view.Exception{}, key, err
	}
	e, err := view.GetException(ctx, r, f, key)
	return e, key, err
}

func (s *Server) registerExceptions() {
	type listInput struct {
		Paged
		ExceptionFilter
	}
	read(s, route{method: http.MethodGet, path: "/v1/exceptions", id: "list-exceptions", summary: "What does not go on by itself, the most urgent first", tag: exceptionTag, permission: auth.OrderRead},
		func(ctx context.Context, in *listInput) (list[Exception], error) {
			f, err := in.filter(ctx, s.DB.Now())
			if err != nil {
				return list[Exception]{}, err
			}
			rows, next, err := view.Exceptions(ctx, s.DB, f, view.Page{Limit: in.Limit, After: in.After})
			out := make([]Exception, len(rows))
			for i, e := range rows {
				out[i] = showException(ctx, e)
			}
			return listOf(out, next), err
		})

	type countInput struct{ ExceptionFilter }
	read(s, route{method: http.MethodGet, path: "/v1/exception-counts", id: "count-exceptions", summary: "How many exceptions there are of each kind", tag: exceptionTag, permission: auth.OrderRead},
		func(ctx context.Context, in *countInput) (list[view.ExceptionCount], error) {
			f, err := in.filter(ctx, s.DB.Now())
			if err != nil {
				return list[view.ExceptionCount]{}, err
			}
			rows, err := view.CountExceptions(ctx, s.DB, f)
			return listOf(rows, ""), err
		})

	type getInput struct {
		Exception string `path:"exception"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/exceptions/{exception}", id: "get-exception", summary: "An exception, for as long as it is there", tag: exceptionTag, permission: auth.OrderRead},
		func(ctx context.Context, in *getInput) (Exception, error) {
			e, _, err := s.findException(ctx, s.DB, in.Exception, s.DB.Now())
			return showException(ctx, e), err
		})
}

// ExceptionMark is what people add to an exception. A field that is left out stays
// as it is.
type ExceptionMark struct {
	AssignedTo   *id.User   `json:"assigned_to,omitempty" doc:"Who takes care of it; empty: nobody."`
	SnoozedUntil *time.Time `json:"snoozed_until,omitempty" doc:"It is not listed until then; at most 90 days. A time that is over ends it."`
	Note         *string    `json:"note,omitempty"`
}

// Mended is what came of a mend.
type Mended struct {
	Open bool `json:"open" doc:"The exception is still there: its cause is dealt with by a job, or something else is needed too."`
}

func (s *Server) registerExceptionSteps() {
	type markInput struct {
		Keyed
		IfMatch
		Exception string `path:"exception"`
		Body      ExceptionMark
	}
	write(s, route{method: http.MethodPatch, path: "/v1/exceptions/{exception}", id: "mark-exception", summary: "Take an exception on, put it off, or note something", tag: exceptionTag, permission: auth.ExceptionWork},
		func(ctx context.Context, tx *db.Tx, in *markInput) (Exception, error) {
			seen, err := in.want()
			if err != nil {
				return Exception{}, err
			}
			e, key, err := s.findException(ctx, tx, in.Exception, tx.Now())
			if err != nil {
				return Exception{}, err
			}
			_, err = exception.Put(ctx, tx, key, e.Since, seen, func(m *exception.Mark) error {
				set(&m.Note, in.Body.Note)
				if in.Body.SnoozedUntil != nil {
					m.SnoozedUntil = in.Body.SnoozedUntil.UTC()
				}
				if in.Body.AssignedTo == nil {
					return nil
				}
				m.AssignedTo = *in.Body.AssignedTo
				if m.AssignedTo.IsZero() {
					return nil
				}
				_, err := auth.GetUser(ctx, tx, m.AssignedTo)
				return err
			})
			if err != nil {
				return Exception{}, err
			}
			e, _, err = s.findException(ctx, tx, in.Exception, tx.Now())
			return showException(ctx, e), err
		})

	type mendInput struct {
		Once
		Exception string `path:"exception"`
		Body      struct {
			Code  string    `json:"code" doc:"Of one of its mends."`
			Input MendInput `json:"input,omitzero" doc:"What the mend needs."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/exceptions/{exception}/mend", id: "mend-exception", summary: "Do one of the mends of an exception; needs its permission", tag: exceptionTag, permission: auth.ExceptionWork},
		func(ctx context.Context, tx *db.Tx, in *mendInput) (Mended, error) {
			e, _, err := s.findException(ctx, tx, in.Exception, tx.Now())
			if err != nil {
				return Mended{}, err
			}
			if err := mend(ctx, tx, e, in.Body.Code, in.Body.Input); err != nil {
				return Mended{}, err
			}
			_, _, err = s.findException(ctx, tx, in.Exception, tx.Now())
			if gone(err) {
				return Mended{}, nil
			}
			return Mended{Open: true}, err
		})
}

func (s *Server) registerJobs() {
	type retryInput struct {
		Once
		Job int64 `path:"job" minimum:"1"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/jobs/{job}/retry", id: "retry-job", summary: "Let a job try again that was given up", tag: exceptionTag, permission: auth.JobWrite},
		func(ctx context.Context, tx *db.Tx, in *retryInput) (struct{}, error) {
			return struct{}{}, job.Retry(ctx, tx, in.Job)
		})
}

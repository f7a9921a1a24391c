package api

import (
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"purser/internal/base/fault"
)

// Problem is the body of every error, RFC 9457 with a stable code.
type Problem struct {
	Type   string       `json:"type" doc:"Always about:blank; branch on code." example:"about:blank"`
	Title  string       `json:"title" doc:"The status in words."`
	Status int          `json:"status" doc:"HTTP status."`
	Code   string       `json:"code" doc:"Stable code for programs." example:"order.already_shipped"`
	Detail string       `json:"detail" doc:"One sentence for people."`
	Fields []FieldFault `json:"fields,omitempty" doc:"What is wrong with which field."`
	Facts  any          `json:"facts,omitempty" doc:"Facts for programs, e.g. the present version of what was changed meanwhile."`
}

// FieldFault says what is wrong with a field of the request.
type FieldFault struct {
	Field   string `json:"field" doc:"Path of the field, e.g. lines[0].quantity."`
	Message string `json:"message"`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus is the HTTP status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes huma send application/problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// problemOf turns any error into a problem. What is not a fault is ours: the
// caller learns only that, and log gets the rest.
func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	f := fault.Of(err)
	status := f.Kind.Status()
	p = &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: f.Code, Detail: f.Message, Facts: f.Detail}
	for _, field := range slices.Sorted(maps.Keys(f.Fields)) {
		p.Fields = append(p.Fields, FieldFault{field, f.Fields[field]})
	}
	return p
}

// writeProblem answers with an error outside of huma's own handling.
func writeProblem(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	p := problemOf(err)
	logFailure(r, log, p, err)
	w.Header().Set("Content-Type", "application/problem+json")
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client went away: nobody to tell
}

func logFailure(r *http.Request, log *slog.Logger, p *Problem, err error) {
	if p.Status >= http.StatusInternalServerError {
		log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "code", p.Code, "error", err)
	}
}

func init() {
	// huma's own findings (a body that does not fit its schema) become problems
	// of the same shape. The hook is a package variable of huma's.
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: "request.invalid", Detail: sentence(message)}
		switch status {
		case http.StatusRequestEntityTooLarge:
			p.Code = "request.too_large"
		case http.StatusUnsupportedMediaType:
			p.Code = "request.media_type"
		case http.StatusBadRequest:
			p.Code = "request.malformed"
		case http.StatusInternalServerError:
			p.Code = "internal"
		}
		for _, err := range errs {
			var d *huma.ErrorDetail
			switch {
			case errors.As(err, &d):
				p.Fields = append(p.Fields, fieldFault(d))
			case err != nil:
				if f, ok := fault.As(err); ok {
					return problemOf(f)
				}
				p.Fields = append(p.Fields, FieldFault{"", err.Error()})
			}
		}
		return p
	}
}

// fieldFault names the field that huma finds fault with: of a body from its top,
// and one that is missing as the field itself, not as what lacks it.
func fieldFault(d *huma.ErrorDetail) FieldFault {
	field := strings.TrimPrefix(strings.TrimPrefix(d.Location, "body"), ".")
	name, missing := strings.CutPrefix(d.Message, "expected required property ")
	if name, ok := strings.CutSuffix(name, " to be present"); ok && missing {
		return FieldFault{strings.TrimPrefix(field+"."+name, "."), "is missing"}
	}
	return FieldFault{field, d.Message}
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

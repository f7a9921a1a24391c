package web

import "github.com/a-h/templ"

// The page of the design system: each component, with what it is for.
func (s *Server) registerDesign() {
	s.page("/design", "", func(v *visit) (templ.Component, error) { return designPage(v), nil })
}

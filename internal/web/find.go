package web

import (
	"net/http"
	"net/url"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/domain/catalog"
	"purser/internal/domain/order"
	"purser/internal/platform/auth"
	"purser/internal/view"
)

func (s *Server) registerFind() {
	s.handle(route{http.MethodGet, "/find", "", false}, s.find)
}

// find opens what was scanned or typed: the order that bears the number, the
// article that bears the code, else what else it may mean among orders.
func (s *Server) find(v *visit) error {
	words := strings.TrimSpace(v.r.URL.Query().Get("q"))
	if words == "" {
		return seeOther(v, "/")
	}
	if v.may(auth.OrderRead) {
		numbered, _, err := order.List(v.ctx, s.DB, order.Filter{Text: words}, order.Page{Limit: 2})
		if err != nil {
			return err
		}
		if len(numbered) == 1 {
			return seeOther(v, "/orders/"+numbered[0].ID.String())
		}
	}
	if v.may(auth.StockRead) {
		article, _, err := catalog.Scan(v.ctx, s.DB, words)
		if err == nil {
			return seeOther(v, "/stock/"+article.ID.String())
		}
		if fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	if !v.may(auth.OrderRead) {
		return seeOther(v, "/stock?q="+url.QueryEscape(words))
	}
	rows, _, err := view.FindOrders(v.ctx, s.DB, order.Filter{}, words, order.Page{Limit: 2})
	if err != nil {
		return err
	}
	if len(rows) == 1 {
		return seeOther(v, "/orders/"+rows[0].ID.String())
	}
	return seeOther(v, "/orders?q="+url.QueryEscape(words))
}

package web

import (
	"context"
	"slices"
	"time"

	"github.com/a-h/templ"

	"purser/internal/base/money"
	"purser/internal/domain/order"
	"purser/internal/platform/auth"
	"purser/internal/view"
	"purser/internal/web/ui"
)

// homeDays is how many days the chart of the start page shows.
const homeDays = 30

// task is a list of things that wait, and how long it is.
type task struct {
	orderView
	count int
}

// mostCounted is where counting ends: a longer list is "more than".
const mostCounted = 999

func (s *Server) registerHome() {
	s.page("/", "", func(v *visit) (templ.Component, error) {
		if !v.may(auth.OrderRead) {
			return homePage(v, nil, ui.Chart{}), nil
		}
		tasks, err := s.tasks(v)
		if err != nil {
			return nil, err
		}
		from, err := time.ParseInLocation(time.DateOnly, v.company.Day(v.at.AddDate(0, 0, 1-homeDays)), v.company.Zone())
		if err != nil {
			return nil, err
		}
		sales, err := view.Sales(v.ctx, s.DB, from)
		if err != nil {
			return nil, err
		}
		return homePage(v, tasks, salesChart(v, sales)), nil
	})
}

// tasks counts the lists that wait for somebody.
func (s *Server) tasks(v *visit) (tasks []task, err error) {
	for _, w := range orderViews {
		if w.tone == ui.Calm {
			continue
		}
		n, err := order.Count(v.ctx, s.DB, w.filter(v.at), mostCounted)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, task{w, n})
	}
	return tasks, nil
}

// mostSeries is how many channels a chart tells apart; the last stands for all others.
const mostSeries = 6

// salesChart draws net sales by day and channel.
func salesChart(v *visit, sales []view.DaySales) ui.Chart {
	chart := ui.Chart{Title: "Sales of the last 30 days by channel", Wide: true, Write: wholeMoney(v.ctx, v.company.BaseCurrency)}
	day := map[string]int{}
	for i := range homeDays {
		at := v.at.AddDate(0, 0, i-homeDays+1)
		day[v.company.Day(at)] = i
		chart.Labels = append(chart.Labels, at.In(v.company.Zone()).Format("2 Jan"))
	}
	names := byTotal(sales)
	for i, name := range names[:min(len(names), mostSeries)] {
		chart.Series = append(chart.Series, ui.Series{Name: name, Key: i + 1, Values: make([]float64, homeDays)})
	}
	for _, s := range sales {
		i, ok := day[s.Day]
		if !ok {
			continue
		}
		n := min(slices.Index(names, s.Name), len(chart.Series)-1)
		chart.Series[n].Values[i] += float64(s.Total)
	}
	if len(names) > mostSeries {
		chart.Series[mostSeries-1].Name = "Others"
	}
	return chart
}

// byTotal lists channels, the strongest seller first.
func byTotal(sales []view.DaySales) (names []string) {
	total := map[string]int64{}
	for _, s := range sales {
		if _, ok := total[s.Name]; !ok {
			names = append(names, s.Name)
		}
		total[s.Name] += s.Total
	}
	slices.SortStableFunc(names, func(a, b string) int { return int(min(1, max(-1, total[b]-total[a]))) })
	return names
}

// wholeMoney writes minor units as whole major ones: for axes.
func wholeMoney(ctx context.Context, c money.Currency) func(float64) string {
	return func(minor float64) string {
		for range c.Digits() {
			minor /= 10
		}
		return ui.Count(ctx, int64(minor+.5))
	}
}

// salesSum adds up what was sold on the days of the chart.
func salesSum(c ui.Chart) (sum int64) {
	for _, s := range c.Series {
		for _, n := range s.Values {
			sum += int64(n)
		}
	}
	return sum
}

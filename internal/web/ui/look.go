// Package ui is the back office's design system: components as templ
// functions, their icons and charts, and how numbers and times are written. The
// page /design shows each of them. It knows nothing of orders and stock.
package ui

import (
	"context"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/money"
)

// Look is how the person who looks wants things to be written.
type Look struct {
	Zone    *time.Location
	Numbers Numbers
	Now     time.Time
}

// Numbers are the signs that numbers are written with.
type Numbers string

// The ways to write one thousand and a half.
const (
	NumbersComma Numbers = "1,000.5"
	NumbersPoint Numbers = "1.000,5"
	NumbersSpace Numbers = "1 000,5"
	NumbersSwiss Numbers = "1’000.5"
)

// AllNumbers lists the ways to write numbers, the usual one first.
var AllNumbers = []Numbers{NumbersComma, NumbersPoint, NumbersSpace, NumbersSwiss}

// signs are what groups digits and what precedes the fraction.
func (n Numbers) signs() (group, point string) {
	switch n {
	case NumbersPoint:
		return ".", ","
	case NumbersSpace:
		return "\u202f", ","
	case NumbersSwiss:
		return "’", "."
	}
	return ",", "."
}

type lookKey struct{}

// With returns a context in which components write as look says.
func With(ctx context.Context, look Look) context.Context {
	return context.WithValue(ctx, lookKey{}, look)
}

func look(ctx context.Context) Look {
	l, _ := ctx.Value(lookKey{}).(Look)
	if l.Zone == nil {
		l.Zone = time.UTC
	}
	return l
}

// Zone is the reader's time zone.
func Zone(ctx context.Context) *time.Location { return look(ctx).Zone }

// Money writes minor units of a currency, its code behind: 1,234.50 EUR.
func Money(ctx context.Context, minor int64, c money.Currency) string {
	return Amount(ctx, minor, c) + "\u00a0" + string(c)
}

// Amount writes minor units of a currency without its code.
func Amount(ctx context.Context, minor int64, c money.Currency) string {
	return grouped(ctx, money.Format(minor, c))
}

// Price writes a unit price: with the digits of its currency, and more where it has them.
func Price(ctx context.Context, price money.Micros, c money.Currency) string {
	text := price.String()
	if digits := c.Digits(); digits > 0 {
		whole, fraction, _ := strings.Cut(text, ".")
		text = whole + "." + fraction + strings.Repeat("0", max(0, digits-len(fraction)))
	}
	return grouped(ctx, text)
}

// Count writes a whole number.
func Count[T ~int | ~int64](ctx context.Context, n T) string {
	return grouped(ctx, strconv.FormatInt(int64(n), 10))
}

// grouped rewrites a plain decimal number with the reader's signs.
func grouped(ctx context.Context, plain string) string {
	group, point := look(ctx).Numbers.signs()
	sign := ""
	if rest, ok := strings.CutPrefix(plain, "-"); ok {
		sign, plain = "−", rest
	}
	whole, fraction, broken := strings.Cut(plain, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(digit)
	}
	if broken {
		b.WriteString(point + fraction)
	}
	return b.String()
}

// Clock writes an instant in the reader's zone: the time of today, else the day
// and the time, with the year where it is another one.
func Clock(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	l := look(ctx)
	at, now := t.In(l.Zone), l.Now.In(l.Zone)
	switch {
	case at.Year() != now.Year():
		return at.Format("2 Jan 2006, 15:04")
	case at.YearDay() != now.YearDay():
		return at.Format("2 Jan, 15:04")
	}
	return at.Format("15:04")
}

// Exact writes an instant with everything: for titles.
func Exact(ctx context.Context, t time.Time) string {
	return t.In(look(ctx).Zone).Format("Monday, 2 January 2006, 15:04:05 MST")
}

// Ago writes how long ago an instant was, or in how long it will be, roughly.
func Ago(ctx context.Context, t time.Time) string {
	d := look(ctx).Now.Sub(t)
	if d < 0 {
		return "in " + span(-d)
	}
	if d < time.Minute {
		return "just now"
	}
	return span(d) + " ago"
}

func span(d time.Duration) string {
	switch {
	case d < time.Hour:
		return strconv.Itoa(max(1, int(d.Minutes()))) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h"
	case d < 60*24*time.Hour:
		return strconv.Itoa(int(d.Hours()/24)) + " days"
	}
	return strconv.Itoa(int(d.Hours()/24/30)) + " months"
}

// Late tells whether an instant has passed.
func Late(ctx context.Context, t time.Time) bool {
	return !t.IsZero() && t.Before(look(ctx).Now)
}

// Words makes a text for people of a code: partially_shipped becomes Partially shipped.
func Words[T ~string](code T) string {
	s := strings.ReplaceAll(string(code), "_", " ")
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Plural writes a number with its noun: 1 line, 2 lines.
func Plural[T ~int | ~int64](ctx context.Context, n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(ctx, n) + " " + noun + "s"
}

package api

import (
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/credit"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Credit is a gift card, or a customer's store credit in a currency.
type Credit struct {
	credit.Credit
	Balance   money.Amount `json:"balance"`
	Held      money.Amount `json:"held" doc:"Part of the balance that orders have reserved."`
	Available money.Amount `json:"available" doc:"What can still be spent: nothing of one that is pending, disabled or expired."`
}

func (c Credit) version() int64 { return c.Version }

// CreditDetail is a credit with its newest entries and its open holds.
type CreditDetail struct {
	Credit
	Entries []CreditEntry `json:"entries" doc:"The newest 200, newest first."`
	Holds   []credit.Hold `json:"holds" doc:"What orders have reserved, in minor units of the currency."`
}

// CreditEntry is a change of the balance of a gift card or store credit.
type CreditEntry struct {
	credit.Entry
	Amount money.Amount `json:"amount" doc:"Signed."`
}

// NewCode is a gift card with its new code.
type NewCode struct {
	Code   string `json:"code" doc:"Shown only now. A new one takes its place."`
	Credit Credit `json:"credit"`
}

const creditTag = "Gift cards and store credit"

func (s *Server) showCredit(ctx context.Context, r db.Reader, c *credit.Credit, err error) (Credit, error) {
	if err != nil {
		return Credit{}, err
	}
	day, err := flow.Today(ctx, r, s.DB.Now())
	of := func(minor int64) money.Amount { return money.Of(minor, c.Currency) }
	return Credit{*c, of(c.Balance), of(c.Held), of(c.Spendable(day))}, err
}

func (s *Server) registerCredits() {
	type listInput struct {
		Paged
		Customer id.Customer   `query:"customer"`
		Order    id.Order      `query:"order" doc:"That gift cards were sold with."`
		Kind     credit.Kind   `query:"kind" enum:"gift_card,store_credit"`
		Status   credit.Status `query:"status" enum:"pending,active,disabled"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/credits", id: "list-credits", summary: "List gift cards and store credits, newest first", tag: creditTag, permission: auth.CreditRead},
		func(ctx context.Context, in *listInput) (list[Credit], error) {
			rows, next, err := credit.List(ctx, s.DB, credit.Filter{
				Customer: in.Customer, Order: in.Order, Kind: in.Kind, Status: in.Status, Limit: in.Limit, After: in.After,
			})
			if err != nil {
				return list[Credit]{}, err
			}
			shown := make([]Credit, len(rows))
			for i := range rows {
				if shown[i], err = s.showCredit(ctx, s.DB, &rows[i], nil); err != nil {
					return list[Credit]{}, err
				}
			}
			return listOf(shown, next), nil
		})

	type getInput struct {
		Credit id.Credit `path:"credit"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/credits/{credit}", id: "get-credit", summary: "A gift card or store credit with what moved it", tag: creditTag, permission: auth.CreditRead},
		func(ctx context.Context, in *getInput) (out CreditDetail, err error) {
			c, err := credit.Get(ctx, s.DB, in.Credit)
			if out.Credit, err = s.showCredit(ctx, s.DB, c, err); err != nil {
				return out, err
			}
			entries, err := credit.Entries(ctx, s.DB, in.Credit, 200)
			if err != nil {
				return out, err
			}
			out.Entries = []CreditEntry{}
			for _, e := range entries {
				out.Entries = append(out.Entries, CreditEntry{e, money.Of(e.Amount, c.Currency)})
			}
			out.Holds, err = credit.Holds(ctx, s.DB, in.Credit)
			if out.Holds == nil {
				out.Holds = []credit.Hold{}
			}
			return out, err
		})

	type findInput struct {
		Body struct {
			Code string `json:"code" minLength:"1" maxLength:"100"`
		}
	}
	// The code is in the body, so that no log of addresses has it. Who takes payments
	// may try codes, and nobody else.
	read(s, route{method: http.MethodPost, path: "/v1/gift-cards/find", id: "find-gift-card", summary: "The gift card of a code, with its balance", tag: creditTag, permission: auth.PaymentWrite},
		func(ctx context.Context, in *findInput) (Credit, error) {
			c, err := credit.ByCode(ctx, s.DB, in.Body.Code)
			return s.showCredit(ctx, s.DB, c, err)
		})
}

// CreditStep is what the input of a step of a gift card or store credit embeds.
type CreditStep struct {
	IfMatch
	Credit id.Credit `path:"credit"`
}

// seen is the credit, if the caller saw the version of it that there is.
func (in *CreditStep) seen(ctx context.Context, r db.Reader) (*credit.Credit, error) {
	want, err := in.want()
	if err != nil {
		return nil, err
	}
	c, err := credit.Get(ctx, r, in.Credit)
	if err == nil {
		err = c.CheckVersion(want)
	}
	return c, err
}

func (s *Server) registerCreditSteps() {
	type grantInput struct {
		Once
		Customer id.Customer `path:"customer"`
		Body     struct {
			Amount money.Amount `json:"amount"`
			Reason string       `json:"reason" minLength:"1" maxLength:"500"`
			Order  id.Order     `json:"order_id,omitzero" doc:"That it is about. Money of an order's payments is given with a refund instead."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/customers/{customer}/credits", id: "grant-credit", summary: "Give a customer store credit", tag: creditTag, permission: auth.CreditWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *grantInput) (Credit, error) {
			c, err := flow.GrantCredit(ctx, tx, flow.Grant{Customer: in.Customer, Amount: in.Body.Amount, Reason: in.Body.Reason, Order: in.Body.Order})
			return s.showCredit(ctx, tx, c, err)
		})

	type issueInput struct {
		Once
		Body struct {
			Amount    money.Amount `json:"amount"`
			ExpiresOn string       `json:"expires_on,omitempty" format:"date"`
			Reason    string       `json:"reason" minLength:"1" maxLength:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/gift-cards", id: "issue-gift-card", summary: "Give a gift card away; ask for its code next", tag: creditTag, permission: auth.CreditWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *issueInput) (Credit, error) {
			c, err := flow.IssueGiftCard(ctx, tx, in.Body.Amount, in.Body.ExpiresOn, in.Body.Reason)
			return s.showCredit(ctx, tx, c, err)
		})

	// A repetition would need the code, which is never stored: so it takes no
	// idempotency key, and gives another code.
	type codeInput struct {
		Credit id.Credit `path:"credit"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/credits/{credit}/code", id: "make-gift-card-code", summary: "Make a code for a gift card, in place of the one before", tag: creditTag, permission: auth.CreditWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *codeInput) (out NewCode, err error) {
			code, c, err := flow.NewGiftCardCode(ctx, tx, in.Credit)
			out.Code = code
			out.Credit, err = s.showCredit(ctx, tx, c, err)
			return out, err
		})

	type takeInput struct {
		Once
		CreditStep
		Body struct {
			Amount *money.Amount `json:"amount,omitempty" doc:"All that no order holds, if it is left out."`
			Reason string        `json:"reason" minLength:"1" maxLength:"500"`
		}
	}
	take := func(path, id, summary string, do func(context.Context, *db.Tx, id.Credit, int64, string) (*credit.Credit, error)) {
		write(s, route{method: http.MethodPost, path: "/v1/credits/{credit}/" + path, id: id, summary: summary, tag: creditTag, permission: auth.CreditWrite},
			func(ctx context.Context, tx *db.Tx, in *takeInput) (Credit, error) {
				c, err := in.seen(ctx, tx)
				var n int64
				if err == nil && in.Body.Amount != nil {
					n, err = c.Minor(*in.Body.Amount)
				}
				if err != nil {
					return Credit{}, err
				}
				c, err = do(ctx, tx, in.Credit, n, in.Body.Reason)
				return s.showCredit(ctx, tx, c, err)
			})
	}
	take("payout", "pay-out-credit", "Pay out what is left of a gift card or store credit", flow.PayOutCredit)
	take("void", "void-credit", "Take a gift card or store credit back, or a part of it", flow.VoidCredit)

	type changeInput struct {
		Keyed
		CreditStep
		Body struct {
			Status    credit.Status `json:"status,omitempty" enum:"active,disabled"`
			ExpiresOn *string       `json:"expires_on,omitempty" doc:"The last day on which it may be spent, such as 2026-12-31; empty: no end."`
			Reason    string        `json:"reason,omitempty" maxLength:"500"`
		}
	}
	write(s, route{method: http.MethodPatch, path: "/v1/credits/{credit}", id: "change-credit", summary: "Disable or enable a gift card or store credit, or set when it expires", tag: creditTag, permission: auth.CreditWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (Credit, error) {
			c, err := in.seen(ctx, tx)
			if err == nil && in.Body.Status != "" {
				c, err = credit.SetStatus(ctx, tx, in.Credit, in.Body.Status, in.Body.Reason)
			}
			if err == nil && in.Body.ExpiresOn != nil {
				c, err = credit.SetExpiry(ctx, tx, in.Credit, *in.Body.ExpiresOn, in.Body.Reason)
			}
			return s.showCredit(ctx, tx, c, err)
		})
}

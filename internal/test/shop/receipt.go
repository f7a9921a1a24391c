package shop

import (
	"purser/internal/domain/receivable"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// TryReceipt books money that came on account.
func (s *Shop) TryReceipt(in flow.ReceiptIn) (r *receivable.Receipt, err error) {
	if in.Method == "" {
		in.Method = receivable.Bank
	}
	err = s.Try(func(tx *db.Tx) (err error) {
		r, err = flow.ReceiveOnAccount(s.Ctx, tx, in)
		return err
	})
	return r, err
}

// Receipt is TryReceipt that does not fail.
func (s *Shop) Receipt(in flow.ReceiptIn) *receivable.Receipt {
	s.T.Helper()
	r, err := s.TryReceipt(in)
	if err != nil {
		s.T.Fatal(err)
	}
	return r
}

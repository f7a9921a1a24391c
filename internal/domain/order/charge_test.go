package order

import "testing"

func TestAuthorizeAndChargeStatus(t *testing.T) {
	for _, c := range []struct {
		name                                                       string
		total, cancelled, credited, authorized, captured, refunded int64
		wantAuthorize                                              AuthorizeStatus
		wantCharge                                                 ChargeStatus
	}{
		{"nothing came", 100, 0, 0, 0, 0, 0, AuthorizeNone, ChargeNone},
		{"a part is authorized", 100, 0, 0, 40, 0, 0, AuthorizePartial, ChargeNone},
		{"all is authorized", 100, 0, 0, 100, 0, 0, AuthorizeFull, ChargeNone},
		{"more is authorized", 100, 0, 0, 120, 0, 0, AuthorizeFull, ChargeNone},
		{"a part is charged, the rest authorized", 100, 0, 0, 60, 40, 0, AuthorizeFull, ChargePartial},
		{"a part is charged", 100, 0, 0, 0, 40, 0, AuthorizePartial, ChargePartial},
		{"all is charged", 100, 0, 0, 0, 100, 0, AuthorizeFull, ChargeFull},
		{"more is charged", 100, 0, 0, 0, 101, 0, AuthorizeFull, Overcharged},
		{"a refund was granted and not sent", 100, 0, 30, 0, 100, 0, AuthorizeFull, Overcharged},
		{"a refund was granted and sent", 100, 0, 30, 0, 100, 30, AuthorizeFull, ChargeFull},
		{"a refund was sent and not granted", 100, 0, 0, 0, 100, 30, AuthorizePartial, ChargePartial},
		{"a part was cancelled", 100, 60, 0, 0, 40, 0, AuthorizeFull, ChargeFull},
		{"all was cancelled", 100, 100, 0, 0, 0, 0, AuthorizeNone, ChargeFull},
		{"all was cancelled, and money came", 100, 100, 0, 0, 10, 0, AuthorizeFull, Overcharged},
		{"it costs nothing", 0, 0, 0, 0, 0, 0, AuthorizeFull, ChargeFull},
	} {
		h := Header{Total: c.total, CancelledTotal: c.cancelled, Credited: c.credited, Authorized: c.authorized, Captured: c.captured, Refunded: c.refunded}
		if a, g := h.AuthorizeStatus(), h.ChargeStatus(); a != c.wantAuthorize || g != c.wantCharge {
			t.Errorf("%s: got %s and %s, want %s and %s", c.name, a, g, c.wantAuthorize, c.wantCharge)
		}
	}
}

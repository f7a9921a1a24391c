package api

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"purser/internal/base/address"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/domain/channel"
	"purser/internal/domain/customer"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/payment"
	"purser/internal/domain/routing"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// schemaNames are the types whose own name does not tell, in the description of
// the whole API, which area they belong to.
var schemaNames = map[string]string{
	"purser/internal/platform/setting.Company":    "OwnCompany",
	"purser/internal/domain/credit.Hold":          "CreditHold",
	"purser/internal/domain/customer.Location":    "CompanyLocation",
	"purser/internal/domain/fulfillment.Order":    "Fulfillment",
	"purser/internal/domain/fulfillment.Line":     "FulfillmentLine",
	"purser/internal/domain/fulfillment.Bin":      "PickBin",
	"purser/internal/view.Stop":                   "PickStop",
	"purser/internal/domain/inventory.Counts":     "StockCounts",
	"purser/internal/domain/payment.Event":        "GatewayEvent",
	"purser/internal/domain/payment.Received":     "ReceivedEvent",
	"purser/internal/domain/payment.Result":       "GatewayResult",
	"purser/internal/domain/routing.Entry":        "RoutingDecision",
	"purser/internal/domain/fulfillment.Shortage": "PickShortage",
	"purser/internal/view.Stock":                  "StockLevel",
	"purser/internal/platform/audit.Entry":        "AuditEntry",
	"purser/internal/domain/customer.Contact":     "CompanyContact",
	"purser/internal/domain/customer.Group":       "CustomerGroup",
	"purser/internal/domain/customer.Terms":       "PaymentTerms",
}

// schemaName is the name of a type in the description of the API.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name, ok := schemaNames[t.PkgPath()+"."+t.Name()]; ok {
		return name
	}
	if generic, of, ok := strings.Cut(t.Name(), "["); ok {
		if name, ok := schemaNames[strings.Trim(of, "*]")]; ok {
			return strings.ToUpper(generic[:1]) + generic[1:] + name
		}
	}
	if t == reflect.TypeFor[struct{}]() {
		return "Nothing"
	}
	if input, ok := strings.CutSuffix(hint, "InputBody"); ok {
		hint = input + "Request"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// aliasSchemas shows types whose JSON is not that of their fields as what it is.
func aliasSchemas(r huma.Registry) {
	alias := func(t, as reflect.Type) { r.RegisterTypeAlias(t, as) }
	alias(reflect.TypeFor[db.JSON[[]string]](), reflect.TypeFor[[]string]())
	alias(reflect.TypeFor[db.JSON[map[string]string]](), reflect.TypeFor[map[string]string]())
	alias(reflect.TypeFor[db.JSON[map[string]any]](), reflect.TypeFor[map[string]any]())
	alias(reflect.TypeFor[db.JSON[any]](), reflect.TypeFor[any]())
	alias(reflect.TypeFor[db.JSON[[]auth.Permission]](), reflect.TypeFor[[]string]())
	alias(reflect.TypeFor[db.JSON[[]id.Location]](), reflect.TypeFor[[]id.Location]())
	alias(reflect.TypeFor[db.JSON[[]catalog.Image]](), reflect.TypeFor[[]catalog.Image]())
	alias(reflect.TypeFor[db.JSON[[]id.User]](), reflect.TypeFor[[]id.User]())
	alias(reflect.TypeFor[db.JSON[routing.Decision]](), reflect.TypeFor[routing.Decision]())
	alias(reflect.TypeFor[db.JSON[payment.Event]](), reflect.TypeFor[payment.Event]())
	alias(reflect.TypeFor[db.JSON[address.Address]](), reflect.TypeFor[address.Address]())
	alias(reflect.TypeFor[db.JSON[[]address.Address]](), reflect.TypeFor[[]address.Address]())
	alias(reflect.TypeFor[money.Micros](), reflect.TypeFor[price]())
	alias(reflect.TypeFor[PriceList](), reflect.TypeFor[catalog.PriceList]())
	alias(reflect.TypeFor[Customer](), reflect.TypeFor[customer.Customer]())
	alias(reflect.TypeFor[Channel](), reflect.TypeFor[channel.Channel]())
	alias(reflect.TypeFor[Location](), reflect.TypeFor[inventory.Location]())
	alias(reflect.TypeFor[Transfer](), reflect.TypeFor[inventory.Transfer]())
	alias(reflect.TypeFor[Fulfillment](), reflect.TypeFor[fulfillment.Order]())
	alias(reflect.TypeFor[PickBatch](), reflect.TypeFor[fulfillment.PickBatch]())
	alias(reflect.TypeFor[Strategy](), reflect.TypeFor[routing.Strategy]())
	for _, aliasID := range ids {
		aliasID(r)
	}
}

// price is a unit price as JSON shows it.
type price struct{}

// Schema describes a decimal number in a text.
func (price) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Pattern: `^-?[0-9]+(\.[0-9]{1,6})?$`, Examples: []any{"12.5"},
		PatternDescription: `a decimal number with at most six decimals, such as "12.5"`,
	}
}

// ids are the kinds of ids, each with its own prefix.
var ids = []func(huma.Registry){
	aliasID[id.APIKey],
	aliasID[id.Audit],
	aliasID[id.Batch],
	aliasID[id.Bin],
	aliasID[id.Category],
	aliasID[id.Change],
	aliasID[id.Channel],
	aliasID[id.Charge],
	aliasID[id.Company],
	aliasID[id.CompanyLocation],
	aliasID[id.Count],
	aliasID[id.CountEntry],
	aliasID[id.CountLine],
	aliasID[id.Credit],
	aliasID[id.CreditEntry],
	aliasID[id.CreditApproval],
	aliasID[id.Customer],
	aliasID[id.CustomerGroup],
	aliasID[id.Decision],
	aliasID[id.Delivery],
	aliasID[id.Discount],
	aliasID[id.Endpoint],
	aliasID[id.Event],
	aliasID[id.Fulfillment],
	aliasID[id.FulfillmentLine],
	aliasID[id.Hold],
	aliasID[id.Import],
	aliasID[id.Inbox],
	aliasID[id.Interaction],
	aliasID[id.Invoice],
	aliasID[id.InvoiceLine],
	aliasID[id.Journal],
	aliasID[id.Line],
	aliasID[id.Listing],
	aliasID[id.Location],
	aliasID[id.Movement],
	aliasID[id.Note],
	aliasID[id.Order],
	aliasID[id.Payment],
	aliasID[id.PickLine],
	aliasID[id.PriceList],
	aliasID[id.Product],
	aliasID[id.Receipt],
	aliasID[id.ReceiptEntry],
	aliasID[id.Refund],
	aliasID[id.Reminder],
	aliasID[id.Reservation],
	aliasID[id.Return],
	aliasID[id.ReturnLine],
	aliasID[id.ReturnPolicy],
	aliasID[id.Rule],
	aliasID[id.Session],
	aliasID[id.Shipment],
	aliasID[id.ShipmentLine],
	aliasID[id.Parcel],
	aliasID[id.Request],
	aliasID[id.Notice],
	aliasID[id.Discrepancy],
	aliasID[id.ShortPick],
	aliasID[id.Tracking],
	aliasID[id.TaxRate],
	aliasID[id.Transaction],
	aliasID[id.Transfer],
	aliasID[id.TransferLine],
	aliasID[id.User],
	aliasID[id.Variant],
	aliasID[id.Terms],
	aliasID[id.Any],
}

func aliasID[T id.UUID](r huma.Registry) {
	r.RegisterTypeAlias(reflect.TypeFor[T](), reflect.TypeFor[idText[T]]())
}

// idText is an id as JSON shows it. An empty text names nothing.
type idText[T id.UUID] struct{}

// Schema describes the text of an id.
func (idText[T]) Schema(huma.Registry) *huma.Schema {
	pattern, _ := id.Pattern(reflect.TypeFor[T]())
	pattern = strings.TrimSuffix(strings.TrimPrefix(pattern, "^"), "$")
	prefix, _, _ := strings.Cut(pattern, "_")
	return &huma.Schema{
		Type: huma.TypeString, Pattern: "^(" + pattern + ")?$",
		PatternDescription: "an id that begins with " + prefix + "_",
	}
}

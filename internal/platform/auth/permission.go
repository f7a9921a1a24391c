package auth

// Permission names what may be done: area, then read or write or a verb.
type Permission string

// The permissions.
const (
	CatalogRead     Permission = "catalog:read"
	CatalogWrite    Permission = "catalog:write"
	CostRead        Permission = "cost:read"
	CustomerRead    Permission = "customer:read"
	CustomerWrite   Permission = "customer:write"
	CustomerErase   Permission = "customer:erase"
	StockRead       Permission = "stock:read"
	StockAdjust     Permission = "stock:adjust"
	StockReceive    Permission = "stock:receive"
	StockTransfer   Permission = "stock:transfer"
	StockRepair     Permission = "stock:repair"
	StockCount      Permission = "stock:count"   // enter what was counted
	StockApprove    Permission = "stock:approve" // see what is expected of a blind count, send lines back, approve, undo
	LocationWrite   Permission = "location:write"
	LocationSwitch  Permission = "location:switch" // let a location take no orders for a while
	ChannelRead     Permission = "channel:read"
	ChannelWrite    Permission = "channel:write"
	OrderRead       Permission = "order:read"
	OrderWrite      Permission = "order:write"
	OrderPrice      Permission = "order:price"   // set a price other than the list's
	OrderEdit       Permission = "order:edit"    // change an order that was placed
	OrderApprove    Permission = "order:approve" // of what somebody else did
	OrderCancel     Permission = "order:cancel"
	OrderHold       Permission = "order:hold"
	OrderCredit     Permission = "order:credit" // send an order over the company's credit limit
	RoutingWrite    Permission = "routing:write"
	FulfillmentRead Permission = "fulfillment:read"
	FulfillmentWork Permission = "fulfillment:work"
	FulfillmentMove Permission = "fulfillment:move"     // choose another location by hand
	FulfillmentUndo Permission = "fulfillment:unship"   // take back a shipment that had not left
	FulfillmentAsk  Permission = "fulfillment:partner"  // ask partners for goods, and book what they say
	FulfillmentGive Permission = "fulfillment:handover" // hand goods over to customers who fetch them
	ReturnWrite     Permission = "return:write"
	ReturnOverride  Permission = "return:override" // take goods back against the return policy
	PaymentRead     Permission = "payment:read"
	PaymentWrite    Permission = "payment:write"
	PaymentRefund   Permission = "payment:refund"
	CreditRead      Permission = "credit:read"
	CreditWrite     Permission = "credit:write"  // give and take gift cards and store credit
	ReceiptWrite    Permission = "receipt:write" // book what came on account, and count it for invoices
	DebtWriteOff    Permission = "debt:write_off"
	TaxWrite        Permission = "tax:write"
	BooksRead       Permission = "books:read"
	BooksWrite      Permission = "books:write"
	EventRead       Permission = "event:read"
	AuditRead       Permission = "audit:read"
	ExceptionWork   Permission = "exception:work" // take on, put off and note what does not go on by itself
	AutomationRead  Permission = "automation:read"
	AutomationWrite Permission = "automation:write"
	SettingRead     Permission = "setting:read"
	SettingWrite    Permission = "setting:write"
	UserRead        Permission = "user:read"
	UserWrite       Permission = "user:write"
	ImportRun       Permission = "import:run"
	JobRead         Permission = "job:read"
	JobWrite        Permission = "job:write"
	WebhookRead     Permission = "webhook:read"
	WebhookWrite    Permission = "webhook:write"
)

// Role is a named set of permissions.
type Role string

// The roles.
const (
	Owner      Role = "owner"
	Operations Role = "operations"
	Warehouse  Role = "warehouse"
	Counter    Role = "counter" // counts, and sees no stock
	Service    Role = "service"
	Buyer      Role = "buyer"
	Accountant Role = "accountant"
	ReadOnly   Role = "read_only"
)

var reading = []Permission{CatalogRead, CustomerRead, StockRead, ChannelRead, OrderRead, FulfillmentRead, PaymentRead, CreditRead, AutomationRead, EventRead}

// rolePermissions is the one table of who may do what; an owner may do all.
var rolePermissions = map[Role][]Permission{
	Owner: append([]Permission{
		CatalogWrite, CostRead, CustomerWrite, CustomerErase, StockAdjust, StockReceive, StockTransfer, StockRepair, StockCount, StockApprove,
		LocationWrite, LocationSwitch, ChannelWrite, OrderWrite, OrderPrice, OrderEdit, OrderApprove, OrderCancel, OrderHold, OrderCredit, RoutingWrite, FulfillmentWork, FulfillmentMove, FulfillmentUndo, FulfillmentGive, FulfillmentAsk,
		ReturnWrite, ReturnOverride, PaymentWrite, PaymentRefund, CreditWrite, ReceiptWrite, DebtWriteOff, TaxWrite, BooksRead, BooksWrite, AuditRead, SettingRead, SettingWrite,
		UserRead, UserWrite, ImportRun, JobRead, JobWrite, ExceptionWork, AutomationWrite, WebhookRead, WebhookWrite,
	}, reading...),
	Operations: append([]Permission{
		CatalogWrite, CostRead, CustomerWrite, StockAdjust, StockReceive, StockTransfer, StockCount, StockApprove, LocationWrite, LocationSwitch, ChannelWrite,
		OrderWrite, OrderPrice, OrderEdit, OrderApprove, OrderCancel, OrderHold, RoutingWrite, FulfillmentWork, FulfillmentMove, FulfillmentUndo, FulfillmentGive, FulfillmentAsk, ReturnWrite, ReturnOverride, PaymentWrite,
		SettingRead, ImportRun, JobRead, JobWrite, ExceptionWork, AutomationWrite, WebhookRead, WebhookWrite,
	}, reading...),
	Warehouse:  {CatalogRead, StockRead, StockAdjust, StockReceive, StockTransfer, StockCount, LocationSwitch, OrderRead, FulfillmentRead, FulfillmentWork, FulfillmentGive, ReturnWrite, ExceptionWork},
	Counter:    {CatalogRead, StockCount},
	Service:    append([]Permission{CustomerWrite, OrderWrite, OrderEdit, OrderCancel, OrderHold, FulfillmentMove, ReturnWrite, PaymentWrite, PaymentRefund, CreditWrite, ExceptionWork}, reading...),
	Buyer:      {CatalogRead, CatalogWrite, CostRead, StockRead, StockReceive, StockTransfer, OrderRead, EventRead},
	Accountant: append([]Permission{OrderCredit, CostRead, BooksRead, BooksWrite, PaymentWrite, PaymentRefund, CreditWrite, ReceiptWrite, DebtWriteOff, TaxWrite, ExceptionWork, AuditRead}, reading...),
	ReadOnly:   reading,
}

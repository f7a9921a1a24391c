package id

// The kinds of things that have ids, with the prefix of their texts.
type (
	Account         = ID[accountKind]
	Address         = ID[addressKind]
	APIKey          = ID[apiKeyKind]
	Audit           = ID[auditKind]
	Barcode         = ID[barcodeKind]
	Batch           = ID[batchKind]
	Bin             = ID[binKind]
	Category        = ID[categoryKind]
	Change          = ID[changeKind]
	Channel         = ID[channelKind]
	Charge          = ID[chargeKind]
	Company         = ID[companyKind]
	CompanyLocation = ID[companyLocationKind]
	Count           = ID[countKind]
	CreditApproval  = ID[creditApprovalKind]
	Credit          = ID[creditKind]
	CreditEntry     = ID[creditEntryKind]
	CountEntry      = ID[countEntryKind]
	CountLine       = ID[countLineKind]
	Customer        = ID[customerKind]
	CustomerGroup   = ID[customerGroupKind]
	Decision        = ID[decisionKind]
	Delivery        = ID[deliveryKind]
	Discount        = ID[discountKind]
	Endpoint        = ID[endpointKind]
	Event           = ID[eventKind]
	Fulfillment     = ID[fulfillmentKind]
	FulfillmentLine = ID[fulfillmentLineKind]
	Hold            = ID[holdKind]
	Import          = ID[importKind]
	Inbox           = ID[inboxKind]
	Interaction     = ID[interactionKind]
	Invoice         = ID[invoiceKind]
	InvoiceLine     = ID[invoiceLineKind]
	Journal         = ID[journalKind]
	Line            = ID[lineKind]
	Listing         = ID[listingKind]
	Location        = ID[locationKind]
	Movement        = ID[movementKind]
	Note            = ID[noteKind]
	Order           = ID[orderKind]
	Parcel          = ID[parcelKind]
	Payment         = ID[paymentKind]
	PickLine        = ID[pickLineKind]
	PriceList       = ID[priceListKind]
	Product         = ID[productKind]
	Receipt         = ID[receiptKind]
	ReceiptEntry    = ID[receiptEntryKind]
	Refund          = ID[refundKind]
	Reminder        = ID[reminderKind]
	Reservation     = ID[reservationKind]
	Return          = ID[returnKind]
	ReturnLine      = ID[returnLineKind]
	ReturnPolicy    = ID[returnPolicyKind]
	Rule            = ID[ruleKind]
	Session         = ID[sessionKind]
	Shipment        = ID[shipmentKind]
	ShipmentLine    = ID[shipmentLineKind]
	ShortPick       = ID[shortPickKind]
	Request         = ID[requestKind]
	Notice          = ID[noticeKind]
	Discrepancy     = ID[discrepancyKind]
	Tracking        = ID[trackingKind]
	TaxRate         = ID[taxRateKind]
	Transaction     = ID[transactionKind]
	Transfer        = ID[transferKind]
	TransferLine    = ID[transferLineKind]
	User            = ID[userKind]
	Variant         = ID[variantKind]
	Terms           = ID[termsKind]
)

type (
	accountKind         struct{}
	addressKind         struct{}
	apiKeyKind          struct{}
	auditKind           struct{}
	barcodeKind         struct{}
	batchKind           struct{}
	binKind             struct{}
	categoryKind        struct{}
	changeKind          struct{}
	channelKind         struct{}
	chargeKind          struct{}
	companyKind         struct{}
	companyLocationKind struct{}
	countKind           struct{}
	creditApprovalKind  struct{}
	creditKind          struct{}
	creditEntryKind     struct{}
	countEntryKind      struct{}
	countLineKind       struct{}
	customerKind        struct{}
	customerGroupKind   struct{}
	decisionKind        struct{}
	deliveryKind        struct{}
	endpointKind        struct{}
	discountKind        struct{}
	eventKind           struct{}
	fulfillmentKind     struct{}
	fulfillmentLineKind struct{}
	holdKind            struct{}
	importKind          struct{}
	inboxKind           struct{}
	interactionKind     struct{}
	invoiceKind         struct{}
	invoiceLineKind     struct{}
	journalKind         struct{}
	lineKind            struct{}
	listingKind         struct{}
	locationKind        struct{}
	movementKind        struct{}
	noteKind            struct{}
	orderKind           struct{}
	parcelKind          struct{}
	paymentKind         struct{}
	pickLineKind        struct{}
	priceListKind       struct{}
	productKind         struct{}
	receiptKind         struct{}
	receiptEntryKind    struct{}
	refundKind          struct{}
	reminderKind        struct{}
	reservationKind     struct{}
	returnKind          struct{}
	returnLineKind      struct{}
	returnPolicyKind    struct{}
	ruleKind            struct{}
	sessionKind         struct{}
	shipmentKind        struct{}
	shipmentLineKind    struct{}
	shortPickKind       struct{}
	taxRateKind         struct{}
	requestKind         struct{}
	noticeKind          struct{}
	discrepancyKind     struct{}
	trackingKind        struct{}
	transactionKind     struct{}
	transferKind        struct{}
	transferLineKind    struct{}
	userKind            struct{}
	variantKind         struct{}
	termsKind           struct{}
)

// Any is an id whose kind is told by a column beside it.
type Any = ID[anyKind]

type anyKind struct{}

func (anyKind) Prefix() string             { return "id" }
func (accountKind) Prefix() string         { return "acc" }
func (addressKind) Prefix() string         { return "adr" }
func (apiKeyKind) Prefix() string          { return "key" }
func (auditKind) Prefix() string           { return "aud" }
func (barcodeKind) Prefix() string         { return "bar" }
func (batchKind) Prefix() string           { return "bat" }
func (binKind) Prefix() string             { return "bin" }
func (categoryKind) Prefix() string        { return "cat" }
func (changeKind) Prefix() string          { return "chs" }
func (channelKind) Prefix() string         { return "chn" }
func (chargeKind) Prefix() string          { return "chg" }
func (companyKind) Prefix() string         { return "com" }
func (companyLocationKind) Prefix() string { return "cloc" }
func (countKind) Prefix() string           { return "cnt" }
func (creditApprovalKind) Prefix() string  { return "cra" }
func (creditKind) Prefix() string          { return "crd" }
func (creditEntryKind) Prefix() string     { return "cre" }
func (countEntryKind) Prefix() string      { return "cne" }
func (countLineKind) Prefix() string       { return "cnl" }
func (customerKind) Prefix() string        { return "cus" }
func (customerGroupKind) Prefix() string   { return "cgr" }
func (decisionKind) Prefix() string        { return "dec" }
func (deliveryKind) Prefix() string        { return "dlv" }
func (discountKind) Prefix() string        { return "dsc" }
func (endpointKind) Prefix() string        { return "whe" }
func (eventKind) Prefix() string           { return "evt" }
func (fulfillmentKind) Prefix() string     { return "fo" }
func (fulfillmentLineKind) Prefix() string { return "fol" }
func (holdKind) Prefix() string            { return "hld" }
func (importKind) Prefix() string          { return "imp" }
func (inboxKind) Prefix() string           { return "inb" }
func (interactionKind) Prefix() string     { return "int" }
func (invoiceKind) Prefix() string         { return "inv" }
func (invoiceLineKind) Prefix() string     { return "ivl" }
func (journalKind) Prefix() string         { return "jrn" }
func (lineKind) Prefix() string            { return "lin" }
func (listingKind) Prefix() string         { return "lst" }
func (locationKind) Prefix() string        { return "loc" }
func (movementKind) Prefix() string        { return "mov" }
func (noteKind) Prefix() string            { return "not" }
func (orderKind) Prefix() string           { return "ord" }
func (parcelKind) Prefix() string          { return "pcl" }
func (paymentKind) Prefix() string         { return "pay" }
func (pickLineKind) Prefix() string        { return "pkl" }
func (priceListKind) Prefix() string       { return "pls" }
func (productKind) Prefix() string         { return "prd" }
func (receiptKind) Prefix() string         { return "rcp" }
func (receiptEntryKind) Prefix() string    { return "rce" }
func (refundKind) Prefix() string          { return "ref" }
func (reminderKind) Prefix() string        { return "rem" }
func (reservationKind) Prefix() string     { return "rsv" }
func (returnKind) Prefix() string          { return "ret" }
func (returnLineKind) Prefix() string      { return "rtl" }
func (returnPolicyKind) Prefix() string    { return "rpo" }
func (ruleKind) Prefix() string            { return "rule" }
func (sessionKind) Prefix() string         { return "ses" }
func (shipmentKind) Prefix() string        { return "shp" }
func (shipmentLineKind) Prefix() string    { return "shl" }
func (shortPickKind) Prefix() string       { return "sht" }
func (taxRateKind) Prefix() string         { return "tax" }
func (requestKind) Prefix() string         { return "req" }
func (noticeKind) Prefix() string          { return "ntc" }
func (discrepancyKind) Prefix() string     { return "dsp" }
func (trackingKind) Prefix() string        { return "trk" }
func (transactionKind) Prefix() string     { return "txn" }
func (transferKind) Prefix() string        { return "trf" }
func (transferLineKind) Prefix() string    { return "tfl" }
func (userKind) Prefix() string            { return "usr" }
func (variantKind) Prefix() string         { return "var" }
func (termsKind) Prefix() string           { return "trm" }

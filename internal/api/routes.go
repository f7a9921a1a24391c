package api

// register registers every route of /v1.
func (s *Server) register() {
	s.registerSetup()
	s.registerSessions()
	s.registerUsers()
	s.registerLogs()

	s.registerProducts()
	s.registerVariants()
	s.registerCategories()
	s.registerPriceLists()
	s.registerPrices()

	s.registerCustomers()
	s.registerAccounts()
	s.registerPrivacy()
	s.registerInteractions()
	s.registerTerms()
	s.registerGroups()
	s.registerCompanies()
	s.registerCompanyLocations()
	s.registerCredit()

	s.registerChannels()
	s.registerListings()

	s.registerLocations()
	s.registerBins()
	s.registerStock()
	s.registerExplain()
	s.registerAvailability()
	s.registerReceiving()
	s.registerAdjusting()
	s.registerTransfers()
	s.registerTransferSteps()

	s.registerOrders()
	s.registerPlacing()
	s.registerOrderSteps()
	s.registerHolds()
	s.registerOrderChanges()
	s.registerChanges()
	s.registerApprovals()
	s.registerChangeSteps()

	s.registerFulfillments()
	s.registerFulfillmentSteps()
	s.registerFulfillmentMoves()
	s.registerRejections()
	s.registerShipments()
	s.registerShipping()
	s.registerShipmentUndo()
	s.registerPickLists()
	s.registerPicking()
	s.registerShortPicks()
	s.registerRouting()

	s.registerPayments()
	s.registerPaymentSteps()
	s.registerRefunds()
	s.registerGateways()
	s.registerReturns()
	s.registerReturnSteps()
	s.registerReturnRefunds()

	s.registerWebhookEndpoints()
	s.registerWebhookSteps()

	s.registerInvoices()
	s.registerJournal()
	s.registerRates()
}

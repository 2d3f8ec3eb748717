// Drives a QuickBooks Online company through a whole repair with node-quickbooks, and prints what it saw as JSON.
// Arguments: origin, company, token, the document number of an invoice that has a credit applied by hand.
'use strict'

const QuickBooks = require('node-quickbooks')

const [origin, company, token, number] = process.argv.slice(2)
QuickBooks.V3_ENDPOINT_BASE_URL = `${origin}/v3/company/`
const books = new QuickBooks('client', 'secret', token, false, company, true, false, 75, '2.0', 'refresh')

const call = (name, ...given) =>
  new Promise((resolve, reject) => {
    books[name](...given, (problem, answer) => (problem ? reject(problem) : resolve(answer)))
  })

// The code of the fault that a call is answered with, or what it answered instead.
const faultOf = (promise) =>
  promise.then(
    (answer) => answer,
    (problem) => {
      const body = problem.Fault ? problem : problem.response.data
      return `${body.Fault.Error[0].code} ${body.Fault.Error[0].Detail}`
    },
  )

async function main() {
  const seen = {}
  const began = new Date(Date.now() - 3600 * 1000).toISOString()
  const found = await call('findInvoices', { DocNumber: number })
  const invoice = found.QueryResponse.Invoice[0]
  seen.openBefore = invoice.Balance
  const line = { Amount: 500, LinkedTxn: [{ TxnId: invoice.Id, TxnType: 'Invoice' }] }
  const wanted = { CustomerRef: invoice.CustomerRef, TotalAmt: 500, PaymentRefNum: 'TXN-1', Line: [line] }

  const swallowed = await call('createPayment', { ...wanted, requestId: 'first' })
  seen.unappliedBefore = swallowed.UnappliedAmt

  const linked = (await call('getInvoice', invoice.Id)).LinkedTxn.map((one) => one.TxnId)
  const payments = await Promise.all(linked.map((id) => call('getPayment', id)))
  const application = payments.find((one) => one.TotalAmt === 0)
  seen.applicationLines = application.Line.map((one) => `${one.LinkedTxn[0].TxnType} ${one.Amount}`)
  const ofCustomer = [{ field: 'CustomerRef', value: invoice.CustomerRef.value, operator: '=' }, { field: 'TotalAmt', value: '0' }]
  seen.foundByQuery = (await call('findPayments', ofCustomer)).QueryResponse.Payment.map((one) => one.Id === application.Id)
  seen.counted = (await call('findPayments', { count: true })).QueryResponse.totalCount

  await call('deletePayment', { Id: application.Id, SyncToken: application.SyncToken })
  seen.openAfterUnapplying = (await call('getInvoice', invoice.Id)).Balance
  seen.readingDeleted = await faultOf(call('getPayment', application.Id))

  seen.stale = await faultOf(call('updatePayment', { ...swallowed, SyncToken: '99', sparse: false, Line: [line] }))
  const current = await call('getPayment', swallowed.Id)
  const applied = await call('updatePayment', { ...current, sparse: false, Line: [line] })
  seen.unappliedAfter = applied.UnappliedAmt
  seen.openAfter = (await call('getInvoice', invoice.Id)).Balance

  const feed = await call('changeDataCapture', ['Payment', 'Invoice'], began)
  const stubs = feed.CDCResponse[0].QueryResponse[0].Payment.filter((one) => one.status === 'Deleted')
  seen.deletedInFeed = stubs.map((one) => one.Id === application.Id)

  const items = [
    { bId: '1', operation: 'create', Payment: { CustomerRef: invoice.CustomerRef, TotalAmt: 7 } },
    { bId: '2', operation: 'delete', Payment: { Id: application.Id, SyncToken: '0' } },
    { bId: '3', Query: 'select * from Customer' },
  ]
  const batch = (await call('batch', items)).BatchItemResponse
  seen.batch = batch.map((one) => `${one.bId} ${one.Fault ? one.Fault.Error[0].code : one.QueryResponse ? 'rows' : one.Payment.TotalAmt}`)

  await call('deletePayment', applied.Id)
  seen.replayed = (await call('createPayment', { ...wanted, requestId: 'first' })).Id === swallowed.Id
  seen.openAfterReplay = (await call('getInvoice', invoice.Id)).Balance

  const voided = await call('voidPayment', batch[0].Payment)
  seen.voidedPayment = `${voided.TotalAmt} ${voided.PrivateNote}`
  await call('voidInvoice', invoice.Id)
  const gone = await call('getInvoice', invoice.Id)
  seen.voidedInvoice = `${gone.TotalAmt} ${gone.Balance} ${gone.PrivateNote}`
  return seen
}

main().then(
  (seen) => console.log(JSON.stringify(seen)),
  (problem) => {
    console.error(problem)
    process.exit(1)
  },
)

"""The words everyone uses: payments, invoices, receipts, evidence, diagnoses, remedies. Standard library only."""

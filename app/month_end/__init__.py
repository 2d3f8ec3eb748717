"""The package of month end as files: a workbook, and a chart with its description."""

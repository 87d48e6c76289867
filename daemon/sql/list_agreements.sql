-- The versions of the agreement, newest first.
WITH asked AS MATERIALIZED (
  SELECT coalesce((:page_key::text[])[1]::date, 'infinity') AS before
), page AS MATERIALIZED (
  SELECT v.from_month FROM asked q JOIN radioshop.agreement v ON v.from_month < q.before
  ORDER BY v.from_month DESC LIMIT :page_limit::int4
)
SELECT a.from_month, a.until_month, a.time_zone, a.split, a.fees, a.fixed_costs, a.members, a.counted_statuses, a.warranty_work, a.stock_work,
  a.parts_handling_bp, a.outside_handling_bp, a.fund_monthly_cents, a.fund_floor_cents, a.fund_ceiling_cents, a.note, a.revision, ARRAY[p.from_month::text] AS page_key
FROM page p CROSS JOIN LATERAL radioshop.shown_agreement(p.from_month) a
ORDER BY p.from_month DESC

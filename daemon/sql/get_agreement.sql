-- The version of the agreement that is in force in a month.
WITH asked AS MATERIALIZED (
  SELECT CASE WHEN btrim(:month::text) = '' THEN (SELECT date_trunc('month', radioshop.today(g.time_zone))::date
      FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) ORDER BY g.agency_id LIMIT 1)
    ELSE radioshop.read_month(:month::text) END AS month
), found AS MATERIALIZED (
  SELECT q.month, radioshop.agreement_of(q.month) AS version FROM asked q
)
SELECT CASE WHEN f.month IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'month', 'give the month as YYYY-MM, such as 2026-10')
    WHEN f.version IS NULL THEN
      radioshop.refuse('NOT_FOUND', 'month', format('no agreement that you have a part in is in force in %s', radioshop.show_month(f.month)))
  END AS refusal,
  a.from_month, a.until_month, a.time_zone, a.split, a.fees, a.fixed_costs, a.members, a.counted_statuses, a.warranty_work, a.stock_work,
  a.parts_handling_bp, a.outside_handling_bp, a.fund_monthly_cents, a.fund_floor_cents, a.fund_ceiling_cents, a.note, a.revision
FROM found f LEFT JOIN LATERAL radioshop.shown_agreement(f.version) a ON f.version IS NOT NULL

-- Movements of the fund, newest first, a page of each agency from its index. Deposits and withdrawals are the shop's own.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, CASE WHEN g.agency_id = 0 THEN '' ELSE g.code END AS code,
    coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(btrim(:agency)))
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS (
  SELECT w.code, f.movement_id, f.month, f.kind, f.amount_cents, f.text, f.reference, f.principal, f.at
  FROM wanted w CROSS JOIN LATERAL (
    SELECT f.movement_id, f.month, f.kind, f.amount_cents, f.text, f.reference, f.principal, f.at
    FROM radioshop.fund_movement f
    WHERE f.agency_id = w.agency_id AND (f.at, f.movement_id) < (w.before, w.id_before)
    ORDER BY f.at DESC, f.movement_id DESC LIMIT :page_limit::int4) f
  ORDER BY f.at DESC, f.movement_id DESC
  LIMIT :page_limit::int4
)
SELECT w.refusal, p.movement_id AS id, p.code AS agency, radioshop.show_month(p.month) AS month, p.kind, p.amount_cents, p.text, p.reference,
  p.principal, p.at, ARRAY[p.at::text, p.movement_id::text] AS page_key
FROM wrong w LEFT JOIN page p ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR p.movement_id IS NOT NULL
ORDER BY p.at DESC, p.movement_id DESC

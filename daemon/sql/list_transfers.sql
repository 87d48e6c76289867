-- Transfers, newest first, each side on an index of its own, with a state or without. What goes from one of the agencies to another of them is
-- listed once, as given. The keys are columns of a CTE: a bound that is computed would be kept from the index by row level security.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, coalesce(:state::text, '') AS those, coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS offered_before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(btrim(:agency)))
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS (
  SELECT d.agency_id, d.transfer_id, d.offered_at
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT t.agency_id, t.transfer_id, t.offered_at FROM radioshop.transfer t
      WHERE w.those = '' AND t.agency_id = w.agency_id AND (t.offered_at, t.transfer_id) < (w.offered_before, w.id_before)
      ORDER BY t.offered_at DESC, t.transfer_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT t.agency_id, t.transfer_id, t.offered_at FROM radioshop.transfer t
      WHERE w.those <> '' AND t.agency_id = w.agency_id AND t.state = w.those AND (t.offered_at, t.transfer_id) < (w.offered_before, w.id_before)
      ORDER BY t.offered_at DESC, t.transfer_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT t.agency_id, t.transfer_id, t.offered_at FROM radioshop.transfer t
      WHERE w.those = '' AND t.receiver_id = w.agency_id AND NOT EXISTS (SELECT FROM wanted o WHERE o.agency_id = t.agency_id) AND (t.offered_at, t.transfer_id) < (w.offered_before, w.id_before)
      ORDER BY t.offered_at DESC, t.transfer_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT t.agency_id, t.transfer_id, t.offered_at FROM radioshop.transfer t
      WHERE w.those <> '' AND t.receiver_id = w.agency_id AND t.state = w.those AND NOT EXISTS (SELECT FROM wanted o WHERE o.agency_id = t.agency_id) AND (t.offered_at, t.transfer_id) < (w.offered_before, w.id_before)
      ORDER BY t.offered_at DESC, t.transfer_id DESC LIMIT :page_limit)) d
  ORDER BY d.offered_at DESC, d.transfer_id DESC
  LIMIT :page_limit
)
SELECT w.refusal, s.id, s.number, s.agency, s.receiver, s.state, s.price_cents, s.note, s.items, s.offered_at, s.offered_by, s.decided_at, s.decided_by, s.decision_note,
  ARRAY[page.offered_at::text, page.transfer_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_transfer(page.agency_id, page.transfer_id) s ON page.transfer_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.transfer_id IS NOT NULL
ORDER BY page.offered_at DESC, page.transfer_id DESC

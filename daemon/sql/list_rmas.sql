-- RMAs, newest first: the open ones on their partial index, all of them, or those of one ticket. What is overdue or away is open. The key
-- is in a CTE: coalesce() is not leakproof, and row level security would keep the condition from the index.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, radioshop.today(g.time_zone) AS today,
    (:closed::bool OR coalesce(:state::text IN ('received', 'cancelled'), false)) AND NOT :overdue::bool AND :days_away::int4 <= 0 AS closed_too,
    coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS opened_before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), subject AS MATERIALIZED (
  SELECT f.agency_id, f.ticket_id FROM radioshop.find_ticket(:ticket::text) f WHERE :ticket <> ''
), wrong AS (
  SELECT CASE
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    WHEN :ticket <> '' AND NOT EXISTS (SELECT FROM subject) THEN
      radioshop.refuse('NOT_FOUND', 'ticket', format('no ticket has the number or UUID %s', :ticket))
    WHEN :days_away NOT BETWEEN 0 AND 3650 THEN radioshop.refuse('INVALID_ARGUMENT', 'days_away', 'give 1 to 3650 business days, or 0') END AS refusal
), page AS (
  SELECT d.agency_id, d.rma_id, d.opened_at
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT r.agency_id, r.rma_id, r.opened_at FROM radioshop.rma r
      WHERE :ticket = '' AND NOT w.closed_too AND r.agency_id = w.agency_id AND r.state IN ('open', 'shipped')
        AND (:state IS NULL OR r.state = :state) AND (NOT :overdue OR r.expected_on < w.today)
        AND (:days_away = 0 OR radioshop.weekdays_between(r.shipped_on, w.today) >= :days_away)
        AND (r.opened_at, r.rma_id) < (w.opened_before, w.id_before)
      ORDER BY r.opened_at DESC, r.rma_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT r.agency_id, r.rma_id, r.opened_at FROM radioshop.rma r
      WHERE :ticket = '' AND w.closed_too AND r.agency_id = w.agency_id AND (:state IS NULL OR r.state = :state)
        AND (r.opened_at, r.rma_id) < (w.opened_before, w.id_before)
      ORDER BY r.opened_at DESC, r.rma_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT r.agency_id, r.rma_id, r.opened_at
      FROM subject x JOIN radioshop.rma r ON r.agency_id = x.agency_id AND r.ticket_id = x.ticket_id
      WHERE :ticket <> '' AND x.agency_id = w.agency_id AND (w.closed_too OR r.state IN ('open', 'shipped'))
        AND (:state IS NULL OR r.state = :state) AND (NOT :overdue OR r.expected_on < w.today)
        AND (:days_away = 0 OR radioshop.weekdays_between(r.shipped_on, w.today) >= :days_away)
        AND (r.opened_at, r.rma_id) < (w.opened_before, w.id_before)
      ORDER BY r.opened_at DESC, r.rma_id DESC LIMIT :page_limit)
  ) d
  ORDER BY d.opened_at DESC, d.rma_id DESC
  LIMIT :page_limit
)
SELECT w.refusal, s.id, s.number, s.agency, s.ticket, s.ticket_state, s.tag, s.vendor, s.kind, s.goodwill, s.state, s.accessories, s.expected_days,
  s.carrier, s.tracking, s.shipped_on, s.expected_on, s.received_on, s.turnaround_days, s.days_late, s.serial_sent, s.serial_back,
  s.firmware_sent, s.firmware_back, s.codeplug_due, s.codeplug_reloaded_at, s.codeplug_reloaded_by, s.outcome, s.cost_cents, s.note, s.opened_by,
  s.opened_at, s.revision,
  ARRAY[page.opened_at::text, page.rma_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_rma(page.agency_id, page.rma_id) s ON page.rma_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.rma_id IS NOT NULL
ORDER BY page.opened_at DESC, page.rma_id DESC

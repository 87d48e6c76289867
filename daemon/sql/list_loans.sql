-- Loans, newest first: the open ones of an agency on their partial index, all of them, what it has borrowed, or those of one asset or ticket.
-- What one of the agencies has lent to another of them is listed once, as lent. The key is in a CTE: coalesce() is not leakproof, and row level
-- security would keep the condition from the index.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, radioshop.today(g.time_zone) AS today, :returned::bool AND NOT :overdue::bool AS returned_too,
    coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS out_before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(btrim(:agency)))
), subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.refusal FROM radioshop.one_asset(:asset::text) o WHERE :asset <> ''
), repair AS MATERIALIZED (
  SELECT t.agency_id, t.number FROM radioshop.find_ticket(:ticket::text) f
  JOIN radioshop.ticket t ON t.agency_id = f.agency_id AND t.ticket_id = f.ticket_id WHERE :ticket <> ''
), wrong AS (
  SELECT CASE
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    WHEN :ticket <> '' AND NOT EXISTS (SELECT FROM repair) THEN
      radioshop.refuse('NOT_FOUND', 'ticket', format('no ticket has the number or UUID %s', :ticket))
    ELSE (SELECT x.refusal FROM subject x) END AS refusal
), page AS (
  SELECT d.agency_id, d.loan_id, d.out_at
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT l.agency_id, l.loan_id, l.out_at FROM radioshop.loan l
      WHERE :asset = '' AND :ticket = '' AND NOT w.returned_too AND l.agency_id = w.agency_id AND l.in_at IS NULL
        AND (NOT :overdue OR radioshop.loan_due(l.due_on, (SELECT x.over_on FROM radioshop.ticket_loaner x
          WHERE x.agency_id = l.borrower_id AND x.lender_id = l.agency_id AND x.loan_id = l.loan_id)) < w.today)
        AND (l.out_at, l.loan_id) < (w.out_before, w.id_before)
      ORDER BY l.out_at DESC, l.loan_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT l.agency_id, l.loan_id, l.out_at FROM radioshop.loan l
      WHERE :asset = '' AND :ticket = '' AND w.returned_too AND l.agency_id = w.agency_id
        AND (l.out_at, l.loan_id) < (w.out_before, w.id_before)
      ORDER BY l.out_at DESC, l.loan_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT l.agency_id, l.loan_id, l.out_at FROM radioshop.loan l
      WHERE :asset = '' AND :ticket = '' AND (:agency <> '' OR NOT radioshop.is_shop()) -- the shop sees every lender
        AND l.borrower_id = w.agency_id AND l.borrower_id <> l.agency_id
        AND NOT EXISTS (SELECT FROM wanted o WHERE o.agency_id = l.agency_id) AND (w.returned_too OR l.in_at IS NULL)
        AND (NOT :overdue OR radioshop.loan_due(l.due_on, (SELECT x.over_on FROM radioshop.ticket_loaner x
          WHERE x.agency_id = l.borrower_id AND x.lender_id = l.agency_id AND x.loan_id = l.loan_id)) < w.today)
        AND (l.out_at, l.loan_id) < (w.out_before, w.id_before)
      ORDER BY l.out_at DESC, l.loan_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT l.agency_id, l.loan_id, l.out_at
      FROM subject s JOIN radioshop.loan l ON l.agency_id = s.agency_id AND l.asset_id = s.asset_id
      WHERE :asset <> '' AND s.agency_id = w.agency_id AND (w.returned_too OR l.in_at IS NULL)
        AND (:ticket = '' OR EXISTS (SELECT FROM repair r WHERE r.agency_id = l.borrower_id AND r.number = l.ticket))
        AND (NOT :overdue OR radioshop.loan_due(l.due_on, (SELECT x.over_on FROM radioshop.ticket_loaner x
          WHERE x.agency_id = l.borrower_id AND x.lender_id = l.agency_id AND x.loan_id = l.loan_id)) < w.today)
        AND (l.out_at, l.loan_id) < (w.out_before, w.id_before)
      ORDER BY l.out_at DESC, l.loan_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT l.agency_id, l.loan_id, l.out_at
      FROM repair r JOIN radioshop.loan l ON l.borrower_id = r.agency_id AND l.ticket = r.number
      WHERE :asset = '' AND r.agency_id = w.agency_id AND (w.returned_too OR l.in_at IS NULL)
        AND (NOT :overdue OR radioshop.loan_due(l.due_on, (SELECT x.over_on FROM radioshop.ticket_loaner x
          WHERE x.agency_id = l.borrower_id AND x.lender_id = l.agency_id AND x.loan_id = l.loan_id)) < w.today)
        AND (l.out_at, l.loan_id) < (w.out_before, w.id_before)
      ORDER BY l.out_at DESC, l.loan_id DESC LIMIT :page_limit)
  ) d
  ORDER BY d.out_at DESC, d.loan_id DESC
  LIMIT :page_limit
)
SELECT w.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.borrower, s.badge, s.unit, s.borrower_agency, s.purpose, s.ticket, s.out_at, s.out_by,
  s.out_on, s.due_on, s.latest_on, s.reason, s.note, s.in_at, s.in_by, s.condition, s.return_note, s.damage_ticket, s.days_out, s.days_late, s.revision,
  ARRAY[page.out_at::text, page.loan_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_loan(page.agency_id, page.loan_id) s ON page.loan_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.loan_id IS NOT NULL
ORDER BY page.out_at DESC, page.loan_id DESC

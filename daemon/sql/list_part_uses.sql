-- What was used on tickets, newest first, on the index of the agency or on the ticket's own key. The key is in a CTE: coalesce() is not
-- leakproof, and row level security would keep the condition from the index.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code,
    coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS ticket_before,
    coalesce((:page_key::text[])[3]::int4, 2147483647) AS entry_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), subject AS MATERIALIZED (
  SELECT f.agency_id, f.ticket_id FROM radioshop.find_ticket(:ticket::text) f WHERE :ticket <> ''
), wrong AS (
  SELECT CASE
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    WHEN :ticket <> '' AND NOT EXISTS (SELECT FROM subject) THEN
      radioshop.refuse('NOT_FOUND', 'ticket', format('no ticket has the number or UUID %s', :ticket)) END AS refusal
), page AS (
  SELECT w.code, d.agency_id, d.ticket_id, d.entry_no, d.at, d.part_number, d.part_name, d.quantity, d.unit
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT u.agency_id, u.ticket_id, u.entry_no, u.at, u.part_number, u.part_name, u.quantity, u.unit FROM radioshop.part_use u
      WHERE :ticket = '' AND u.agency_id = w.agency_id AND (:part::text = '' OR upper(u.part_number) = upper(btrim(:part)))
        AND (u.at, u.ticket_id, u.entry_no) < (w.before, w.ticket_before, w.entry_before)
      ORDER BY u.at DESC, u.ticket_id DESC, u.entry_no DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT u.agency_id, u.ticket_id, u.entry_no, u.at, u.part_number, u.part_name, u.quantity, u.unit
      FROM subject x JOIN radioshop.part_use u ON u.agency_id = x.agency_id AND u.ticket_id = x.ticket_id
      WHERE :ticket <> '' AND x.agency_id = w.agency_id AND (:part = '' OR upper(u.part_number) = upper(btrim(:part)))
        AND (u.at, u.ticket_id, u.entry_no) < (w.before, w.ticket_before, w.entry_before)
      ORDER BY u.at DESC, u.ticket_id DESC, u.entry_no DESC LIMIT :page_limit::int4)
  ) d
  ORDER BY d.at DESC, d.ticket_id DESC, d.entry_no DESC
  LIMIT :page_limit::int4
)
SELECT w.refusal, page.at, page.code AS agency, t.number AS ticket, a.tag, page.part_number AS part, page.part_name AS name, page.quantity,
  page.unit, e.cost_cents, e.principal, page.entry_no AS entry,
  ARRAY[page.at::text, page.ticket_id::text, page.entry_no::text] AS page_key
FROM wrong w
LEFT JOIN (page
  JOIN radioshop.ticket_entry e ON e.agency_id = page.agency_id AND e.ticket_id = page.ticket_id AND e.entry_no = page.entry_no
  JOIN radioshop.ticket t ON t.agency_id = page.agency_id AND t.ticket_id = page.ticket_id
  JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id) ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR page.ticket_id IS NOT NULL
ORDER BY page.at DESC, page.ticket_id DESC, page.entry_no DESC

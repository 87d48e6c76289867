-- The ledger, newest first, read from the index of the part, of the location, or from the end.
WITH bound AS MATERIALIZED (
  SELECT coalesce((:page_key::text[])[1]::int8, 9223372036854775807) AS before
), subject AS MATERIALIZED (
  SELECT o.part_id, o.refusal FROM radioshop.one_part(:part::text) o WHERE :part <> ''
), here AS MATERIALIZED (
  SELECT o.location_id, o.refusal FROM radioshop.one_location(:location::text, 'location', false) o WHERE :location <> ''
), wrong AS (
  SELECT coalesce(radioshop.refuse_stock(), (SELECT s.refusal FROM subject s), (SELECT h.refusal FROM here h)) AS refusal
), page AS (
  (SELECT m.move_no FROM bound b CROSS JOIN subject s JOIN radioshop.part_move m ON m.part_id = s.part_id AND m.move_no < b.before
    WHERE (:location = '' OR m.location_id = (SELECT h.location_id FROM here h)) AND (:kind::text IS NULL OR m.kind = :kind)
    ORDER BY m.move_no DESC LIMIT :page_limit::int4)
  UNION ALL
  (SELECT m.move_no FROM bound b CROSS JOIN here h JOIN radioshop.part_move m ON m.location_id = h.location_id AND m.move_no < b.before
    WHERE :part = '' AND (:kind IS NULL OR m.kind = :kind)
    ORDER BY m.move_no DESC LIMIT :page_limit)
  UNION ALL
  (SELECT m.move_no FROM bound b JOIN radioshop.part_move m ON m.move_no < b.before
    WHERE :part = '' AND :location = '' AND (:kind IS NULL OR m.kind = :kind)
    ORDER BY m.move_no DESC LIMIT :page_limit)
)
SELECT w.refusal, m.move_no AS number, m.at, m.principal, m.kind, p.number AS part, l.code AS lot, c.code AS location, m.quantity,
  l.unit_cost_cents, coalesce(t.number, '') AS ticket, m.reason, m.change_id AS change, ARRAY[m.move_no::text] AS page_key
FROM wrong w
LEFT JOIN (page
  JOIN radioshop.part_move m ON m.move_no = page.move_no
  JOIN radioshop.part p ON p.part_id = m.part_id
  JOIN radioshop.part_lot l ON l.part_id = m.part_id AND l.lot_id = m.lot_id
  JOIN radioshop.stock_location c ON c.location_id = m.location_id
  LEFT JOIN radioshop.ticket t ON t.agency_id = m.ticket_agency_id AND t.ticket_id = m.ticket_id) ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR m.move_no IS NOT NULL
ORDER BY m.move_no DESC

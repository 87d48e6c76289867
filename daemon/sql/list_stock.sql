-- What is on hand, a row for each part and location, and one for a part that is nowhere. The parts of the page come first: each has a
-- row or more, but for the one that the page before ended in.
WITH bound AS MATERIALIZED (
  SELECT coalesce((:page_key::text[])[1], '') AS after_part, coalesce((:page_key::text[])[2], '') AS after_place
), subject AS MATERIALIZED (
  SELECT o.part_id, o.refusal FROM radioshop.one_part(:part::text) o WHERE :part <> ''
), here AS MATERIALIZED (
  SELECT o.location_id, o.refusal FROM radioshop.one_location(:location::text, 'location', false) o WHERE :location <> ''
), wrong AS (
  SELECT coalesce(radioshop.refuse_stock(), (SELECT s.refusal FROM subject s), (SELECT h.refusal FROM here h)) AS refusal
), parts AS (
  SELECT p.part_id, p.number_key, p.number, p.name, p.unit, p.reorder_point, p.reorder_quantity, p.obsolete, o.on_hand
  FROM bound b JOIN radioshop.part p ON p.number_key >= b.after_part CROSS JOIN LATERAL (
    SELECT coalesce(sum(s.quantity), 0) AS on_hand FROM radioshop.part_stock s WHERE s.part_id = p.part_id) o
  WHERE (:part = '' OR p.part_id = (SELECT s.part_id FROM subject s))
    AND (o.on_hand > 0 OR NOT p.obsolete OR :part <> '')
    AND (NOT :below_reorder::bool OR p.reorder_point > 0 AND NOT p.obsolete AND o.on_hand <= p.reorder_point)
    AND (:location = '' OR EXISTS (SELECT FROM radioshop.part_stock s
      WHERE s.location_id = (SELECT h.location_id FROM here h) AND s.part_id = p.part_id AND s.quantity > 0))
  ORDER BY p.number_key
  LIMIT :page_limit::int4 + 1
), page AS (
  SELECT p.number_key, p.number, p.name, p.unit, p.reorder_point, p.reorder_quantity, p.obsolete, p.on_hand,
    coalesce(s.code, '') AS place, coalesce(s.quantity, 0) AS quantity, coalesce(s.cost_cents, 0)::int8 AS cost_cents
  FROM bound b CROSS JOIN parts p LEFT JOIN LATERAL (
    SELECT c.code, sum(s.quantity) AS quantity, sum(s.quantity * l.unit_cost_cents) AS cost_cents
    FROM radioshop.part_stock s JOIN radioshop.part_lot l ON l.part_id = s.part_id AND l.lot_id = s.lot_id
      JOIN radioshop.stock_location c ON c.location_id = s.location_id
    WHERE s.part_id = p.part_id AND s.quantity > 0 AND (:location = '' OR s.location_id = (SELECT h.location_id FROM here h))
    GROUP BY c.code) s ON true
  WHERE (p.number_key, coalesce(s.code, '')) > (b.after_part, b.after_place)
  ORDER BY p.number_key, coalesce(s.code, '')
  LIMIT :page_limit
)
SELECT w.refusal, page.number AS part, page.name, page.place AS location, page.quantity, page.unit, page.cost_cents, page.on_hand,
  page.reorder_point, page.reorder_quantity, page.obsolete, ARRAY[page.number_key, page.place] AS page_key
FROM wrong w LEFT JOIN page ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR page.number IS NOT NULL
ORDER BY page.number_key, page.place

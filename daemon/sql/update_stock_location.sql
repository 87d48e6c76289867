-- Changes the named fields of a location that is still at the revision read. The lock keeps out whoever is putting something there.
WITH held AS MATERIALIZED (
  SELECT l.location_id, l.revision FROM radioshop.stock_location l WHERE l.code = upper(btrim(:location.code::text))
  FOR NO KEY UPDATE
), verdict AS MATERIALIZED (
  SELECT coalesce(radioshop.refuse_stock(), radioshop.refuse_update(:update_mask.paths::text[], '{name,kind,closed}',
      :location.revision::int8, (SELECT h.revision FROM held h), 'location ' || upper(btrim(:location.code))), CASE
    WHEN 'kind' = ANY (:update_mask.paths) AND :location.kind::text IS NULL
      THEN radioshop.refuse('INVALID_ARGUMENT', 'kind', 'say what it is: shelf, van or depot')
    WHEN 'closed' = ANY (:update_mask.paths) AND :location.closed::bool THEN radioshop.refuse_full_location((SELECT h.location_id FROM held h))
    END) AS refusal
), changed AS (
  UPDATE radioshop.stock_location l SET
    name = CASE WHEN 'name' = ANY (:update_mask.paths) THEN btrim(:location.name::text) ELSE l.name END,
    kind = CASE WHEN 'kind' = ANY (:update_mask.paths) THEN :location.kind ELSE l.kind END,
    closed = CASE WHEN 'closed' = ANY (:update_mask.paths) THEN :location.closed ELSE l.closed END
  FROM held h, verdict v WHERE l.location_id = h.location_id AND v.refusal IS NULL
  RETURNING l.code, l.name, l.kind, l.closed, l.revision
)
SELECT v.refusal, l.code, l.name, l.kind, l.closed, l.revision
FROM verdict v LEFT JOIN changed l ON true

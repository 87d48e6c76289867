-- Changes the named fields of an agency that is still at the revision read. The lock makes `held` see the newest
-- revision, so that of two writers the second is refused with it.
WITH held AS MATERIALIZED (
  SELECT a.agency_id, a.revision FROM radioshop.agency a
  WHERE a.code = upper(btrim(:agency.code::text)) AND a.agency_id = ANY (radioshop.agencies()) AND a.agency_id <> 0
  FOR NO KEY UPDATE
), verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes agencies')
    ELSE radioshop.refuse_update(:update_mask.paths::text[], '{name,time_zone,class}', :agency.revision::int8,
      (SELECT h.revision FROM held h), 'agency ' || btrim(:agency.code::text))
  END AS refusal
), changed AS (
  UPDATE radioshop.agency a SET
    name = CASE WHEN 'name' = ANY (:update_mask.paths::text[]) THEN btrim(:agency.name::text) ELSE a.name END,
    time_zone = CASE WHEN 'time_zone' = ANY (:update_mask.paths::text[]) THEN btrim(:agency.time_zone::text) ELSE a.time_zone END,
    class = CASE WHEN 'class' = ANY (:update_mask.paths::text[]) THEN :agency.class::text ELSE a.class END
  FROM held h, verdict v WHERE a.agency_id = h.agency_id AND v.refusal IS NULL
  RETURNING a.code, a.name, a.time_zone, coalesce(a.class, 'unspecified') AS class, a.revision, a.created_at, a.updated_at
)
SELECT v.refusal, n.code, n.name, n.time_zone, n.class, n.revision, n.created_at, n.updated_at
FROM verdict v LEFT JOIN changed n ON true

-- Changes the named fields of a code that is still at the revision read.
WITH held AS MATERIALIZED (
  SELECT c.kind, c.code, c.revision FROM radioshop.ticket_code c
  WHERE c.kind = :code.kind::text AND c.code = upper(btrim(:code.code::text)) AND radioshop.is_shop() FOR NO KEY UPDATE
), verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes codes')
    ELSE radioshop.refuse_update(:update_mask.paths::text[], '{name,retired}', :code.revision::int8,
      (SELECT h.revision FROM held h), format('%s code %s', coalesce(:code.kind, 'such'), upper(btrim(:code.code::text))))
  END AS refusal
), changed AS (
  UPDATE radioshop.ticket_code c SET
    name = CASE WHEN 'name' = ANY (:update_mask.paths) THEN btrim(:code.name::text) ELSE c.name END,
    retired = CASE WHEN 'retired' = ANY (:update_mask.paths) THEN :code.retired::bool ELSE c.retired END
  FROM held h, verdict v WHERE c.kind = h.kind AND c.code = h.code AND v.refusal IS NULL
  RETURNING c.kind, c.code, c.name, c.retired, c.revision
)
SELECT v.refusal, n.kind, n.code, n.name, n.retired, n.revision FROM verdict v LEFT JOIN changed n ON true

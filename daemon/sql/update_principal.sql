-- Changes the named fields of a principal that is still at the revision read. Nobody locks out the last administrator of the shop.
WITH held AS MATERIALIZED (
  SELECT p.principal_id, p.revision FROM radioshop.principal p WHERE p.name = btrim(:principal.name::text) AND radioshop.is_shop()
  FOR NO KEY UPDATE
), verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes principals')
    ELSE coalesce(radioshop.refuse_update(:update_mask.paths::text[], '{display_name,disabled}', :principal.revision::int8,
        (SELECT h.revision FROM held h), 'principal ' || btrim(:principal.name::text)),
      CASE WHEN 'disabled' = ANY (:update_mask.paths::text[]) AND :principal.disabled::bool
        THEN radioshop.refuse_last_admin((SELECT h.principal_id FROM held h)) END)
  END AS refusal
), p AS (
  UPDATE radioshop.principal p SET
    display_name = CASE WHEN 'display_name' = ANY (:update_mask.paths::text[]) THEN btrim(:principal.display_name::text) ELSE p.display_name END,
    disabled = CASE WHEN 'disabled' = ANY (:update_mask.paths::text[]) THEN :principal.disabled::bool ELSE p.disabled END
  FROM held h, verdict v WHERE p.principal_id = h.principal_id AND v.refusal IS NULL
  RETURNING p.principal_id, p.name, p.display_name, p.disabled, p.revision, p.created_at
)
SELECT v.refusal, p.name, p.display_name, p.disabled,
  coalesce((SELECT jsonb_agg(jsonb_build_object('role', g.role, 'agency', CASE WHEN g.agency_id = 0 THEN '' ELSE a.code END)
      ORDER BY g.agency_id <> 0, a.code, g.role)
    FROM radioshop.principal_grant g JOIN radioshop.agency a ON a.agency_id = g.agency_id
    WHERE g.principal_id = p.principal_id), '[]') AS grants,
  p.revision, p.created_at
FROM verdict v LEFT JOIN p ON true

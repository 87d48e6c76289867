-- Adds a principal, without any grant.
WITH verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop adds principals')
    WHEN :principal.name::text IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'principal', 'give the principal to add')
    ELSE (SELECT radioshop.refuse('ALREADY_EXISTS', 'name', format('%s has the name %s already', p.display_name, p.name))
      FROM radioshop.principal p WHERE p.name = btrim(:principal.name::text))
  END AS refusal
), added AS (
  INSERT INTO radioshop.principal (name, display_name, disabled)
  SELECT btrim(:principal.name::text), btrim(:principal.display_name::text), :principal.disabled::bool
  FROM verdict v WHERE v.refusal IS NULL
  RETURNING name, display_name, disabled, revision, created_at
)
SELECT v.refusal, n.name, n.display_name, n.disabled, '[]'::jsonb AS grants, n.revision, n.created_at
FROM verdict v LEFT JOIN added n ON true

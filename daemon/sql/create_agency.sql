-- Adds an agency. Its own code is looked for first, so that the refusal can name the agency that has it.
WITH verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop adds agencies')
    WHEN :agency.code::text IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'agency', 'give the agency to add')
    ELSE (SELECT radioshop.refuse('ALREADY_EXISTS', 'code', format('%s has the code %s already', a.name, a.code))
      FROM radioshop.agency a WHERE a.code = upper(btrim(:agency.code::text)))
  END AS refusal
), added AS (
  INSERT INTO radioshop.agency (code, name, time_zone, class)
  SELECT upper(btrim(:agency.code::text)), btrim(:agency.name::text),
    coalesce(nullif(btrim(:agency.time_zone::text), ''), 'America/Chicago'), :agency.class::text
  FROM verdict v WHERE v.refusal IS NULL
  RETURNING code, name, time_zone, coalesce(class, 'unspecified') AS class, revision, created_at, updated_at
)
SELECT v.refusal, n.code, n.name, n.time_zone, n.class, n.revision, n.created_at, n.updated_at
FROM verdict v LEFT JOIN added n ON true

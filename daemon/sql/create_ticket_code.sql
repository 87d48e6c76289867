-- Adds a code. Its twin is looked for first, so that the refusal can say what it means.
WITH verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop adds codes')
    WHEN :code.kind::text IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'kind', 'say what the code stands for: problem, cause or action')
    ELSE (SELECT radioshop.refuse('ALREADY_EXISTS', 'code', format('%s is a %s code already: %s', c.code, c.kind, c.name))
      FROM radioshop.ticket_code c WHERE c.kind = :code.kind AND c.code = upper(btrim(:code.code::text)))
  END AS refusal
), added AS (
  INSERT INTO radioshop.ticket_code (kind, code, name, retired)
  SELECT :code.kind, upper(btrim(:code.code)), btrim(:code.name::text), :code.retired::bool FROM verdict v WHERE v.refusal IS NULL
  RETURNING kind, code, name, retired, revision
)
SELECT v.refusal, n.kind, n.code, n.name, n.retired, n.revision FROM verdict v LEFT JOIN added n ON true

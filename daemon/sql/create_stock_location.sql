-- Adds a place where parts lie.
WITH verdict AS MATERIALIZED (
  SELECT CASE
    WHEN NOT radioshop.is_shop() THEN radioshop.refuse_stock()
    WHEN :location.code::text IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'location', 'give the location to add')
    ELSE (SELECT radioshop.refuse('ALREADY_EXISTS', 'code', format('location %s is there already: %s', l.code, l.name))
      FROM radioshop.stock_location l WHERE l.code = upper(btrim(:location.code)))
  END AS refusal
), added AS (
  INSERT INTO radioshop.stock_location (code, name, kind, closed)
  SELECT upper(btrim(:location.code)), btrim(:location.name::text), coalesce(:location.kind::text, 'shelf'), :location.closed::bool
  FROM verdict v WHERE v.refusal IS NULL
  RETURNING code, name, kind, closed, revision
)
SELECT v.refusal, l.code, l.name, l.kind, l.closed, l.revision
FROM verdict v LEFT JOIN added l ON true

-- Custodians in order of agency and code, agency by agency on an index. The keys are columns of a CTE: a bound that is computed would be
-- kept from the index by row level security.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, CASE WHEN g.code = (:page_key::text[])[1] THEN (:page_key::text[])[2] ELSE '' END AS after_code
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(btrim(:agency)))
    AND g.code >= coalesce((:page_key::text[])[1], '')
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(btrim(:agency))) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS (
  SELECT w.code AS agency, d.agency_id, d.custodian_id, d.code_key
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT c.agency_id, c.custodian_id, c.code_key FROM radioshop.custodian c
      WHERE :kind::text IS NULL AND c.agency_id = w.agency_id AND c.code_key > w.after_code AND (:inactive::bool OR NOT c.inactive)
      ORDER BY c.code_key LIMIT :page_limit::int4)
    UNION ALL
    (SELECT c.agency_id, c.custodian_id, c.code_key FROM radioshop.custodian c
      WHERE :kind IS NOT NULL AND c.agency_id = w.agency_id AND c.kind = :kind AND c.code_key > w.after_code AND (:inactive OR NOT c.inactive)
      ORDER BY c.code_key LIMIT :page_limit)) d
  ORDER BY w.code, d.code_key
  LIMIT :page_limit
)
SELECT w.refusal, c.custodian_id AS id, page.agency, c.code, c.kind, c.name, c.note, c.inactive, c.revision, c.created_at, c.updated_at,
  ARRAY[page.agency, page.code_key] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN radioshop.custodian c ON c.agency_id = page.agency_id AND c.custodian_id = page.custodian_id
WHERE w.refusal IS NOT NULL OR page.custodian_id IS NOT NULL
ORDER BY page.agency, page.code_key

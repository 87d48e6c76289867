-- What is attached to what, newest first, each case on an index of its own. The keys are columns of a CTE: a bound that is computed would be
-- kept from the index by row level security.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS from_before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(btrim(:agency)))
), subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.refusal FROM radioshop.one_asset(:asset::text) o WHERE :asset <> ''
), carrier AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, replace(o.refusal, chr(31) || 'asset' || chr(31), chr(31) || 'parent' || chr(31)) AS refusal
  FROM radioshop.one_asset(:parent::text) o WHERE :parent <> ''
), wrong AS (
  SELECT CASE
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    ELSE coalesce((SELECT x.refusal FROM subject x), (SELECT x.refusal FROM carrier x)) END AS refusal
), page AS (
  SELECT d.agency_id, d.component_id, d.from_at
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT c.agency_id, c.component_id, c.from_at FROM radioshop.component c
      WHERE :asset = '' AND :parent = '' AND NOT :detached::bool AND c.agency_id = w.agency_id AND c.until_at IS NULL
        AND (c.from_at, c.component_id) < (w.from_before, w.id_before)
      ORDER BY c.from_at DESC, c.component_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT c.agency_id, c.component_id, c.from_at FROM radioshop.component c
      WHERE :asset = '' AND :parent = '' AND :detached AND c.agency_id = w.agency_id AND (c.from_at, c.component_id) < (w.from_before, w.id_before)
      ORDER BY c.from_at DESC, c.component_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT c.agency_id, c.component_id, c.from_at
      FROM carrier p JOIN radioshop.component c ON c.agency_id = p.agency_id AND c.parent_id = p.asset_id
      WHERE :asset = '' AND p.agency_id = w.agency_id AND (:detached OR c.until_at IS NULL) AND (c.from_at, c.component_id) < (w.from_before, w.id_before)
      ORDER BY c.from_at DESC, c.component_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT c.agency_id, c.component_id, c.from_at
      FROM subject s JOIN radioshop.component c ON c.agency_id = s.agency_id AND c.asset_id = s.asset_id
      WHERE s.agency_id = w.agency_id AND (:detached OR c.until_at IS NULL)
        AND (:parent = '' OR EXISTS (SELECT FROM carrier p WHERE p.agency_id = c.agency_id AND p.asset_id = c.parent_id))
        AND (c.from_at, c.component_id) < (w.from_before, w.id_before)
      ORDER BY c.from_at DESC, c.component_id DESC LIMIT :page_limit)) d
  ORDER BY d.from_at DESC, d.component_id DESC
  LIMIT :page_limit
)
SELECT w.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.class, s.status, s.parent, s.parent_model, s.from_at, s.from_by, s.note, s.until_at, s.until_by,
  s.until_note,
  ARRAY[page.from_at::text, page.component_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_component(page.agency_id, page.component_id) s ON page.component_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.component_id IS NOT NULL
ORDER BY page.from_at DESC, page.component_id DESC

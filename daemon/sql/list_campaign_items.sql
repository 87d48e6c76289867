-- The radios of a campaign, agency by agency, on the index of what came of them: a state is one result or two, and the status of the asset
-- tells it from the others; OFFSET 0 keeps the walk on that index, which ends with the page. Where few of many are in that state, many are
-- read, so it runs on the slow connections. The keys are columns of a CTE: coalesce() is not leakproof, and row level security would keep
-- the condition from the index.
WITH subject AS MATERIALIZED (
  SELECT o.campaign_id, o.refusal FROM radioshop.one_campaign(:campaign::text) o
), wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, o.campaign_id, r.result,
    CASE WHEN g.code = (:page_key::text[])[1] THEN (:page_key::text[])[2]::uuid ELSE '00000000-0000-0000-0000-000000000000' END AS asset_after
  FROM radioshop.agency g CROSS JOIN subject o
    JOIN (VALUES ('open'), ('done'), ('failed'), ('not_applicable')) r (result) ON :state::text IS NULL OR r.result = CASE
      WHEN :state IN ('left', 'missing') THEN 'open' WHEN :state = 'gone' AND r.result = 'failed' THEN 'failed'
      WHEN :state = 'gone' THEN 'open' ELSE :state END
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
    AND g.code >= coalesce((:page_key::text[])[1], '') AND o.campaign_id IS NOT NULL
), wrong AS (
  SELECT CASE WHEN o.refusal IS NOT NULL THEN o.refusal
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM radioshop.agency g
        WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(:agency)) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
  FROM subject o
), page AS (
  SELECT w.code, d.agency_id, d.campaign_id, d.asset_id
  FROM wanted w CROSS JOIN LATERAL (
    SELECT i.agency_id, i.campaign_id, i.asset_id
    FROM radioshop.campaign_item i CROSS JOIN LATERAL (
      SELECT a.status FROM radioshop.asset a WHERE a.agency_id = i.agency_id AND a.asset_id = i.asset_id OFFSET 0) a
    WHERE i.agency_id = w.agency_id AND i.campaign_id = w.campaign_id AND i.result = w.result AND i.asset_id > w.asset_after
      AND (:state IS NULL OR radioshop.campaign_item_state(i.result, a.status) = :state)
    ORDER BY i.asset_id LIMIT :page_limit::int4
  ) d
  ORDER BY w.code, d.asset_id
  LIMIT :page_limit
)
SELECT w.refusal, s.campaign, s.agency, s.tag, s.serial, s.model, s.firmware, s.codeplug, s.status, s.assigned_to, s.location, s.state, s.ticked_at,
  s.ticked_by, s.note, s.undone_at, s.undone_by, s.undo_reason, s.asset_id, s.already,
  ARRAY[page.code, page.asset_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_campaign_item(page.agency_id, page.campaign_id, page.asset_id) s ON page.asset_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.asset_id IS NOT NULL
ORDER BY page.code, page.asset_id

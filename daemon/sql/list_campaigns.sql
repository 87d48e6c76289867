-- Campaigns, newest first. There are a few a year; the policy of campaign keeps those of other agencies away.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(:agency::text)
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
    radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS MATERIALIZED (
  SELECT c.campaign_id, c.created_at FROM radioshop.campaign c
  WHERE (:ended::bool OR c.state = 'open')
    AND (:agency = '' OR EXISTS (SELECT FROM wanted w
      JOIN radioshop.campaign_selection x ON x.campaign_id = c.campaign_id AND x.agency_id = w.agency_id))
    AND (c.created_at, c.campaign_id) < (coalesce((:page_key::text[])[1]::timestamptz, 'infinity'),
      coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  ORDER BY c.created_at DESC, c.campaign_id DESC
  LIMIT :page_limit::int4
)
SELECT w.refusal, s.code, s.name, s.kind, s.target, s.instructions, s.starts_on, s.due_on, s.state, s.agencies, s.assets, s.reason, s.ended_by,
  s.ended_at, s.created_by, s.created_at, s.revision,
  ARRAY[page.created_at::text, page.campaign_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_campaign(page.campaign_id) s ON page.campaign_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.campaign_id IS NOT NULL
ORDER BY page.created_at DESC, page.campaign_id DESC

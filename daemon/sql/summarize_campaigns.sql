-- How far campaigns are, agency by agency. It reads every radio of them, so it runs on the slow connections.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, radioshop.today(g.time_zone) AS today FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(:agency))
), wrong AS (
  SELECT CASE
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    WHEN :campaign::text <> '' THEN (SELECT o.refusal FROM radioshop.one_campaign(:campaign) o) END AS refusal
), standing AS (
  SELECT c.code AS campaign, w.code AS agency, count(*) AS total, count(*) FILTER (WHERE x.state = 'done') AS done,
    count(*) FILTER (WHERE x.state = 'failed') AS failed, count(*) FILTER (WHERE x.state = 'not_applicable') AS not_applicable,
    count(*) FILTER (WHERE x.state = 'left') AS "left", count(*) FILTER (WHERE x.state = 'missing') AS missing,
    count(*) FILTER (WHERE x.state = 'gone') AS gone, c.due_on, max(i.ticked_at) AS last_tick_at,
    CASE WHEN c.state = 'open' THEN greatest(0, w.today - c.due_on) ELSE 0 END AS days_late, c.created_at
  FROM radioshop.campaign c
    JOIN radioshop.campaign_item i ON i.campaign_id = c.campaign_id
    JOIN wanted w ON w.agency_id = i.agency_id
    JOIN radioshop.asset a ON a.agency_id = i.agency_id AND a.asset_id = i.asset_id
    CROSS JOIN LATERAL (SELECT radioshop.campaign_item_state(i.result, a.status) AS state) x
  WHERE CASE WHEN :campaign = '' THEN c.state = 'open' ELSE c.code_key = upper(btrim(:campaign)) END
  GROUP BY c.campaign_id, c.code, c.due_on, c.state, c.created_at, w.code, w.today
)
SELECT w.refusal, s.campaign, s.agency, s.total::int4 AS total, s.done::int4 AS done, s.failed::int4 AS failed,
  s.not_applicable::int4 AS not_applicable, s."left"::int4 AS "left", s.missing::int4 AS missing, s.gone::int4 AS gone,
  radioshop.campaign_percent(s.total, s.done, s.not_applicable, s.gone) AS percent, s.due_on,
  CASE WHEN s."left" + s.failed + s.missing > 0 THEN coalesce(s.days_late, 0) ELSE 0 END AS days_overdue, s.last_tick_at
FROM wrong w LEFT JOIN standing s ON w.refusal IS NULL
WHERE w.refusal IS NOT NULL OR s.campaign IS NOT NULL
ORDER BY s.created_at DESC, s.campaign, s.agency

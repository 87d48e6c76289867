-- Batteries in order of agency and tag, on the index of the class; what is asked of their age and capacity is looked up by key for each, until
-- the page is full. The keys are columns of a CTE: a bound that is computed would be kept from the index by row level security.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, CASE WHEN g.code = (:page_key::text[])[1] THEN (:page_key::text[])[2] ELSE '' END AS after_tag,
    (radioshop.today(g.time_zone) - make_interval(months => :older_than_months::int4))::date AS made_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(btrim(:agency)))
    AND g.code >= coalesce((:page_key::text[])[1], '')
), wrong AS (
  SELECT CASE
    WHEN :agency <> '' AND NOT EXISTS (SELECT FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(btrim(:agency))) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    WHEN :older_than_months NOT BETWEEN 0 AND 1200 THEN radioshop.refuse('INVALID_ARGUMENT', 'older_than_months', 'give a number of months, 1 to 1200')
    WHEN NOT (:capacity_below::float8 >= 0 AND :capacity_below <= 1000) THEN
      radioshop.refuse('INVALID_ARGUMENT', 'capacity_below', 'give a capacity in percent, such as 80') END AS refusal
), page AS (
  SELECT w.code, d.agency_id, d.asset_id, d.tag_key
  FROM wanted w CROSS JOIN LATERAL (
    SELECT a.agency_id, a.asset_id, a.tag_key FROM radioshop.asset a
    WHERE a.agency_id = w.agency_id AND a.class = 'battery' AND a.tag_key > w.after_tag AND a.status NOT IN ('retired', 'disposed')
      AND ((:older_than_months = 0 AND :capacity_below = 0)
        OR (:older_than_months > 0 AND coalesce((SELECT d.made_on FROM radioshop.date_code d WHERE d.agency_id = a.agency_id AND d.asset_id = a.asset_id),
          a.purchased_on) < w.made_before)
        OR (:capacity_below > 0 AND (SELECT t.last_value FROM radioshop.trend t WHERE t.agency_id = a.agency_id AND t.asset_id = a.asset_id
          AND t.test = 'battery_capacity' AND t.unit = '%' ORDER BY t.last_on DESC LIMIT 1) < :capacity_below))
    ORDER BY a.tag_key LIMIT :page_limit::int4) d
  ORDER BY w.code, d.tag_key
  LIMIT :page_limit
)
SELECT w.refusal, s.agency, s.tag, s.serial, s.model, s.status, s.parent, s.assigned_to, s.date_code, s.made_on, s.age_months, s.capacity_percent,
  s.measured_on, s.per_year, s.date_code_revision,
  ARRAY[page.code, page.tag_key] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_battery(page.agency_id, page.asset_id) s ON page.asset_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.asset_id IS NOT NULL
ORDER BY page.code, page.tag_key

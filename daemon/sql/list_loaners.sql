-- The pools, in order of agency and tag. A pool is small beside the register: the loaners of an agency are read whole and sorted, agency by
-- agency, and only those of the page are looked at closely.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.code, coalesce((:page_key::text[])[1], '') AS after_code, coalesce((:page_key::text[])[2], '') AS after_tag
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(btrim(:agency)))
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency)) END AS refusal
), page AS (
  SELECT w.code, d.agency_id, d.asset_id, d.tag_key
  FROM wanted w CROSS JOIN LATERAL (
    SELECT p.agency_id, p.asset_id, a.tag_key
    FROM radioshop.loaner p JOIN radioshop.asset a ON a.agency_id = p.agency_id AND a.asset_id = p.asset_id
      LEFT JOIN radioshop.model m ON m.model_id = a.model_id
    WHERE p.agency_id = w.agency_id AND (w.code, a.tag_key) > (w.after_code, w.after_tag)
      AND (:model::text = '' OR m.number_key = upper(btrim(:model))) AND (:family::text = '' OR upper(m.family) = upper(btrim(:family)))
      AND (:band::text = '' OR upper(m.band) = upper(btrim(:band)))
      AND (NOT :free::bool OR radioshop.refuse_lending(p.agency_id, p.asset_id) IS NULL)
    ORDER BY a.tag_key LIMIT :page_limit::int4) d
  ORDER BY w.code, d.tag_key
  LIMIT :page_limit
)
SELECT w.refusal, s.agency, s.tag, s.model, s.family, s.band, s.class, s.status, s.free, s.note, s.loan, s.borrower, s.borrower_agency, s.ticket, s.out_on,
  s.due_on, s.days_out, s.days_late,
  ARRAY[page.code, page.tag_key] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_loaner(page.agency_id, page.asset_id) s ON page.asset_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.asset_id IS NOT NULL
ORDER BY page.code, page.tag_key

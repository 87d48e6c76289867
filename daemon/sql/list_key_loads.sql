-- Which radios hold which keysets, newest first: on the index of what they hold now, of the keyset, of the radio, or of all there was.
-- What is old or not allowed can be rare among what is held, so it runs on the slow connections. The bounds are in a CTE: coalesce() is not
-- leakproof, and row level security would keep the condition from the index.
WITH wanted AS MATERIALIZED (
  SELECT g.agency_id, g.class, coalesce((:page_key::text[])[1]::timestamptz, 'infinity') AS at_before,
    coalesce((:page_key::text[])[2]::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id_before
  FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND (:agency::text = '' OR g.code = upper(btrim(:agency)))
), subject AS MATERIALIZED (
  SELECT o.agency_id, o.asset_id, o.refusal FROM radioshop.one_asset(:asset::text) o WHERE :asset <> ''
), asked AS MATERIALIZED (
  SELECT o.agency_id, o.keyset_id, o.refusal FROM radioshop.one_keyset(:keyset::text, 'keyset') o WHERE :keyset <> ''
), picked AS MATERIALIZED (
  SELECT k.agency_id, k.keyset_id, k.classes FROM radioshop.keyset k
  WHERE (:keyset = '' OR EXISTS (SELECT FROM asked o WHERE o.keyset_id = k.keyset_id)) AND (NOT :old::bool OR k.old_at IS NOT NULL)
), wrong AS (
  SELECT CASE WHEN :agency <> '' AND NOT EXISTS (SELECT FROM wanted) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', :agency))
    ELSE coalesce((SELECT x.refusal FROM subject x), (SELECT x.refusal FROM asked x)) END AS refusal
), page AS (
  SELECT d.agency_id, d.load_id, d.recorded_at
  FROM wanted w CROSS JOIN LATERAL (
    (SELECT l.agency_id, l.load_id, l.recorded_at FROM radioshop.key_load l
      WHERE :asset = '' AND :keyset = '' AND NOT :history::bool AND l.agency_id = w.agency_id AND l.ended_at IS NULL
        AND (NOT :old AND NOT :not_allowed::bool OR EXISTS (SELECT FROM picked p WHERE p.keyset_id = l.keyset_id
          AND (NOT :not_allowed OR NOT radioshop.class_may_hold(p.classes, w.class))))
        AND (l.recorded_at, l.load_id) < (w.at_before, w.id_before)
      ORDER BY l.recorded_at DESC, l.load_id DESC LIMIT :page_limit::int4)
    UNION ALL
    (SELECT l.agency_id, l.load_id, l.recorded_at FROM radioshop.key_load l
      WHERE :asset = '' AND :history AND l.agency_id = w.agency_id
        AND (:keyset = '' AND NOT :old AND NOT :not_allowed OR EXISTS (SELECT FROM picked p WHERE p.keyset_id = l.keyset_id
          AND (NOT :not_allowed OR NOT radioshop.class_may_hold(p.classes, w.class))))
        AND (l.recorded_at, l.load_id) < (w.at_before, w.id_before)
      ORDER BY l.recorded_at DESC, l.load_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT l.agency_id, l.load_id, l.recorded_at FROM picked p JOIN radioshop.key_load l ON l.keyset_id = p.keyset_id
      WHERE :asset = '' AND :keyset <> '' AND NOT :history AND l.agency_id = w.agency_id AND l.ended_at IS NULL
        AND (NOT :not_allowed OR NOT radioshop.class_may_hold(p.classes, w.class))
        AND (l.recorded_at, l.load_id) < (w.at_before, w.id_before)
      ORDER BY l.recorded_at DESC, l.load_id DESC LIMIT :page_limit)
    UNION ALL
    (SELECT l.agency_id, l.load_id, l.recorded_at FROM subject s JOIN radioshop.key_load l ON l.agency_id = s.agency_id AND l.asset_id = s.asset_id
      WHERE :asset <> '' AND s.agency_id = w.agency_id AND (:history OR l.ended_at IS NULL)
        AND EXISTS (SELECT FROM picked p WHERE p.keyset_id = l.keyset_id
          AND (NOT :not_allowed OR NOT radioshop.class_may_hold(p.classes, w.class)))
        AND (l.recorded_at, l.load_id) < (w.at_before, w.id_before)
      ORDER BY l.recorded_at DESC, l.load_id DESC LIMIT :page_limit)
  ) d
  ORDER BY d.recorded_at DESC, d.load_id DESC
  LIMIT :page_limit
)
SELECT w.refusal, s.id, s.agency, s.tag, s.serial, s.model, s.status, s.assigned_to, s.keyset, s.name, s.number, s.algorithm, s.ckrs, s.state, s.superseded_by,
  s.means, s.loader, s.loaded_on, s.note, s.not_allowed, s.exception, s.recorded_by, s.recorded_at, s.ended_as, s.ended_on, s.ended_note, s.ended_by,
  s.ended_at, s.asset_id,
  ARRAY[page.recorded_at::text, page.load_id::text] AS page_key
FROM wrong w
LEFT JOIN page ON w.refusal IS NULL
LEFT JOIN LATERAL radioshop.shown_key_load(page.agency_id, page.load_id) s ON page.load_id IS NOT NULL
WHERE w.refusal IS NOT NULL OR page.load_id IS NOT NULL
ORDER BY page.recorded_at DESC, page.load_id DESC

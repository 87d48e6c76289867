-- Assets whose tag, serial, unit ID or alias is the code or begins with it, exact matches first. Beginnings are ranges on the
-- stored keys, at most 20 a kind and agency; a unit ID that begins with 72 is 72, 720 to 729, 7200 to 7299 and so on.
-- The ranges are made apart, in int4: a cast or an int8 in the comparison would lose the index under row level security.
WITH asked AS MATERIALIZED (
  SELECT upper(btrim(:code::text)) AS code, upper(btrim(:code::text)) || chr(1114111) AS behind,
    CASE WHEN btrim(:code::text) ~ '^[1-9][0-9]{0,7}$' THEN btrim(:code::text)::int8 END AS number
), span AS MATERIALIZED (
  SELECT (q.number * tens.n)::int4 AS low, least((q.number + 1) * tens.n, 16777212)::int4 AS behind
  FROM asked q CROSS JOIN (VALUES (1::int8), (10), (100), (1000), (10000), (100000), (1000000), (10000000)) tens (n)
  WHERE q.number * tens.n <= 16777211
), place AS MATERIALIZED (
  SELECT g.agency_id, g.code FROM radioshop.agency g
  WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id <> 0
    AND (:agency::text = '' OR g.code = upper(btrim(:agency::text)))
), hit AS (
  SELECT f.agency_id, f.asset_id, 0 AS rank FROM radioshop.find_assets(:code::text) f
  UNION ALL
  SELECT p.agency_id, h.asset_id, h.rank FROM asked q CROSS JOIN place p CROSS JOIN LATERAL (
    (SELECT a.asset_id, CASE WHEN a.tag_key = q.code THEN 0 ELSE 4 END AS rank FROM radioshop.asset a
      WHERE a.agency_id = p.agency_id AND a.tag_key >= q.code AND a.tag_key < q.behind ORDER BY a.tag_key LIMIT 20)
    UNION ALL
    (SELECT a.asset_id, CASE WHEN a.serial_key = q.code THEN 1 ELSE 5 END FROM radioshop.asset a
      WHERE a.agency_id = p.agency_id AND a.serial_key >= q.code AND a.serial_key < q.behind ORDER BY a.serial_key LIMIT 20)
    UNION ALL
    (SELECT u.asset_id, u.rank FROM span s CROSS JOIN LATERAL (
        SELECT a.asset_id, CASE WHEN s.behind = s.low + 1 THEN 2 ELSE 6 END AS rank FROM radioshop.asset a
        WHERE a.agency_id = p.agency_id AND a.unit_id >= s.low AND a.unit_id < s.behind
        ORDER BY a.unit_id LIMIT 20) u
      LIMIT 20)
    UNION ALL
    (SELECT a.asset_id, CASE WHEN a.alias_key = q.code THEN 3 ELSE 7 END FROM radioshop.asset a
      WHERE a.agency_id = p.agency_id AND a.alias_key >= q.code AND a.alias_key < q.behind ORDER BY a.alias_key LIMIT 20)
  ) h
  WHERE q.code <> ''
), best AS (
  SELECT h.agency_id, h.asset_id, min(h.rank) AS rank FROM hit h GROUP BY h.agency_id, h.asset_id
)
SELECT CASE WHEN q.code = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'code', 'give a tag, serial number, unit ID or alias, or its beginning') END
    AS refusal,
  a.asset_id AS id, p.code AS agency,
  a.tag, a.serial, coalesce(m.number, '') AS model, a.class, a.status, a.assigned_to, a.location, a.system, a.unit_id, a.alias,
  a.firmware, a.codeplug, a.flashcode, a.purchased_on, a.warranty_until, a.cost_cents, a.quantity, a.description, a.notes, a.revision,
  a.created_at, a.updated_at, CASE WHEN a.fields IS NOT NULL THEN radioshop.shown_fields(a.agency_id, a.fields) END AS fields
FROM asked q
LEFT JOIN (best b
  JOIN place p ON p.agency_id = b.agency_id
  JOIN radioshop.asset a ON a.agency_id = b.agency_id AND a.asset_id = b.asset_id
  LEFT JOIN radioshop.model m ON m.model_id = a.model_id) ON true
WHERE q.code = '' OR a.asset_id IS NOT NULL
ORDER BY b.rank, p.code, a.tag_key
LIMIT 20

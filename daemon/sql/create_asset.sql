-- Adds an asset. Everything that can stop it is looked at first, so that the refusal can name the holder of a tag or serial.
WITH place AS MATERIALIZED (
  SELECT g.agency_id, g.code FROM radioshop.agency g
  WHERE g.code = upper(btrim(:asset.agency::text)) AND g.agency_id = ANY (radioshop.agencies()) AND g.agency_id <> 0
), kind AS MATERIALIZED (
  SELECT m.model_id, m.number, m.class FROM radioshop.model m WHERE m.number_key = upper(btrim(:asset.model::text))
), verdict AS MATERIALIZED (
  SELECT CASE
    WHEN btrim(coalesce(:asset.agency::text, '')) = '' THEN radioshop.refuse('INVALID_ARGUMENT', 'agency', 'give the code of the agency that owns it')
    WHEN p.agency_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'agency', format('there is no agency %s', btrim(:asset.agency::text)))
    WHEN btrim(:asset.model::text) <> '' AND k.model_id IS NULL THEN radioshop.refuse('FAILED_PRECONDITION', 'model',
      format('the catalogue has no model %s; add it first, or give a class instead', btrim(:asset.model::text)))
    WHEN coalesce(:asset.class::text, k.class) IS NULL THEN radioshop.refuse('INVALID_ARGUMENT', 'class',
      'give a class, such as portable, or a model of the catalogue')
    ELSE radioshop.refuse_held(p.agency_id, NULL, btrim(:asset.tag::text), btrim(:asset.serial::text), btrim(:asset.system::text),
      :asset.unit_id::int4)
  END AS refusal, p.agency_id, p.code, k.model_id, k.number, coalesce(:asset.class::text, k.class) AS class
  FROM (VALUES (1)) one (n) LEFT JOIN place p ON true LEFT JOIN kind k ON true
), own AS MATERIALIZED (
  SELECT f.refusal, f.fields FROM verdict v CROSS JOIN LATERAL radioshop.fields_of_asset(v.agency_id, v.class,
    coalesce(:asset.status::text, 'in_service'), NULL, cardinality(:asset.fields.name::text[]) > 0, :asset.fields.name::text[],
    :asset.fields.value::text[]) f
  WHERE v.refusal IS NULL
), a AS (
  INSERT INTO radioshop.asset AS a (agency_id, tag, serial, model_id, class, status, assigned_to, location, system, unit_id, alias,
    firmware, codeplug, flashcode, purchased_on, warranty_until, cost_cents, quantity, description, notes, fields)
  SELECT v.agency_id, btrim(:asset.tag::text), btrim(:asset.serial::text), v.model_id, v.class,
    coalesce(:asset.status::text, 'in_service'), btrim(:asset.assigned_to::text), btrim(:asset.location::text),
    btrim(:asset.system::text), :asset.unit_id::int4, btrim(:asset.alias::text), btrim(:asset.firmware::text),
    btrim(:asset.codeplug::text), btrim(:asset.flashcode::text), :asset.purchased_on::date, :asset.warranty_until::date, :asset.cost_cents::int8,
    coalesce(nullif(:asset.quantity::int4, 0), 1), btrim(:asset.description::text), btrim(:asset.notes::text, E' \t\r\n'), o.fields
  FROM verdict v CROSS JOIN own o WHERE v.refusal IS NULL AND o.refusal IS NULL
  RETURNING a.agency_id, a.asset_id, a.tag, a.serial, a.model_id, a.class, a.status, a.assigned_to, a.location, a.system, a.unit_id,
    a.alias, a.firmware, a.codeplug, a.flashcode, a.purchased_on, a.warranty_until, a.cost_cents, a.quantity, a.description, a.notes,
    a.revision, a.created_at, a.updated_at, a.fields, a AS whole
)
SELECT coalesce(v.refusal, o.refusal) AS refusal, a.asset_id AS id, v.code AS agency,
  a.tag, a.serial, coalesce(v.number, '') AS model, a.class, a.status, a.assigned_to, a.location, a.system, a.unit_id, a.alias,
  a.firmware, a.codeplug, a.flashcode, a.purchased_on, a.warranty_until, a.cost_cents, a.quantity, a.description, a.notes, a.revision,
  a.created_at, a.updated_at, CASE WHEN a.fields IS NOT NULL THEN radioshop.shown_fields(a.agency_id, a.fields) END AS fields,
  radioshop.asset_warnings(a.whole, NULL) AS warnings
FROM verdict v LEFT JOIN own o ON true LEFT JOIN a ON true

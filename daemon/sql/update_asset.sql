-- Changes the named fields of an asset that is still at the revision read. The lock makes `held` see the newest revision, so
-- that of two writers the second is refused with it. A class that is named but not given is taken from the model.
WITH held AS MATERIALIZED (
  SELECT a.agency_id, a.asset_id, a.revision, a.tag, a.serial, a.model_id, a.class, a.status, a.system, a.unit_id, a.fields FROM radioshop.asset a
  WHERE a.agency_id = ANY (radioshop.agencies()) AND a.asset_id = :asset.id::uuid
  FOR NO KEY UPDATE
), kind AS MATERIALIZED (
  SELECT m.model_id, m.number, m.class FROM radioshop.model m
  WHERE CASE WHEN 'model' = ANY (:update_mask.paths::text[]) THEN m.number_key = upper(btrim(:asset.model::text))
    ELSE m.model_id = (SELECT h.model_id FROM held h) END
), verdict AS MATERIALIZED (
  SELECT coalesce(radioshop.refuse_update(:update_mask.paths::text[], '{tag,serial,model,class,status,assigned_to,location,system,
      unit_id,alias,firmware,codeplug,flashcode,purchased_on,warranty_until,cost_cents,quantity,description,notes,fields}', :asset.revision::int8,
      h.revision, coalesce('asset ' || h.tag, 'such asset')), CASE
    WHEN 'model' = ANY (:update_mask.paths::text[]) AND btrim(:asset.model::text) <> '' AND k.model_id IS NULL
      THEN radioshop.refuse('FAILED_PRECONDITION', 'model',
        format('the catalogue has no model %s; add it first', btrim(:asset.model::text)))
    WHEN 'class' = ANY (:update_mask.paths::text[]) AND coalesce(:asset.class::text, k.class) IS NULL
      THEN radioshop.refuse('INVALID_ARGUMENT', 'class', 'give a class, such as portable, or a model of the catalogue')
    WHEN 'status' = ANY (:update_mask.paths::text[]) AND :asset.status::text IS NULL
      THEN radioshop.refuse('INVALID_ARGUMENT', 'status', 'give a status, such as in_service')
    WHEN 'status' = ANY (:update_mask.paths::text[]) AND :asset.status::text IN ('retired', 'disposed') AND h.status <> :asset.status::text
        AND radioshop.refuse_retiring(h.agency_id, h.asset_id, 'status') IS NOT NULL
      THEN radioshop.refuse_retiring(h.agency_id, h.asset_id, 'status')
    WHEN 'status' = ANY (:update_mask.paths::text[]) AND :asset.status::text = 'disposed' AND h.status <> 'disposed'
      THEN radioshop.refuse('FAILED_PRECONDITION', 'status',
        format('asset %s is %s; retire it, and then say how it was disposed of, with asset dispose', h.tag, replace(h.status, '_', ' ')))
    ELSE radioshop.refuse_held(h.agency_id, h.asset_id,
      CASE WHEN 'tag' = ANY (:update_mask.paths::text[]) THEN btrim(:asset.tag::text) ELSE h.tag END,
      CASE WHEN 'serial' = ANY (:update_mask.paths::text[]) THEN btrim(:asset.serial::text) ELSE h.serial END,
      CASE WHEN 'system' = ANY (:update_mask.paths::text[]) THEN btrim(:asset.system::text) ELSE h.system END,
      CASE WHEN 'unit_id' = ANY (:update_mask.paths::text[]) THEN :asset.unit_id::int4 ELSE h.unit_id END)
    END) AS refusal, :update_mask.paths::text[] AS paths, h.agency_id, h.asset_id, k.model_id, k.number, k.class,
    CASE WHEN 'class' = ANY (:update_mask.paths::text[]) THEN coalesce(:asset.class::text, k.class) ELSE h.class END AS new_class,
    CASE WHEN 'status' = ANY (:update_mask.paths::text[]) THEN :asset.status::text ELSE h.status END AS new_status, h.fields
  FROM (VALUES (1)) one (n) LEFT JOIN held h ON true LEFT JOIN kind k ON true
), own AS MATERIALIZED (
  SELECT f.refusal, f.fields FROM verdict v CROSS JOIN LATERAL radioshop.fields_of_asset(v.agency_id, v.new_class, v.new_status, v.fields,
    'fields' = ANY (v.paths), :asset.fields.name::text[], :asset.fields.value::text[]) f
  WHERE v.refusal IS NULL
), a AS (
  UPDATE radioshop.asset a SET
    tag = CASE WHEN 'tag' = ANY (v.paths) THEN btrim(:asset.tag::text) ELSE a.tag END,
    serial = CASE WHEN 'serial' = ANY (v.paths) THEN btrim(:asset.serial::text) ELSE a.serial END,
    assigned_to = CASE WHEN 'assigned_to' = ANY (v.paths) THEN btrim(:asset.assigned_to::text) ELSE a.assigned_to END,
    location = CASE WHEN 'location' = ANY (v.paths) THEN btrim(:asset.location::text) ELSE a.location END,
    system = CASE WHEN 'system' = ANY (v.paths) THEN btrim(:asset.system::text) ELSE a.system END,
    alias = CASE WHEN 'alias' = ANY (v.paths) THEN btrim(:asset.alias::text) ELSE a.alias END,
    firmware = CASE WHEN 'firmware' = ANY (v.paths) THEN btrim(:asset.firmware::text) ELSE a.firmware END,
    codeplug = CASE WHEN 'codeplug' = ANY (v.paths) THEN btrim(:asset.codeplug::text) ELSE a.codeplug END,
    flashcode = CASE WHEN 'flashcode' = ANY (v.paths) THEN btrim(:asset.flashcode::text) ELSE a.flashcode END,
    description = CASE WHEN 'description' = ANY (v.paths) THEN btrim(:asset.description::text) ELSE a.description END,
    purchased_on = CASE WHEN 'purchased_on' = ANY (v.paths) THEN :asset.purchased_on::date ELSE a.purchased_on END,
    warranty_until = CASE WHEN 'warranty_until' = ANY (v.paths) THEN :asset.warranty_until::date ELSE a.warranty_until END,
    cost_cents = CASE WHEN 'cost_cents' = ANY (v.paths) THEN :asset.cost_cents::int8 ELSE a.cost_cents END,
    unit_id = CASE WHEN 'unit_id' = ANY (v.paths) THEN :asset.unit_id::int4 ELSE a.unit_id END,
    quantity = CASE WHEN 'quantity' = ANY (v.paths) THEN :asset.quantity::int4 ELSE a.quantity END,
    status = CASE WHEN 'status' = ANY (v.paths) THEN :asset.status::text ELSE a.status END,
    model_id = CASE WHEN 'model' = ANY (v.paths) THEN v.model_id ELSE a.model_id END,
    class = CASE WHEN 'class' = ANY (v.paths) THEN coalesce(:asset.class::text, v.class) ELSE a.class END,
    notes = CASE WHEN 'notes' = ANY (v.paths) THEN btrim(:asset.notes::text, E' \t\r\n') ELSE a.notes END,
    fields = CASE WHEN 'fields' = ANY (v.paths) THEN o.fields ELSE a.fields END
  FROM verdict v CROSS JOIN own o WHERE v.refusal IS NULL AND o.refusal IS NULL AND a.agency_id = v.agency_id AND a.asset_id = v.asset_id
  RETURNING a.agency_id, a.asset_id, a.tag, a.serial, a.model_id, a.class, a.status, a.assigned_to, a.location, a.system, a.unit_id,
    a.alias, a.firmware, a.codeplug, a.flashcode, a.purchased_on, a.warranty_until, a.cost_cents, a.quantity, a.description, a.notes,
    a.revision, a.created_at, a.updated_at, a.fields, a AS whole
)
SELECT coalesce(v.refusal, o.refusal) AS refusal, a.asset_id AS id, g.code AS agency,
  a.tag, a.serial, coalesce(v.number, '') AS model, a.class, a.status, a.assigned_to, a.location, a.system, a.unit_id, a.alias,
  a.firmware, a.codeplug, a.flashcode, a.purchased_on, a.warranty_until, a.cost_cents, a.quantity, a.description, a.notes, a.revision,
  a.created_at, a.updated_at, CASE WHEN a.fields IS NOT NULL THEN radioshop.shown_fields(a.agency_id, a.fields) END AS fields,
  radioshop.asset_warnings(a.whole, v.paths) AS warnings
FROM verdict v LEFT JOIN own o ON true LEFT JOIN a ON true LEFT JOIN radioshop.agency g ON g.agency_id = a.agency_id

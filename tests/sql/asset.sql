-- The register: constraints, finding by any code, and the statements of AssetService but the import.
\set calls `python3 tests/sql/statements.py get_asset list_assets lookup_assets create_asset update_asset export_assets`
BEGIN;
SELECT plan(106);
:calls
INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'LSM', 'Lee''s Summit');
INSERT INTO radioshop.model (number, manufacturer, class) VALUES ('H98', 'Motorola', 'portable'), ('M36', 'Motorola', 'mobile');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tech', 'Tech'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, CASE p.name WHEN 'tech' THEN 'technician' ELSE 'viewer' END, CASE p.name WHEN 'tech' THEN 0 ELSE 902 END FROM radioshop.principal p;

-- Constraints: each breaks just one rule, by the column that is set over a good row
INSERT INTO radioshop.asset (agency_id, tag, serial, class, system, unit_id) VALUES (901, 'Held', 'S-1', 'portable', 'MARRS', 7);
SELECT throws_ok(format('INSERT INTO radioshop.asset (agency_id, class, tag, %s) VALUES (901, ''portable'', ''T'', %L)', col, val), '23514',
    format('new row for relation "asset" violates check constraint "%s"', rule), col || ' ' || translate(left(val, 20), E'\n\t', '__') || ' breaks ' || rule)
  FROM (VALUES ('serial', repeat('s', 65), 'asset_serial_form'), ('serial', E'a\tb', 'asset_serial_form'), ('serial', ' a', 'asset_serial_form'),
    ('status', 'sold', 'asset_status_known'), ('assigned_to', repeat('s', 201), 'asset_assigned_to_form'), ('location', E'a\nb', 'asset_location_form'),
    ('system', repeat('s', 65), 'asset_system_form'), ('unit_id', '0', 'asset_unit_id_range'), ('unit_id', '16777212', 'asset_unit_id_range'),
    ('alias', repeat('s', 65), 'asset_alias_form'), ('firmware', repeat('s', 121), 'asset_firmware_form'), ('codeplug', repeat('s', 121), 'asset_codeplug_form'),
    ('purchased_on', '1949-12-31', 'asset_purchased_on_range'), ('purchased_on', 'infinity', 'asset_purchased_on_range'), ('warranty_until', '2200-01-01', 'asset_warranty_until_range'),
    ('cost_cents', '-1', 'asset_cost_cents_range'), ('quantity', '0', 'asset_quantity_range'), ('quantity', '1000001', 'asset_quantity_range'),
    ('description', repeat('s', 501), 'asset_description_form'), ('notes', E'a\x1b[31m', 'asset_notes_form'), ('notes', repeat('s', 10001), 'asset_notes_form')) v (col, val, rule);
SELECT throws_ok(format($$INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (%s, %L, %L)$$, agency, tag, class), '23514',
    format('new row for relation "asset" violates check constraint "%s"', rule), rule)
  FROM (VALUES (901, '', 'portable', 'asset_tag_form'), (901, 'T', 'toaster', 'asset_class_known'), (0, 'T', 'portable', 'asset_agency_not_shop')) v (agency, tag, class, rule);
SELECT throws_ok($$INSERT INTO radioshop.asset (agency_id, tag, class, purchased_on, warranty_until) VALUES (901, 'T', 'portable', '2026-01-02', '2026-01-01')$$, '23514',
  'new row for relation "asset" violates check constraint "asset_warranty_after_purchase"', 'a warranty that ends before the purchase');
SELECT throws_ok(format($$INSERT INTO radioshop.asset (agency_id, class, tag, serial, system, unit_id) VALUES (901, 'portable', %L, %L, %L, %s)$$, tag, serial, system, unit), '23505',
    format('duplicate key value violates unique constraint "%s"', rule), rule)
  FROM (VALUES ('HELD', '', '', 'NULL', 'asset_tag_unique'), ('T', 's-1', '', 'NULL', 'asset_serial_unique'), ('T', '', 'marrs', '7', 'issued_unit_id_unique')) v (tag, serial, system, unit, rule);
SELECT throws_ok($$INSERT INTO radioshop.asset (agency_id, tag, class, model_id) VALUES (901, 'T', 'portable', radioshop.uuid_v7())$$, '23503', NULL, 'a model that is not in the catalogue');
SELECT lives_ok($$INSERT INTO radioshop.asset (agency_id, tag, serial, class, system, unit_id) VALUES (902, 'Held', 'S-1', 'portable', 'MARRS', 7), (902, 'H2', '', 'portable', 'OTHER', 7), (902, 'H3', '', 'portable', '', NULL)$$,
  'the same codes in another agency, the same unit ID on another system, and no serial twice are all right');
SELECT is_empty($$SELECT c.conname FROM pg_constraint c WHERE c.conrelid = ANY ('{radioshop.agency,radioshop.principal,radioshop.principal_grant,radioshop.model,radioshop.asset}'::regclass[])
  AND c.contype IN ('c', 'u', 'f') AND coalesce(obj_description(c.oid, 'pg_constraint'), '') !~ '^[a-z_]+: .+$'$$, 'every constraint that a caller can break names its field and says why');
DELETE FROM radioshop.asset;

SET LOCAL ROLE radioshop_app;
CREATE FUNCTION pg_temp.said(r jsonb) RETURNS text LANGUAGE sql AS $$ SELECT translate(r ->> 'refusal', chr(31), '|') $$;
PREPARE enter (text, text[]) AS SELECT radioshop.enter($1, $2, 'AssetService.CreateAsset', 'c1', 60000, 5000, NULL, NULL);
EXECUTE enter('tech', '{technician}');

-- Adding
SELECT is(r - 'id' - 'created_at' - 'updated_at' - 'warnings', '{"refusal": null, "agency": "IND", "tag": "1042", "serial": "ABC1", "model": "H98", "class": "portable", "status": "in_service", "assigned_to": "Car 5",
  "location": "", "system": "MARRS", "unit_id": 7201, "alias": "IPD 5", "firmware": "", "codeplug": "", "flashcode": "", "purchased_on": "2020-02-29", "warranty_until": null, "cost_cents": null, "quantity": 1,
  "description": "", "notes": "two\nlines", "fields": null, "revision": 1}', 'an asset is added: trimmed, class of its model, one piece, in service')
  FROM pg_temp.create_asset('{"asset": {"agency": "ind", "tag": " 1042 ", "serial": "ABC1", "model": "h98", "assigned_to": "Car 5", "system": "MARRS", "unit_id": 7201, "alias": "IPD 5", "purchased_on": "2020-02-29", "notes": "two\nlines\n"}}') r;
SELECT is(r ->> 'class' || ' ' || (r ->> 'cost_cents') || ' ' || (r ->> 'status'), 'base 0 spare', 'what is said wins over the model, and a price of nothing is a price')
  FROM pg_temp.create_asset('{"asset": {"agency": "IND", "tag": "1043", "model": "H98", "class": "base", "cost_cents": 0, "status": "spare"}}') r;
SELECT matches(pg_temp.said(pg_temp.create_asset(jsonb_build_object('asset', asset))), want, want) FROM (VALUES
  ('{"tag": "T"}'::jsonb, '^INVALID_ARGUMENT\|agency\|give the code'), ('{"agency": "NONE", "tag": "T"}', '^NOT_FOUND\|agency\|there is no agency NONE$'),
  ('{"agency": "SHOP", "tag": "T"}', '^NOT_FOUND\|agency\|there is no agency SHOP$'), ('{"agency": "IND", "tag": "T"}', '^INVALID_ARGUMENT\|class\|'),
  ('{"agency": "IND", "tag": "T", "model": "X9"}', '^FAILED_PRECONDITION\|model\|the catalogue has no model X9'),
  ('{"agency": "IND", "tag": "1042", "class": "pager"}', '^ALREADY_EXISTS\|tag\|the agency has an asset with the tag 1042 already$'),
  ('{"agency": "IND", "tag": "T", "serial": "abc1", "class": "pager"}', '^ALREADY_EXISTS\|serial\|asset 1042 has this serial number$'),
  ('{"agency": "IND", "tag": "T", "unit_id": 7201, "system": "marrs", "class": "pager"}', '^ALREADY_EXISTS\|unit_id\|asset 1042 has this unit ID')) v (asset, want);
SELECT matches(pg_temp.said(pg_temp.create_asset('{}')), '^INVALID_ARGUMENT\|agency', 'no asset at all');
SELECT throws_ok($$SELECT pg_temp.create_asset('{"asset": {"agency": "IND", "class": "pager"}}')$$, '23514', NULL, 'no tag');
SELECT is(count(*), 3::bigint, 'three in the other agency') FROM (SELECT pg_temp.create_asset(jsonb_build_object('asset', a)) FROM unnest(ARRAY[
  '{"agency": "LSM", "tag": "1042", "serial": "7201", "class": "portable"}', '{"agency": "LSM", "tag": "2000", "alias": "ipd 5", "class": "pager", "unit_id": 7299}',
  '{"agency": "LSM", "tag": "abc1", "model": "M36", "status": "spare"}']::jsonb[]) a) x;

-- Finding
SELECT is((SELECT array_agg(f.agency_id || ' ' || a.tag ORDER BY 1) FROM radioshop.find_assets(code) f JOIN radioshop.asset a USING (agency_id, asset_id)), want::text[], 'the code ' || code || ': ' || why)
  FROM (VALUES ('1043', '{901 1043}', 'a tag'), ('1042', '{901 1042,902 1042}', 'a tag of two agencies'), ('ind:1042', '{901 1042}', 'one of them by agency and tag'),
    ('LSM:7201', '{902 1042}', 'a serial by agency'), ('7201', '{902 1042}', 'a serial goes before a unit ID'), ('7299', '{902 2000}', 'a unit ID'),
    ('Abc1', '{902 abc1}', 'a tag goes before a serial'), ('IPD 5', '{901 1042,902 2000}', 'an alias of two'), (' ipd 5 ', '{901 1042,902 2000}', 'trimmed, whatever the capitals'),
    ('104', NULL, 'a beginning is not enough'), ('', NULL, 'nothing'), ('99999999999999999999', NULL, 'a number too long'), ('XX:1042', NULL, 'an agency that is not there'),
    (radioshop.uuid_v7()::text, NULL, 'a UUID that is not there')) v (code, want, why);
SELECT is((SELECT array_agg(a.tag) FROM radioshop.asset x, radioshop.find_assets(upper(x.asset_id::text)) f JOIN radioshop.asset a USING (agency_id, asset_id) WHERE x.tag = '1043'), '{1043}', 'a UUID');
SELECT is((SELECT r ->> 'serial' FROM pg_temp.get_asset('{"asset": "IND:1042"}') r), 'ABC1', 'get by agency and tag');
SELECT matches(pg_temp.said(pg_temp.get_asset('{"asset": "1042"}')), '^INVALID_ARGUMENT\|asset\|.*IND:1042, LSM:1042', 'an ambiguous code is refused and the candidates named');
SELECT matches(pg_temp.said(pg_temp.get_asset('{"asset": "nope"}')), '^NOT_FOUND', 'a code that nothing carries');
SELECT is((SELECT array_agg((r ->> 'agency') || ' ' || (r ->> 'tag')) FROM pg_temp.lookup_assets(req::jsonb) r), want::text[], 'look up ' || req)
  FROM (VALUES ('{"code": "104"}', '{IND 1042,IND 1043,LSM 1042}'), ('{"code": "72"}', '{LSM 1042,IND 1042,LSM 2000}'), ('{"code": "7299"}', '{LSM 2000}'),
    ('{"code": "abc1"}', '{LSM abc1,IND 1042}'), ('{"code": "ipd"}', '{IND 1042,LSM 2000}'), ('{"code": "104", "agency": "lsm"}', '{LSM 1042}'),
    ('{"code": "ind:1042"}', '{IND 1042}'), ('{"code": "zz"}', NULL), ('{"code": "%"}', NULL), ('{"code": "104", "agency": "XX"}', NULL)) v (req, want);
SELECT matches(pg_temp.said(pg_temp.lookup_assets('{"code": " "}')), '^INVALID_ARGUMENT\|code', 'nothing to look for');

-- Lists
SELECT is((SELECT array_agg((r ->> 'agency') || ' ' || (r ->> 'tag')) FROM pg_temp.list_assets(req::jsonb) r), want::text[], 'list ' || req)
  FROM (VALUES ('{}', '{IND 1042,IND 1043,LSM 1042,LSM 2000,LSM abc1}'), ('{"page_limit": 3}', '{IND 1042,IND 1043,LSM 1042}'), ('{"page_limit": 3, "page_key": ["LSM", "1042"]}', '{LSM 2000,LSM abc1}'),
    ('{"page_key": ["LSM", "ABC1"]}', NULL), ('{"agency": "lsm", "page_limit": 1}', '{LSM 1042}'), ('{"status": "spare"}', '{IND 1043,LSM abc1}'), ('{"class": "portable"}', '{IND 1042,LSM 1042}'),
    ('{"model": "h98"}', '{IND 1042,IND 1043}'), ('{"model": "h98", "status": "spare", "class": "base"}', '{IND 1043}'), ('{"status": "spare", "class": "mobile"}', '{LSM abc1}'), ('{"model": "none"}', NULL)) v (req, want);
SELECT is((SELECT array_agg(r -> 'page_key') FROM pg_temp.export_assets('{"page_limit": 2, "page_key": ["IND", "1043"]}') r), ARRAY['["LSM", "1042"]', '["LSM", "2000"]']::jsonb[], 'the export goes on where the page before ended');

-- Changing
CREATE FUNCTION pg_temp.change(code text, fields jsonb, paths text[]) RETURNS jsonb LANGUAGE sql AS $$
  SELECT pg_temp.update_asset(jsonb_build_object('asset', pg_temp.get_asset(jsonb_build_object('asset', code)) || fields, 'update_mask', jsonb_build_object('paths', paths))) $$;
SELECT is(r ->> 'notes' || '|' || (r ->> 'serial') || '|' || coalesce(r ->> 'unit_id', 'none') || '|' || (r ->> 'revision'), 'new|ABC1|none|2', 'just the fields of the mask change, and an unset one is cleared')
  FROM pg_temp.change('IND:1042', '{"notes": "new", "serial": "other", "unit_id": null}', '{notes,unit_id}') r;
SELECT matches(pg_temp.said(pg_temp.change('IND:1042', fields, paths)), want, want) FROM (VALUES
  ('{"revision": 1}'::jsonb, '{notes}'::text[], '^ABORTED\|revision\|asset 1042 is at revision 2 now, not 1'), ('{"revision": 0}', '{notes}', '^INVALID_ARGUMENT\|revision'), ('{}', '{}', '^INVALID_ARGUMENT\|update_mask\|name'),
  ('{}', '{notes,agency}', '^INVALID_ARGUMENT\|update_mask\|agency cannot'), ('{}', '{tag_key}', '^INVALID_ARGUMENT\|update_mask\|tag_key cannot'), ('{"id": "00000000-0000-4000-8000-000000000000"}', '{notes}', '^NOT_FOUND'),
  ('{"id": ""}', '{notes}', '^NOT_FOUND'), ('{"tag": "1043"}', '{tag}', '^ALREADY_EXISTS\|tag'), ('{"status": null}', '{status}', '^INVALID_ARGUMENT\|status'), ('{"model": "", "class": null}', '{class,model}', '^INVALID_ARGUMENT\|class'),
  ('{"model": "X9"}', '{model}', '^FAILED_PRECONDITION\|model')) v (fields, paths, want);
SELECT is(r ->> 'model' || ' ' || (r ->> 'class'), 'M36 mobile', 'a class that is named but not given follows the new model') FROM pg_temp.change('IND:1042', '{"model": "M36", "class": null}', '{class,model}') r;
SELECT is(r ->> 'tag' || ' ' || (r ->> 'revision'), '1042a 4', 'the tag itself may change') FROM pg_temp.change('IND:1042', '{"tag": "1042a"}', '{tag}') r;
SELECT is((SELECT array_agg(e.principal || ' ' || e.action || ' ' || coalesce(e.before::text, '-') || ' ' || e.after::text ORDER BY e.at) FROM radioshop.event e JOIN radioshop.asset a ON a.asset_id::text = e.resource_id WHERE a.tag = '1042a' AND e.action = 'update' AND e.resource = 'asset')::text[] @>
  ARRAY['tech update {"tag": "1042", "revision": 3} {"tag": "1042a", "revision": 4}'], true, 'an event says who and just what changed');

-- Another agency
EXECUTE enter('mona', '{viewer,technician}');
SELECT is((SELECT array_agg((r ->> 'agency') || ' ' || (r ->> 'tag')) FROM pg_temp.list_assets('{}') r), '{LSM 1042,LSM 2000,LSM abc1}', 'a caller of one agency lists that one');
SELECT is((SELECT r ->> 'agency' FROM pg_temp.get_asset('{"asset": "1042"}') r), 'LSM', 'and finds its own asset where another agency has one with the same tag');
SELECT is(pg_temp.said(pg_temp.get_asset('{"asset": "IND:1043"}')), 'NOT_FOUND|asset|no asset has the code IND:1043', 'that of another agency looks like none');
SELECT is((SELECT array_agg((r ->> 'agency') || ' ' || (r ->> 'tag')) FROM pg_temp.lookup_assets('{"code": "104"}') r), '{LSM 1042}', 'and is not looked up');
SELECT is((SELECT count(*) FROM pg_temp.export_assets('{"agency": "IND"}')), 0::bigint, 'nor exported');
SELECT matches(pg_temp.said(pg_temp.create_asset('{"asset": {"agency": "IND", "tag": "1042", "class": "pager"}}')), '^NOT_FOUND\|agency\|there is no agency IND$', 'nothing is added there');

SELECT * FROM finish();
ROLLBACK;

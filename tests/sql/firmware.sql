-- Approved firmware, the radios that are off it, and what a radio has had.
\set calls `python3 tests/sql/statements.py create_asset update_asset set_approved_firmware list_approved_firmware list_off_firmware summarize_firmware list_firmware_history`
BEGIN;
SELECT plan(31);
:calls
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.model (number, manufacturer, class) VALUES ('H98', 'Motorola', 'portable'), ('M36', 'Motorola', 'mobile'), ('NX5', 'Kenwood', 'portable');
INSERT INTO radioshop.principal (name, display_name) VALUES ('root', 'Root'), ('tech', 'Tech'), ('other', 'Other');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, CASE p.name WHEN 'root' THEN 'admin' ELSE 'technician' END, CASE p.name WHEN 'root' THEN 0 WHEN 'tech' THEN 901 ELSE 902 END FROM radioshop.principal p;
SET LOCAL ROLE radioshop_app;
CREATE FUNCTION pg_temp.said(rows jsonb) RETURNS text LANGUAGE sql AS $$ SELECT translate(rows ->> 'refusal', chr(31), '|') $$;
CREATE FUNCTION pg_temp.approve(fields jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT pg_temp.set_approved_firmware(jsonb_build_object('firmware', fields)) $$;

-- Approvals
SELECT radioshop.enter('tech', '{technician}', 'x', 'c1', 60000, 5000, NULL, NULL);
SELECT matches(pg_temp.said(pg_temp.approve('{"model": "H98", "version": "R1"}')), '^PERMISSION_DENIED', 'an agency approves nothing');
SELECT radioshop.enter('root', '{admin}', 'FirmwareService.SetApprovedFirmware', 'c2', 60000, 5000, NULL, NULL);
SELECT is((SELECT concat_ws('|', f ->> 'model', f ->> 'version', (f ->> 'from_on')::date = current_date, f ->> 'until_on', f ->> 'approved_by', f ->> 'revision') FROM pg_temp.approve('{"model": "h98", "version": " R32.10 "}') f), 'H98|R32.10|t|root|1', 'from today, without end');
SELECT is((SELECT count(*) FROM pg_temp.approve('{"model": "H98", "version": "R31", "from_on": "2020-01-01", "until_on": "2021-01-01"}') f WHERE f ->> 'refusal' IS NULL), 1::bigint, 'another one that has ended');
SELECT is((SELECT count(*) FROM pg_temp.approve('{"model": "H98", "version": "R33", "from_on": "2190-01-01"}') f WHERE f ->> 'refusal' IS NULL), 1::bigint, 'and one that is to come');
SELECT is(pg_temp.said(pg_temp.approve(f::jsonb)), want, f) FROM (VALUES
  ('{"model": "ZZZ", "version": "R1"}', 'FAILED_PRECONDITION|firmware.model|the catalogue has no model ZZZ; add it first'),
  ('{"model": "H98", "version": "r32.10"}', 'ALREADY_EXISTS|firmware.version|R32.10 is approved for model H98 already; give its revision, 1, to change that'),
  ('{"model": "H98", "version": "R32.10", "revision": 7}', 'ABORTED|firmware.revision|the approval of R32.10 for model H98 is at revision 1 now, not 7; read it again and repeat the change'),
  ('{"model": "H98", "version": "R99", "revision": 1}', 'NOT_FOUND|firmware.version|R99 is not approved for model H98; leave out the revision to approve it')) v (f, want);
SELECT throws_ok(format('SELECT pg_temp.approve(%L)', '{"model": "H98", "version": "R1"}'::jsonb || f::jsonb), '23514', NULL, 'no such approval: ' || left(f, 40))
  FROM (VALUES ('{"version": ""}'), ('{"from_on": "1969-12-31"}'), ('{"from_on": "2020-01-02", "until_on": "2020-01-01"}'), ('{"until_on": "2200-01-01"}'), (format('{"note": "%s"}', repeat('x', 4001))), (format('{"version": "%s"}', repeat('x', 121)))) v (f);
SELECT is((SELECT string_agg(concat(f ->> 'model', ' ', f ->> 'version'), ', ') FROM pg_temp.list_approved_firmware('{}') f), 'H98 R31, H98 R32.10, H98 R33', 'listed');
SELECT is((SELECT count(*) FROM pg_temp.list_approved_firmware('{"model": "M36"}')), 0::bigint, 'of one model');

-- How radios stand
SELECT radioshop.enter('tech', '{technician}', 'AssetService.CreateAsset', 'c3', 60000, 5000, NULL, NULL);
SELECT is((SELECT count(*) FROM (VALUES ('A1', 'H98', 'r32.10', 'in_service'), ('A2', 'H98', 'R31', 'in_service'), ('A3', 'H98', 'R33', 'spare'), ('A4', 'H98', 'R30', 'in_shop'), ('A5', 'H98', '', 'missing'), ('A6', 'H98', 'R30', 'retired'), ('B1', 'M36', 'R1', 'in_service')) v (tag, model, firmware, status)
  CROSS JOIN LATERAL pg_temp.create_asset(jsonb_build_object('asset', jsonb_build_object('agency', 'IND', 'tag', v.tag, 'model', v.model, 'firmware', v.firmware, 'status', v.status))) c WHERE c ->> 'refusal' IS NULL), 7::bigint, 'radios');
CREATE FUNCTION pg_temp.off(request text) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(concat_ws(':', r ->> 'tag', r ->> 'standing'), ' ' ORDER BY r ->> 'tag') FROM pg_temp.list_off_firmware(request::jsonb) r $$;
SELECT is(pg_temp.off('{}'), 'A2:ended A3:not_yet A4:not_approved A5:not_known', 'whatever is off; a model of which nothing was approved is not judged');
SELECT is(pg_temp.off('{"standing": "approved"}'), 'A1:approved', 'capitals do not matter');
SELECT is(pg_temp.off('{"standing": "ended", "agency": "ind", "model": "h98"}'), 'A2:ended', 'filters');
SELECT is(pg_temp.off('{"page_key": ["IND", "A2"], "page_limit": 2}'), 'A3:not_yet A4:not_approved', 'a page in the middle');
SELECT is((SELECT string_agg(concat_ws(' ', r ->> 'agency', r ->> 'model', r ->> 'radios', r ->> 'approved', r ->> 'not_approved', r ->> 'ended', r ->> 'not_yet', r ->> 'not_known'), '|') FROM pg_temp.summarize_firmware('{}') r), 'IND H98 5 1 1 1 1 1', 'counted');
SELECT matches(pg_temp.said(r), '^NOT_FOUND\|agency', 'nothing of another agency') FROM pg_temp.list_off_firmware('{"agency": "LSM"}') r;
SELECT matches(pg_temp.said(r), '^NOT_FOUND\|model', 'nor of a model that is none') FROM pg_temp.summarize_firmware('{"model": "ZZZ"}') r;

-- What a radio has had
SELECT is((SELECT count(*) FROM radioshop.asset a CROSS JOIN LATERAL pg_temp.update_asset(jsonb_build_object('asset', jsonb_build_object('id', a.asset_id, 'revision', 1, 'firmware', 'R32.10', 'codeplug', 'CP1', 'location', 'x'), 'update_mask', '{"paths": ["firmware", "codeplug", "location"]}'::jsonb)) u
  WHERE a.tag = 'A4' AND u ->> 'refusal' IS NULL), 1::bigint, 'a radio gets both at once');
SELECT is((SELECT string_agg(concat_ws(' ', h ->> 'kind', h ->> 'was', '>', h ->> 'version', h ->> 'changed_by'), ', ') FROM pg_temp.list_firmware_history('{"asset": "A4"}') h),
  'firmware R30 > R32.10 tech, codeplug  > CP1 tech, firmware  > R30 tech', 'and each is told, newest first, with who entered it');
SELECT is(pg_temp.off('{"standing": "not_approved"}'), NULL, 'it is not off any more');
SELECT is((SELECT count(*) FROM pg_temp.list_firmware_history('{"asset": "A5"}')), 0::bigint, 'of none there is none');
SELECT radioshop.enter('other', '{technician}', 'x', 'c4', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.off('{}'), NULL, 'radios of another agency are not listed');
SELECT is((SELECT count(*) FROM pg_temp.summarize_firmware('{}')), 0::bigint, 'nor counted');
SELECT matches(pg_temp.said(r), '^NOT_FOUND\|asset', 'nor their history told') FROM pg_temp.list_firmware_history('{"asset": "A4"}') r;

SELECT * FROM finish();
ROLLBACK;

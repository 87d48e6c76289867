-- FLASHcodes: the forms and the check digit, what bits mean, how radios stand with a capability, and what the codes of a radio say.
\set calls `python3 tests/sql/statements.py create_asset update_asset get_decoding list_capability summarize_capabilities list_flashcode_options add_flashcode_option remove_flashcode_option`
BEGIN;
SELECT plan(102);
:calls

-- Forms and check digits; the long form counts all 24 characters, the short one its 12
SELECT is(radioshop.flashcode_key(code), want, code || ' is read') FROM (VALUES
  ('000080-000000-3', '000080000000000000000000'), ('0000800000003', '000080000000000000000000'), (' 000080-000000-3 ', '000080000000000000000000'),
  ('180000-000090-1-000000-000000', '180000000090000000000000'), ('1800000000901000000000000', '180000000090000000000000'),
  ('000000-000000-3-0G0000-000000', '0000000000000G0000000000'), ('%%%%%%-%%%%%%-4-%%%%%%-%%%%%%', repeat('%', 24)), ('%%%%%%-%%%%%%-2', repeat('%', 12) || repeat('0', 12)),
  ('&00000-000000-3', '&00000000000000000000000'), ('000000-000000-0', repeat('0', 24))) v (code, want);
SELECT is((radioshop.flashcode_key(code), (radioshop.read_flashcode(code)).expected)::text, format('(,%s)', expected), code || ' has a wrong check digit') FROM (VALUES
  ('000080-000000-4', '3'), ('000080-000000-A', '3'), ('000080-000000-%', '3'), ('180000-000090-2-000000-000000', '1'), ('000000-000000-0-0G0000-000000', '3'), ('000081-000000-3', '2')) v (code, expected);
SELECT is(radioshop.read_flashcode(code)::text, '(,,,)', format('%s is no FLASHcode', translate(quote_literal(code), E'\n', ' '))) FROM (VALUES
  (''), (' '), ('000080-000000'), ('00008-000000-3'), ('0000800-00000-3'), ('000080-000000-33'), ('000080-000000-3-000000'), ('000080-000000-3-000000-00000'), ('180000000090000000000000'),
  ('00O080-000000-3'), ('00I080-000000-3'), ('00i080-000000-3'), ('00l080-000000-3'), ('00o080-000000-3'), ('0000 0-000000-3'), ('000080--000000-3'), ('00-0080-000000-3'),
  ('-000080-000000-3'), ('000080-000000-3-'), ('000080_000000_3'), ('00008ä-000000-3'), (E'000080-000000-3\n000080-000000-3')) v (code);
SELECT is(radioshop.flashcode_warning(code), want, 'warned of: ' || code) FROM (VALUES ('000080-000000-3', NULL), ('', NULL),
  ('000080-000000-4', 'flashcode 000080-000000-4: its check digit is 4 and should be 3; read it again, until then what the radio can do is not known')) v (code, want);
SELECT matches(radioshop.flashcode_warning('x'), '^flashcode x: a FLASHcode is 12 or 24 characters', 'another form is warned of');

-- What bits mean: 24 characters, 0 being the first
SELECT is(radioshop.flashcode_gives(radioshop.flashcode_key(code), capability, refresh), want, format('%s of %s, refresh %s', capability, code, coalesce(refresh::text, 'not known'))) FROM (VALUES
  ('180000-000090-1-000000-000000', 'phase2_tdma', NULL, true), ('180000-000090-1-000000-000000', 'trunking_9600', NULL, true), ('180000-000090-1-000000-000000', 'otar', NULL, true),
  ('180000-000090-1-000000-000000', 'multikey', NULL, true), ('180000-000090-1-000000-000000', 'gps', NULL, false), ('100000-000080-1', 'phase2_tdma', NULL, false),
  ('100000-000080-1', 'trunking_9600', NULL, true), ('000000-000000-3-0G0000-000000', 'software_des', NULL, true), ('000000-000000-0', 'software_des', NULL, false),
  ('000800-000010-0', 'software_aes', true, true), ('000800-000010-0', 'software_aes', false, false), ('000800-000010-0', 'software_aes', NULL, NULL), ('000000-000000-0', 'software_aes', NULL, false)) v (code, capability, refresh, want);

INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'LSM', 'Lee''s Summit');
INSERT INTO radioshop.model (number, manufacturer, class) VALUES ('H98UCF9PW6BN', 'Motorola Solutions', 'portable'), ('H51UCD9PW5AN', 'Motorola', 'portable'), ('NX5', 'Kenwood', 'portable');
INSERT INTO radioshop.principal (name, display_name) VALUES ('root', 'Root'), ('tech', 'Tech'), ('other', 'Other');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, CASE p.name WHEN 'root' THEN 'admin' ELSE 'technician' END, CASE p.name WHEN 'root' THEN 0 WHEN 'tech' THEN 901 ELSE 902 END FROM radioshop.principal p;
INSERT INTO radioshop.flashport_model (number_key, refresh) VALUES ('OLD1', false);
INSERT INTO radioshop.model (number, manufacturer, class) VALUES ('OLD1', 'Motorola', 'portable'), ('NEW1', 'Motorola', 'portable');
SET LOCAL ROLE radioshop_app;
CREATE FUNCTION pg_temp.said(rows jsonb) RETURNS text LANGUAGE sql AS $$ SELECT translate(rows ->> 'refusal', chr(31), '|') $$;
SELECT radioshop.enter('tech', '{technician}', 'AssetService.CreateAsset', 'c1', 60000, 5000, NULL, NULL);
SELECT is((SELECT count(*) FROM (VALUES ('A1', 'H98UCF9PW6BN', '180000-000090-1-000000-000000'), ('A2', 'H98UCF9PW6BN', '180000-000090-1'), ('B1', 'H98UCF9PW6BN', '100000-000080-1'), ('C1', 'H98UCF9PW6BN', ''),
    ('D1', 'H98UCF9PW6BN', '180000-000090-9'), ('E1', 'H98UCF9PW6BN', '000800-000010-0'), ('E2', 'OLD1', '000800-000010-0'), ('E3', 'NEW1', '000800-000010-0'), ('F1', 'NX5', 'none')) v (tag, model, code)
  CROSS JOIN LATERAL pg_temp.create_asset(jsonb_build_object('asset', jsonb_build_object('agency', 'IND', 'tag', v.tag, 'model', v.model, 'flashcode', v.code))) c WHERE c ->> 'refusal' IS NULL), 9::bigint, 'whatever the code, the radio is added');
SELECT is((SELECT c ->> 'flashcode' || '|' || (c -> 'warnings' ->> 0) FROM pg_temp.create_asset('{"asset": {"agency": "IND", "tag": "R1", "class": "portable", "status": "retired", "flashcode": " 100000-000080-2 "}}') c),
  '100000-000080-2|' || radioshop.flashcode_warning('100000-000080-2'), 'and kept as it was written, with a warning');
SELECT throws_ok($$SELECT pg_temp.create_asset(jsonb_build_object('asset', jsonb_build_object('agency', 'IND', 'tag', 'L1', 'class', 'portable', 'flashcode', repeat('0', 65))))$$, '23514', NULL, 'but it is one line of 64 characters');

CREATE FUNCTION pg_temp.stand(request text) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(concat_ws(':', r ->> 'tag', r ->> 'standing'), ' ' ORDER BY r ->> 'tag') FROM pg_temp.list_capability(request::jsonb) r $$;
SELECT is(pg_temp.stand('{"capability": "phase2_tdma"}'), 'A1:has A2:has B1:lacks C1:not_known D1:not_known E1:has E2:has E3:has F1:not_known', 'all radios, and how they stand; retired ones are left out');
SELECT is(pg_temp.stand('{"capability": "phase2_tdma", "standing": "lacks"}'), 'B1:lacks C1:not_known D1:not_known F1:not_known', 'who asks what lacks it hears of what is not known');
SELECT is(pg_temp.stand('{"capability": "phase2_tdma", "standing": "lacks", "known": true}'), 'B1:lacks', 'unless that is not wanted');
SELECT is(pg_temp.stand('{"capability": "phase2_tdma", "standing": "not_known", "agency": "ind", "class": "portable"}'), 'C1:not_known D1:not_known F1:not_known', 'a miscopied code is not known');
SELECT is(pg_temp.stand('{"capability": "phase2_tdma", "standing": "has", "class": "mobile"}'), NULL, 'of another kind there are none');
SELECT is(pg_temp.stand('{"capability": "software_aes", "standing": "has"}'), 'E1:has', 'where bits mean one or the other, the model says which');
SELECT is(pg_temp.stand('{"capability": "software_aes", "standing": "lacks", "known": true}'), 'A1:lacks A2:lacks B1:lacks E2:lacks', 'and in which models it is not that');
SELECT is(pg_temp.stand('{"capability": "software_aes", "standing": "not_known"}'), 'C1:not_known D1:not_known E3:not_known F1:not_known', 'a model that nobody knows leaves it open');
SELECT is((SELECT string_agg(r ->> 'tag', ' ') FROM pg_temp.list_capability('{"capability": "phase2_tdma", "page_key": ["IND", "A2"], "page_limit": 3}') r), 'B1 C1 D1', 'a page in the middle');
SELECT is(pg_temp.said(r), said, request) FROM (VALUES ('{}', 'INVALID_ARGUMENT|capability|say which capability, such as phase2_tdma'),
  ('{"capability": "gps", "agency": "LSM"}', 'NOT_FOUND|agency|no agency has the code LSM')) v (request, said) CROSS JOIN LATERAL pg_temp.list_capability(v.request::jsonb) r;
SELECT is((SELECT string_agg(concat_ws(' ', r ->> 'agency', r ->> 'class', r ->> 'radios', r ->> 'has', r ->> 'lacks', r ->> 'not_known'), '|') FROM pg_temp.summarize_capabilities('{"capability": "phase2_tdma"}') r),
  'IND portable 9 5 1 3', 'counted');
SELECT is((SELECT concat_ws(' ', r ->> 'has', r ->> 'lacks', r ->> 'not_known') FROM pg_temp.summarize_capabilities('{"capability": "software_aes", "agency": "ind", "class": "portable"}') r), '1 4 4', 'counted by model');
SELECT is((SELECT count(*) FROM pg_temp.summarize_capabilities('{}')), 16::bigint, 'every capability is counted');
SELECT matches(pg_temp.said(r), '^NOT_FOUND\|agency', 'no counts of another agency') FROM pg_temp.summarize_capabilities('{"agency": "LSM"}') r;
SELECT radioshop.enter('other', '{technician}', 'FlashcodeService.ListCapability', 'c2', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.stand('{"capability": "phase2_tdma"}'), NULL, 'radios of another agency are not listed');
SELECT is((SELECT count(*) FROM pg_temp.summarize_capabilities('{}')), 0::bigint, 'nor counted');
SELECT matches(pg_temp.said(r), '^NOT_FOUND\|asset', 'nor decoded') FROM pg_temp.get_decoding('{"asset": "A1"}') r;

-- What the codes of a radio say
SELECT radioshop.enter('tech', '{technician}', 'FlashcodeService.GetDecoding', 'c3', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.decode(request text) RETURNS jsonb LANGUAGE sql AS $$ SELECT pg_temp.get_decoding(request::jsonb) $$;
SELECT is((SELECT concat_ws('|', d ->> 'product_code', d ->> 'built', d ->> 'unit_type', d ->> 'flashport_refresh', d ->> 'flashcode_form', d ->> 'check_digit', d ->> 'capabilities')
    FROM pg_temp.decode('{"serial": "837cxk1234", "model": "h98ucf9pw6bn", "flashcode": "180000-000090-1-000000-000000"}') d),
  '837|second half of May 1997 or 2021|portable|yes|24 characters|right|["multikey", "otar", "phase2_tdma", "trunking_9600"]', 'codes that are typed');
SELECT is((SELECT string_agg(o ->> 'part' || coalesce(' if ' || nullif(o ->> 'only_if', ''), ''), ', ') FROM jsonb_array_elements(pg_temp.decode('{"flashcode": "000800-000010-0", "model": "H98UCF9PW6BN"}') -> 'options') o), 'QA06653, QA00580', 'only options of such a radio');
SELECT is((SELECT string_agg(o ->> 'part' || coalesce(' if ' || nullif(o ->> 'only_if', ''), ''), ', ') FROM jsonb_array_elements(pg_temp.decode('{"flashcode": "000800-000010-0", "model": "HXX"}') -> 'options') o),
  'GA01574 if mobile, FLASHport refresh, QA06653 if not mobile, FLASHport refresh, GA00346 if mobile, no FLASHport refresh, QA00576 if not mobile, no FLASHport refresh, GA00580 if mobile, QA00580 if not mobile',
  'of a radio that nobody knows all that it may be, each with its condition');
SELECT is(pg_temp.decode('{"flashcode": "000800-000010-0"}') ->> 'not_known', '["software_aes"]', 'and what it may be able to do');
SELECT is(pg_temp.decode('{"flashcode": "000000-000000-2-000000-004000"}') ->> 'unread_bits', '["character 20 bit 2"]', 'bits that nobody knows are named');
SELECT is((SELECT concat_ws('|', d ->> 'check_digit', d ->> 'capabilities', d -> 'warnings' ->> 0) FROM pg_temp.decode('{"flashcode": "180000-000090-2"}') d),
  'wrong: 2 instead of 1|["multikey", "otar", "phase2_tdma", "trunking_9600"]|' || radioshop.flashcode_warning('180000-000090-2'), 'a miscopied code is read all the same, with a warning');
SELECT is((SELECT concat_ws('|', d ->> 'tag', d ->> 'flashcode', d ->> 'warnings') FROM pg_temp.decode('{"asset": "F1"}') d), 'F1|none|["' || radioshop.flashcode_warning('none') || '"]', 'what is no FLASHcode');
SELECT is(pg_temp.said(pg_temp.decode('{}')), 'INVALID_ARGUMENT|asset|give an asset, or a serial number, a model number or a FLASHcode', 'nothing to read');
UPDATE radioshop.asset SET serial = '837CXK1234', purchased_on = '2001-03-04' WHERE tag = 'A1';
SELECT is(pg_temp.decode('{"asset": "A1"}') ->> 'built', 'second half of May 1997', 'what is built was not bought before');
UPDATE radioshop.asset SET purchased_on = '1990-03-04' WHERE tag = 'A1';
SELECT is(pg_temp.decode('{"asset": "A1"}') -> 'warnings' ->> 0, 'serial 837CXK1234: it would have been built after it was bought', 'that it was is odd');
SELECT is((SELECT string_agg(concat(p ->> 'name', ' ', p ->> 'value'), ', ') FROM jsonb_array_elements(pg_temp.decode('{"model": "H98UCF9PW6BN"}') -> 'model_parts') p),
  'unit_type H, series 98, band U, power C, package F, channel_spacing 9, primary_operation P, system_type W, revision 6BN', 'a model number in parts');
SELECT is((SELECT concat(d ->> 'unit_type', d ->> 'model_parts') FROM pg_temp.decode('{"model": "NX-5300"}') d), '[]', 'of another maker there are none');

-- More options
SELECT matches(pg_temp.said(pg_temp.add_flashcode_option('{"option": {"part": "QA1", "name": "x", "character": 20, "lsb": 2}}')), '^PERMISSION_DENIED', 'an agency says nothing of what codes mean');
SELECT radioshop.enter('root', '{admin}', 'FlashcodeService.AddFlashcodeOption', 'c4', 60000, 5000, NULL, NULL);
SELECT is((SELECT concat_ws('|', o ->> 'part', o ->> 'width', o ->> 'value') FROM pg_temp.add_flashcode_option('{"option": {"part": "qa1", "name": "Louder", "character": 20, "lsb": 2, "capabilities": ["gps"]}}') o), 'QA1|1|1', 'the shop does');
SELECT is(pg_temp.stand('{"capability": "gps", "standing": "has"}'), NULL, 'no radio has it yet');
SELECT throws_ok(format('SELECT pg_temp.add_flashcode_option(%L)', jsonb_build_object('option', '{"part": "QA2", "name": "x", "character": 20}'::jsonb || o::jsonb)), code, NULL, 'no such option: ' || o)
  FROM (VALUES ('{"part": "Q A"}', '23514'), ('{"name": ""}', '23514'), ('{"character": 24}', '23514'), ('{"lsb": 6}', '23514'), ('{"lsb": 5, "width": 2}', '23514'), ('{"value": 2}', '23514'),
    ('{"capabilities": ["flying"]}', '23514'), ('{"part": "QA1", "lsb": 2}', '23505')) v (o, code);
SELECT is(pg_temp.said(pg_temp.remove_flashcode_option('{"option": {"part": "QA1", "character": 20, "lsb": 2}}')), NULL, 'and it is taken back');
SELECT matches(pg_temp.said(pg_temp.remove_flashcode_option('{"option": {"part": "QA1", "character": 20, "lsb": 2}}')), '^NOT_FOUND\|part\|no option QA1 stands at character 20, bit 2', 'once');
SELECT is((SELECT string_agg(e.action, ' ' ORDER BY e.event_id) FROM radioshop.event e WHERE e.resource = 'flashcode_option' AND e.resource_id = 'QA1'), 'insert delete', 'both are on record');

SELECT * FROM finish();
ROLLBACK;

-- Campaigns: the arithmetic of progress, which radios are taken, constraints, and what holds whatever statement tries.
BEGIN;
SELECT no_plan();

-- The state of a radio, of each result with each status
SELECT is(radioshop.campaign_item_state(r.result, s.status), CASE
    WHEN r.result IN ('done', 'not_applicable') THEN r.result WHEN s.status IN ('retired', 'disposed') THEN 'gone' WHEN r.result = 'failed' THEN 'failed'
    WHEN s.status = 'missing' THEN 'missing' ELSE 'left' END, format('%s and %s', r.result, s.status))
  FROM unnest('{open,done,failed,not_applicable}'::text[]) r (result), unnest('{in_service,spare,in_shop,at_depot,missing,retired,disposed}'::text[]) s (status);
SELECT is(radioshop.campaign_percent(total, done, na, gone), want, format('%s done and %s not applicable of %s, %s gone', done, na, total, gone)) FROM (VALUES
  (300, 0, 0, 0, 0), (300, 299, 0, 0, 99), (300, 300, 0, 0, 100), (300, 150, 149, 0, 99), (300, 150, 150, 0, 100), (3, 1, 0, 0, 33), (3, 2, 0, 0, 66), (3, 2, 0, 1, 100),
  (3, 1, 0, 1, 50), (3, 0, 0, 3, 100), (200000, 199999, 0, 0, 99), (2000000000, 1999999999, 0, 0, 99), (1, 0, 1, 0, 100)) v (total, done, na, gone, want);
SELECT is((SELECT count(*) FROM generate_series(1, 40) t, generate_series(0, t) d, generate_series(0, t - d) n, generate_series(0, t - d - n) g
  WHERE (radioshop.campaign_percent(t, d, n, g) = 100) <> (d + n + g = t)), 0::bigint, '100 percent is said when nothing is left, and only then');

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC'), (903, 'KIR', 'Kiritimati', 'Pacific/Kiritimati');
INSERT INTO radioshop.principal (name, display_name) VALUES ('root', 'Root'), ('tina', 'Tina'), ('mona', 'Mona'), ('imke', 'Imke');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, v.role, v.agency_id
  FROM (VALUES ('root', 'admin', 0), ('tina', 'technician', 0), ('mona', 'fleet_manager', 902), ('imke', 'technician', 901)) v (name, role, agency_id) JOIN radioshop.principal p USING (name);
SELECT set_config('radioshop.agencies', '{0,901,902,903}', true);
INSERT INTO radioshop.model (number, manufacturer, family, class) VALUES ('M1', 'Maker', 'APX 6000', 'portable'), ('M2', 'Maker', 'apx 6000', 'portable'), ('M3', 'Maker', 'XTS', 'portable');
INSERT INTO radioshop.asset (agency_id, tag, class, status, firmware, codeplug, system, model_id, serial, unit_id)
  SELECT v.agency_id, v.tag, v.class, v.status, v.firmware, v.codeplug, v.system, m.model_id, 'S' || v.tag, v.unit_id FROM (VALUES
    (901, 'A1', 'portable', 'in_service', 'R30', 'CP1', 'MARRS', 'M1', 11), (901, 'A2', 'portable', 'spare', 'r32', 'CP2', 'MARRS', 'M2', 12), (901, 'A3', 'mobile', 'in_shop', '', '', '', 'M3', 13),
    (901, 'A4', 'portable', 'at_depot', 'R30', 'CP1', 'marrs', NULL, 14), (901, 'A5', 'portable', 'missing', 'R30', '', '', 'M1', 15), (901, 'A6', 'portable', 'retired', 'R30', '', '', 'M1', 16),
    (901, 'A7', 'portable', 'disposed', 'R30', '', '', 'M1', 17), (902, 'B1', 'portable', 'in_service', 'R30', 'CP1', '', 'M1', 18), (902, 'B2', 'portable', 'missing', '', '', '', 'M1', 19)
  ) v (agency_id, tag, class, status, firmware, codeplug, system, number, unit_id) LEFT JOIN radioshop.model m ON m.number = v.number;
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('root', '{admin}', 'M', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.said(refusal text) RETURNS text LANGUAGE sql AS $$ SELECT translate(refusal, chr(31), '|') $$;
CREATE FUNCTION pg_temp.made(code text, kind text, target text, agencies text[] DEFAULT '{}', class text DEFAULT NULL, starts date DEFAULT NULL, due date DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$ SELECT coalesce(pg_temp.said(c.refusal), c.assets || ' ' || array_to_string(c.agencies, ','))
  FROM radioshop.create_campaign(code, 'Name', kind, target, 'Do it.', starts, due, agencies, class, '', '', NULL, '', '', '') c $$;
CREATE FUNCTION pg_temp.ticked(code text, asset text, result text DEFAULT NULL, note text DEFAULT '') RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(pg_temp.said(t.refusal), concat_ws(' ', t.state, nullif(t.firmware, ''), nullif(t.codeplug, ''), CASE WHEN t.already THEN 'already' END)) FROM radioshop.tick_campaign_item(code, asset, result, note) t $$;
CREATE FUNCTION pg_temp.undone(code text, asset text, reason text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(pg_temp.said(t.refusal), concat_ws(' ', t.state, t.firmware, t.codeplug)) FROM radioshop.undo_campaign_tick(code, asset, reason) t $$;

-- Which radios
SELECT is((SELECT coalesce(pg_temp.said(p.refusal), format('%s-%s %s', p.assets, p.left_out, (SELECT string_agg(concat_ws(' ', e ->> 'agency', e ->> 'assets', e ->> 'left_out'), ',' ORDER BY n)
    FROM jsonb_array_elements(p.shares) WITH ORDINALITY x (e, n)))) FROM radioshop.preview_campaign(agencies, class, model, family, status, system, firmware, codeplug) p), want, why)
  FROM (VALUES ('{}'::text[], NULL::text, '', '', NULL::text, '', '', '', '5-4 IND 4 3,LSM 1 1', 'everything but what is missing, retired or disposed of'),
    ('{ ind }', NULL, '', '', NULL, '', '', '', '4-3 IND 4 3', 'of one agency'), ('{IND,LSM,IND}', NULL, '', '', NULL, '', '', '', '5-4 IND 4 3,LSM 1 1', 'of two, one of them said twice'),
    ('{}', 'mobile', '', '', NULL, '', '', '', '1-0 IND 1 0', 'of a class'), ('{}', NULL, 'm1', '', NULL, '', '', '', '2-4 IND 1 3,LSM 1 1', 'of a model'),
    ('{}', NULL, '', 'APX 6000', NULL, '', '', '', '3-4 IND 2 3,LSM 1 1', 'of a family, however it is written'), ('{}', NULL, 'M2', 'apx 6000', NULL, '', '', '', '1-0 IND 1 0', 'of both'),
    ('{}', NULL, '', '', 'spare', '', '', '', '1-0 IND 1 0', 'of a status'), ('{}', NULL, '', '', NULL, 'marrs', '', '', '3-0 IND 3 0', 'of a system'),
    ('{}', NULL, '', '', NULL, '', 'R32', '', '4-4 IND 3 3,LSM 1 1', 'with another firmware; what nobody knows is another'),
    ('{}', 'portable', '', '', NULL, 'MARRS', 'r32', 'cp2', '2-0 IND 2 0', 'all at once'), ('{KIR}', NULL, '', '', NULL, '', '', '', '0-0 ', 'none'),
    ('{IND,ZZZ}', NULL, '', '', NULL, '', '', '', 'NOT_FOUND|selection.agency|no agency has the code ZZZ', 'an agency that is none'), ('{SHOP}', NULL, '', '', NULL, '', '', '', 'NOT_FOUND|selection.agency|no agency has the code SHOP', 'the shop has no radios'),
    ('{}', NULL, 'M9', '', NULL, '', '', '', 'FAILED_PRECONDITION|selection.model|no model of the catalogue has the number M9', 'a model that is none'),
    ('{}', NULL, 'M3', 'APX 6000', NULL, '', '', '', 'FAILED_PRECONDITION|selection.model|no model of the catalogue has the number M3 and the family APX 6000', 'a model of another family'),
    ('{}', NULL, '', 'APX', NULL, '', '', '', 'FAILED_PRECONDITION|selection.family|no model of the catalogue is of the family APX', 'half of a family'),
    ('{}', NULL, '', '', 'missing', '', '', '', 'INVALID_ARGUMENT|selection.status|nothing is done to a radio that is missing; a campaign takes what is in_service, spare, in_shop or at_depot', 'a status that is lost')
  ) v (agencies, class, model, family, status, system, firmware, codeplug, want, why);
SELECT is(pg_temp.made('FW', 'firmware', 'R32'), '5 IND,LSM', 'what is made has as many as the preview said');
SELECT is((SELECT array_agg(a.tag ORDER BY a.tag) FROM radioshop.campaign_item i JOIN radioshop.asset a USING (agency_id, asset_id)), '{A1,A2,A3,A4,B1}', 'and those');
SELECT is((SELECT array_agg(s.assets || ' ' || s.filter ORDER BY s.agency_id) FROM radioshop.campaign_selection s), '{4 everything,1 everything}', 'the selection says how they were found');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.resource IN ('campaign', 'campaign_selection')), 3::bigint, 'one event for the campaign and one an agency');
SELECT is((SELECT c.starts_on FROM radioshop.campaign c), (now() AT TIME ZONE 'UTC')::date, 'it begins on the earliest today of its agencies');
INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (901, 'A8', 'portable');
SELECT is((SELECT count(*) FROM radioshop.campaign_item), 5::bigint, 'what is bought later is not in it');
SELECT is(pg_temp.made(code, kind, target, agencies, NULL, starts, due), want, why) FROM (VALUES
  ('fw', 'other', '', '{}'::text[], NULL::date, NULL::date, 'ALREADY_EXISTS|campaign.code|there is a campaign fw already', 'a code that is taken'),
  ('X', NULL, '', '{}', NULL, NULL, 'INVALID_ARGUMENT|campaign.kind|say what it is: rekey, firmware, codeplug, recall or other', 'no kind'),
  ('X', 'other', '', '{KIR}', NULL, NULL, 'FAILED_PRECONDITION|selection|no radio fits (everything); preview a wider selection', 'no radios')) v (code, kind, target, agencies, starts, due, want, why);
SELECT throws_ok(format($$SELECT pg_temp.made(%L, %L, %L, '{IND}', NULL, %L, %L)$$, code, kind, target, starts, due), '23514',
    format('new row for relation "campaign" violates check constraint "%s"', rule), why) FROM (VALUES
  ('', 'other', '', NULL, NULL, 'campaign_code_form', 'no code'), ('A B', 'other', '', NULL, NULL, 'campaign_code_form', 'a blank in the code'), ('Y', 'firmware', ' ', NULL, NULL, 'campaign_target_needed', 'firmware without a version'),
  ('Y', 'codeplug', '', NULL, NULL, 'campaign_target_needed', 'a codeplug without a name'), ('Y', 'other', '', '2027-02-01', '2027-01-31', 'campaign_due_on_range', 'due before it begins'),
  ('Y', 'rekey', '00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff', NULL, NULL, 'campaign_target_no_key', 'an AES key'), ('Y', 'rekey', '0123 4567-89AB:CDEF', NULL, NULL, 'campaign_target_no_key', 'a DES key in groups'),
  ('Y', 'other', E'two\nlines', NULL, NULL, 'campaign_target_form', 'two lines')) v (code, kind, target, starts, due, rule, why);
SELECT is(pg_temp.made('KEY', 'rekey', 'AES-256 KEYSET 2027-A', '{IND}', 'portable'), '4 IND', 'the name of a keyset is none');
SELECT is(pg_temp.made('LATER', 'codeplug', 'CP9', '{IND}', 'portable', '2190-01-01', '2190-01-01'), '4 IND', 'one that begins later');

-- Radio by radio, by any code on it
SELECT radioshop.enter('tina', '{technician}', 'M', 'c2', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.ticked('fw', code, result, note), want, why) FROM (VALUES (1, 'IND:A1', NULL, 'fine', 'done R32 CP1', 'by tag, and the firmware is entered'), (2, 'SA1', 'done', 'again', 'done R32 CP1 already', 'twice, by the serial number'),
  (3, 'A2', NULL, '', 'done R32 CP2', 'what had it in other letters'), (4, '13', 'failed', '', 'INVALID_ARGUMENT|note|say why it failed', 'failed without a reason'),
  (5, '13', 'not_applicable', ' ', 'INVALID_ARGUMENT|note|say why it is not applicable', 'nor is a blank one'), (6, '13', 'failed', 'hangs at 40 %', 'failed', 'by the unit ID; nothing is entered'),
  (7, 'A3', 'failed', 'other words', 'failed already', 'failed twice'), (8, 'A3', NULL, '', 'done R32', 'what failed may be tried again'), (9, 'A4', 'not_applicable', 'at the maker', 'not_applicable R30 CP1', 'not applicable')) v (n, code, result, note, want, why) ORDER BY n;
SELECT is((SELECT i.note || i.ticked_by FROM radioshop.campaign_item i JOIN radioshop.asset a USING (agency_id, asset_id) JOIN radioshop.campaign c USING (campaign_id) WHERE a.tag = 'A1' AND c.code = 'FW'), 'finetina', 'the first tick is kept');
SELECT alike(pg_temp.ticked('FW', 'A1', 'failed', 'x'), 'FAILED_PRECONDITION|asset|asset IND:A1 was ticked off as done by tina on 20%; to tick it off as failed, take that back first: radioshop campaign undo FW IND:A1', 'done is not failed');
SELECT is(pg_temp.ticked(code, asset), want, why) FROM (VALUES
  ('FW', 'A8', 'FAILED_PRECONDITION|asset|asset IND:A8 is not in campaign FW; if it needs the work too, have an administrator of the shop add it: radioshop campaign add FW IND:A8', 'not in it'),
  ('FW', 'A99', 'NOT_FOUND|asset|no asset has the code A99', 'no radio'), ('NO', 'A1', 'NOT_FOUND|campaign|no campaign has the code NO', 'no campaign'), (' ', 'A1', 'INVALID_ARGUMENT|campaign|give the code of a campaign, such as AES-2026', 'none said'),
  ('LATER', 'A1', 'FAILED_PRECONDITION|campaign|campaign LATER begins on 2190-01-01, and nothing is ticked off before', 'before it begins')) v (code, asset, want, why);
SELECT is((SELECT array_agg(e.before ->> 'firmware' || '>' || (e.after ->> 'firmware') ORDER BY e.at) FROM radioshop.event e WHERE e.resource = 'asset' AND e.action = 'update'), '{R30>R32,r32>R32,>R32}', 'each change of an asset is an event');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.resource = 'campaign_item' AND e.action = 'update'), 5::bigint, 'and each tick, and no second one');

-- Taken back
SELECT is(pg_temp.undone('FW', code, reason), want, why) FROM (VALUES (1, 'A1', ' ', 'INVALID_ARGUMENT|reason|say why the tick is taken back', 'without a reason'), (2, 'A1', 'wrong radio', 'left R30 CP1', 'the firmware is what it was'),
  (3, 'A1', 'wrong radio', 'FAILED_PRECONDITION|asset|asset IND:A1 is not ticked off in campaign FW', 'twice'), (4, 'A4', 'it is back', 'left R30 CP1', 'of what was not applicable'), (5, 'A8', 'x', 'FAILED_PRECONDITION|asset|asset IND:A8 is not in campaign FW', 'of another')) v (n, code, reason, want, why) ORDER BY n;
SELECT is((SELECT i.undone_by || ' ' || i.undo_reason FROM radioshop.campaign_item i JOIN radioshop.asset a USING (agency_id, asset_id) JOIN radioshop.campaign c USING (campaign_id) WHERE a.tag = 'A1' AND c.code = 'FW'), 'tina wrong radio', 'who took it back, and why');
SELECT is(pg_temp.ticked('FW', 'A1'), 'done R32 CP1', 'ticked off again');
UPDATE radioshop.asset SET firmware = 'R33' WHERE tag = 'A1';
SELECT is(pg_temp.undone('FW', 'A1', 'x'), 'left R33 CP1', 'what was entered since is left alone');
SELECT is(pg_temp.ticked('KEY', 'A1'), 'done R33 CP1', 'a rekey enters nothing');

-- What is lost
UPDATE radioshop.asset SET status = v.status FROM (VALUES ('A1', 'missing'), ('A4', 'retired')) v (tag, status) WHERE asset.tag = v.tag;
\set calls `python3 tests/sql/statements.py summarize_campaigns list_campaign_items`
:calls
CREATE FUNCTION pg_temp.progress(request jsonb) RETURNS text[] LANGUAGE sql AS $$ SELECT array_agg(coalesce(pg_temp.said(p ->> 'refusal'), concat_ws(' ', p ->> 'campaign', p ->> 'agency', p ->> 'total', p ->> 'done', p ->> 'failed',
  p ->> 'not_applicable', p ->> 'left', p ->> 'missing', p ->> 'gone', p ->> 'percent', p ->> 'days_overdue'))) FROM pg_temp.summarize_campaigns(request) p $$;
CREATE FUNCTION pg_temp.listed(request jsonb) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(concat_ws(' ', p ->> 'tag', p ->> 'state'), ',' ORDER BY p ->> 'tag') FROM pg_temp.list_campaign_items(request) p $$;
SELECT is(pg_temp.progress('{"campaign": "fw"}'), '{FW IND 4 2 0 0 0 1 1 66 0,FW LSM 1 0 0 0 1 0 0 0 0}', 'missing pauses, retired counts no more');
SELECT is(pg_temp.listed('{"campaign": "FW"}'), 'A1 missing,A2 done,A3 done,A4 gone,B1 left', 'all of them');
SELECT is(pg_temp.listed(jsonb_build_object('campaign', 'FW', 'state', state)), want, state) FROM (VALUES ('left', 'B1 left'), ('missing', 'A1 missing'), ('gone', 'A4 gone'), ('done', 'A2 done,A3 done'), ('failed', NULL), ('not_applicable', NULL)) v (state, want);
SELECT is(pg_temp.ticked('FW', 'A4'), 'FAILED_PRECONDITION|asset|asset IND:A4 is retired and counts no more; if it is in use, say so first: radioshop asset update IND:A4 --status in-service', 'what is retired is not ticked off');
SELECT is(pg_temp.ticked('KEY', 'A4', 'failed', 'x'), 'FAILED_PRECONDITION|asset|asset IND:A4 is retired and counts no more; if it is in use, say so first: radioshop asset update IND:A4 --status in-service', 'nor as failed');
SELECT is(pg_temp.ticked('FW', 'B1', 'failed', 'x'), 'failed R30 CP1', 'failed');
UPDATE radioshop.asset SET status = 'retired' WHERE tag = 'B1';
SELECT is(pg_temp.listed('{"campaign": "FW", "state": "gone"}'), 'A4 gone,B1 gone', 'what failed and is retired is gone too');
SELECT is(pg_temp.progress('{"campaign": "FW", "agency": "LSM"}'), '{FW LSM 1 0 0 0 0 0 1 100 0}', 'an agency with nothing left is done');
UPDATE radioshop.asset SET status = 'in_service' WHERE tag = 'A1';
SELECT is(pg_temp.progress('{"campaign": "FW", "agency": "IND"}'), '{FW IND 4 2 0 0 1 0 1 66 0}', 'what is found is left again');

-- Another radio from the maker
SELECT isnt((SELECT t.number FROM radioshop.open_ticket('A2', 'x', NULL, true) t), NULL, 'a ticket');
SELECT is((SELECT t.state FROM radioshop.ticket n, radioshop.move_ticket(n.number, 1, 'diagnosing', '', '', '') t), 'diagnosing', 'that is looked at');
SELECT is((SELECT r.state FROM radioshop.ticket n, radioshop.open_rma(n.number, 'R1', 'M', 'depot', false, 4, '') r), 'open', 'an RMA');
SELECT is((SELECT r.state FROM radioshop.ship_rma('R1', 1, NULL, '', '') r), 'shipped', 'shipped');
SELECT is((SELECT r.state FROM radioshop.receive_rma('R1', 2, NULL, NULL, 'NEW1', 'R29', false, 0, '') r), 'received', 'another radio comes back');
SELECT is((SELECT string_agg(concat_ws(' ', p ->> 'state', p ->> 'firmware', p ->> 'undo_reason'), ',') FROM pg_temp.list_campaign_items('{"campaign": "FW", "agency": "IND"}') p WHERE p ->> 'tag' = 'A2'),
  'left R29 another radio came back in the place of serial number SA2', 'and has not had the work');

-- The end
SELECT radioshop.enter('root', '{admin}', 'M', 'c3', 60000, 5000, NULL, NULL);
SELECT is((SELECT coalesce(pg_temp.said(a.refusal), a.state) FROM radioshop.add_campaign_item('FW', code) a), want, why) FROM (VALUES (1, 'A8', 'left', 'added'), (2, 'A8', 'ALREADY_EXISTS|asset|asset IND:A8 is in campaign FW already', 'twice'),
  (3, 'A5', 'FAILED_PRECONDITION|asset|asset IND:A5 is missing; a campaign takes what is in_service, spare, in_shop or at_depot', 'what is missing'), (4, 'A9', 'NOT_FOUND|asset|no asset has the code A9', 'nothing')) v (n, code, want, why) ORDER BY n;
SELECT is(pg_temp.made('SMALL', 'other', '', '{LSM}'), 'FAILED_PRECONDITION|selection|no radio fits (everything); preview a wider selection', 'no campaign without a radio');
SELECT is((SELECT array_agg(c.code ORDER BY c.code) FROM radioshop.campaign c), '{FW,KEY,LATER}', 'and what is refused leaves nothing');
SELECT is((SELECT pg_temp.said((radioshop.end_campaign('FW', rev, state, reason)).refusal)), want, why) FROM (VALUES (0, 'closed', 'x', 'INVALID_ARGUMENT|revision|give the revision you have read', 'no revision'),
  (9, 'closed', 'x', 'ABORTED|revision|campaign FW has moved on to revision 1; read it again', 'another revision'), (1, 'open', 'x', 'INVALID_ARGUMENT|state|say whether it is closed or cancelled', 'open is no end'),
  (1, 'closed', ' ', 'INVALID_ARGUMENT|reason|3 radios are not done; say why it ends', 'with work left')) v (rev, state, reason, want, why);
SELECT is((SELECT pg_temp.said((radioshop.update_campaign('FW', 1, mask, '', '', NULL, NULL)).refusal)), 'INVALID_ARGUMENT|update_mask|only these can be changed: name, instructions, starts_on, due_on; radios are added one by one, and another target is another campaign', why)
  FROM (VALUES ('{}'::text[], 'an empty mask'), ('{name,target}', 'another target')) v (mask, why);
SELECT is((SELECT c.due_on || ' ' || c.revision || c.name FROM radioshop.update_campaign('FW', 1, '{starts_on,due_on}', 'x', '', '2020-01-01', '2020-01-31') c), '2020-01-31 2Name', 'only what the mask names');
SELECT is((SELECT split_part(p, ' ', 11)::int FROM unnest(pg_temp.progress('{"campaign": "FW"}')) p WHERE p LIKE 'FW IND%'), (now() AT TIME ZONE 'UTC')::date - date '2020-01-31', 'overdue since then');
SELECT is((SELECT split_part(p, ' ', 11)::int FROM unnest(pg_temp.progress('{"campaign": "FW"}')) p WHERE p LIKE 'FW LSM%'), 0, 'and nobody is who has nothing left');
SELECT is((SELECT c.state || ' ' || c.ended_by FROM radioshop.end_campaign('FW', 2, 'closed', 'two are left to the maker') c), 'closed root', 'closed');
SELECT is(pg_temp.progress('{"campaign": "FW", "agency": "IND"}'), '{FW IND 5 1 0 0 3 0 1 25 0}', 'what is left stays on record, and is overdue no more');
SELECT is(pg_temp.ticked('FW', 'A1'), 'FAILED_PRECONDITION|campaign|campaign FW is closed, and nothing of it can be changed any more', 'nothing is ticked off');
SELECT is(pg_temp.undone('FW', 'A3', 'x'), 'FAILED_PRECONDITION|campaign|campaign FW is closed, and nothing of it can be changed any more', 'nor taken back');
SELECT is((SELECT pg_temp.said((radioshop.add_campaign_item('FW', 'A5')).refusal)), 'FAILED_PRECONDITION|campaign|campaign FW is closed, and nothing of it can be changed any more', 'nor added');
SELECT is((SELECT pg_temp.said((radioshop.update_campaign('FW', 3, '{name}', 'x', '', NULL, NULL)).refusal)), 'FAILED_PRECONDITION|campaign|campaign FW is closed already', 'nor changed');
SELECT throws_ok(format('UPDATE radioshop.campaign_item SET %s', s), '23514', format('new row for relation "campaign_item" violates check constraint "%s"', c), s) FROM (VALUES ('result = $q$failed$q$, ticked_at = now(), ticked_by = $q$x$q$, note = $q$$q$, had = NULL', 'campaign_item_note_needed'),
  ('result = $q$done$q$, ticked_at = NULL, ticked_by = $q$$q$', 'campaign_item_tick_whole'), ('result = $q$open$q$, ticked_at = NULL, ticked_by = $q$$q$, had = $q$x$q$', 'campaign_item_had_fits')) v (s, c);
SELECT throws_ok('UPDATE radioshop.campaign_selection SET filter = filter', '42501', NULL, 'what was selected is never changed');
SELECT throws_ok('DELETE FROM radioshop.campaign_item', '42501', NULL, 'and no radio is taken out');

-- Who sees it
SELECT radioshop.enter('mona', '{fleet_manager}', 'M', 'c4', 60000, 5000, NULL, NULL);
SELECT is((SELECT array_agg(c.code) FROM radioshop.campaign c), '{FW}', 'an agency sees the campaigns with radios of it');
SELECT is((SELECT concat_ws(' ', c.assets, c.agencies) FROM radioshop.campaign x, radioshop.shown_campaign(x.campaign_id) c), '1 {LSM}', 'and of these its own part');
SELECT is(pg_temp.progress('{}'), NULL, 'none is open');
SELECT is(pg_temp.progress('{"campaign": "FW"}'), '{FW LSM 1 0 0 0 0 0 1 100 0}', 'its own progress');
SELECT is(pg_temp.progress('{"campaign": "KEY"}'), '{NOT_FOUND|campaign|no campaign has the code KEY}', 'and of others not even that they are there');
SELECT is(pg_temp.listed('{"campaign": "FW"}'), 'B1 gone', 'its own radios');
SELECT is((SELECT array_agg(a.tag) FROM radioshop.campaign_item i LEFT JOIN radioshop.asset a USING (agency_id, asset_id)), '{B1}', 'whatever statement asks');
SELECT throws_ok($$UPDATE radioshop.campaign SET name = 'mine'$$, '42501', 'new row violates row-level security policy for table "campaign"', 'it changes nothing');
SELECT throws_ok($$INSERT INTO radioshop.campaign (code, name, kind, starts_on) VALUES ('MINE', 'x', 'other', '2027-01-01')$$, '42501', NULL, 'nor makes one');
SELECT is(pg_temp.said((radioshop.end_campaign('FW', 3, 'cancelled', 'x')).refusal), 'PERMISSION_DENIED||only an administrator of the shop changes a campaign', 'nor ends one');
SELECT radioshop.enter('imke', '{technician}', 'M', 'c5', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.ticked('KEY', 'A2'), 'done R29 CP2', 'a technician of one city ticks off its radios');
SELECT is(pg_temp.ticked('KEY', 'B1'), 'NOT_FOUND|asset|no asset has the code B1', 'and no others');

SELECT * FROM finish();
ROLLBACK;

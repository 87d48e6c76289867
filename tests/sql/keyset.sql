-- Keysets: what looks like a key, CKRs as people write them, constraints, and what holds whatever statement tries.
BEGIN;
SELECT no_plan();
SELECT is(radioshop.looks_like_key(t), true, format('a key: %s', t)) FROM unnest(ARRAY['0123456789abcdef', 'DEADBEEFDEADBEEF', 'xx 01 23 45 67 89 ab cd ef xx', '01-23-45-67-89-AB-CD-EF',
  '01:23:45:67:89:ab:cd:ef', '0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF', '\x01\x23\x45\x67\x89\xab\xcd\xef', E'01234567\n89abcdef', E'0123\u200b4567\u200b89ab\u200bcdef',
  '0123.4567.89ab.cdef', '0123_4567_89ab_cdef', '１２３４５６７８９０１２３４５６', '4242 4242 4242 4242', 'Yk1vc0xWd3l2bGZKZ1R5bXJ0c2FhYmNkZWZnaGlqa2w=', 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8',
  'MDEyMzQ1Njc4OWFiY2RlZg==', 'key=q83vASNFZ4mrze8BI0VniavN7wEjRWeJ']) t;
SELECT is(radioshop.looks_like_key(t), false, format('none: %s', t)) FROM unnest(ARRAY['', '123456789012345', 'tags 1042 1043 1044', '2026-11-23 10:42', 'radioshop/docs/policies/encryption',
  'MARRS-AES-2026', 'a bad cafe faced us', 'Zürich', 'x', 'CKR 1-4,20 by KVL5000 of Independence']) t;
SELECT is(radioshop.looks_like_key(NULL), NULL, 'nothing is no key');
SELECT is(split_part(radioshop.refuse_key('{a,b}', ARRAY['fine', '0123456789abcdef']), chr(31), 2), 'b', 'the field is named');
SELECT ok(radioshop.refuse_key('{b}', ARRAY['0123456789abcdef']) !~ '0123', 'the text is not');
SELECT is(radioshop.refuse_key('{a,b}', ARRAY['fine', NULL]), NULL, 'and nothing else is refused');

SELECT is(r.ckrs || CASE WHEN r.wrong THEN '{-1}' ELSE '{}' END::int[], want, format('CKRs %s', v.t)) FROM (VALUES ('1-4,20', '{1,2,3,4,20}'::int[]), (' 20 ,1 - 2', '{1,2,20}'), ('0,4095', '{0,4095}'),
  ('1,1-2,2', '{1,2}'), ('', '{}')) v (t, want), radioshop.read_ckrs(v.t) r;
SELECT is((radioshop.read_ckrs(t)).wrong, true, format('no CKRs: %s', t)) FROM unnest('{4096,4-1,1-4096,-1,1--2,x,"1,","1;2",1.5,99999999999,"1 2"}'::text[]) t;
SELECT is((radioshop.read_ckrs(repeat('0-4095,', 600))).wrong, true, 'nor without an end');
SELECT is(radioshop.ckrs_text(c), t, t) FROM (VALUES ('{1,2,3,4,20}'::int[], '1-4,20'), ('{0}', '0'), ('{0,1}', '0-1'), ('{1,3,5}', '1,3,5'), ('{}', '')) v (c, t);
SELECT is(radioshop.are_ckrs(c), ok, c::text) FROM (VALUES ('{1,2}'::int[], true), ('{2,1}', false), ('{1,1}', false), ('{}', NULL), ('{-1}', false), ('{4096}', false), ('{1,NULL}', false)) v (c, ok) WHERE cardinality(c) > 0;
SELECT is(radioshop.class_may_hold(c, k), ok, format('%s may hold what is for %s', k, c)) FROM (VALUES ('{}'::text[], NULL, true), ('{health}', NULL, false), ('{health}', 'health', true), ('{health}', 'schools', false),
  ('{health,schools}', 'schools', true)) v (c, k, ok);

INSERT INTO radioshop.agency (agency_id, code, name, class) VALUES (901, 'IND', 'Independence', 'public_safety'), (902, 'LSM', 'Lee''s Summit', NULL);
INSERT INTO radioshop.principal (name, display_name) VALUES ('tina', 'Tina'), ('ivy', 'Ivy');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, 'technician', v.agency_id FROM (VALUES ('tina', 0), ('ivy', 901)) v (name, agency_id) JOIN radioshop.principal p USING (name);
INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (901, 'P1', 'portable'), (902, 'P2', 'portable'), (902, 'KVL', 'test_equipment');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tina', '{technician}', 'M', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.said(refusal text) RETURNS text LANGUAGE sql AS $$ SELECT translate(refusal, chr(31), '|') $$;
SELECT is((radioshop.create_keyset(a, c, 'x', 1, 'aes_256', '1-4', '{}', '')).agency, upper(a), c) FROM (VALUES ('SHOP', 'R1'), ('shop', 'R2'), ('IND', 'I1'), ('LSM', 'L1')) v (a, c);

-- Constraints are the last guard: every text of the tables refuses a key by itself.
SELECT is_empty($$SELECT c.conrelid::regclass, a.attname FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid AND t.relname IN ('keyset', 'key_load')
  AND t.relnamespace = 'radioshop'::regnamespace LEFT JOIN pg_constraint c ON c.conrelid = a.attrelid AND c.contype = 'c' AND a.attnum = ANY (c.conkey)
    AND pg_get_constraintdef(c.oid) ~ 'looks_like_key|ARRAY\[' WHERE a.atttypid = 'text'::regtype AND a.attnum > 0 AND NOT a.attisdropped AND c.oid IS NULL
    AND a.attname NOT IN ('code_key', 'created_by', 'old_by', 'recorded_by', 'ended_by')$$, 'no text is without: but what is made of others, and names of principals');
SELECT throws_ok(format('UPDATE radioshop.keyset SET %s = %L', f, '01-23-45-67 89ABCDEF'), '23514', format('new row for relation "keyset" violates check constraint "keyset_%s_no_key"', f), f) FROM unnest('{name,note}'::text[]) f;
SELECT throws_ok(format('UPDATE radioshop.keyset SET %s', s), '23514', format('new row for relation "keyset" violates check constraint "%s"', c), s) FROM (VALUES
  ('ckrs = $q${4096}$q$', 'keyset_ckrs_form'), ('classes = $q${poets}$q$', 'keyset_classes_known'), ('old_at = now()', 'keyset_old_whole'), ('old_reason = $q$x$q$', 'keyset_old_whole')) v (s, c);
SELECT throws_ok($$UPDATE radioshop.keyset k SET old_at = now(), old_by = 'x', successor_agency_id = o.agency_id, successor_id = o.keyset_id FROM radioshop.keyset o WHERE k.code = 'I1' AND o.code = 'L1'$$,
  '23514', 'new row for relation "keyset" violates check constraint "keyset_successor_fits"', 'no successor of another agency');
SELECT throws_ok($$INSERT INTO radioshop.key_load (agency_id, asset_id, keyset_agency_id, keyset_id, ckrs, means, loaded_on) SELECT a.agency_id, a.asset_id, k.agency_id, k.keyset_id, '{1}', 'otar', '2026-01-01'
  FROM radioshop.asset a, radioshop.keyset k WHERE a.tag = 'P1' AND k.code = 'L1'$$, '23514', 'new row for relation "key_load" violates check constraint "key_load_keyset_fits"', 'no radio of another agency');
SELECT is((radioshop.load_keyset('R1', '{P1,P2}', '2', NULL, 'KVL', NULL, '', '')).ckrs, '2', 'loaded') FROM generate_series(1, 1);
SELECT throws_ok($$INSERT INTO radioshop.key_load (agency_id, asset_id, keyset_agency_id, keyset_id, ckrs, means, loaded_on) SELECT a.agency_id, a.asset_id, k.agency_id, k.keyset_id, '{1}', 'otar', '2026-01-01'
  FROM radioshop.asset a, radioshop.keyset k WHERE a.tag = 'P1' AND k.code = 'R1'$$, '23505', 'duplicate key value violates unique constraint "key_load_one_held"', 'a radio holds a keyset once');
SELECT throws_ok(format('UPDATE radioshop.key_load SET %s', s), '23514', format('new row for relation "key_load" violates check constraint "%s"', c), s) FROM (VALUES
  ('ended_as = $q$erased$q$', 'key_load_ended_whole'), ('ended_as = $q$lost$q$, ended_on = loaded_on, ended_by = $q$x$q$, ended_at = now()', 'key_load_ended_as_known'),
  ('ended_as = $q$erased$q$, ended_on = loaded_on - 1, ended_by = $q$x$q$, ended_at = now()', 'key_load_ended_on_range'),
  ('ended_as = $q$erased$q$, ended_on = loaded_on, ended_by = $q$x$q$, ended_at = now(), ended_note = $q$0123 4567 89ab cdef$q$', 'key_load_ended_note_no_key')) v (s, c);
SELECT throws_ok('UPDATE radioshop.key_load SET note = $q$x$q$', '42501', NULL, 'what was loaded is not changed');
SELECT throws_ok('DELETE FROM radioshop.key_load', '42501', NULL, 'nor deleted');
SELECT throws_ok('DELETE FROM radioshop.keyset', '42501', NULL, 'nor is a keyset');
SELECT is((radioshop.erase_keys('{P2}', 'R1', false, NULL, '')).ended_as, 'erased', 'erased');
SELECT throws_ok($$UPDATE radioshop.key_load SET ended_on = ended_on + 1 WHERE ended_at IS NOT NULL$$, '23514', 'what a radio held is not changed any more', 'for good');

-- Who is of one agency
SELECT radioshop.enter('ivy', '{technician}', 'M', 'c2', 60000, 5000, NULL, NULL);
SELECT results_eq('SELECT code FROM radioshop.keyset ORDER BY code', '{I1,R1,R2}'::text[], 'sees the shop''s and its own');
SELECT is((SELECT array_agg(agency_id) FROM radioshop.key_load), '{901}', 'and the loads of its own radios');
SELECT is((SELECT s.loader FROM radioshop.key_load l, radioshop.shown_key_load(l.agency_id, l.load_id) s), 'of another agency', 'but not whose loader it was');
PREPARE changed AS UPDATE radioshop.keyset SET note = 'mine' WHERE agency_id = 902 RETURNING 1;
SELECT is_empty('changed', 'another agency''s keyset is not there to be changed');
SELECT throws_ok($$UPDATE radioshop.keyset SET note = 'mine' WHERE agency_id = 0$$, '42501', NULL, 'and the shop''s not its to change');
SELECT throws_ok($$INSERT INTO radioshop.keyset (agency_id, code, name, number, algorithm, ckrs) VALUES (0, 'X', 'x', 1, 'adp', '{1}')$$, '42501', NULL, 'nor to add to');
SELECT lives_ok('SELECT 1 FROM radioshop.keyset FOR SHARE', 'it may be locked against its end');
SELECT matches(pg_temp.said((radioshop.load_keyset('R1', '{P1}', '', 'otar', '', NULL, '', 'mine')).refusal), '^PERMISSION_DENIED\|exception\|', 'an exception is the shop''s to make');
SELECT set_config('radioshop.agencies', '', true);
SELECT is_empty('SELECT 1 FROM radioshop.keyset UNION ALL SELECT 1 FROM radioshop.key_load', 'who has not entered sees none');

SELECT * FROM finish();
ROLLBACK;

-- Fields of an agency's own: what holds whatever statement tries, the order of keys, the index that serves a condition, and who sees it.
BEGIN;
SELECT no_plan();
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('ada', 'Ada'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, v.role, v.agency_id
  FROM (VALUES ('ada', 'admin', 0), ('mona', 'fleet_manager', 902)) v (name, role, agency_id) JOIN radioshop.principal p USING (name);
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('ada', '{admin}', 'M', 'c1', 60000, 5000, NULL, NULL);
INSERT INTO radioshop.asset_field (agency_id, name, label, type, class, maximum, choices) VALUES (901, 'fund', 'Fund', 'choice', NULL, NULL, '{general,grant}'),
  (901, 'hours', 'Hours', 'number', 'portable', '100', '{}'), (0, 'sticker', 'Sticker', 'text', NULL, NULL, '{}'), (901, 'old', 'Old', 'text', NULL, NULL, '{}'), (902, 'fund', 'Fund', 'date', NULL, NULL, '{}');

-- Keys: text in the order of the values
SELECT is((SELECT array_agg(n ORDER BY radioshop.field_key('number', n) COLLATE "C") FROM unnest('{7,-5.000001,-5,100,-999999999999.999999,0.1,-0.1,999999999999.999999,99.9,0}'::text[]) n),
  '{-999999999999.999999,-5.000001,-5,-0.1,0,0.1,7,99.9,100,999999999999.999999}', 'numbers');
SELECT is((SELECT count(*) FROM pg_proc p WHERE p.oid = ANY ('{texteq,text_lt,text_le,text_gt,text_ge}'::regproc[]) AND p.proleakproof), 5::bigint, 'and comparing text leaks nothing');

-- Whatever statement writes
SELECT throws_ok(format('INSERT INTO radioshop.asset (agency_id, tag, class, fields) VALUES (901, %L, %L, %L)', 'X', c, f), s, NULL, format('%s: %s', c, f)) FROM (VALUES
  ('portable', '{"hours": "NaN"}', 'RS412'), ('portable', '{"hours": "101"}', 'RS412'), ('portable', '{"hours": "1.50"}', 'RS412'), ('mobile', '{"hours": "1"}', 'RS412'), ('portable', '{"fund": "Grant"}', 'RS412'),
  ('portable', '{"nosuch": "1"}', 'RS412'), ('portable', '{"hours": 1e400}', '23514'), ('portable', '{"fund": null}', '23514'), ('portable', '{"fund": ["grant"]}', '23514'), ('portable', '{}', '23514'), ('portable', '[]', '23514'), ('portable', '"x"', '23514')) v (c, f, s);
SELECT lives_ok($$INSERT INTO radioshop.asset (agency_id, tag, class, fields) VALUES (901, 'a1', 'portable', '{"hours": "1.5", "fund": "grant", "old": "x"}')$$, 'what fits');
SELECT throws_ok($$INSERT INTO radioshop.asset (agency_id, tag, class, fields) VALUES (902, 'X', 'portable', '{"hours": "1"}')$$, 'RS412', 'fields: there is no field hours', 'not of another agency');
UPDATE radioshop.asset_field SET retired = true WHERE name = 'old';
SELECT throws_ok(format('UPDATE radioshop.asset SET fields = %s', f), 'RS412', 'fields: old is retired: it is read, and not written any more', f) FROM unnest(ARRAY['fields - ''old''', 'fields || ''{"old": "y"}''']) f;
SELECT lives_ok($$UPDATE radioshop.asset SET notes = 'x', fields = fields || '{"fund": "general"}'$$, 'and what does not touch it');
SELECT results_eq($$SELECT e.before, e.after FROM radioshop.event e WHERE e.agency_id = 901 AND e.resource = 'asset' AND e.action = 'update'$$,
  $$VALUES ('{"notes": "", "fields": {"fund": "grant"}, "revision": 1}'::jsonb, '{"notes": "x", "fields": {"fund": "general"}, "revision": 2}'::jsonb)$$, 'an event tells the fields that changed');
SELECT is(radioshop.changed_keys(o, n), c, coalesce(o::text, 'none') || ' to ' || n) FROM (VALUES ('{"a": "1", "b": "2"}'::jsonb, '{"b": "2"}'::jsonb, '{"a": "1"}'::jsonb), ('{"b": "2"}', '{"a": "1", "b": "2"}', '{"a": null}'), (NULL, '{"a": "1"}', '{"a": null}'), ('null', '{"a": "1"}', '{"a": null}')) v (o, n, c);
SELECT throws_ok($$INSERT INTO radioshop.asset_field (agency_id, name, label, type) VALUES (0, 'hours', 'x', 'text')$$, '23505', NULL, 'a name of an agency is not the shop''s, whatever statement tries');
SELECT throws_ok($$INSERT INTO radioshop.asset_field (agency_id, name, label, type) VALUES (901, 'sticker', 'x', 'text')$$, '23505', NULL, 'nor the other way about');
SELECT throws_ok($$INSERT INTO radioshop.asset_field (agency_id, name, label, type) VALUES (901, 'serial', 'x', 'text')$$, '23505', NULL, 'nor that of a column');
SELECT throws_ok($$DELETE FROM radioshop.asset_field$$, '42501', NULL, 'a definition stays');

-- The index follows: values, tags, and nothing else
CREATE TEMP VIEW indexed AS SELECT string_agg(format('%s %s %s', v.tag_key, f.name, v.value_key), ', ' ORDER BY v.tag_key, f.name) AS it
  FROM radioshop.asset_field_value v JOIN radioshop.asset_field f USING (field_id) WHERE f.name <> 'hours';
SELECT is((SELECT it FROM indexed), 'A1 fund GENERAL, A1 old X', 'written with the values');
UPDATE radioshop.asset SET tag = 'b2', fields = fields - 'fund';
SELECT is((SELECT it FROM indexed), 'B2 old X', 'after tag and value');
UPDATE radioshop.asset SET tag = 'B2';
UPDATE radioshop.asset SET tag = 'c3';
SELECT is((SELECT it FROM indexed), 'C3 old X', 'after the tag alone');

-- A condition is one descent of the index, also under row level security: it reads what it gives and no more
INSERT INTO radioshop.asset (agency_id, tag, class, fields) SELECT 901, 'T' || i, 'portable', jsonb_build_object('fund', CASE WHEN i % 100 = 0 THEN 'grant' ELSE 'general' END, 'hours', (i % 50)::text) FROM generate_series(1, 4000) i;
RESET ROLE;
ANALYZE radioshop.asset, radioshop.asset_field_value;
SET LOCAL ROLE radioshop_app;
CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  whole text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || statement LOOP
    whole := whole || line || E'\n';
  END LOOP;
  RETURN whole;
END
$$;
SELECT matches(pg_temp.plan_of(format($$SELECT a.asset_id FROM radioshop.asset_field_value v JOIN radioshop.asset a ON a.agency_id = v.agency_id AND a.tag_key = v.tag_key
  WHERE v.agency_id = 901 AND v.field_id = %L AND v.value_key = 'GENERAL' AND v.tag_key > 'T2' ORDER BY v.tag_key LIMIT 50$$, (SELECT f.field_id FROM radioshop.asset_field f WHERE f.agency_id = 901 AND f.name = 'fund'))),
  'Index (Only )?Scan using asset_field_value_by_value on asset_field_value v \(actual rows=50 .*value_key = ''GENERAL''.*tag_key > ''T2''', 'reads fifty');
SELECT is((SELECT array_agg(w.tag_key ORDER BY w.tag_key) FROM radioshop.walk_assets_where('IND', NULL, NULL, '', '{fund=grant,hours<1}', '{IND,T3}', 3) w), '{T300,T3000,T3100}', 'and goes on behind the page before');

-- The other agency
SELECT radioshop.enter('mona', '{fleet_manager}', 'M', 'c2', 60000, 5000, NULL, NULL);
SELECT is((SELECT array_agg(f.agency_id || ' ' || f.name ORDER BY f.agency_id) FROM radioshop.asset_field f), '{"0 sticker","902 fund"}', 'sees the shop''s and its own');
SELECT is_empty('SELECT FROM radioshop.asset_field_value', 'and nobody else''s values');
SELECT lives_ok($$UPDATE radioshop.asset_field SET label = 'mine' WHERE agency_id <> 902$$, 'and');
SELECT throws_ok($$INSERT INTO radioshop.asset_field (agency_id, name, label, type) VALUES (0, 'mine', 'x', 'text')$$, '42501', NULL, 'makes none of the shop''s');
SELECT lives_ok($$INSERT INTO radioshop.asset (agency_id, tag, class, fields) VALUES (902, 'L1', 'portable', '{"sticker": "7", "fund": "2026-01-31"}')$$, 'has both');
SELECT radioshop.enter('ada', '{admin}', 'M', 'c3', 60000, 5000, NULL, NULL);
SELECT is((SELECT count(*) FROM radioshop.asset_field f WHERE f.label = 'mine'), 0::bigint, 'changes nothing of others');
SELECT * FROM finish();
ROLLBACK;

-- Custody: what holds whatever statement tries, and what each agency sees of it.
BEGIN;
SELECT no_plan();
SELECT is(radioshop.some_of(s), want, want) FROM (VALUES ('{a}'::text[], 'a'), ('{a,b,c,d,e}', 'a; b; c; d; e'), ('{a,b,c,d,e,f,g}', 'a; b; c; d; e; and 2 more')) v (s, want);

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'Pacific/Kiritimati'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tina', 'Tina'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, v.role, v.agency_id
  FROM (VALUES ('tina', 'technician', 0), ('mona', 'technician', 902)) v (name, role, agency_id) JOIN radioshop.principal p USING (name);
INSERT INTO radioshop.asset (agency_id, tag, class, status, assigned_to) SELECT 901, t, 'portable', s, 'typed'
  FROM (VALUES ('P1', 'spare'), ('P2', 'in_service'), ('M', 'missing'), ('R', 'retired'), ('D', 'disposed'), ('S', 'in_shop'), ('X', 'at_depot')) v (t, s);
INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (902, 'L1', 'portable');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tina', '{technician}', 'M', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.id(tag text) RETURNS uuid LANGUAGE sql AS $$ SELECT a.asset_id FROM radioshop.asset a WHERE a.tag = id.tag $$;
CREATE FUNCTION pg_temp.who(code text) RETURNS uuid LANGUAGE sql AS $$ SELECT c.custodian_id FROM radioshop.custodian c WHERE c.code = who.code $$;
CREATE FUNCTION pg_temp.give(tag text, code text, days int) RETURNS void LANGUAGE sql AS $$
  INSERT INTO radioshop.custody (agency_id, asset_id, custodian_id, out_on, due_on) SELECT 901, pg_temp.id(give.tag), pg_temp.who(give.code), d, d + days FROM radioshop.today('UTC') d $$;
CREATE FUNCTION pg_temp.of(tag text) RETURNS text LANGUAGE sql AS $$ SELECT a.assigned_to || '/' || a.status || '/' || a.location FROM radioshop.asset a WHERE a.tag = of.tag $$;
SELECT is((radioshop.create_custodian(g, c, k, n, '', false)).refusal, NULL, c) FROM (VALUES ('IND', '4711', 'person', 'Ruiz'), ('ind', 'E7', 'vehicle', 'Engine 7'), ('LSM', '4712', 'person', 'Lane')) v (g, c, k, n);

-- Guards
SELECT throws_ok(format('SELECT pg_temp.give(%L, %L, 1)', t, '4711'), 'RS412', NULL, t || ' is not there to be had') FROM unnest('{M,R,D,S,X}'::text[]) t;
SELECT throws_ok($$SELECT pg_temp.give('P1', '4712', 1)$$, '23503', NULL, 'nobody of another agency');
SELECT throws_ok($$SELECT pg_temp.give('P1', '4711', -1)$$, '23514', NULL, 'nothing is due before it goes');
SELECT lives_ok($$SELECT pg_temp.give('P1', '4711', 1)$$, 'out');
SELECT is(pg_temp.of('P1'), 'Ruiz/in_service/', 'the asset shows who has it, and is in service');
SELECT throws_ok($$SELECT pg_temp.give('P1', 'E7', 1)$$, '23505', 'duplicate key value violates unique constraint "custody_one_open"', 'one custodian at a time');
SELECT throws_ok($$UPDATE radioshop.asset SET assigned_to = 'X' WHERE tag = 'P1'$$, '23514', 'asset P1 is checked out', 'nobody else is written there');
SELECT lives_ok($$UPDATE radioshop.asset SET assigned_to = 'Ruiz', location = 'L' WHERE tag = 'P1'$$, 'the same again is nothing');
SELECT throws_ok(format('UPDATE radioshop.asset SET status = %L WHERE tag = %L', s, 'P1'), '23514', 'asset P1 is checked out', 'not ' || s || ' while it is out') FROM unnest('{retired,disposed}'::text[]) s;
SELECT throws_ok($$UPDATE radioshop.custodian SET inactive = true WHERE code = '4711'$$, '23514', 'custodian 4711 has something', 'nobody leaves with a radio');
SELECT throws_ok($$INSERT INTO radioshop.loan (agency_id, asset_id, lender, tag, serial, model, borrower_id, borrower_agency, borrower, purpose, loaner, out_on, due_on, status_before)
  SELECT 901, pg_temp.id('P1'), 'IND', 'P1', '', '', 901, 'IND', 'X', 'other', false, d, d, '' FROM radioshop.today('UTC') d$$, 'RS412', 'asset: asset P1 is checked out; check it in first', 'nor is it lent');
SELECT isnt(radioshop.refuse_lending(901, pg_temp.id('P1')), NULL, 'which a pool of loaners knows');
SELECT lives_ok($$UPDATE radioshop.custodian SET name = 'Ruiz-Lane' WHERE code = '4711'$$, 'a new name');
SELECT is(pg_temp.of('P1'), 'Ruiz-Lane/in_service/L', 'shows on what they have');
SELECT throws_ok(format('UPDATE radioshop.custody SET %s', s), '23514', NULL, s) FROM unnest('{in_at = now(),in_by = $q$x$q$,returned_to = $q$x$q$}'::text[]) s;
SELECT throws_ok($$UPDATE radioshop.custody SET in_at = out_at - interval '1 s', in_by = 'x'$$, '23514', NULL, 'not in before it was out');
SELECT throws_ok(s, '42501', NULL, s) FROM unnest(ARRAY['DELETE FROM radioshop.custody', 'UPDATE radioshop.custody SET custodian_id = custodian_id', 'DELETE FROM radioshop.custodian']) s;
SELECT lives_ok($$UPDATE radioshop.asset SET status = 'missing' WHERE tag = 'P1'$$, 'missing it may be: who had it answers for it');
SELECT lives_ok($$UPDATE radioshop.custody SET in_at = now(), in_by = 'tina', returned_to = 'Shelf' WHERE in_at IS NULL$$, 'in');
SELECT is(pg_temp.of('P1'), '/missing/Shelf', 'nobody has it; what befell it stays');
SELECT throws_ok(format('UPDATE radioshop.custody SET %s', s), 'RS412', 'assets: it is checked in already', 'over is over: ' || s) FROM unnest('{in_at = NULL,in_by = $q$y$q$,return_note = $q$x$q$}'::text[]) s;
SELECT lives_ok($$UPDATE radioshop.custodian SET inactive = true WHERE code = '4711'$$, 'now they leave');
SELECT throws_ok($$SELECT pg_temp.give('P2', '4711', 1)$$, 'RS412', 'to: nothing is checked out to who is not active', 'and get nothing');
SELECT throws_ok(format('INSERT INTO radioshop.custodian (agency_id, kind, code, name) VALUES (%s)', v), '23514', format('new row for relation "custodian" violates check constraint "%s"', c), c) FROM (VALUES
  ($$901, 'shop', 'A', 'A'$$, 'custodian_kind_known'), ($$901, 'person', '', 'A'$$, 'custodian_code_form'), ($$901, 'person', 'A', E'a\nb'$$, 'custodian_name_form'), ($$0, 'person', 'A', 'A'$$, 'custodian_agency_not_shop')) x (v, c);
SELECT throws_ok($$INSERT INTO radioshop.custodian (agency_id, code, name) VALUES (901, 'e7', 'A')$$, '23505', NULL, 'capitals do not matter');

-- Where it has been: told from the events alone
SELECT is((SELECT count(*) FROM radioshop.asset_periods(901, pg_temp.id('P1'))), 1::bigint, 'what one transaction did is one step');
SELECT is((SELECT concat_ws('|', p.assigned_to, p.custodian, p.location, p.status, p.until_at) FROM radioshop.asset_periods(901, pg_temp.id('P1')) p), '|Shelf|missing', 'which leads to what is so now');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.resource = 'custody' AND e.resource_id = pg_temp.id('P1')::text), 2::bigint, 'each change is an event');

-- The other agency
SELECT lives_ok($$SELECT pg_temp.give('P2', 'E7', 1)$$, 'out');
SELECT radioshop.enter('mona', '{technician}', 'M', 'c2', 60000, 5000, NULL, NULL);
SELECT is_empty('SELECT 1 FROM radioshop.custody UNION ALL SELECT 1 FROM radioshop.custodian WHERE agency_id = 901', 'sees nothing of it');
SELECT is((SELECT translate((radioshop.one_custodian(c, p, 'to')).refusal, chr(31), '|')), want, want) FROM (VALUES ('E7', NULL::int, 'NOT_FOUND|to|no custodian has the code E7'),
  ('IND:E7', NULL, 'NOT_FOUND|to|no custodian has the code IND:E7'), ('E7', 902, 'NOT_FOUND|to|LSM has no custodian E7; people of another agency get a radio by a loan (loan out)'),
  (' ', NULL, 'INVALID_ARGUMENT|to|give the code of a custodian, such as a badge number')) v (c, p, want);
SELECT is((radioshop.one_custodian('lsm:4712', NULL, 'to')).agency_id, 902, 'its own it finds');

SELECT * FROM finish();
ROLLBACK;

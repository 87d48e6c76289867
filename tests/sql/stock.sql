-- Spare parts: constraints, the ledger and what follows it, and that a part is used once, for its price.
BEGIN;
SELECT plan(58);
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tina', 'Tina'), ('frank', 'Frank'), ('tom', 'Tom');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, v.role, v.agency_id
  FROM (VALUES ('tina', 'technician', 0), ('frank', 'fleet_manager', 901), ('tom', 'technician', 901)) v (name, role, agency_id) JOIN radioshop.principal p USING (name);
INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (901, 'P1', 'portable'), (901, 'P2', 'portable'), (902, 'L1', 'portable');

-- Forms
SELECT throws_ok(format('INSERT INTO radioshop.part (number, name, unit, reorder_point, reorder_quantity) VALUES (%L, %L, %L, %L, %L)', number, name, unit, point, amount), '23514',
    format('new row for relation "part" violates check constraint "%s"', rule), rule)
  FROM (VALUES ('', 'n', 'each', 0, 0, 'part_number_form'), ('n', '', 'each', 0, 0, 'part_name_form'), ('n', 'n', '', 0, 0, 'part_unit_form'),
    ('n', 'n', 'each', -1, 0, 'part_reorder_point_range'), ('n', 'n', 'each', 0, 1000001, 'part_reorder_quantity_range')) v (number, name, unit, point, amount, rule);
SELECT throws_ok(format('INSERT INTO radioshop.stock_location (code, name, kind) VALUES (%L, %L, %L)', code, name, kind), '23514',
    format('new row for relation "stock_location" violates check constraint "%s"', rule), rule)
  FROM (VALUES ('a b', 'n', 'shelf', 'stock_location_code_form'), ('A', '', 'shelf', 'stock_location_name_form'), ('A', 'n', 'boat', 'stock_location_kind_known')) v (code, name, kind, rule);

SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tina', '{technician}', 'M', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.said(refusal text) RETURNS text LANGUAGE sql AS $$ SELECT translate(refusal, chr(31), '|') $$;
CREATE FUNCTION pg_temp.number(tag text) RETURNS text LANGUAGE sql AS $$ SELECT t.number FROM radioshop.ticket t JOIN radioshop.asset a USING (agency_id, asset_id) WHERE a.tag = $1 $$;
CREATE FUNCTION pg_temp.stock() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(c.code || ' ' || l.unit_cost_cents || ': ' || s.quantity, ', ' ORDER BY c.code, l.unit_cost_cents)
  FROM radioshop.part_stock s JOIN radioshop.part_lot l USING (part_id, lot_id) JOIN radioshop.stock_location c USING (location_id) WHERE s.quantity > 0 $$;
SELECT is((SELECT p.number || ' ' || p.unit || ' ' || p.on_hand FROM radioshop.create_part(' SPK ', 'Speaker', 'M', '50', '', NULL, '{}', 2, 10, false) p), 'SPK each 0', 'a part is made');
SELECT is((SELECT p.number FROM radioshop.create_part('ANT', 'Antenna', 'M', '51', 'each', 'portable', '{}', 0, 0, false) p), 'ANT', 'and another');
INSERT INTO radioshop.stock_location (code, name, kind) VALUES ('A1', 'Shelf', 'shelf'), ('A2', 'Shelf', 'shelf'), ('VAN', 'Van', 'van');
SELECT isnt((SELECT t.number FROM radioshop.open_ticket('P1', 'x', NULL, true) t), NULL, 'a ticket');
SELECT isnt((SELECT t.number FROM radioshop.open_ticket('L1', 'x', NULL, true) t), NULL, 'one of another agency');
SELECT is((SELECT count(*) FROM radioshop.parts_below_reorder()), 1::bigint, 'what is watched and not there is to be ordered');

-- Lots, oldest first
SELECT is((SELECT c.on_hand || ' ' || c.cost_cents FROM radioshop.receive_parts('spk', 'a1', 3, 100, 'S', 'R', '2026-03-01') c), '3 300', 'a lot');
SELECT is((SELECT c.on_hand FROM radioshop.receive_parts('50', 'A2', 2, 90, '', '', '2026-01-01') c), 5::bigint, 'an older one, by the maker''s number');
SELECT is((SELECT c.on_hand FROM radioshop.receive_parts('SPK', 'VAN', 2, 110, '', '', '2026-04-01') c), 7::bigint, 'one in the van');
SELECT is((SELECT count(*) FROM radioshop.parts_below_reorder()), 0::bigint, 'enough is there');
SELECT is((SELECT c.quantity || ' ' || c.cost_cents || ' ' || c.location FROM radioshop.use_parts(pg_temp.number('P1'), 'SPK', 3, '', '') c), '-3 -280 A1,A2', 'the oldest lot goes first, split to the cent');
SELECT is((SELECT t.cost_cents FROM radioshop.ticket t WHERE t.number = pg_temp.number('P1')), 280::bigint, 'and the ticket is charged');
SELECT is(pg_temp.stock(), 'A1 100: 2, VAN 110: 2', 'the rest stays');
SELECT is(pg_temp.said((radioshop.use_parts(pg_temp.number('P1'), 'SPK', 3, '', '')).refusal), 'FAILED_PRECONDITION|quantity|part SPK: 3 wanted, 2 there on the shelves; on hand: 2 at A1, 2 at VAN', 'more than there is');
SELECT is(pg_temp.said((radioshop.use_parts(pg_temp.number('P1'), 'SPK', 3, 'VAN', '')).refusal), 'FAILED_PRECONDITION|quantity|part SPK: 3 wanted, 2 there at VAN; on hand: 2 at A1, 2 at VAN', 'or than in one place');
SELECT is(pg_temp.said((radioshop.use_parts(pg_temp.number('P1'), 'SPK', n, '', '')).refusal), 'INVALID_ARGUMENT|quantity|give a quantity from 1 to 1,000,000', n || ' of them') FROM unnest('{0,-1,1000001}'::int[]) n;
SELECT matches(pg_temp.said((radioshop.use_parts(pg_temp.number('P1'), 'ANT', 1, '', (SELECT l.code FROM radioshop.part_lot l WHERE l.unit_cost_cents = 100))).refusal), '^FAILED_PRECONDITION\|lot\|lot L[0-9]+ is of part SPK', 'a lot of another part');
SELECT matches(pg_temp.said((radioshop.use_parts('IND-1999-00001', 'SPK', 1, '', '')).refusal), '^NOT_FOUND\|ticket', 'no such ticket');

-- Back
SELECT is((SELECT c.quantity || ' ' || c.cost_cents || ' ' || c.location FROM radioshop.return_parts(pg_temp.number('P1'), 'SPK', 2, '') c), '2 190 A1,A2', 'what was used last goes back first, where it came from and for its price');
SELECT is((SELECT t.cost_cents FROM radioshop.ticket t WHERE t.number = pg_temp.number('P1')), 90::bigint, 'and the ticket is charged less');
SELECT is((SELECT array_agg(e.cost_cents || coalesce(' of ' || e.corrects, '') ORDER BY e.entry_no) FROM radioshop.ticket_entry e JOIN radioshop.ticket t USING (agency_id, ticket_id) WHERE t.number = pg_temp.number('P1') AND e.kind = 'part'),
  '{280,"-190 of 2"}', 'by an entry that names the one it corrects');
SELECT is(pg_temp.said((radioshop.return_parts(pg_temp.number('P1'), 'SPK', 2, '')).refusal), 'FAILED_PRECONDITION|quantity|ticket ' || pg_temp.number('P1') || ' has 1 of part SPK from the stock, not 2', 'not more than were used');
SELECT throws_ok(format($$INSERT INTO radioshop.ticket_entry (agency_id, ticket_id, entry_no, kind, text, cost_cents, corrects) SELECT agency_id, ticket_id, 9, %L, 'x', -1, %L FROM radioshop.ticket WHERE number = pg_temp.number('P1')$$, kind, corrects), state, NULL, why)
  FROM (VALUES ('part', NULL, '23514', 'no entry is negative that corrects none'), ('outside', 2, '23514', 'nor one of another kind'), ('part', 8, '23503', 'nor one that corrects what is not there'), ('part', 9, '23514', 'nor itself')) v (kind, corrects, state, why);

-- Carried, counted, thrown away
SELECT is((SELECT c.quantity || ' ' || c.location || ' ' || c.to_location || ' ' || c.on_hand FROM radioshop.move_parts('SPK', 'A1', 'A2', 2, '', '') c), '2 A1 A2 6', 'carried');
SELECT matches(pg_temp.said((radioshop.move_parts('SPK', 'A1', 'a1', 1, '', '')).refusal), '^INVALID_ARGUMENT\|to_location', 'not to where they are');
SELECT is((SELECT c.expected || ' ' || c.found || ' ' || c.quantity FROM radioshop.count_parts('SPK', 'A2', 1, NULL, '', 'count') c), '3 1 -2', 'a count that finds fewer');
SELECT is(pg_temp.stock(), 'A1 100: 1, A2 100: 1, VAN 110: 2', 'takes them from the oldest lot');
SELECT is((SELECT c.expected || ' ' || c.found || ' ' || c.quantity FROM radioshop.count_parts('SPK', 'A2', 4, 1, '', 'count') c), '1 4 3', 'one that finds more adds to the newest there');
SELECT matches(pg_temp.said((radioshop.count_parts('SPK', 'A2', 4, 3, '', 'count')).refusal), '^ABORTED\|expected', 'one of a shelf that is no more');
SELECT matches(pg_temp.said((radioshop.count_parts('SPK', 'A2', 5, NULL, '', ' ')).refusal), '^INVALID_ARGUMENT\|reason', 'a difference wants its reason');
SELECT is((SELECT c.quantity || ' ' || c.on_hand FROM radioshop.scrap_parts('SPK', 'A2', 1, '', 'bent') c), '-1 6', 'thrown away');
SELECT matches(pg_temp.said((radioshop.scrap_parts('SPK', 'A2', 1, '', '')).refusal), '^INVALID_ARGUMENT\|reason', 'not without a reason');

-- The ledger
SELECT is_empty($$SELECT 1 FROM (SELECT part_id, lot_id, location_id, sum(quantity) AS quantity FROM radioshop.part_move GROUP BY 1, 2, 3) m
  FULL JOIN radioshop.part_stock s USING (part_id, lot_id, location_id) WHERE coalesce(m.quantity, 0) <> coalesce(s.quantity, 0)$$, 'what is on hand is the sum of the moves');
SELECT throws_ok($$UPDATE radioshop.part_stock SET quantity = quantity + 1$$, '42501', 'stock changes by a move only', 'and changes in no other way');
SELECT throws_ok($$INSERT INTO radioshop.part_stock (part_id, lot_id, location_id, quantity) SELECT part_id, lot_id, location_id, 1 FROM radioshop.part_move LIMIT 1$$, '42501', 'stock changes by a move only', 'nor is it made up');
SELECT throws_ok($$UPDATE radioshop.part_move SET quantity = 1$$, '42501', NULL, 'a move is not changed');
SELECT throws_ok($$DELETE FROM radioshop.part_use$$, '42501', NULL, 'nor a use deleted');
SELECT throws_ok($$INSERT INTO radioshop.part_move (change_id, kind, part_id, lot_id, location_id, quantity, reason) SELECT radioshop.uuid_v7(), 'scrap', part_id, lot_id, location_id, -1 - quantity, 'x'
  FROM radioshop.part_stock LIMIT 1$$, '23514', 'new row for relation "part_stock" violates check constraint "part_stock_not_below_zero"', 'and nothing falls below zero');

SELECT throws_ok(format($$INSERT INTO radioshop.part_move (change_id, kind, part_id, lot_id, location_id, quantity, reason) SELECT radioshop.uuid_v7(), %L, part_id, lot_id, location_id, -1, '' FROM radioshop.part_stock WHERE quantity > 0 LIMIT 1$$, kind), '23514',
  format('new row for relation "part_move" violates check constraint "%s"', rule), why) FROM (VALUES ('scrap', 'part_move_reason_needed', 'nothing is thrown away without a reason'), ('use', 'part_move_ticket_fits', 'nor used without a ticket')) v (kind, rule, why);

-- Who sees what
SELECT is((radioshop.use_parts(pg_temp.number('L1'), 'SPK', 1, '', '')).refusal, NULL, 'one is used for another agency');
SELECT radioshop.enter('frank', '{fleet_manager}', 'M', 'c2', 60000, 5000, NULL, NULL);
SELECT is((SELECT array_agg(u.quantity ORDER BY u.entry_no) FROM radioshop.part_use u), '{3,-2}', 'a fleet manager sees what was used for her agency');
SELECT is_empty('SELECT 1 FROM radioshop.part UNION ALL SELECT 1 FROM radioshop.part_lot UNION ALL SELECT 1 FROM radioshop.part_stock UNION ALL SELECT 1 FROM radioshop.part_move UNION ALL SELECT 1 FROM radioshop.stock_location',
  'and no stock');
SELECT radioshop.enter('tom', '{technician}', 'M', 'c3', 60000, 5000, NULL, NULL);
SELECT is_empty('SELECT 1 FROM radioshop.part UNION ALL SELECT 1 FROM radioshop.part_move', 'nor does a technician of one agency');
SELECT matches(pg_temp.said((radioshop.use_parts(pg_temp.number('P1'), 'SPK', 1, '', '')).refusal), '^PERMISSION_DENIED', 'who takes none either');
SELECT throws_ok($$INSERT INTO radioshop.part (number, name) VALUES ('X', 'x')$$, '42501', NULL, 'whatever statement tries');

SELECT * FROM finish();
ROLLBACK;

-- Tickets: every legal and illegal move, numbers, sums, refusals, the asset's status, tenancy.
\set calls `python3 tests/sql/statements.py get_ticket list_tickets`
BEGIN;
SELECT no_plan();
:calls

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES
  (901, 'IND', 'Independence', 'America/Chicago'), (902, 'LSM', 'Lee''s Summit', 'America/Chicago');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tess', 'Tess'), ('lee', 'Lee');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'technician', CASE p.name WHEN 'tess' THEN 901 ELSE 902 END FROM radioshop.principal p WHERE p.name IN ('tess', 'lee');
INSERT INTO radioshop.asset (agency_id, tag, class, status) SELECT 901, 'P' || n, 'portable', 'in_service' FROM generate_series(1, 9) n;
INSERT INTO radioshop.asset (agency_id, tag, class, status) VALUES (901, 'OLD', 'portable', 'retired'), (901, 'SPARE', 'portable', 'spare'),
  (901, 'LOST', 'portable', 'missing'), (902, 'L1', 'portable', 'in_service');

-- ---------------------------------------------------------------------------------------------------------------------
-- The state machine, against the constraint: for every pair of states a ticket is put into the first and moved to the second
SELECT set_eq($$SELECT m.from_state || ' ' || m.to_state FROM radioshop.ticket_move m$$, $$
  SELECT f || ' ' || t FROM (VALUES
    ('reported', '{received,diagnosing,cancelled}'::text[]), ('received', '{diagnosing,cancelled}'),
    ('diagnosing', '{awaiting_parts,awaiting_approval,at_depot,repairing,testing,ready,cancelled}'),
    ('awaiting_parts', '{diagnosing,repairing,at_depot,cancelled}'), ('awaiting_approval', '{diagnosing,repairing,at_depot,cancelled}'),
    ('at_depot', '{diagnosing,repairing,testing,ready}'), ('repairing', '{awaiting_parts,awaiting_approval,at_depot,testing}'), ('testing', '{repairing,ready}'),
    ('ready', '{returned,testing}'), ('returned', '{closed,diagnosing}'), ('closed', '{diagnosing}'), ('cancelled', '{reported}')) v (f, ts), unnest(ts) t
$$, 'the moves are these');

INSERT INTO radioshop.ticket (agency_id, number, asset_id, state, problem)
  SELECT 901, 'IND-1999-00001', a.asset_id, 'reported', 'x' FROM radioshop.asset a WHERE a.agency_id = 901 AND a.tag = 'P9';
CREATE FUNCTION pg_temp.try_move(from_state text, to_state text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  violated text;
BEGIN
  SET LOCAL session_replication_role = replica; -- puts the ticket where no trigger looks
  UPDATE radioshop.ticket t SET state = try_move.from_state, from_state = (SELECT min(m.from_state) FROM radioshop.ticket_move m WHERE m.to_state = try_move.from_state),
    closed_at = CASE WHEN try_move.from_state IN ('closed', 'cancelled') THEN now() END, asset_before = NULL,
    outcome = CASE WHEN try_move.from_state = 'cancelled' THEN 'cancelled' WHEN try_move.from_state IN ('ready', 'returned', 'closed') THEN 'repaired' END WHERE t.number = 'IND-1999-00001';
  SET LOCAL session_replication_role = origin;
  BEGIN
    UPDATE radioshop.ticket t SET state = try_move.to_state WHERE t.number = 'IND-1999-00001';
    RETURN 'moved';
  EXCEPTION WHEN foreign_key_violation OR check_violation THEN
    GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
    RETURN violated;
  END;
END
$$;
SELECT is(pg_temp.try_move(f, t), CASE WHEN f = t THEN 'moved' WHEN EXISTS (SELECT FROM radioshop.ticket_move m WHERE (m.from_state, m.to_state) = (f, t)) THEN 'moved'
    ELSE 'ticket_move_allowed' END, format('%s to %s', f, t))
  FROM unnest('{reported,received,diagnosing,awaiting_parts,awaiting_approval,at_depot,repairing,testing,ready,returned,closed,cancelled}'::text[]) f,
    unnest('{reported,received,diagnosing,awaiting_parts,awaiting_approval,at_depot,repairing,testing,ready,returned,closed,cancelled}'::text[]) t;
DELETE FROM radioshop.ticket;
UPDATE radioshop.asset SET status = 'in_service' WHERE tag = 'P9';
SELECT throws_ok(format($$INSERT INTO radioshop.ticket (agency_id, number, asset_id, state, problem)
    SELECT 901, 'IND-1999-00002', a.asset_id, %L, 'x' FROM radioshop.asset a WHERE a.agency_id = 901 AND a.tag = 'P9'$$, s), '23514', NULL, 'a ticket does not begin as ' || s)
  FROM unnest('{diagnosing,at_depot,ready,returned,cancelled,broken}'::text[]) s;

-- ---------------------------------------------------------------------------------------------------------------------
-- Through the functions, as the daemon does
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tess', '{technician}', 'TicketService.OpenTicket', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.number(n int) RETURNS text LANGUAGE sql AS $$
  SELECT format('IND-%s-%s', extract(year FROM radioshop.today('America/Chicago')), lpad(n::text, 5, '0'))
$$;
CREATE FUNCTION pg_temp.move(n int, state text) RETURNS radioshop.ticket_shown LANGUAGE sql AS $$
  SELECT m.* FROM radioshop.ticket t CROSS JOIN LATERAL radioshop.move_ticket(t.number, t.revision, move.state, 'note', '', '') m WHERE t.number = pg_temp.number(n)
$$;
CREATE FUNCTION pg_temp.status(tag text) RETURNS text LANGUAGE sql AS $$ SELECT a.status FROM radioshop.asset a WHERE a.tag = status.tag $$;

PREPARE opened AS SELECT t.refusal, t.number, t.agency, t.tag, t.state, t.priority, t.problem, t.opened_by, t.closed_at, t.labour_minutes, t.cost_cents, t.moves, t.revision
  FROM radioshop.open_ticket('p1', ' no audio ', NULL, false) t;
SELECT results_eq('opened', $$VALUES (NULL::text, pg_temp.number(1), 'IND', 'P1', 'reported', 'normal', 'no audio', 'tess', NULL::timestamptz, 0, 0::bigint,
  '{received,diagnosing,cancelled}'::text[], 1::bigint)$$, 'a ticket is opened with the first number of the year');
SELECT is(pg_temp.status('P1'), 'in_service', 'a report leaves the asset where it is');
SELECT is((SELECT t.refusal FROM radioshop.open_ticket('P1', 'again', 'high', false) t), radioshop.refuse('FAILED_PRECONDITION', 'asset',
  format('ticket %s is open for asset IND:P1 already (reported); add to it, or close it first', pg_temp.number(1))), 'a second open ticket is refused, naming the first');
SELECT throws_ok($$INSERT INTO radioshop.ticket (agency_id, number, asset_id, state, problem) SELECT t.agency_id, 'X', t.asset_id, 'reported', 'x' FROM radioshop.ticket t$$,
  '23505', NULL, 'also by an index');
SELECT is((SELECT t.number FROM radioshop.open_ticket('P2', 'dead', 'urgent', true) t), pg_temp.number(2), 'the next number, without a gap for the refused one');
SELECT is(pg_temp.status('P2'), 'in_shop', 'one received at the bench is in the shop at once');
SELECT is((SELECT t.refusal FROM radioshop.open_ticket('OLD', 'x', NULL, false) t),
  radioshop.refuse('FAILED_PRECONDITION', 'asset', 'asset IND:OLD is retired; change its status before it is repaired'), 'a retired asset is not repaired');
SELECT alike((SELECT t.refusal FROM radioshop.open_ticket('L1', 'x', NULL, false) t), 'NOT_FOUND%', 'nor another agency''s');
SELECT throws_ok($$SELECT t.number FROM radioshop.open_ticket('P3', '  ', NULL, false) t$$, '23514', NULL, 'a problem is needed');

-- Moving
SELECT is((SELECT t.refusal FROM radioshop.move_ticket(pg_temp.number(1), 0, 'received', '', '', '') t),
  radioshop.refuse('INVALID_ARGUMENT', 'revision', format('give the revision you have read; ticket %s is at 1', pg_temp.number(1))), 'revision 0 is refused');
SELECT is((SELECT t.refusal FROM radioshop.move_ticket(pg_temp.number(1), 5, 'received', '', '', '') t),
  radioshop.refuse('ABORTED', 'revision', format('ticket %s has moved on to revision 1; read it again', pg_temp.number(1))), 'a wrong one with the current one');
SELECT alike((SELECT t.refusal FROM radioshop.move_ticket(pg_temp.number(1), 1, NULL, '', '', '') t), 'INVALID_ARGUMENT%state%', 'a state is needed');
SELECT is((pg_temp.move(1, 'closed')).refusal, radioshop.refuse('FAILED_PRECONDITION', 'state',
  format('ticket %s is reported; it can move to received, diagnosing, cancelled', pg_temp.number(1))), 'a forbidden move is refused with the allowed ones');
SELECT alike((SELECT t.refusal FROM radioshop.move_ticket('IND-1999-00001', 1, 'received', '', '', '') t), 'NOT_FOUND%', 'no such ticket');
SELECT alike((SELECT t.refusal FROM radioshop.move_ticket('', 1, 'received', '', '', '') t), 'NOT_FOUND%', 'nor one without a number');
SELECT is((pg_temp.move(1, state)).state || ' ' || pg_temp.status('P1'), state || ' ' || status, format('%s: the asset is %s', state, status)) FROM (VALUES
  (1, 'received', 'in_shop'), (2, 'diagnosing', 'in_shop'), (3, 'awaiting_approval', 'in_shop'), (4, 'at_depot', 'at_depot'), (5, 'testing', 'in_shop'),
  (6, 'ready', 'in_shop'), (7, 'returned', 'in_service'), (8, 'closed', 'in_service'), (9, 'diagnosing', 'in_shop'), (10, 'cancelled', 'in_service'),
  (11, 'reported', 'in_service'), (12, 'received', 'in_shop'), (13, 'cancelled', 'in_service')) v (n, state, status);
SELECT is((SELECT t.closed_at IS NOT NULL AND t.revision = 14 FROM radioshop.ticket t WHERE t.number = pg_temp.number(1)), true, 'every move is a revision, and cancelled is closed');
SELECT is((SELECT array_agg(e.state ORDER BY e.entry_no) FROM radioshop.ticket_entry e JOIN radioshop.ticket t USING (ticket_id) WHERE t.number = pg_temp.number(1)),
  '{reported,received,diagnosing,awaiting_approval,at_depot,testing,ready,returned,closed,diagnosing,cancelled,reported,received,cancelled}', 'and an entry');
SELECT is((SELECT t.cause || '|' || t.action FROM radioshop.move_ticket(lower(pg_temp.number(2)), 1, 'diagnosing', '', ' dirt ', '') t), 'dirt|', 'a move can say the cause');
SELECT is((SELECT t.cause || '|' || t.action FROM radioshop.move_ticket(lower(pg_temp.number(2)), 2, 'testing', '', '', 'cleaned') t), 'dirt|cleaned', 'and then the action, and keeps the cause');

-- The asset has a life of its own
SELECT is((SELECT t.state FROM radioshop.open_ticket('SPARE', 'x', NULL, true) t), 'received', 'a spare comes in');
SELECT is((pg_temp.move(3, 'cancelled')).refusal, NULL, 'and its ticket is cancelled');
SELECT is(pg_temp.status('SPARE'), 'spare', 'it is a spare again');
SELECT is((SELECT t.state FROM radioshop.open_ticket('LOST', 'found', NULL, true) t), 'received', 'a missing one comes in');
SELECT isnt((SELECT (pg_temp.move(4, s)).state FROM unnest('{diagnosing}'::text[]) s), NULL, 'it is looked at');
SELECT is((pg_temp.move(4, 'ready')).state, 'ready', 'no fault is found');
SELECT is((pg_temp.move(4, 'returned')).state, 'returned', 'it is returned');
SELECT is(pg_temp.status('LOST'), 'in_service', 'and not missing any more');
SELECT is((SELECT t.state FROM radioshop.open_ticket('P4', 'burnt', NULL, true) t), 'received', 'a burnt one comes in');
SELECT throws_ok($$UPDATE radioshop.asset SET status = 'retired' WHERE tag = 'P4'$$, '23514', 'asset P4 has an open ticket', 'it is not retired while its ticket is open');
SELECT is((pg_temp.move(5, 'cancelled')).refusal, NULL, 'its ticket is cancelled');
UPDATE radioshop.asset SET status = 'retired' WHERE tag = 'P4';
SELECT is((pg_temp.move(5, 'reported')).refusal, radioshop.refuse('FAILED_PRECONDITION', 'state',
  format('the asset of ticket %s is retired; change its status before the ticket is reopened', pg_temp.number(5))), 'nor can its ticket be reopened');
SELECT is((SELECT t.refusal FROM radioshop.open_ticket('P1', 'new fault', NULL, false) t), NULL, 'a new fault of the first');
SELECT is((pg_temp.move(1, 'reported')).refusal, radioshop.refuse('FAILED_PRECONDITION', 'state',
  format('ticket %s is open for asset IND:P1 already (reported); add to it, or close it first', pg_temp.number(6))), 'while one is open no other is reopened');

-- Entries and sums
SELECT is((SELECT t.labour_minutes || ' ' || t.cost_cents || ' ' || t.revision FROM radioshop.add_ticket_entry(pg_temp.number(2), 'labour', 'cleaned', 25, 0) t), '25 0 4', 'labour is summed');
SELECT is((SELECT t.labour_minutes || ' ' || t.cost_cents FROM radioshop.add_ticket_entry(pg_temp.number(2), 'part', 'antenna', 0, 2350) t), '25 2350', 'a part too');
SELECT is((SELECT t.labour_minutes || ' ' || t.cost_cents FROM radioshop.add_ticket_entry(pg_temp.number(2), 'outside', 'depot', 0, 15000) t), '25 17350', 'and an outside cost');
SELECT is((SELECT t.refusal FROM radioshop.add_ticket_entry(pg_temp.number(2), 'note', 'called the owner', 0, 0) t), NULL, 'a note costs nothing');
SELECT alike((SELECT t.refusal FROM radioshop.add_ticket_entry(pg_temp.number(2), kind, 'x', 0, 0) t), 'INVALID_ARGUMENT%kind%', 'no entry of kind ' || coalesce(kind, 'none'))
  FROM (VALUES ('move'), (NULL)) v (kind);
SELECT throws_ok(format('SELECT t.number FROM radioshop.add_ticket_entry(pg_temp.number(2), %L, %L, %s, %s) t', kind, words, minutes, cents), '23514', NULL, why) FROM (VALUES
  ('labour', 'x', 0, 0, 'labour without minutes'), ('labour', 'x', -5, 0, 'negative minutes'), ('labour', 'x', 100001, 0, 'too many minutes'),
  ('labour', 'x', 99990, 0, 'too many minutes in all'), ('labour', 'x', 5, 5, 'labour with a cost'), ('note', 'x', 5, 0, 'a note with minutes'),
  ('note', ' ', 0, 0, 'an empty note'), ('part', '', 0, 5, 'a part without a name'), ('part', 'x', 0, -1, 'a negative cost'), ('part', 'x', 0, 100000001, 'too much cost'),
  ('outside', 'x', 0, 99990000, 'too much cost in all'), ('labour', 'x', 2147483647, 0, 'minutes that overflow'), ('part', 'x', 0, 9223372036854775807, 'cents that overflow'),
  ('bribe', 'x', 0, 0, 'an unknown kind')) v (kind, words, minutes, cents, why);
SELECT results_eq($$SELECT t.labour_minutes, t.cost_cents FROM radioshop.ticket t WHERE t.number = pg_temp.number(2)$$, $$
  SELECT sum(e.minutes)::int, sum(e.cost_cents)::bigint FROM radioshop.ticket_entry e JOIN radioshop.ticket t USING (ticket_id) WHERE t.number = pg_temp.number(2)$$, 'the sums are those of the entries');
SELECT throws_ok($$UPDATE radioshop.ticket_entry SET text = 'x'$$, '42501', NULL, 'an entry cannot be changed');
SELECT throws_ok($$DELETE FROM radioshop.ticket_entry$$, '42501', NULL, 'nor deleted');
SELECT is(jsonb_path_query_array(radioshop.entries_of(901, t.ticket_id), '$[*].kind'), '["move", "move", "move", "labour", "part", "outside", "note"]', 'the history is in order')
  FROM radioshop.ticket t WHERE t.number = pg_temp.number(2);

-- Changing what it says
SELECT is((SELECT t.priority || '|' || t.problem || '|' || t.cause FROM radioshop.ticket x CROSS JOIN LATERAL
    radioshop.update_ticket(x.ticket_id::text, x.revision, '{priority,cause}', 'low', 'ignored', '', '') t WHERE x.number = pg_temp.number(2)), 'low|dead|', 'just the fields of the mask change');
SELECT alike((SELECT t.refusal FROM radioshop.update_ticket(pg_temp.number(2), 1, '{priority}', 'low', '', '', '') t), 'ABORTED%revision%', 'a stale revision is refused');
SELECT alike((SELECT t.refusal FROM radioshop.update_ticket(pg_temp.number(2), 9, '{state}', 'low', '', '', '') t), 'INVALID_ARGUMENT%update_mask%priority, problem, cause, action%', 'the state is not changed so');

-- A repair after the fact
PREPARE logged AS SELECT t.refusal, t.number, t.state, t.problem, t.cause, t.action, t.labour_minutes, t.cost_cents, t.closed_at IS NOT NULL, t.revision
  FROM radioshop.log_repair('P7', 'no TX', 'antenna', 'changed it', 12, 'antenna', 2350) t;
SELECT results_eq('logged', $$VALUES (NULL::text, pg_temp.number(7), 'closed', 'no TX', 'antenna', 'changed it', 12, 2350::bigint, true, 1::bigint)$$, 'a repair is logged as a closed ticket');
SELECT is(jsonb_path_query_array(radioshop.entries_of(901, t.ticket_id), '$[*].kind'), '["move", "labour", "part", "move"]', 'with its history')
  FROM radioshop.ticket t WHERE t.number = pg_temp.number(7);
SELECT is(pg_temp.status('P7'), 'in_service', 'the asset stays where it is');
SELECT is(split_part((SELECT t.refusal FROM radioshop.log_repair(asset, 'x', '', '', minutes, part, cents) t), chr(31), 2), field, why) FROM (VALUES
  ('OLD', 0, '', 0::bigint, 'asset', 'not on a retired asset'), ('P7', -1, '', 0, 'minutes', 'not with negative minutes'), ('P7', 100001, '', 0, 'minutes', 'not with too many'),
  ('P7', 0, '', 5, 'part', 'not a cost without a part'), ('P7', 0, 'x', -5, 'part_cost_cents', 'not a negative cost')) v (asset, minutes, part, cents, field, why);
SELECT is((pg_temp.move(7, 'diagnosing')).state, 'diagnosing', 'it can be reopened');
SELECT is(pg_temp.status('P7'), 'in_shop', 'and then the asset is in the shop');
SELECT is((SELECT array_agg(t.number ORDER BY t.number) FROM radioshop.ticket t), (SELECT array_agg(pg_temp.number(n)) FROM generate_series(1, 7) n), 'the numbers have no gap');
SELECT is((SELECT count(*) > 0 AND bool_and(e.principal = 'tess') FROM radioshop.event e WHERE e.resource = 'ticket' AND e.method = 'TicketService.OpenTicket'), true, 'changes are events');

-- Reading; all was opened at once, so the times are set apart first
RESET ROLE;
UPDATE radioshop.ticket SET opened_at = opened_at + right(number, 5)::int * interval '1 second';
SET LOCAL ROLE radioshop_app;
CREATE FUNCTION pg_temp.listed(request jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(coalesce(right(l ->> 'number', 1), l ->> 'refusal'), ' ' ORDER BY n) FROM pg_temp.list_tickets(request) WITH ORDINALITY x (l, n)
$$;
SELECT is((SELECT (l ->> 'number') || ' ' || jsonb_array_length(l -> 'entries') || ' ' || (l -> 'entries' -> 3 ->> 'minutes') FROM pg_temp.get_ticket(jsonb_build_object('ticket', lower(pg_temp.number(2)))) l),
  pg_temp.number(2) || ' 7 25', 'a ticket is shown with its history, by number');
SELECT is((SELECT l ->> 'number' FROM radioshop.ticket t CROSS JOIN LATERAL pg_temp.get_ticket(jsonb_build_object('ticket', t.ticket_id)) l WHERE t.number = pg_temp.number(3)), pg_temp.number(3), 'or by UUID');
SELECT is((SELECT l ->> 'refusal' FROM pg_temp.get_ticket('{"ticket": "IND-1999-00001"}') l), radioshop.refuse('NOT_FOUND', 'ticket', 'no ticket has the number or UUID IND-1999-00001'), 'or not');
SELECT is(pg_temp.listed('{}'), '7 6 4 2', 'the open ones, newest first');
SELECT is(pg_temp.listed('{"closed": true}'), '7 6 5 4 3 2 1', 'the closed ones too');
SELECT is(pg_temp.listed('{"state": "cancelled"}'), '5 3 1', 'those in a state, which says that closed ones are meant');
SELECT is(pg_temp.listed('{"state": "diagnosing"}'), '7', 'or an open one');
SELECT is(pg_temp.listed('{"asset": "P1"}'), '6', 'the open one of an asset');
SELECT is(pg_temp.listed('{"asset": "P1", "closed": true}'), '6 1', 'all of an asset');
SELECT is(pg_temp.listed(jsonb_build_object('page_limit', 2, 'page_key', (SELECT l -> 'page_key' FROM pg_temp.list_tickets('{"page_limit": 1}') l))), '6 4', 'from a key on');
SELECT is(pg_temp.listed('{"agency": "LSM"}'), radioshop.refuse('NOT_FOUND', 'agency', 'no agency has the code LSM'), 'not another agency''s');
SELECT is(pg_temp.listed('{"asset": "L1"}'), radioshop.refuse('NOT_FOUND', 'asset', 'no asset has the code L1'), 'nor of its assets');

-- Tenancy
SELECT radioshop.enter('lee', '{technician}', 'TicketService.GetTicket', 'c2', 60000, 5000, NULL, NULL);
SELECT is_empty($$SELECT t.number FROM radioshop.ticket t$$, 'another agency sees no ticket');
SELECT is_empty($$SELECT e.entry_no FROM radioshop.ticket_entry e$$, 'no entry');
SELECT is_empty($$SELECT c.last FROM radioshop.ticket_counter c$$, 'and no counter');
SELECT is_empty($$SELECT f.ticket_id FROM radioshop.find_ticket(pg_temp.number(1)) f$$, 'nor finds one by number');
SELECT alike((SELECT t.refusal FROM radioshop.add_ticket_entry(pg_temp.number(1), 'note', 'x', 0, 0) t), 'NOT_FOUND%', 'nor adds to one');
SELECT throws_ok($$INSERT INTO radioshop.ticket_entry (agency_id, ticket_id, entry_no, kind, text) VALUES (901, radioshop.uuid_v7(), 1, 'note', 'x')$$, '42501', NULL, 'nor by hand');
SELECT throws_ok($$INSERT INTO radioshop.ticket (agency_id, number, asset_id, state, problem) VALUES (901, 'X', radioshop.uuid_v7(), 'reported', 'x')$$, '42501', NULL, 'nor opens one');
SELECT throws_ok($$INSERT INTO radioshop.ticket_counter (agency_id, year, last) VALUES (901, 2000, 1)$$, '42501', NULL, 'nor counts');
SELECT is((SELECT t.number FROM radioshop.open_ticket('L1', 'x', NULL, false) t), replace(pg_temp.number(1), 'IND', 'LSM'), 'it counts by itself');

SELECT * FROM finish();
ROLLBACK;

-- Tickets that are parts of another one: no circle, no tower, nothing closed over what is open, whatever statement tries.
\set calls `python3 tests/sql/statements.py get_ticket list_tickets update_ticket move_ticket`
BEGIN;
SELECT no_plan();
:calls

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tess', 'Tess'), ('lee', 'Lee');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'technician', CASE p.name WHEN 'tess' THEN 901 ELSE 902 END FROM radioshop.principal p WHERE p.name IN ('tess', 'lee');
INSERT INTO radioshop.asset (agency_id, tag, class) SELECT 901, 'P' || n, 'portable' FROM generate_series(1, 9) n;
INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (902, 'L1', 'portable');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('lee', '{technician}', 'x', 'c0', 60000, 5000, NULL, NULL);
SELECT is((SELECT t.state FROM radioshop.open_ticket('L1', 'x', NULL, true) t), 'received', 'a ticket of another city');
SELECT radioshop.enter('tess', '{technician}', 'x', 'c1', 60000, 5000, NULL, NULL);
SELECT is((SELECT count(*) FROM radioshop.open_ticket('P' || n, 'x', NULL, true) t), 1::bigint, 'ticket ' || n) FROM generate_series(1, 9) n;

CREATE FUNCTION pg_temp.n(i int) RETURNS text LANGUAGE sql AS $$ SELECT 'IND-' || extract(year FROM now()) || '-' || lpad(i::text, 5, '0') $$;
CREATE FUNCTION pg_temp.join_ticket(part int, parent text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(translate(r ->> 'refusal', chr(31), '|'), r ->> 'parent') FROM radioshop.ticket t CROSS JOIN LATERAL pg_temp.update_ticket(jsonb_build_object('ticket',
    jsonb_build_object('number', t.number, 'parent', join_ticket.parent, 'revision', t.revision), 'update_mask', '{"paths": ["parent"]}'::jsonb)) r WHERE t.number = pg_temp.n(part) $$;
CREATE FUNCTION pg_temp.move(i int, state text) RETURNS text LANGUAGE sql AS $$ SELECT coalesce(translate(r ->> 'refusal', chr(31), '|'), r ->> 'state')
  FROM radioshop.ticket t CROSS JOIN LATERAL pg_temp.move_ticket(jsonb_build_object('ticket', t.number, 'revision', t.revision, 'state', move.state)) r WHERE t.number = pg_temp.n(i) $$;

SELECT is(pg_temp.join_ticket(part, parent), wanted, why) FROM (VALUES
  (1, 'IND-1999-00001', 'FAILED_PRECONDITION|parent|the agency has no ticket with the number or UUID IND-1999-00001', 'the parent must be there'),
  (1, 'LSM-' || extract(year FROM now()) || '-00001', format('FAILED_PRECONDITION|parent|the agency has no ticket with the number or UUID LSM-%s-00001', extract(year FROM now())), 'another city''s is not'),
  (1, pg_temp.n(1), 'FAILED_PRECONDITION|parent|a ticket cannot be a part of itself', 'nor is it its own'),
  (2, pg_temp.n(1), pg_temp.n(1), 'a part'), (3, pg_temp.n(2), pg_temp.n(2), 'a part of a part'), (4, pg_temp.n(3), pg_temp.n(3), 'the fourth level')) v (part, parent, wanted, why);
SELECT is(pg_temp.join_ticket(1, pg_temp.n(4)), format('FAILED_PRECONDITION|parent|ticket %s is itself a part of this one', pg_temp.n(4)), 'no circle, however long');
SELECT is(pg_temp.join_ticket(6, pg_temp.n(5)), pg_temp.n(5), 'another tree');
SELECT is(pg_temp.join_ticket(5, pg_temp.n(4)), format('FAILED_PRECONDITION|parent|parts of parts go five levels deep at most, and below ticket %s this would make 6', pg_temp.n(4)), 'six levels are too deep');
SELECT is(pg_temp.join_ticket(5, pg_temp.n(3)), pg_temp.n(3), 'five are not');
SELECT is((SELECT r ->> 'children' || '/' || (r ->> 'open_children') FROM pg_temp.get_ticket(jsonb_build_object('ticket', pg_temp.n(3))) r), '2/2', 'the parts are counted');
SELECT results_eq(format($$SELECT r ->> 'number' FROM pg_temp.list_tickets('{"parent": "%s"}') r ORDER BY 1$$, pg_temp.n(3)), ARRAY[pg_temp.n(4), pg_temp.n(5)], 'and listed');
SELECT is((SELECT translate(r ->> 'refusal', chr(31), '|') FROM pg_temp.list_tickets('{"parent": "IND-1999-00001"}') r), 'NOT_FOUND|parent|no ticket has the number or UUID IND-1999-00001', 'the parts of nothing');

-- Closing and opening again
SELECT is(pg_temp.move(1, 'cancelled'), format('FAILED_PRECONDITION|state|ticket %s cannot move to cancelled: 1 of its parts are open: %s (received); close them first, or take them out', pg_temp.n(1), pg_temp.n(2)), 'what has open parts is not closed');
SELECT is(pg_temp.move(4, 'cancelled'), 'cancelled', 'a part is closed');
SELECT is(pg_temp.move(6, 'cancelled') || pg_temp.move(5, 'cancelled') || pg_temp.move(3, 'cancelled'), 'cancelledcancelledcancelled', 'and then its parent');
SELECT is(pg_temp.move(4, 'reported'), format('FAILED_PRECONDITION|state|ticket %s cannot move to reported: ticket %s is cancelled and can have no open part; reopen it first, or choose another', pg_temp.n(4), pg_temp.n(3)), 'it is not opened again under a closed one');
SELECT is(pg_temp.join_ticket(7, pg_temp.n(3)), format('FAILED_PRECONDITION|parent|ticket %s is cancelled and can have no open part; reopen it first, or choose another', pg_temp.n(3)), 'nor does an open one join it');
SELECT is(pg_temp.join_ticket(4, ''), '', 'taken out');
SELECT is(pg_temp.move(4, 'reported'), 'reported', 'it is opened again');
SELECT is(pg_temp.join_ticket(6, pg_temp.n(3)), pg_temp.n(3), 'a closed one may be put there');

-- Whatever statement
SELECT throws_like(format($$UPDATE radioshop.ticket SET parent_id = (SELECT p.ticket_id FROM radioshop.ticket p WHERE p.number = %L) WHERE number = %L$$, pg_temp.n(parent), pg_temp.n(part)), wanted, why) FROM (VALUES
  (1, 2, 'parent: % is itself a part of this one', 'no circle'), (8, 8, 'parent: a ticket cannot be a part of itself', 'nor the smallest'),
  (7, 3, 'parent: % can have no open part%', 'no open part of a closed one')) v (part, parent, wanted, why);
SELECT throws_like(format($$UPDATE radioshop.ticket SET state = 'cancelled' WHERE number = %L$$, pg_temp.n(1)), 'state: % of its parts are open%', 'nothing closed over an open part');
SELECT throws_like(format($$INSERT INTO radioshop.ticket (agency_id, number, asset_id, state, problem, parent_id) SELECT t.agency_id, 'IND-1999-00009', a.asset_id, 'received', 'x', t.ticket_id
  FROM radioshop.ticket t, radioshop.asset a WHERE t.number = %L AND a.tag = 'P3'$$, pg_temp.n(3)), 'parent: % can have no open part%', 'nor a new one');
SELECT is((SELECT array_agg(e.after ->> 'parent_id' IS NOT NULL ORDER BY e.event_id) FROM radioshop.event e JOIN radioshop.ticket t ON t.ticket_id::text = e.resource_id
  WHERE t.number = pg_temp.n(4) AND e.after ? 'parent_id' AND e.action = 'update'), '{t,f}', 'joining and leaving are events');
SELECT * FROM finish();
